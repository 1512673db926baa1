"""Writing files so that a failure never loses what was there."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from minicaffe.errors import MinicaffeError, SnapshotError


@contextmanager
def write_beside(
    path: str | os.PathLike[str], *, error: type[MinicaffeError] = SnapshotError
) -> Iterator[Path]:
    """Write a file next to its final place, then move it there in one step.

    The block gets the path of a temporary file in the same directory and creates it. When
    the block ends, the file is on the disk (fsync) under its real name; when the block
    fails, nothing is left of it and the old file is as it was::

        with write_beside("net.caffemodel") as beside:
            beside.write_bytes(message.SerializeToString())

    A symbolic link stays a link; a device or pipe is written directly.

    Args:
        path: where the file is to end.
        error: what to raise where the system refuses.

    Raises:
        MinicaffeError: of the class ``error``: the directory does not exist, is not
            writable or full; names the file and the system's reason.
    """
    target = Path(os.path.realpath(path))
    try:
        if target.is_dir():
            raise IsADirectoryError(21, "it is a directory")
        if target.exists() and not target.is_file():
            yield target  # such as /dev/stdout: nothing there that could be lost
            return
        beside = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
        try:
            yield beside
            _settle(beside, target)
        finally:
            with suppress(OSError):
                beside.unlink(missing_ok=True)
    except OSError as reason:
        text = reason.strerror or str(reason)
        raise error(
            f"cannot write the file: {text}; make sure that the directory exists, is writable "
            "and has space",
            path=str(path),
        ) from reason


def check_writable(prefix: str, *, error: type[MinicaffeError] = SnapshotError) -> None:
    """Make sure that files whose names begin with ``prefix`` can be written.

    Raises:
        MinicaffeError: of the class ``error``; names the prefix and the reason.
    """
    probe = Path(f"{prefix}.{secrets.token_hex(4)}.tempfile")
    try:
        probe.touch()
        probe.unlink()
    except OSError as reason:
        raise error(
            f"cannot write to snapshot prefix '{prefix}': {reason.strerror or reason}; make "
            f"sure that the directory '{probe.parent}' exists and is writable"
        ) from reason


def _settle(beside: Path, target: Path) -> None:
    """Bring the file to the disk, then give it its name and its predecessor's mode."""
    if target.exists():
        shutil.copymode(target, beside)
    # append mode, because Windows flushes only what was opened for writing
    with open(beside, "ab") as stream:
        os.fsync(stream.fileno())
    os.replace(beside, target)
