"""Interrupt trainings everywhere: ``python -m tests.reliability.interrupt_run`` (an hour or so).

For every engine, each bytecode of a step that plans nothing, and some of one that plans; then, for
every engine and rule, several hundred signals at random times. After each interruption, weights,
histories, statistics and losses must be those of a training that was not interrupted.
"""

from __future__ import annotations

import argparse
import random

from minicaffe import set_threads
from minicaffe.engines import engine_names, why_unavailable
from tests.reliability.interrupting import (
    SETTINGS,
    Comparison,
    Handlers,
    interrupt_by_signals,
    interrupt_bytecodes,
    length_of_a_step,
    make,
)


def at_bytecodes(engine: str, keep: str, every: int, seed: int) -> int:
    """Interrupt at every n-th bytecode of a step; returns how many interruptions there were."""
    comparison = Comparison(lambda: make("Adam", engine, keep))
    length = length_of_a_step(comparison)
    with Handlers():
        interrupt_bytecodes(comparison, range(1 + seed % every, length, every), seed)
    return comparison.hits


def by_signals(engine: str, rule: str, count: int, seed: int) -> int:
    """Interrupt by this many signals, half of them where blobs lend each other memory."""
    for keep in ("all", "outputs"):
        comparison = Comparison(lambda keep=keep: make(rule, engine, keep))
        with Handlers() as handlers:
            interrupt_by_signals(comparison, handlers, count // 2, seed, longest=0.02)
    return count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--every", type=int, default=1, help="interrupt at every n-th bytecode")
    parser.add_argument("--signals", type=int, default=400, help="how many for engine and rule")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    args = parser.parse_args()
    set_threads(1)
    print(f"seed {args.seed}", flush=True)
    for engine in (name for name in engine_names() if why_unavailable(name) is None):
        for keep in ("all", "outputs"):
            hits = at_bytecodes(engine, keep, args.every, args.seed)
            print(f"{engine}, keep={keep}: {hits} bytecodes", flush=True)
        for rule in sorted(SETTINGS):
            hits = by_signals(engine, rule, args.signals, args.seed)
            print(f"{engine}, {rule}: {hits} signals", flush=True)


if __name__ == "__main__":
    main()
