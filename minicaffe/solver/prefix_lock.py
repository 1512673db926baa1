"""One writer for a prefix of snapshots: a lock file, and whether the process it names still runs.

A process is told by its number and the time it started. A number alone does not do, as the system
gives it to another process when one has ended.
"""

from __future__ import annotations

import importlib
import json
import os
import platform
import secrets
import subprocess
import time
import weakref
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO

from minicaffe.errors import SnapshotError
from minicaffe.files import prefix_refusal
from minicaffe.solver.signals import uninterrupted

_BOOT = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True)
class Process:
    """A process of some computer.

    Attributes:
        host: the computer's name.
        space: what its numbers count in: on Linux, the kernel's start and the container.
        number: its process id.
        started: when it began, in whatever form the system tells; "" when it does not.
    """

    host: str
    space: str
    number: int
    started: str


def this_process() -> Process:
    """The process that runs this program, as a lock file names it."""
    number = os.getpid()
    return Process(platform.node() or "unknown", _space(), number, start_of(number) or "")


def is_running(process: Process) -> bool | None:
    """Whether a process still runs; None when that cannot be seen from here.

    It cannot for other computers, and for another container of this one.
    """
    here = this_process()
    if process.host != here.host:
        return None
    kernel, _, container = process.space.partition(" ")
    kernel_here, _, container_here = here.space.partition(" ")
    if kernel != kernel_here:
        return False  # the computer has started again since
    if container != container_here:
        return None
    started = start_of(process.number)
    if started is None:
        return False
    return not started or not process.started or started == process.started


def start_of(number: int) -> str | None:
    """When the process of this number began: "" when unknown, None when there is none.

    A process that has ended and that its parent has not asked after counts as none.
    """
    if number <= 0:
        return None
    if os.name == "nt":
        return _start_on_windows(number)
    try:
        os.kill(number, 0)  # sends nothing
    except ProcessLookupError:
        return None
    except OSError:  # of another user: it is there
        pass
    except OverflowError:  # no process has such a number
        return None
    return _start_in_proc(number) if _BOOT.exists() else start_by_ps(number)


def _space() -> str:
    """The kernel's start and the container, of Linux; "" elsewhere, where times say it all."""
    try:
        return f"{_BOOT.read_text().strip()} {os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return ""


def _start_in_proc(number: int) -> str | None:
    """In ticks since the kernel's start."""
    try:
        text = Path(f"/proc/{number}/stat").read_text(errors="replace")
        # the program's name, in parentheses, may hold anything
        fields = text.rpartition(")")[2].split()
        return None if fields[0] in "ZX" else fields[19]
    except (OSError, IndexError):
        return ""


def start_by_ps(number: int) -> str | None:
    """:func:`start_of`, as the program ps of macOS and the BSDs writes it."""
    command = ["ps", "-o", "stat=", "-o", "lstart=", "-p", str(number)]
    try:
        done = subprocess.run(
            command, env={**os.environ, "LC_ALL": "C", "TZ": "UTC"}, capture_output=True, text=True
        )
    except OSError:
        return ""
    state, _, start = done.stdout.strip().partition(" ")
    return None if state.startswith("Z") else start.strip()


def _start_on_windows(number: int) -> str | None:
    """In units of 100 ns since 1601."""
    import ctypes
    from ctypes import wintypes

    windows: Any = ctypes  # elsewhere it lacks some of this
    kernel = windows.WinDLL("kernel32", use_last_error=True)
    kernel.OpenProcess.restype = wintypes.HANDLE
    kernel.OpenProcess.argtypes = (wintypes.DWORD, wintypes.BOOL, wintypes.DWORD)
    kernel.GetProcessTimes.argtypes = (wintypes.HANDLE, *[ctypes.POINTER(wintypes.FILETIME)] * 4)
    kernel.CloseHandle.argtypes = (wintypes.HANDLE,)
    query_limited_information, access_denied = 0x1000, 5
    handle = kernel.OpenProcess(query_limited_information, False, number)
    if not handle:
        return "" if windows.get_last_error() == access_denied else None
    try:
        created, ended, *others = (wintypes.FILETIME() for _ in range(4))
        if not kernel.GetProcessTimes(handle, created, ended, *others):
            return ""
        if ended.dwLowDateTime or ended.dwHighDateTime:  # a handle to what has ended is still open
            return None
        return str(created.dwHighDateTime << 32 | created.dwLowDateTime)
    finally:
        kernel.CloseHandle(handle)


_fcntl: Any = None if os.name == "nt" else importlib.import_module("fcntl")


_LONGEST = 10_000  # bytes of a lock file


_TRIES = 100  # for what another process is about to do


_DEEPEST = 4  # locks on locks: each takes a process that was killed just while it took one over


_marks: set[str] = set()  # of the locks that this process has or is about to take


class PrefixLock:
    """The right to write the snapshots with a prefix; a context that gives it back.

    It ends also with the process, or when nothing refers to it. A child that was forked does not
    have it.

    Args:
        prefix: the ``snapshot_prefix``.
        pause: seconds to wait for what another process is about to do, up to 100 times.

    Raises:
        SnapshotError: another training has it: names the process, or says what to do where that
            may run on another computer; or nothing can be written there.
    """

    def __init__(self, prefix: str, *, pause: float = 0.02) -> None:
        self.prefix = prefix
        file = lock_file(prefix)
        try:
            with uninterrupted():  # Ctrl-C leaves no lock that is never given back
                held = _acquire(file, pause)
                self._end = weakref.finalize(self, held.release)
        except _Taken as taken:
            raise SnapshotError(_refusal(prefix, file, taken.owner)) from None
        except (OSError, ValueError) as reason:  # ValueError: the name holds a NUL
            raise prefix_refusal(prefix, reason) from reason
        self._number = held.number

    @property
    def held(self) -> bool:
        """Whether this process has it still."""
        return self._end.alive and self._number == os.getpid()

    def release(self) -> None:
        """Give it back; doing so again is fine."""
        self._end()

    def __enter__(self) -> PrefixLock:
        return self

    def __exit__(self, *reason: object) -> None:
        self.release()


def lock_file(prefix: str) -> Path:
    """The file that says who writes snapshots with a prefix."""
    folder, stem = os.path.split(prefix)
    return Path(folder, f".{stem}.lock")


@dataclass(frozen=True)
class _Owner:
    """What a lock file says; ``process`` is None where nothing in it can be read."""

    process: Process | None
    mark: str = ""
    since: float = 0.0


class _Taken(Exception):
    """Another one has the lock."""

    def __init__(self, owner: _Owner) -> None:
        super().__init__()
        self.owner = owner


@dataclass
class _Held:
    """A lock file that this process has written.

    Attributes:
        number: the process; a child of it is another one.
        stream: open and locked where the system can: other containers see that.
    """

    file: Path
    mark: str
    number: int
    stream: TextIO | None

    def release(self) -> None:
        if self.number == os.getpid() and self.mark in _marks:
            with suppress(OSError):
                found = _owner_in(self.file)
                if found is not None and found.mark == self.mark:
                    self.file.unlink(missing_ok=True)
            _marks.discard(self.mark)
        if self.stream is not None:
            self.stream.close()


# ------------------------------------------------------------------------------ taking it


def _acquire(file: Path, pause: float, depth: int = 1) -> _Held:
    """Take a lock.

    Raises:
        _Taken: another one has it, or may have it.
        OSError: the file cannot be written.
    """
    beside = file.with_name(f"{file.name}.{secrets.token_hex(4)}.part")
    held = _Held(file, secrets.token_hex(8), os.getpid(), None)
    _marks.add(held.mark)
    try:
        held.stream = _write(beside, held.mark)
        for attempt in range(_TRIES):
            if _put(beside, file):
                return held
            owner = _owner_in(file)
            if owner is None:  # given back in between
                continue
            if owner.process is None and attempt < _TRIES // 2:  # perhaps it is being written
                time.sleep(pause)
            elif not _is_left(owner, file):
                raise _Taken(owner)
            elif _take_over(beside, file, owner, pause, depth):
                return held
        raise _Taken(_owner_in(file) or _Owner(None))
    except BaseException:
        held.release()
        raise
    finally:
        with suppress(OSError, ValueError):
            beside.unlink(missing_ok=True)


def _write(beside: Path, mark: str) -> TextIO | None:
    """Write what is to become the lock file; returns it open where it can stay so."""
    text = json.dumps({**asdict(this_process()), "mark": mark, "since": time.time()})
    if _fcntl is None:  # Windows does not rename what is open
        with open(beside, "x", encoding="utf-8") as stream:
            stream.write(text)
        return None
    stream = open(beside, "x", encoding="utf-8")  # noqa: SIM115  (open while it is held)
    try:
        stream.write(text)
        stream.flush()
        with suppress(OSError):  # some network disks cannot
            _fcntl.flock(stream, _fcntl.LOCK_EX | _fcntl.LOCK_NB)
    except BaseException:
        stream.close()
        raise
    return stream


def _put(beside: Path, file: Path) -> bool:
    """Give the lock file its name, unless there is one already."""
    try:
        if os.name == "nt":
            os.rename(beside, file)  # which there replaces nothing
        else:
            os.link(beside, file)
        return True
    except FileExistsError:
        return False
    except OSError:
        pass  # a disk without links; what else is wrong is told by what follows
    try:
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
    except FileExistsError:
        return False
    os.replace(beside, file)
    return True


def _take_over(beside: Path, file: Path, owner: _Owner, pause: float, depth: int) -> bool:
    """Put a lock into the place of one that was left, if it is still that; False: look again."""
    if depth == _DEEPEST:
        raise _Taken(owner)
    try:
        guard = _acquire(file.with_name(f"{file.name}.lock"), pause, depth + 1)
    except _Taken:  # another one takes it over just now
        time.sleep(pause)
        return False
    try:
        if _owner_in(file) != owner:
            return False
        os.replace(beside, file)
        return True
    except PermissionError:
        if os.name != "nt":
            raise
        time.sleep(pause)  # Windows replaces nothing that another one reads at the moment
        return False
    finally:
        guard.release()


# -------------------------------------------------------------------------- who has it


def _owner_in(file: Path) -> _Owner | None:
    """What a lock file says; None when there is none."""
    try:
        with open(file, "rb") as stream:
            text = stream.read(_LONGEST)
    except FileNotFoundError:
        return None
    try:
        says = json.loads(text)
        process = Process(
            str(says["host"]), str(says["space"]), int(says["number"]), str(says["started"])
        )
        return _Owner(process, str(says["mark"]), float(says["since"]))
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        return _Owner(None, text.hex())


def _is_left(owner: _Owner, file: Path) -> bool:
    """Whether the writer of a lock file has ended without removing it."""
    if owner.process is None:
        return True
    here = this_process()
    if owner.process == here:
        # a program that has replaced itself by another one (exec) keeps its number and start
        return owner.mark not in _marks
    running = is_running(owner.process)
    if running is None and owner.process.host == here.host:
        running = _is_locked(file)  # another container of this computer
    return running is False


def _is_locked(file: Path) -> bool | None:
    """Whether a process on this computer holds a lock file open; None when that is unknown."""
    if _fcntl is None:
        return None
    try:
        with open(file, "rb") as stream:
            _fcntl.flock(stream, _fcntl.LOCK_SH | _fcntl.LOCK_NB)
        return False
    except BlockingIOError:
        return True
    except OSError:
        return None


def _refusal(prefix: str, file: Path, owner: _Owner) -> str:
    """The message for the second of two trainings."""
    other = f"or give this one another snapshot_prefix than {prefix!r}"
    if owner.process is None:
        return (
            f"the lock file '{file}' cannot be taken over: remove it if no training writes there, "
            f"{other}"
        )
    since = datetime.fromtimestamp(owner.since).isoformat(" ", "seconds")
    if owner.process == this_process():
        return (
            f"another solver of this process writes snapshots there (since {since}); let it end, "
            f"{other}"
        )
    who = f"process {owner.process.number} on {owner.process.host!r}"
    if is_running(owner.process):
        return f"{who} writes snapshots there (since {since}); let it end, {other}"
    return (
        f"{who} writes snapshots there (since {since}), as '{file}' says, and whether it still "
        f"runs cannot be seen from here; let it end, remove that file if it has ended, {other}"
    )
