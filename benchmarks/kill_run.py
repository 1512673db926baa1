#!/usr/bin/env python3
"""Kills a training at random moments, and checks that nothing is lost.

    python benchmarks/kill_run.py [--kills 200] [--seed 1]

Runs `minicaffe train --resume=auto --keep_snapshots=3` with a snapshot after every iteration in a
process, sends it SIGKILL at a random moment, looks at what it left, and starts it again. Each time

- every solver state that is there must be whole, with weights that fit it;
- the newest must be of the last iteration that the process told of, or later;
- the next process must go on from it.

At the end a training without interruption runs to the same iteration, and both must have the same
weights, histories, places in the data and random generators, bit for bit. Needs the package lmdb.
(A killed process leaves the system running; what a loss of power does is up to fsync.)
"""

from __future__ import annotations

import argparse
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from minicaffe.solver.snapshot import list_snapshots, read_snapshot

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "data" / "fashion_mnist" / "train_lmdb"
NET = """
name: "killed"
layer {{ name: "data" type: "Data" top: "data" top: "label"
  transform_param {{ scale: 0.00390625 crop_size: 20 mirror: true }}
  data_param {{ source: "{data}" backend: LMDB batch_size: 8 rand_skip: 99 }} }}
layer {{ name: "fc1" type: "InnerProduct" bottom: "data" top: "fc1"
  inner_product_param {{ num_output: 50 weight_filler {{ type: "xavier" }} }} }}
layer {{ name: "relu" type: "ReLU" bottom: "fc1" top: "fc1" }}
layer {{ name: "drop" type: "Dropout" bottom: "fc1" top: "fc1" }}
layer {{ name: "fc2" type: "InnerProduct" bottom: "fc1" top: "fc2"
  inner_product_param {{ num_output: 10 weight_filler {{ type: "xavier" }} }} }}
layer {{ name: "loss" type: "SoftmaxWithLoss" bottom: "fc2" bottom: "label" top: "loss" }}
"""
SOLVER = """
net: "net.prototxt" type: "Adam" base_lr: 0.001 lr_policy: "fixed" momentum: 0.9
display: 1 average_loss: 10 snapshot: {snapshot} max_iter: {end} snapshot_prefix: "run"
random_seed: 7
"""
LONGEST = 0.5  # seconds between the first iteration and the end of a process


class LostError(AssertionError):
    """A kill has destroyed something."""


@dataclass
class Tally:
    """What has happened so far.

    Attributes:
        kills: how many processes were killed.
        early: how many of them before their first iteration.
        unfinished: how many temporary files they left: writes that were cut off.
        newest: the iteration of the newest whole snapshot.
    """

    kills: int = 0
    early: int = 0
    unfinished: int = 0
    newest: int = 0


def write_problem(folder: Path, *, snapshot: int, end: int) -> None:
    """Write the training's two files."""
    (folder / "net.prototxt").write_text(NET.format(data=DATA))
    (folder / "solver.prototxt").write_text(SOLVER.format(snapshot=snapshot, end=end))


def start(folder: Path) -> subprocess.Popen[str]:
    """A process that trains in the folder."""
    command = [sys.executable, "-m", "minicaffe", "train", "--solver=solver.prototxt"]
    command += ["--resume=auto", "--keep_snapshots=3"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(command, cwd=folder, env=environment, stderr=subprocess.PIPE, text=True)


def run_until_killed(folder: Path, rng: random.Random) -> list[int]:
    """Train for a random time and kill; returns the iterations that were told.

    Raises:
        LostError: the training ended before it was killed.
    """
    told: list[int] = []
    lines: list[str] = []
    begun = threading.Event()

    def listen(stream: Iterator[str]) -> None:
        for line in stream:
            lines.append(line)
            match = re.search(r"Iteration (\d+) .*, loss", line)
            if match:
                told.append(int(match[1]))
                begun.set()
        begun.set()

    with start(folder) as process:
        assert process.stderr is not None
        listener = threading.Thread(target=listen, args=(iter(process.stderr),))
        listener.start()
        # one in eight is killed while it starts
        if rng.random() < 1 / 8:
            begun.wait(rng.uniform(0, LONGEST))
        else:
            begun.wait()
            time.sleep(rng.uniform(0, LONGEST))
        process.kill()
        listener.join()
    if process.returncode != -9:
        raise LostError(f"it ended by itself ({process.returncode}):\n{''.join(lines[-20:])}")
    return told


def kill_once(folder: Path, rng: random.Random, tally: Tally) -> None:
    """Train for a random time, kill, and check what is left.

    Raises:
        LostError: something is not as it must be.
    """
    before = tally.newest
    told = run_until_killed(folder, rng)
    tally.kills += 1
    tally.early += not told
    tally.unfinished += len(list(folder.glob(".*.part")))
    if told and told[0] != before:
        raise LostError(f"it began at iteration {told[0]}, but {before} had been written")
    found = list_snapshots(str(folder / "run"))
    for item in found:
        read_snapshot(item.path)  # raises when it is not whole
    tally.newest = found[0].iter if found else 0
    known = max(told, default=before)
    if tally.newest < known:
        raise LostError(f"iteration {known} was told, but the newest snapshot is {tally.newest}")


def compare_with_uninterrupted(folder: Path, iteration: int) -> None:
    """Train to the same iteration at one go, and compare.

    Raises:
        LostError: the results differ.
    """
    other = folder / "uninterrupted"
    other.mkdir()
    write_problem(other, snapshot=0, end=iteration)
    done = subprocess.run(
        [sys.executable, "-m", "minicaffe", "train", "--solver=solver.prototxt"],
        cwd=other,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise LostError(done.stderr)
    pairs = [
        read_snapshot(str(place / f"run_iter_{iteration}.solverstate")) for place in (folder, other)
    ]
    (state, weights, record), (want, want_weights, want_record) = pairs
    assert record is not None
    assert want_record is not None
    if Path(weights).read_bytes() != Path(want_weights).read_bytes():
        raise LostError("the weights differ")
    if [a.tobytes() for a in state.history] != [b.tobytes() for b in want.history]:
        raise LostError("the histories differ")
    if record.training != want_record.training:
        raise LostError("places in the data, generators or losses differ")


def run(folder: Path, kills: int, seed: int, *, show: bool = False) -> Tally:
    """Kill this many times, then compare; returns what happened.

    Raises:
        LostError: something was lost.
    """
    rng = random.Random(seed)
    tally = Tally()
    write_problem(folder, snapshot=1, end=10**8)
    for number in range(1, kills + 1):
        kill_once(folder, rng, tally)
        if show and number % 10 == 0:
            print(f"{number} kills, {tally.newest} iterations", flush=True)
    compare_with_uninterrupted(folder, tally.newest)
    return tally


def main() -> int:
    """Kill, compare, and say what happened."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="kill_run."))
    tally = run(folder, args.kills, args.seed, show=True)
    shutil.rmtree(folder)
    print(
        f"{tally.kills} kills ({tally.early} before the first iteration) in {tally.newest} "
        f"iterations; {tally.unfinished} unfinished files; every snapshot was whole, every "
        "process went on from the newest, and the weights are those of an uninterrupted training"
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
