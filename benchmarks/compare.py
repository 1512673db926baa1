#!/usr/bin/env python3
"""Compare minicaffe's speed and memory with other programs' on the same nets.

    python benchmarks/compare.py --nets lenet resnet20 --rivals torch --seconds 10
    python benchmarks/compare.py --mode infer --nets resnet50 --batch 1 16

Everybody runs in a process of its own, stays warm, and takes turns with the others; those whose
turn it is not are stopped. The load of the machine is watched, and turns in which other programs
took more than --max-load of it do not count. A rival that is not installed is left out with a line
saying so. All of them:

    pip install torch onnx onnxscript onnxruntime openvino 'opencv-python-headless<5' ncnn pnnx MNN

The result of a net replaces an earlier one in the file of --results; --output writes the tables of
that whole file into a document, between its two markers. README.md here says more.
"""

from __future__ import annotations

import argparse
import datetime
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import minicaffe
from benchmarks import contenders, machine, nets, table
from benchmarks.session import ROOT, Failed, Process, Task, alternate

#: By how much scores (probabilities) may differ in float32.
TOLERANCE = 0.01


def arguments() -> argparse.ArgumentParser:
    """The flags."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--mode", choices=["train", "infer"], default="train")
    add("--nets", nargs="+", choices=list(nets.NETS), default=list(nets.NETS), metavar="NET",
        help=f"of {', '.join(nets.NETS)} (default: all)")  # fmt: skip
    add("--rivals", nargs="*", metavar="RIVAL",
        choices=(*contenders.RIVALS, *contenders.ENGINES, *contenders.NAMES),
        default=list(contenders.RIVALS), help=f"any of {', '.join(contenders.RIVALS)} (default: "
        f"all), {' and '.join(contenders.ENGINES)}, which are minicaffe's own other engines, or a "
        "single mode by its column's name, such as 'torch tuned'")  # fmt: skip
    add("--instructions", choices=["all", "AVX2"], default="all", help="AVX2: as on a processor "
        "that has nothing newer; rivals that cannot be told so are left out")  # fmt: skip
    add("--precision", choices=["float32", "bf16"], default="float32")
    add("--batch", nargs="+", type=int, default=[1, 16], help="of --mode infer (default: 1 16)")
    add("--threads", type=int, default=os.cpu_count(), help="of each (default: all cores)")
    add("--seconds", type=float, default=10, help="for each contender and net (default: 10)")
    add("--warm", type=float, default=1, help="seconds to run before (default: 1)")
    add("--slices", type=int, default=5, help="turns that these are cut into (default: 5)")
    add("--max-load", type=float, default=0.05, help="what others may use of the machine while a "
        "turn counts, from 0 to 1 (default: 0.05)")  # fmt: skip
    add("--wait", type=float, default=5, help="seconds to wait for such quiet (default: 5)")
    add("--results", type=Path, help="a file to keep the results in")
    add("--output", type=Path, help="a document to write the tables into")
    add("--check", action="store_true", help="only show that PyTorch computes the same")
    add("--verbose", action="store_true", help="show what the contenders print")
    return parser


def compare(net: str, batch: int | None, args: argparse.Namespace, folder: str) -> table.Row | None:
    """One row of a table; None if no one could take part."""
    task = Task(net, batch, args.precision, args.threads, folder)
    print(f"{net}{'' if batch is None else f', batch {batch}'}, {args.precision}:", flush=True)
    processes: list[Process] = []
    try:
        for contender in (
            *contenders.chosen(
                args.mode, args.precision, args.rivals, limited=args.instructions != "all"
            ),
            contenders.PEAK,
        ):
            try:
                processes.append(Process(contender, task, warm=args.warm, verbose=args.verbose))
                if contender.kind != "peak" and args.precision == "float32":
                    agree(processes[0], processes[-1])
            except Failed as reason:
                print(f"  {contender.name} is left out: {reason}", flush=True)
                if processes and processes[-1].contender is contender:
                    processes.pop().close()
        if all(process.contender is contenders.PEAK for process in processes):
            return None
        alternate(processes, seconds=args.seconds, slices=args.slices,
                  limit=args.max_load, patience=args.wait)  # fmt: skip
        return _row(task, processes, args)
    except (Failed, minicaffe.MinicaffeError) as reason:
        print(f"  {net} is left out: {reason}", flush=True)
        return None
    finally:
        for process in processes:
            process.close()


def agree(first: Process, other: Process) -> None:
    """Make sure that two classifiers give the same scores.

    Raises:
        Failed: they do not.
    """
    if first.scores is None or other.scores is None:
        return
    if len(first.scores) != len(other.scores):
        raise Failed(f"it has {len(other.scores)} scores, {len(first.scores)} are expected")
    worst = max(abs(a - b) for a, b in zip(first.scores, other.scores, strict=True))
    if not worst < TOLERANCE:
        raise Failed(f"its scores are off by {worst:.2g}")


def _row(task: Task, processes: Sequence[Process], args: argparse.Namespace) -> table.Row:
    peak, results, versions = None, {}, [_own_versions()]
    for process in processes:
        measured = table.Measured.of(process.slices, args.max_load, process.memory)
        name = process.contender.name
        if process.contender is contenders.PEAK:
            best = min(min(part.times) for part in process.slices)
            peak = 2 * machine.SIZE**3 / best
            print(f"  {'(peak of matrix products)':28}{peak / 1e9:10.0f} GFLOP/s")
            continue
        results[name] = measured
        versions.append(process.version)
        note = "" if measured.quiet else "  (disturbed by other programs)"
        print(f"  {name:28}{measured.milliseconds:10.2f} ms{note}", flush=True)
    if task.batch is None:
        net = minicaffe.Net(nets.training(task.net), minicaffe.TRAIN, engine="numpy")
    else:
        net = minicaffe.Net(nets.inference(task.net, task.batch), engine="numpy")
    return table.Row(
        mode=args.mode, precision=task.precision, net=task.net,
        batch=task.batch or nets.NETS[task.net].batch, threads=task.threads, results=results,
        operations=nets.operations(net, gradients=task.batch is None), peak=peak,
        machine=machine.describe(args.instructions), versions=sorted(set(versions)),
        date=datetime.date.today().isoformat(), command=_command(args),
    )  # fmt: skip


def _own_versions() -> str:
    return (
        f"minicaffe {minicaffe.__version__}, Python {platform.python_version()}, "
        f"numpy {np.__version__}"
    )


def _command(args: argparse.Namespace) -> str:
    """The command that measures such a row again, for all nets."""
    batch = f" --batch {' '.join(map(str, args.batch))}" if args.mode == "infer" else ""
    only = "" if args.instructions == "all" else f" --instructions {args.instructions}"
    return (
        f"python benchmarks/compare.py --mode {args.mode} --precision {args.precision}{batch} "
        f"--threads {args.threads} --seconds {args.seconds:g}{only}"
    )


def check(names: Sequence[str]) -> int:
    """Print by how much PyTorch's losses, gradients and scores differ; 1 if by too much."""
    failed = 0
    for name in names:
        code = f"from benchmarks.torch_rival import check; print(check({name!r}))"
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT
        )
        lines = (done.stdout if done.returncode == 0 else done.stderr).strip().splitlines()
        print(f"{name}: {lines[-1] if lines else f'status {done.returncode}'}", flush=True)
        failed |= done.returncode != 0
    return int(failed)


def main() -> int:
    """Measure, print, and write what was asked for."""
    parser = arguments()
    args = parser.parse_args()
    if min(args.threads, args.slices, *args.batch) < 1:
        parser.error("--threads, --slices and --batch are at least 1")
    try:  # before hours of measuring, not after
        if args.output:
            table.around_markers(args.output)
    except ValueError as error:
        parser.error(str(error))
    if args.check:
        return check(args.nets)
    if args.instructions != "all":
        os.environ.update(contenders.AVX2_ONLY)
    old = table.load(args.results) if args.results else []
    rows: list[table.Row] = []
    batches = args.batch if args.mode == "infer" else [None]
    with tempfile.TemporaryDirectory() as folder:
        for batch in batches:
            for net in args.nets:
                row = compare(net, batch, args, folder)
                if row is None:
                    continue
                rows = table.merged(rows, [row], list(nets.NETS))
                if args.results:
                    table.save(args.results, table.merged(old, rows, list(nets.NETS)))
    everything = table.merged(old, rows, list(nets.NETS))
    print("\n" + table.markdown(everything))
    if args.output:
        table.replace_between_markers(args.output, table.markdown(everything))
    return 0


if __name__ == "__main__":
    sys.exit(main())
