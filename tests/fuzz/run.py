"""The long run: damaged files and attacks on every reader, with time and memory watched.

    python -m tests.fuzz.run                                  (a million cases and all attacks)
    python -m tests.fuzz.run --cases 1000 --readers image datum
    python -m tests.fuzz.run --readers image --case 389 --save bad.png     (one again)

Each case is settled by the seed, the reader's name and its number. Cases run in processes of
their own, so that one that crashes or hangs is noticed too. What counts as a failure:

* anything but a result or a MinicaffeError comes out;
* it takes more than 1 s and 1 s for each MB of the file, of processor time: how busy the machine
  is does not count;
* it takes more memory than 4 times the file, what it declares, and 5 MiB;
* the process dies, or has not ended after minutes.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import gc
import logging
import multiprocessing
import os
import shutil
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from minicaffe.errors import MinicaffeError
from tests.fuzz.attacks import ATTACKS
from tests.fuzz.readers import READERS, Reader, names, run_case

MEGABYTE = 10**6
SECONDS = 1.0  # and as many for each megabyte
MEMORY_FACTOR = 4
MEMORY_FREE = 5 * 2**20  # what no file is too small for
PATIENCE = 60  # times the allowed seconds, before a process is ended: others compute, too
# Numbers of Linux and of its C library
_PR_SET_THP_DISABLE, _M_MMAP_THRESHOLD = 41, -3
_BLOCK = 2000  # cases that one process runs


@dataclass
class Block:
    """Cases for one process: numbers of damaged files, or names of attacks.

    Attributes:
        size: of attacks.
        measured: whether time and memory count.
    """

    reader: str
    cases: Sequence[Any]
    seed: int = 0
    size: int = 0
    measured: bool = True

    def data(self, case: Any) -> bytes:
        """The file of a case."""
        if isinstance(case, str):
            return ATTACKS[case].make(self.size)
        return READERS[self.reader].case(self.reader, self.seed, case)


@dataclass
class Tally:
    """What came out of the cases of a reader."""

    read: int = 0
    refused: int = 0
    seconds: float = 0.0
    memory: int = 0
    slack: int = -(2**40)
    failures: list[tuple[Any, str]] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Count another tally in."""
        self.read += other.read
        self.refused += other.refused
        self.seconds = max(self.seconds, other.seconds)
        self.memory = max(self.memory, other.memory)
        self.slack = max(self.slack, other.slack)
        self.failures += other.failures


class Memory:
    """Watches how much memory this process takes at most (on Linux; elsewhere 0).

    That is resident memory: it counts what libraries in C allocate, which tracemalloc does
    not see. To be near to what is alive, the allocator gives back what is free before each
    case, so that a case neither hides in the free memory of those before it nor pays for it.

    What depends on the machine's state is left out: pages of programs and libraries, which come
    in pieces as large as the system has them; huge pages; and blocks that are copied as they
    grow because they lie in the heap (each large one is mapped by itself).
    """

    def __init__(self) -> None:
        self._known = os.access("/proc/self/clear_refs", os.W_OK)
        library = ctypes.CDLL(None) if self._known else None
        self._trim = getattr(library, "malloc_trim", None)
        if library is not None:
            library.prctl(_PR_SET_THP_DISABLE, 1, 0, 0, 0)
            if hasattr(library, "mallopt"):
                library.mallopt(_M_MMAP_THRESHOLD, 2**17)

    def start(self) -> None:
        """Forget the greatest value so far."""
        self._before = self._files = 0
        if self._known:
            gc.collect()
            if self._trim is not None:
                self._trim(0)
            Path("/proc/self/clear_refs").write_text("5")
            self._before, self._files = self._read("VmRSS"), self._read("RssFile")

    def most(self) -> int:
        """Bytes that were taken since then, at most."""
        if not self._known:
            return 0
        code = max(0, self._read("RssFile") - self._files)
        return self._read("VmHWM") - self._before - code

    @staticmethod
    def _read(name: str) -> int:
        with open("/proc/self/status", encoding="ascii") as stream:
            line = next(line for line in stream if line.startswith(name))
        return int(line.split()[1]) * 1024


# ----------------------------------------------------------------- inside a process


def watch(block: Block, data: bytes, folder: Path, tally: Tally, memory: Memory) -> str:
    """Run a case; returns what is wrong with the outcome, or ""."""
    reader = READERS[block.reader]
    memory.start()
    start = time.process_time()
    wrong = ""
    try:
        run_case(reader, data, folder)
        tally.read += 1
    except MinicaffeError as error:
        tally.refused += 1
        str(error)
    except Exception as error:
        wrong = described(error)
    seconds, most = time.process_time() - start, memory.most()
    tally.seconds, tally.memory = max(tally.seconds, seconds), max(tally.memory, most)
    if not block.measured:
        return wrong
    if seconds > reader.reads * allowed_seconds(data):
        wrong = wrong or f"took {seconds:.1f} s for {len(data)} bytes"
    slack = most - MEMORY_FACTOR * len(data) - reader.declared
    tally.slack = max(tally.slack, slack)
    if slack > MEMORY_FREE:
        wrong = wrong or f"took {most >> 20} MiB for {len(data)} bytes"
    return wrong


def warm_up(reader: Reader, folder: Path) -> None:
    """Read good files, so that no case pays for imports, tables and pools of memory."""
    for data in reader.files[:: max(1, len(reader.files) // 20)]:
        with contextlib.suppress(MinicaffeError):
            run_case(reader, data, folder)
    gc.collect()
    gc.freeze()


def allowed_seconds(data: bytes) -> float:
    """How long a file may take."""
    return SECONDS * (1 + len(data) / MEGABYTE)


def described(error: Exception) -> str:
    """An exception in one line, with the place in minicaffe where it came through."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [
        f for f in frames if "minicaffe" in Path(f.filename).parts and "tests" not in f.filename
    ]
    place = f" at {Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else ""
    return f"{type(error).__name__}: {str(error)[:100]}{place}"


def work(block: Block, start: int, folder: str, progress: Any, results: Any) -> None:
    """What a process does: cases from ``start`` on; ``progress`` says which one runs."""
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("error")
    devnull = os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, 2)  # libraries in C complain there
    tally, memory = Tally(), Memory()
    if block.measured:
        warm_up(READERS[block.reader], Path(folder))
    for index in range(start, len(block.cases)):
        case = block.cases[index]
        progress[:] = [index, time.monotonic(), 300.0]  # making the file may take long
        data = block.data(case)
        patience = PATIENCE * READERS[block.reader].reads * allowed_seconds(data)
        progress[:] = [index, time.monotonic(), patience]
        wrong = watch(block, data, Path(folder), tally, memory)
        if wrong:
            tally.failures.append((case, wrong))
        if tally.read + tally.refused + len(tally.failures) >= 100:
            results.put(tally)  # so that little is lost when a case kills the process
            tally = Tally()
    results.put(tally)
    results.put(None)


# ----------------------------------------------------------------- around a process


def run_block(block: Block) -> Tally:
    """All cases of a block, in as many processes as it takes."""
    total, start = Tally(), 0
    folder = tempfile.mkdtemp(dir="/dev/shm" if os.path.isdir("/dev/shm") else None)
    try:
        while start < len(block.cases):
            context = multiprocessing.get_context("fork")
            progress = context.Array("d", [start, time.monotonic(), 60.0])
            results = context.Queue()
            process = context.Process(target=work, args=(block, start, folder, progress, results))
            process.start()
            finished, wrong = _follow(process, progress, results, total)
            start = len(block.cases)
            if not finished:
                index = int(progress[0])
                total.failures.append((block.cases[index], wrong))
                start = index + 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return total


def _follow(process: Any, progress: Any, results: Any, total: Tally) -> tuple[bool, str]:
    """Collect what a process tells until it ends; whether it finished, and if not, why."""
    import queue

    while True:
        try:
            tally = results.get(timeout=0.5)
        except queue.Empty:
            if not process.is_alive():
                process.join()
                return False, f"the process died ({process.exitcode})"
            if time.monotonic() - progress[1] > progress[2]:
                process.kill()
                process.join()
                return False, f"no end after {progress[2]:.0f} s"
            continue
        if tally is None:
            process.join()
            return True, ""
        total.add(tally)


def blocks(args: argparse.Namespace) -> Iterator[Block]:
    """What is to be run."""
    chosen = names(args.readers, native=True)
    if args.attacks:
        for size in args.sizes:
            for name in chosen:
                cases = [key for key, attack in ATTACKS.items() if attack.reader == name]
                if cases:
                    yield Block(name, cases, size=size, measured=not args.unmeasured)
    shares = sum(READERS[name].share for name in chosen)
    for name in chosen:
        count = round(args.cases * READERS[name].share / shares)
        for start in range(0, count, _BLOCK):
            cases_here = range(start, min(start + _BLOCK, count))
            yield Block(name, cases_here, seed=args.seed, measured=not args.unmeasured)


def parse_args() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--cases", type=int, default=1_000_000, help="damaged files in all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--readers", nargs="+", choices=list(READERS), metavar="READER")
    parser.add_argument("--no-attacks", dest="attacks", action="store_false")
    parser.add_argument("--unmeasured", action="store_true", help="do not judge time and memory")
    parser.add_argument("--sizes", nargs="+", type=int, default=[10_000, 1_000_000, 4_000_000],
                        help="of the attacks, in bytes")  # fmt: skip
    parser.add_argument("--case", help="run one case in this process: a number, or an attack")
    parser.add_argument("--save", help="with --case: write its file here")
    return parser.parse_args()


def run_one(args: argparse.Namespace) -> int:
    """One case, with its traceback."""
    if args.case in ATTACKS:
        block = Block(ATTACKS[args.case].reader, [args.case], size=args.sizes[0])
    else:
        block = Block(args.readers[0], [int(args.case)], seed=args.seed)
    data = block.data(block.cases[0])
    if args.save:
        Path(args.save).write_bytes(data)
    folder = Path(tempfile.mkdtemp())
    try:
        print("read:", run_case(READERS[block.reader], data, folder))
    except MinicaffeError as error:
        print(f"refused: {error}"[:1000])
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


def main() -> int:
    """Run everything; the exit status is 1 when anything failed."""
    args = parse_args()
    if args.case:
        return run_one(args)
    for name in names(args.readers, native=True):
        # made once, before the processes are; but LevelDB has a thread that a fork would lose
        assert name == "leveldb" or READERS[name].files, name
    totals: dict[str, Tally] = {}
    # threads only wait here for the processes that do the work
    from multiprocessing.pool import ThreadPool

    todo = list(blocks(args))
    begin = time.monotonic()
    with ThreadPool(args.jobs) as pool:
        for block, tally in pool.imap_unordered(lambda item: (item, run_block(item)), todo):
            kind = f"attacks of {block.size:,} bytes" if block.size else "damaged files"
            totals.setdefault(f"{block.reader:13} {kind}", Tally()).add(tally)
    _report(totals, time.monotonic() - begin)
    return int(any(tally.failures for tally in totals.values()))


def _report(totals: dict[str, Tally], seconds: float) -> None:
    cases = 0
    print(
        f"{'':44}{'read':>9}{'refused':>9}{'failed':>8}{'longest':>10}{'memory':>10}{'slack':>11}"
    )
    for name, tally in sorted(totals.items()):
        cases += tally.read + tally.refused + len(tally.failures)
        print(
            f"{name:44}{tally.read:9}{tally.refused:9}{len(tally.failures):8}"
            f"{tally.seconds:8.2f} s{tally.memory / 2**20:6.0f} MiB{tally.slack / 2**20:7.1f} MiB"
        )
        grouped = Counter(wrong for _, wrong in tally.failures)
        for wrong, count in grouped.most_common(10):
            first = next(case for case, other in tally.failures if other == wrong)
            print(f"    {count} × {wrong} (such as --case {first})")
    print(f"{cases} cases in {seconds:.0f} s")


if __name__ == "__main__":
    sys.exit(main())
