#!/usr/bin/env python3
"""Does a long training hold on to memory, threads or files?

    python benchmarks/long_run.py [--iterations 20000] [--solver models/lenet_bn/solver.prototxt]

Trains with tests, displays and snapshots (into a temporary folder) and looks every 100 iterations
at the process's resident memory, threads and open files, which Linux tells in /proc/self. The first
tenth of the run is for warming up: the data layers fill their caches, the engines their work space,
the allocator its arenas. Growth is what the mean of the last tenth has over that of the second; the
exit status is 1 when memory grows by 1 % or more, or when threads or files become more.
"""

from __future__ import annotations

import argparse
import csv
import os
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from statistics import fmean
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from minicaffe.engines import engine_name
from minicaffe.proto.io import read_solver
from minicaffe.solver import Observer, get_solver
from minicaffe.solver.events import Iteration

ROOT = Path(__file__).resolve().parent.parent
EVERY = 100  # iterations between two samples
LIMIT = 0.01  # of growth


@dataclass(frozen=True)
class Sample:
    """What the process holds after ``iteration`` updates.

    Attributes:
        resident: memory in bytes.
        threads, files: how many of each.
    """

    iteration: int
    resident: int
    threads: int
    files: int


def sample(iteration: int) -> Sample:
    """Look at this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return Sample(
        iteration,
        pages * os.sysconf("SC_PAGE_SIZE"),
        len(os.listdir("/proc/self/task")),
        len(os.listdir("/proc/self/fd")),
    )


class Sampler(Observer):
    """Takes a sample every few iterations and writes it down at once.

    Args:
        path: the CSV file to write.
        every: how many iterations lie between two samples.
    """

    def __init__(self, path: str, every: int = EVERY) -> None:
        self.samples: list[Sample] = []
        self._path = path
        self._every = every
        self._write([field.name for field in fields(Sample)], "w")

    def on_iteration(self, event: Iteration) -> None:
        """Look, when it is time."""
        if event.iter % self._every == 0:
            self.samples.append(sample(event.iter))
            self._write(astuple(self.samples[-1]), "a")

    def _write(self, row: Iterable[Any], mode: str) -> None:
        with open(self._path, mode, newline="") as stream:
            csv.writer(stream).writerow(row)


@dataclass(frozen=True)
class Growth:
    """Means of the second tenth and of the last tenth of a run.

    Attributes:
        resident, threads, files: (before, after).
    """

    resident: tuple[float, float]
    threads: tuple[float, float]
    files: tuple[float, float]

    @property
    def share(self) -> float:
        """By which part of itself the memory grew."""
        before, after = self.resident
        return after / before - 1

    @property
    def passed(self) -> bool:
        """Whether the run kept to the limits."""
        steady = all(after <= before for before, after in (self.threads, self.files))
        return self.share < LIMIT and steady


def growth(samples: list[Sample]) -> Growth:
    """Compare the second tenth of the samples with the last tenth."""
    tenth = max(1, len(samples) // 10)
    before, after = samples[tenth : 2 * tenth], samples[-tenth:]

    def means(name: str) -> tuple[float, float]:
        return tuple(fmean(getattr(item, name) for item in part) for part in (before, after))

    return Growth(means("resident"), means("threads"), means("files"))


def main() -> int:
    """Train, then say what grew."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--iterations", type=int, default=20_000)
    parser.add_argument("--solver", default="models/lenet_bn/solver.prototxt")
    parser.add_argument("--engine", help="by default the fastest one here")
    parser.add_argument("--csv", default=os.path.join(tempfile.gettempdir(), "long_run.csv"))
    args = parser.parse_args()
    os.chdir(ROOT)
    param = read_solver(args.solver)
    param.max_iter = args.iterations
    param.snapshot = max(1, args.iterations // 20)
    sampler = Sampler(args.csv)
    begin = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        param.snapshot_prefix = os.path.join(folder, "long")
        solver = get_solver(
            param, path=args.solver, engine=args.engine, observers=[sampler], keep_snapshots=3
        )
        solver.solve()
        solver.close()
    found = growth(sampler.samples)
    print(
        f"{args.iterations} iterations of {args.solver} on {engine_name(solver.net.engine)} "
        f"in {time.perf_counter() - begin:.0f} s; samples in {args.csv}"
    )
    print(f"memory:  {found.resident[0] / 2**20:.1f} MiB, then {found.resident[1] / 2**20:.1f} MiB "
          f"({found.share:+.2%})")  # fmt: skip
    print(f"threads: {found.threads[0]:g}, then {found.threads[1]:g}")
    print(f"files:   {found.files[0]:g}, then {found.files[1]:g}")
    return 0 if found.passed else 1


if __name__ == "__main__":
    raise SystemExit(main())
