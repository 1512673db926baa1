"""Starting processes on this machine, and watching that none of them ends before its time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

from minicaffe.parallel.environment import KEY, RANK, SIZE
from minicaffe.parallel.nccl import NCCL
from minicaffe.threads import VARIABLE, available_cores

#: Seconds in which the others end when one has failed: they notice, and write a snapshot.
GRACE = 20.0

#: In which a process finds the number of the one that has started it.
STARTER = "MINICAFFE_STARTER"


def start_ranks(size: int, arguments: Sequence[str]) -> int:
    """Run ``minicaffe`` with these arguments in several processes; returns the exit status.

    Each computes with its share of the cores, unless ``OMP_NUM_THREADS`` says otherwise. When one
    fails, the others are given some seconds to end. SIGTERM is passed on to all of them, and so is
    SIGINT where it is no terminal's Ctrl-C, which reaches them by itself; a second one kills them.

    Args:
        size: how many.
        arguments: of the command line.
    """
    environ = {**os.environ, SIZE: str(size), KEY: NCCL.new_uid(), STARTER: str(os.getpid())}
    environ.setdefault(VARIABLE, str(max(1, available_cores() // size)))
    command = [sys.executable, "-m", "minicaffe", *arguments]
    processes = [
        subprocess.Popen(command, env={**environ, RANK: str(rank)}) for rank in range(size)
    ]
    try:
        with passing_signals_on(processes):
            return _watch(processes)
    finally:
        for process in processes:
            process.kill()
            process.wait()


def end_with_starter() -> None:
    """End this process as SIGTERM does, soon after the one that has started it is gone.

    (That was killed, else it would have waited. Windows does not tell.)
    """
    starter = os.environ.get(STARTER)
    if starter and hasattr(os, "fork"):
        watch = threading.Thread(target=_follow, args=(int(starter),), daemon=True)
        watch.name = "minicaffe-starter"
        watch.start()


def _follow(starter: int) -> None:
    while os.getppid() == starter:
        time.sleep(0.5)
    os.kill(os.getpid(), signal.SIGTERM)


def in_foreground() -> bool:
    """Whether a terminal's Ctrl-C goes to this process and those that it has started."""
    if not hasattr(os, "tcgetpgrp"):
        return True
    try:
        with open("/dev/tty") as terminal:
            return os.tcgetpgrp(terminal.fileno()) == os.getpgrp()
    except OSError:  # there is no terminal
        return False


def _watch(processes: Sequence[subprocess.Popen[bytes]]) -> int:
    """Wait for the end of all of them; the status of the first that failed."""
    status, end = 0, None
    running = dict(enumerate(processes))
    while running and (end is None or time.monotonic() < end):
        for rank, process in list(running.items()):
            code = process.poll()
            if code is None:
                continue
            del running[rank]
            if code and not status:
                status, end = _status(rank, code), time.monotonic() + GRACE
        time.sleep(0.02)
    for rank in running:
        print(f"error: rank {rank} has not ended, and is killed", file=sys.stderr)
    return status


def _status(rank: int, code: int) -> int:
    """The exit status of a shell for a process that ended so."""
    if code > 0:
        return code
    name = signal.Signals(-code).name
    print(f"error: rank {rank} was ended by {name}", file=sys.stderr, flush=True)
    return 128 - code


@contextmanager
def passing_signals_on(processes: Sequence[subprocess.Popen[bytes]]) -> Iterator[None]:
    """SIGTERM, SIGHUP and SIGINT go to all processes; the second SIGINT kills them."""
    interrupts = []

    def pass_on(number: int, frame: FrameType | None) -> None:
        interrupts.append(number)
        for process in processes:
            if number == signal.SIGINT and interrupts.count(number) > 1:
                process.kill()
            elif number != signal.SIGINT or not in_foreground():
                process.send_signal(number)

    names = [name for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {name: signal.signal(getattr(signal, name), pass_on) for name in names}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(getattr(signal, name), handler)
