"""Reading files that end; writing files so that a failure never loses what was there."""

from __future__ import annotations

import errno
import os
import re
import secrets
import shutil
import stat
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from minicaffe.errors import MinicaffeError, SnapshotError, tilde_hint

#: How to mend that a file cannot be written.
WRITING_ADVICE = "make sure that the directory exists, is writable and has space"
#: What says that a folder cannot be opened at all: on Windows, or where it may be written into
#: and not be listed.
_NO_FOLDERS_OPEN = (errno.EACCES, errno.EPERM, errno.EISDIR, errno.EINVAL)
#: What says that a folder cannot be brought to the disk by itself: some network disks.
_NO_FOLDERS_SYNCED = (errno.EINVAL, errno.EBADF, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP)


def open_to_read(path: str | os.PathLike[str], *, pipes: bool = False) -> BinaryIO:
    """Open a file for reading, if it is a regular one.

    A prototxt names files, and its author may be another than its user. Such files, and
    those in lists, folders and solver states, must be regular: a pipe would wait for ever for
    a writer, a device may have no end, and opening some does something.

    Args:
        path: its name.
        pipes: take pipes and terminals besides, and wait for what comes: where the user names
            the file itself, as in ``minicaffe summarize /dev/stdin`` or ``<(...)`` of a shell.

    Raises:
        OSError: it cannot be opened, or is of another kind.
        ValueError: the name holds a NUL.
    """
    if not pipes:
        check_regular(path)
    try:
        # What is there may change before it is opened, so a pipe must not block even then.
        stream = open(path, "rb", opener=None if pipes else _without_waiting)  # noqa: SIM115
    except FileNotFoundError as reason:
        raise _not_there(path, reason) from None
    mode = os.fstat(stream.fileno()).st_mode
    if stat.S_ISREG(mode) or (pipes and (stat.S_ISFIFO(mode) or stream.isatty())):
        return stream
    stream.close()
    raise _not_regular(path, mode)


def short_names(paths: Sequence[str]) -> list[str]:
    """What to call files: by their names, and by their whole paths where several have one name."""
    names = [os.path.basename(path) for path in paths]
    return [
        name if names.count(name) == 1 else path for path, name in zip(paths, names, strict=True)
    ]


def check_regular(path: str | os.PathLike[str]) -> None:
    """Refuse what is no regular file, without opening it.

    Raises:
        OSError: it is none, or not there.
        ValueError: the name holds a NUL.
    """
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError as reason:
        raise _not_there(path, reason) from None
    if not stat.S_ISREG(mode):
        raise _not_regular(path, mode)


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0))


def _not_there(path: str | os.PathLike[str], reason: OSError) -> FileNotFoundError:
    text = f"{reason.strerror}{tilde_hint(path)}"
    return FileNotFoundError(errno.ENOENT, text, os.fspath(path))


def _not_regular(path: str | os.PathLike[str], mode: int) -> OSError:
    if stat.S_ISDIR(mode):
        return IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), os.fspath(path))
    kind = "pipe" if stat.S_ISFIFO(mode) else "socket" if stat.S_ISSOCK(mode) else "device"
    return OSError(errno.ENODEV, f"it is a {kind}, a file is expected", os.fspath(path))


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
    with refusals(path, error), write_together(path, error=error) as (beside,):
        yield beside


@contextmanager
def write_together(
    *paths: str | os.PathLike[str], error: type[MinicaffeError] = SnapshotError
) -> Iterator[list[Path]]:
    """Write several files that belong together, so that the last one vouches for the others.

    The block gets a temporary file for each. When it ends, all of them are brought to the
    disk; then they get their names in order. Older files are removed before that, except for
    the first, which is replaced: a reader that finds the last file finds the others as they belong
    to it, even if the computer stops at any moment. When the block fails, all older files are
    as they were.

    Args:
        paths: where the files are to end.
        error: what to raise where the system refuses.

    Raises:
        MinicaffeError: as :func:`write_beside`, and where two of the paths are one file. What the
            block itself does is the block's affair: see :func:`refusals`.
    """
    targets = [Path(os.path.realpath(path)) for path in paths]
    if twice := [p for p, target in zip(paths, targets, strict=True) if targets.count(target) > 1]:
        raise error("two results would be this one file", path=os.fspath(twice[0]))
    besides = []
    for path, target in zip(paths, targets, strict=True):
        with refusals(path, error):
            if target.is_dir():
                raise IsADirectoryError(21, "it is a directory")  # for refusals
            besides.append(target if _is_device(target) else _name_beside(target))
    moves = [pair for pair in zip(besides, targets, strict=True) if pair[0] != pair[1]]
    try:
        yield besides
        written = {}
        for path, beside, target in zip(paths, besides, targets, strict=True):
            if beside != target:
                with refusals(path, error):
                    written[beside] = os.stat(beside, follow_symlinks=False)
                    _bring_to_disk(beside, target)
        with refusals(paths[-1], error):
            for beside, file in written.items():
                _check_same(beside, file)
            _move(moves)
    finally:
        for beside, _ in moves:
            with suppress(OSError):
                beside.unlink(missing_ok=True)


@contextmanager
def new_folder(
    path: str | os.PathLike[str], *, error: type[MinicaffeError] = SnapshotError
) -> Iterator[Path]:
    """Make a folder with all that is in it, or nothing.

    The block gets an empty folder beside the final place and fills it. When the block ends, it gets
    its name; when the block fails, nothing is left of it.

    Args:
        path: the folder; it must not exist.
        error: what to raise where it does, or where the system refuses.

    Raises:
        MinicaffeError: of the class ``error``.
    """
    target = Path(path)
    if os.path.lexists(target):
        raise error(f"'{target}' exists already; remove it first or choose another name")
    with refusals(target, error):
        target.parent.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        yield beside
        with refusals(target, error):
            beside.chmod(0o755)
            beside.rename(target)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


@contextmanager
def refusals(
    path: str | os.PathLike[str], error: type[MinicaffeError] = SnapshotError
) -> Iterator[None]:
    """Turn what the system says while a file is written into one line about that file.

    Raises:
        MinicaffeError: of the class ``error``.
    """
    try:
        yield
    except OSError as reason:
        text = reason.strerror or str(reason)
        raise error(
            f"cannot write the file: {text}; {WRITING_ADVICE}{tilde_hint(path)}",
            path=os.fspath(path),
        ) from reason


def remove_leftovers(prefix: str) -> list[str]:
    """Remove what a killed process has left of the snapshots with this ``snapshot_prefix``.

    No other process may be writing such files at the time: hold the prefix's lock. (Those of
    another prefix that begins alike, ``run2`` beside ``run``, stay.)

    Returns:
        What was removed.
    """
    folder, stem = os.path.split(prefix)
    name = re.escape(stem)
    pattern = re.compile(
        rf"\.{name}((_iter_\d+|_best)\.(caffemodel|solverstate)(\.h5)?|(\.lock)+)\.[0-9a-f]{{8}}\.part"
        rf"|{name}_iter_\d+\.[0-9a-f]{{8}}\.tempfile"
    )
    removed = []
    with suppress(OSError):
        for found in sorted(os.listdir(folder or ".")):
            if pattern.fullmatch(found):
                path = os.path.join(folder, found)
                os.unlink(path)
                removed.append(path)
    return removed


def check_writable(prefix: str, *, error: type[MinicaffeError] = SnapshotError) -> None:
    """Make sure that files whose names begin with ``prefix`` can be written.

    Raises:
        MinicaffeError: of the class ``error``; names the prefix and the reason.
    """
    probe = Path(f"{prefix}.{secrets.token_hex(4)}.tempfile")
    try:
        probe.touch()
        probe.unlink()
    except (OSError, ValueError) as reason:  # ValueError: the name holds a NUL
        raise prefix_refusal(prefix, reason, error) from reason


def prefix_refusal(
    prefix: str, reason: Exception, error: type[MinicaffeError] = SnapshotError
) -> MinicaffeError:
    """The error of a prefix where nothing can be written."""
    text = getattr(reason, "strerror", None) or reason
    return error(
        f"cannot write to snapshot prefix {prefix!r}: {text}; make sure that the directory "
        f"'{os.path.dirname(prefix) or '.'}' exists and is writable{tilde_hint(prefix)}"
    )


def _is_device(target: Path) -> bool:
    """Such as /dev/stdout: nothing there that could be lost."""
    return target.exists() and not target.is_file()


def _name_beside(target: Path) -> Path:
    return target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")


def _bring_to_disk(beside: Path, target: Path) -> None:
    """Make sure that the contents are there before the name, with the predecessor's mode.

    Raises:
        OSError: among others, the block's file is no longer there.
    """
    # not "ab", which makes a file that is not there; writing, because Windows flushes no others
    with open(beside, "r+b") as stream:
        if target.exists():
            shutil.copymode(target, beside)
        os.fsync(stream.fileno())


def _check_same(beside: Path, file: os.stat_result) -> None:
    """Refuse to give a file its name when another one has taken its place meanwhile."""
    found = os.stat(beside, follow_symlinks=False)
    if not os.path.samestat(found, file):
        raise OSError(errno.ESTALE, "another program has replaced the temporary file")


def _move(moves: Sequence[tuple[Path, Path]]) -> None:
    """Give the files their names, the last one at the very end."""
    for _, target in reversed(moves[1:]):
        target.unlink(missing_ok=True)
    for beside, target in moves:
        os.replace(beside, target)
    for folder in {target.parent for _, target in moves}:
        _sync_folder(folder)


def _sync_folder(folder: Path) -> None:
    """Bring the names to the disk too, where the system can.

    Raises:
        OSError: it can, and has failed.
    """
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError as reason:
        if reason.errno not in _NO_FOLDERS_OPEN:
            raise
        return
    try:
        os.fsync(handle)
    except OSError as reason:
        if reason.errno not in _NO_FOLDERS_SYNCED:
            raise
    finally:
        os.close(handle)
