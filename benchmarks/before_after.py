#!/usr/bin/env python3
"""Compare the speed of this checkout with that of another one, iteration by iteration in turn.

    git worktree add ../before v0.1
    python benchmarks/before_after.py ../before train:lenet_bn train:resnet20:numpy infer:resnet18

A row is MODE:NET[:ENGINE[:BATCH]]. Both checkouts stay warm in processes of their own and take
turns of a quarter of a second; printed are the medians and the median of the turns' ratios (new ÷
old), with the smallest and the largest. With --cpu it is the processor's time that counts, which
other programs disturb less; for that set OMP_NUM_THREADS=1 and OPENBLAS_NUM_THREADS=1.
"""

from __future__ import annotations

import argparse
import logging
import statistics
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
TURN = 250.0  # milliseconds


def serve(root: str, row: str, cpu: bool) -> None:
    """Run iterations of a checkout as standard input asks for them; print milliseconds of each."""
    sys.path[0] = root
    logging.disable(logging.CRITICAL)
    import minicaffe
    from benchmarks import ours

    assert Path(minicaffe.__file__).is_relative_to(root), "another minicaffe was imported"
    given = row.split(":")
    mode, name, engine, batch = given + ["", "", "onednn", "1"][len(given) :]
    if mode == "train":
        step = ours.trainer(name, engine=engine, precision="float32")
    else:
        step = ours.classifier(name, int(batch), engine=engine, precision="float32")
    clock = time.process_time if cpu else time.perf_counter
    for _ in range(3):
        step()
    print("ready", flush=True)
    for line in sys.stdin:
        begin = clock()
        for _ in range(int(line)):
            step()
        print((clock() - begin) / int(line) * 1000, flush=True)


class Checkout:
    """A process that runs one checkout's iterations."""

    def __init__(self, root: Path, row: str, cpu: bool) -> None:
        command = [sys.executable, __file__, str(root), row, "--serve", *(["--cpu"] if cpu else [])]
        self._process = subprocess.Popen(
            command, cwd=root, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert self._process.stdin
        assert self._process.stdout
        self._ask, self._answer = self._process.stdin, self._process.stdout
        if self._answer.readline() != "ready\n":
            raise SystemExit(f"{root} cannot run {row}")

    def milliseconds(self, count: int) -> float:
        """Of each of this many iterations."""
        self._ask.write(f"{count}\n")
        self._ask.flush()
        return float(self._answer.readline())

    def close(self) -> None:
        """End the process."""
        self._process.kill()


def compare(before: Path, row: str, cpu: bool, turns: int) -> str:
    """A line for one row."""
    old, new = Checkout(before, row, cpu), Checkout(HERE, row, cpu)
    count = max(1, int(TURN / max(old.milliseconds(1), new.milliseconds(1))))
    times: dict[Checkout, list[float]] = {old: [], new: []}
    for turn in range(turns):
        for item in (old, new)[:: 1 - turn % 2 * 2]:  # who goes first alternates
            times[item].append(item.milliseconds(count))
    ratios = [after / ago for ago, after in zip(times[old], times[new], strict=True)]
    old.close()
    new.close()
    first, second = (statistics.median(times[item]) for item in (old, new))
    return (
        f"{row:28} before {first:9.2f} ms  after {second:9.2f} ms  ratio "
        f"{statistics.median(ratios):.3f} ({min(ratios):.2f}-{max(ratios):.2f})"
    )


def main() -> None:
    """Read the flags and print a line a row."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("before", type=Path, help="the other checkout")
    parser.add_argument("rows", nargs="+", metavar="MODE:NET[:ENGINE[:BATCH]]")
    parser.add_argument("--cpu", action="store_true", help="count the processor's time")
    parser.add_argument("--turns", type=int, default=12, help="of each (default: 12)")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.serve:
        serve(str(args.before), args.rows[0], args.cpu)
        return
    for row in args.rows:
        print(compare(args.before.resolve(), row, args.cpu, args.turns), flush=True)


if __name__ == "__main__":
    main()
