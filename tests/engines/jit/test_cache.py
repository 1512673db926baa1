"""Compiled kernels on disk: found again, and never loaded when damaged or another's."""

from __future__ import annotations

import logging
import os

import pytest

from minicaffe.engines.jit.cache import VARIABLE, cache_folder, keep_kernel, read_kernel


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, str(tmp_path / "kernels"))


def test_what_is_kept_is_read() -> None:
    assert read_kernel("abc") is None
    keep_kernel("abc", b"code")
    assert read_kernel("abc") == b"code"
    assert read_kernel("abd") is None
    assert os.listdir(cache_folder()) == ["abc.o"]


@pytest.mark.parametrize("place", [0, 20, 30, -1])
def test_a_changed_byte_is_noticed(place: int) -> None:
    keep_kernel("abc", b"code")
    path = cache_folder() / "abc.o"
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)
    assert read_kernel("abc") is None


def test_a_part_and_another_key_are_noticed() -> None:
    keep_kernel("abc", b"code" * 100)
    path = cache_folder() / "abc.o"
    path.rename(cache_folder() / "abd.o")
    assert read_kernel("abd") is None
    for size in (0, 5, 60, 300):
        path.write_bytes((cache_folder() / "abd.o").read_bytes()[:size])
        assert read_kernel("abc") is None


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="a system without users of files")
@pytest.mark.parametrize("which", ["file", "folder"])
def test_what_others_may_write_is_not_loaded(which: str) -> None:
    keep_kernel("abc", b"code")
    path = cache_folder() / "abc.o"
    (path if which == "file" else path.parent).chmod(0o777)
    assert read_kernel("abc") is None


def test_a_folder_that_cannot_be_is_passed_over(tmp_path, monkeypatch, caplog) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(VARIABLE, str(tmp_path / "file"))
    with caplog.at_level(logging.WARNING):
        keep_kernel("abc", b"code")
    assert read_kernel("abc") is None
    assert caplog.text == ""
    monkeypatch.setenv(VARIABLE, "")
    keep_kernel("abc", b"code")
    assert cache_folder() is None
    assert read_kernel("abc") is None
