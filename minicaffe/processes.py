"""Which process this is, and whether another one still runs: told by number and start time.

A number alone does not do, as the system gives it to another process when one has ended.
"""

from __future__ import annotations

import os
import platform
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
    """The process that asks."""
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
    return _start_in_proc(number) if _BOOT.exists() else _start_by_ps(number)


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


def _start_by_ps(number: int) -> str | None:
    """As the program ps of macOS and the BSDs writes it."""
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
        if ended.dwLowDateTime or ended.dwHighDateTime:  # somebody still holds what has ended
            return None
        return str(created.dwHighDateTime << 32 | created.dwLowDateTime)
    finally:
        kernel.CloseHandle(handle)
