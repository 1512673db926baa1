"""write_beside: all or nothing."""

from __future__ import annotations

import os
import stat

import pytest

from minicaffe.errors import DataError, SnapshotError
from minicaffe.files import check_writable, write_beside


def test_writes_and_leaves_nothing_beside(tmp_path):
    with write_beside(tmp_path / "a.bin") as beside:
        beside.write_bytes(b"new")
        assert not (tmp_path / "a.bin").exists()
    assert (tmp_path / "a.bin").read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["a.bin"]


def test_failure_keeps_the_old_file(tmp_path):
    path = tmp_path / "a.bin"
    path.write_bytes(b"old")

    def fail():
        with write_beside(path) as beside:
            beside.write_bytes(b"half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a.bin"]


def test_keeps_mode_and_link(tmp_path):
    real = tmp_path / "real"
    real.write_bytes(b"old")
    real.chmod(0o640)
    link = tmp_path / "link"
    link.symlink_to(real)
    with write_beside(link) as beside:
        beside.write_bytes(b"new")
    assert link.is_symlink()
    assert real.read_bytes() == b"new"
    assert stat.S_IMODE(real.stat().st_mode) == 0o640


def test_missing_directory_is_one_line(tmp_path):
    path = tmp_path / "nowhere" / "a.bin"
    with (
        pytest.raises(DataError, match=r"nowhere/a\.bin: cannot write the file: No such file"),
        write_beside(path, error=DataError) as beside,
    ):
        beside.write_bytes(b"")


def test_directory_is_refused(tmp_path):
    with pytest.raises(SnapshotError, match="it is a directory"), write_beside(tmp_path):
        pass
    assert tmp_path.is_dir()


def test_device_is_written_directly():
    with write_beside(os.devnull) as beside:
        beside.write_bytes(b"x")
    assert not stat.S_ISREG(os.stat(os.devnull).st_mode)


def test_check_writable(tmp_path):
    check_writable(str(tmp_path / "snap"))
    assert os.listdir(tmp_path) == []
    with pytest.raises(SnapshotError, match=r"snapshot prefix .*nowhere/snap.*directory"):
        check_writable(str(tmp_path / "nowhere" / "snap"))


def test_a_prefix_with_a_nul_cannot_be_written_to(tmp_path):
    with pytest.raises(SnapshotError, match=r"cannot write to snapshot prefix '.*a\\x00b': "):
        check_writable(str(tmp_path / "a\0b"))
