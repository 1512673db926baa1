"""write_beside: all or nothing."""

from __future__ import annotations

import errno
import os
import re
import stat
from contextlib import nullcontext

import pytest

from minicaffe.errors import DataError, SnapshotError
from minicaffe.files import check_writable, write_beside, write_together


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


def test_a_temporary_file_that_was_removed_is_told_and_loses_nothing(tmp_path):
    path = tmp_path / "a.bin"
    path.write_bytes(b"old")

    def write():
        with write_beside(path) as beside:
            beside.write_bytes(b"new")
            beside.unlink()

    with pytest.raises(SnapshotError, match=r"a\.bin: cannot write the file: No such file"):
        write()
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a.bin"]


def test_so_is_one_of_several(tmp_path):
    first, last = tmp_path / "a.bin", tmp_path / "b.bin"
    for path in (first, last):
        path.write_bytes(b"old")
    with (
        pytest.raises(SnapshotError, match=r"b\.bin: cannot write the file: No such file"),
        write_together(first, last) as besides,
    ):
        besides[0].write_bytes(b"new")
    assert first.read_bytes() == last.read_bytes() == b"old"


@pytest.mark.skipif(os.name == "nt", reason="Windows moves nothing that is open")
@pytest.mark.parametrize("kind", ["file", "link"])
def test_a_file_that_another_program_has_put_there_is_not_published(tmp_path, monkeypatch, kind):
    path, other = tmp_path / "a.bin", tmp_path / "other"
    path.write_bytes(b"old")
    other.write_bytes(b"not ours")
    real = os.fsync

    def swap(handle):
        real(handle)
        (beside,) = tmp_path.glob(".a.bin.*.part")
        if kind == "file":
            os.replace(other, beside)
        else:
            beside.unlink()
            beside.symlink_to(other)

    monkeypatch.setattr(os, "fsync", swap)
    with (
        pytest.raises(SnapshotError, match="another program has replaced the temporary file"),
        write_beside(path) as beside,
    ):
        beside.write_bytes(b"new")
    assert path.read_bytes() == b"old"


@pytest.mark.parametrize(
    ("call", "number", "told"),
    [
        ("fsync", errno.EIO, True),
        ("fsync", errno.ENOSPC, True),
        ("open", errno.EMFILE, True),
        ("fsync", errno.EINVAL, False),
        ("fsync", errno.ENOTSUP, False),
        ("open", errno.EACCES, False),
    ],
)
def test_a_folder_that_fails_to_reach_the_disk(tmp_path, monkeypatch, call, number, told):
    """What means that the system cannot do it at all is passed over."""
    real = getattr(os, call)

    def fail(what, *rest):
        folder = os.path.isdir(what) if call == "open" else stat.S_ISDIR(os.fstat(what).st_mode)
        if folder:
            raise OSError(number, os.strerror(number))
        return real(what, *rest)

    monkeypatch.setattr(os, call, fail)
    raised = pytest.raises(SnapshotError, match=re.escape(os.strerror(number)))
    with raised if told else nullcontext(), write_beside(tmp_path / "a.bin") as beside:
        beside.write_bytes(b"new")
    assert (tmp_path / "a.bin").read_bytes() == b"new"


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere"
)
def test_a_read_only_file_is_replaced_and_stays_read_only(tmp_path):
    path = tmp_path / "a.bin"
    path.write_bytes(b"old")
    path.chmod(0o444)
    with write_beside(path) as beside:
        beside.write_bytes(b"new")
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o444
