#!/usr/bin/env python3
"""Engines beside each other: the processor's time of an iteration, in turns in one process.

    export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
    python -m benchmarks.engines numpy jit
    python -m benchmarks.engines numpy jit --nets lenet_bn resnet20 --turns 9

For each net it prints the milliseconds of a training iteration, and of a forward of 16 images in
phase TEST, by both engines, and the ratio of the second to the first.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Callable

from benchmarks import nets, ours
from benchmarks.conv_math import in_turns

NETS = "lenet lenet_bn cifar10_quick resnet20 resnet18 mobilenet googlenet"
#: Images of a forward.
BATCH = 16


def line(name: str, engines: list[str], turns: int) -> str:
    """A row of the table."""
    cells = []
    for make in (_training, _inference):
        times = in_turns({engine: make(name, engine) for engine in engines}, turns)
        first, second = (times[engine] for engine in engines)
        cells.append(f"{first:.1f} | {second:.1f} | **{second / first:.2f}**")
    return f"| {name} | {' | '.join(cells)} |"


def _training(name: str, engine: str) -> Callable[[], object]:
    return ours.trainer(name, engine=engine, precision="float32")


def _inference(name: str, engine: str) -> Callable[[], object]:
    return ours.classifier(name, BATCH, engine=engine, precision="float32")


def main() -> None:
    """Print a line a net."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("engines", nargs=2, help="two engines")
    parser.add_argument("--nets", nargs="+", choices=nets.NETS, default=NETS.split())
    parser.add_argument("--turns", type=int, default=5, help="of each (default: 5)")
    args = parser.parse_args()
    logging.disable(logging.CRITICAL)
    first, second = args.engines
    print(f"| net | training, {first}, ms | {second}, ms | ratio", end="")
    print(f" | TEST, {first}, ms | {second}, ms | ratio |")
    print("| --- " * 7 + "|")
    for name in args.nets:
        print(line(name, args.engines, args.turns), flush=True)


if __name__ == "__main__":
    main()
