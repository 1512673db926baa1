"""Compiled kernels on disk: what one process has compiled, the next one loads.

A file holds the machine code of one module under the hash of all that it depends on. It is only
loaded when it, and its folder, belong to this user and others cannot write into them, and when
its content is what was written: what is damaged or foreign is compiled again.
"""

from __future__ import annotations

import hashlib
import logging
import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path

logger = logging.getLogger("minicaffe")

#: The environment variable that names the folder; empty for none.
VARIABLE = "MINICAFFE_KERNEL_CACHE"
_DIGEST = hashlib.sha256().digest_size
_MAGIC = b"minicaffe kernel 1\n"


def cache_folder() -> Path | None:
    """Where compiled kernels are kept; None where they are not."""
    given = os.environ.get(VARIABLE)
    if given is not None:
        return Path(given) if given else None
    base = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA")
    try:
        return (Path(base) if base else Path.home() / ".cache") / "minicaffe" / "kernels"
    except RuntimeError:  # no home
        return None


def read_kernel(key: str) -> bytes | None:
    """The machine code kept under a key, or None."""
    folder = cache_folder()
    if folder is None or not _is_ours(folder):
        return None
    try:
        with open(folder / f"{key}.o", "rb") as stream:
            if not _own_alone(os.fstat(stream.fileno())):
                return None
            content = stream.read()
    except OSError:
        return None
    head = _MAGIC + key.encode()
    digest, code = content[len(head) : len(head) + _DIGEST], content[len(head) + _DIGEST :]
    if not content.startswith(head) or hashlib.sha256(code).digest() != digest:
        logger.info("the compiled kernel %s is damaged; it is compiled again", folder / key)
        return None
    return code


def keep_kernel(key: str, code: bytes) -> None:
    """Keep machine code under a key, if the disk allows; processes may do so at the same time."""
    folder = cache_folder()
    if folder is None:
        return
    beside = folder / f".{key}.{os.getpid()}.{secrets.token_hex(4)}"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not _is_ours(folder):
            return
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "wb") as stream:
            stream.write(_MAGIC + key.encode() + hashlib.sha256(code).digest() + code)
        os.replace(beside, folder / f"{key}.o")
    except OSError as error:
        logger.debug("compiled kernels are not kept: %s", error)
        with suppress(OSError):
            beside.unlink()


def _is_ours(folder: Path) -> bool:
    try:
        return _own_alone(folder.stat())
    except OSError:
        return False


def _own_alone(info: os.stat_result) -> bool:
    """Whether a file or folder is this user's and others cannot write into it."""
    if not hasattr(os, "getuid"):  # Windows keeps a user's folder from others by itself
        return True
    return info.st_uid == os.getuid() and not info.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
