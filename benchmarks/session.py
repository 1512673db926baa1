"""Contenders as processes that run in turn, while everybody else sleeps."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.contenders import Contender
from benchmarks.machine import Load
from benchmarks.table import Slice

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 1200.0  # seconds for a contender's answer; torch.compile takes minutes

_STOP, _GO = getattr(signal, "SIGSTOP", None), getattr(signal, "SIGCONT", None)


class Failed(Exception):
    """A contender cannot take part; says why."""


@dataclass(frozen=True)
class Task:
    """What all contenders of one comparison do.

    Attributes:
        net: its name.
        batch: images of a classification; None to train.
        precision: ``float32`` or ``bf16``.
        threads: how many each may use.
        folder: for files that are made for the occasion.
    """

    net: str
    batch: int | None
    precision: str
    threads: int
    folder: str


class Process:
    """A contender that is warm. It sleeps (SIGSTOP) unless it is asked to run.

    Raises:
        Failed: it cannot do the task here; says why.
    """

    def __init__(self, contender: Contender, task: Task, *, warm: float, verbose: bool) -> None:
        self.contender = contender
        self.slices: list[Slice] = []
        self.memory: float | None = None
        asked = {
            "kind": contender.kind,
            "flags": contender.flags,
            "warm": warm,
            "verbose": verbose,
            **vars(task),
        }
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.worker", json.dumps(asked)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=None if verbose else subprocess.DEVNULL,
            cwd=ROOT,
            env=_environment(contender, task.threads),
        )
        try:
            answer = self._answer()
            if "failed" in answer:
                raise Failed(answer["failed"])
        except BaseException:
            self.close()
            raise
        self.version: str = answer["version"]
        self.scores: list[float] | None = answer["scores"]
        self._send(_STOP)

    def run(self, seconds: float, least: int) -> None:
        """One slice, and how much of the machine others took meanwhile."""
        self._send(_GO)
        load = Load(self._process.pid, os.getpid())
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"seconds": seconds, "least": least}).encode() + b"\n")
        self._process.stdin.flush()
        answer = self._answer()
        self.slices.append(Slice(answer["times"], load.others()))
        self.memory = answer["memory"]
        self._send(_STOP)

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        ready, _, _ = select.select([self._process.stdout], [], [], PATIENCE)
        if not ready:
            raise Failed(f"no answer within {PATIENCE:.0f} seconds")
        line = self._process.stdout.readline()
        if not line:
            code = self._process.wait()
            raise Failed(f"its process ended with status {code} (--verbose shows more)")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _send(self, number: int | None) -> None:
        if number is not None and self._process.poll() is None:
            self._process.send_signal(number)

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()


def _environment(contender: Contender, threads: int) -> dict[str, str]:
    own = {
        "OMP_NUM_THREADS": str(threads),
        "OPENBLAS_NUM_THREADS": str(threads),
        "MKL_NUM_THREADS": str(threads),
        "TORCHINDUCTOR_COMPILE_THREADS": "1",  # no helper processes that outlive compiling
        "GLOG_minloglevel": "2",
    }
    return {**os.environ, **own, **contender.environment}


def wait_until_quiet(limit: float, patience: float) -> None:
    """Wait until others leave the machine alone, but not for ever."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        load = Load(os.getpid())
        time.sleep(0.25)
        share = load.others()
        if share is None or share <= limit:
            return


def alternate(
    processes: Sequence[Process], *, seconds: float, slices: int, limit: float, patience: float
) -> None:
    """Let each run in turn, several times over.

    Args:
        seconds: for each process in all.
        slices: into how many turns they are cut.
        limit: the share of the machine that others may take.
        patience: seconds to wait for a quiet moment before each turn.
    """
    for _ in range(slices):
        for process in processes:
            wait_until_quiet(limit, patience)
            process.run(seconds / slices, 2)
