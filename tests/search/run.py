"""The long run: random programs on random nets, on every engine, against float64.

    python -m tests.search.run --cases 100000 --seed 5              (a night)
    python -m tests.search.run --cases 100000 --seed 5 --isa SSE41 AVX2 AVX512_CORE
    python -m tests.search.run --seed 5 --start 31400               (going on where a run ended)
    python -m tests.search.run --seed 5 --case 389                  (one again, made smaller)
    python -m tests.search.run --cases 100000 --seed 5 --forks      (with forks' layers, too)

Each case is settled by the seed and its number. Cases run in processes of their own, so that one
that crashes or hangs is noticed, too. The exit status is 1 when any failed. ``--isa`` caps the
instructions that oneDNN uses (``ONEDNN_MAX_CPU_ISA``), one run after the other.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import queue
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from multiprocessing.pool import ThreadPool
from typing import Any

BLOCK = 50  # cases that one process runs
PATIENCE = 120.0  # seconds for a case


@dataclass
class Block:
    """Cases for one process.

    Attributes:
        isa: what oneDNN may use, "" for all that the machine has.
        forks: nets have forks' layers, too.
    """

    seed: int
    cases: range
    isa: str = ""
    forks: bool = False


@dataclass
class Outcome:
    """What came out of a block.

    Attributes:
        faults: for each case that failed, what was wrong.
    """

    judged: int = 0
    left_out: int = 0
    faults: list[tuple[int, str]] = field(default_factory=list)


# ----------------------------------------------------------------- inside a process


def work(block: Block, first: int, progress: Any, results: Any) -> None:
    """Run the cases of a block from ``first`` on; ``progress`` says which one runs."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    if block.isa:  # before oneDNN's library is loaded
        os.environ["ONEDNN_MAX_CPU_ISA"] = block.isa
    from tests.search.judge import judge
    from tests.search.player import quiet
    from tests.search.programs import random_case

    quiet()
    for number in range(first, block.cases.stop):
        progress[:] = [number, time.monotonic()]
        verdicts = judge(random_case((block.seed, number), forks=block.forks))
        fault = "; ".join(
            f"{name}: {verdict.fault}" for name, verdict in verdicts.items() if verdict.fault
        )
        why_not = next((verdict.why_not for verdict in verdicts.values() if verdict.why_not), "")
        results.put((number, fault, why_not))
    results.put(None)


# ----------------------------------------------------------------- around a process


def run_block(block: Block) -> Outcome:
    """All cases of a block, in as many processes as it takes."""
    outcome, first = Outcome(), block.cases.start
    context = multiprocessing.get_context("fork")
    while first < block.cases.stop:
        progress = context.Array("d", [first, time.monotonic()])
        results = context.Queue()
        process = context.Process(target=work, args=(block, first, progress, results))
        process.start()
        wrong = _follow(process, progress, results, outcome)
        first = block.cases.stop
        if wrong:
            number = int(progress[0])
            outcome.faults.append((number, wrong))
            first = number + 1
    return outcome


def _follow(process: Any, progress: Any, results: Any, outcome: Outcome) -> str:
    """Collect what a process tells until it ends; what went wrong with it, or ""."""
    while True:
        try:
            told = results.get(timeout=0.5)
        except queue.Empty:
            if not process.is_alive():
                process.join()
                return f"the process died ({process.exitcode})"
            if time.monotonic() - progress[1] > PATIENCE:
                process.kill()
                process.join()
                return f"no end after {PATIENCE:.0f} s"
            continue
        if told is None:
            process.join()
            return ""
        number, fault, why_not = told
        outcome.judged += not why_not
        outcome.left_out += bool(why_not)
        if fault:
            outcome.faults.append((number, fault))


def blocks(args: argparse.Namespace, isa: str) -> Iterator[Block]:
    """What is to be run."""
    for first in range(args.start, args.cases, BLOCK):
        yield Block(args.seed, range(first, min(first + BLOCK, args.cases)), isa, args.forks)


def run_all(args: argparse.Namespace, isa: str) -> int:
    """All cases with one set of instructions; returns how many failed."""
    total, begin = Outcome(), time.monotonic()
    where = " --forks" * args.forks + (f" --isa {isa}" if isa else "")
    with ThreadPool(args.jobs) as pool:
        todo = list(blocks(args, isa))
        for block, outcome in zip(todo, pool.imap(run_block, todo), strict=True):
            total.judged += outcome.judged
            total.left_out += outcome.left_out
            total.faults += outcome.faults
            for number, wrong in outcome.faults:
                print(f"\r--seed {args.seed} --case {number}{where}: {wrong[:400]}")
            line = (
                f"{block.cases.stop} of {args.cases} cases{where}, {total.judged} judged, "
                f"{len(total.faults)} failed; go on with --seed {args.seed} --start "
                f"{block.cases.stop}{where}"
            )
            print(f"\r{line}", end="" if sys.stdout.isatty() else "\n", flush=True)
    print(f"\n{total.judged + total.left_out} cases in {time.monotonic() - begin:.0f} s{where}")
    return len(total.faults)


def run_one(args: argparse.Namespace) -> int:
    """One case in this process, made smaller where it fails."""
    if args.isa:
        os.environ["ONEDNN_MAX_CPU_ISA"] = args.isa[0]
    from tests.search.judge import judge
    from tests.search.player import quiet
    from tests.search.programs import random_case
    from tests.search.shrink import shrink

    quiet()
    case = random_case((args.seed, args.case), forks=args.forks)
    print(case)
    failed = {name: verdict.fault for name, verdict in judge(case).items() if verdict.fault}
    for name, fault in failed.items():
        print(f"\n{name}: {fault}\nMade smaller:\n")
        small = shrink(case, lambda other, name=name: bool(judge(other, [name])[name].fault))
        print(f"{small}\n{name}: {judge(small, [name])[name].fault}")
    return len(failed)


def parse_args() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--cases", type=int, default=100_000, help="the last one's number")
    parser.add_argument("--start", type=int, default=0, help="the first one's number")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--isa", nargs="+", default=[], help="caps for oneDNN, one after another")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--forks", action="store_true", help="draw forks' layers, too")
    parser.add_argument("--case", type=int, help="run this one in this process")
    return parser.parse_args()


def main() -> int:
    """Run everything; the exit status is 1 when anything failed."""
    args = parse_args()
    if args.case is not None:
        return int(run_one(args) > 0)
    return int(sum([run_all(args, isa) for isa in args.isa or [""]]) > 0)


if __name__ == "__main__":
    sys.exit(main())
