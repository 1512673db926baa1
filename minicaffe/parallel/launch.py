"""Starting processes on this machine, and watching that none of them ends before its time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

from minicaffe.parallel.environment import KEY, RANK, SIZE
from minicaffe.parallel.nccl import NCCL
from minicaffe.threads import VARIABLE, available_cores

#: Seconds in which the others end when one has failed: they notice, and write a snapshot.
GRACE = 20.0


def start_ranks(size: int, arguments: Sequence[str]) -> int:
    """Run ``minicaffe`` with these arguments in several processes; returns the exit status.

    Each computes with its share of the cores, unless ``OMP_NUM_THREADS`` says otherwise. When one
    fails, the others are given some seconds to end. SIGTERM is passed on to all of them; Ctrl-C
    reaches them by itself, and a second one kills them.

    Args:
        size: how many.
        arguments: of the command line.
    """
    environ = {**os.environ, SIZE: str(size), KEY: NCCL.new_uid()}
    environ.setdefault(VARIABLE, str(max(1, available_cores() // size)))
    command = [sys.executable, "-m", "minicaffe", *arguments]
    processes = [
        subprocess.Popen(command, env={**environ, RANK: str(rank)}) for rank in range(size)
    ]
    try:
        with _passing_signals_on(processes):
            return _watch(processes)
    finally:
        for process in processes:
            process.kill()
            process.wait()


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
def _passing_signals_on(processes: Sequence[subprocess.Popen[bytes]]) -> Iterator[None]:
    """SIGTERM and SIGHUP go to all processes; the second SIGINT kills them."""
    interrupts = []

    def pass_on(number: int, frame: FrameType | None) -> None:
        interrupts.append(number)
        for process in processes:
            if number != signal.SIGINT:
                process.send_signal(number)
            elif interrupts.count(number) > 1:
                process.kill()

    names = [name for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {name: signal.signal(getattr(signal, name), pass_on) for name in names}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(getattr(signal, name), handler)
