#!/usr/bin/env python3
"""What reading data adds to the time of training.

    python benchmarks/data_cost.py [--nets lenet_bn resnet20] [--seconds 20]

Two solvers train the same net in turn in one process: one reads batches through a Data layer, as
`minicaffe train` does, the other finds one of these batches in memory (Input layers). The databases
are made for the occasion, of random images, which go through the transformation of the model's own
train_val.prototxt. The first epoch, which reads the database, does not count: the layer keeps
decoded images in memory (up to 256 MiB). Needs `pip install '.[data]'`.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks import nets, ours
from minicaffe import TRAIN, get_solver
from minicaffe.data.backends import write_datums
from minicaffe.data.datum import make_datum
from minicaffe.net.filter import filter_net
from minicaffe.proto import caffe_pb2
from minicaffe.proto.io import read_net

IMAGES = 1024
PADDED = {"resnet20": 4}  # pixels on each side, of which the model crops

SLICE = 0.5  # seconds that one of the two runs before the other


def database(folder: str, name: str) -> str:
    """An LMDB of random images of the size that the model's database has."""
    model, rng = nets.NETS[name], np.random.default_rng(0)
    pad = 2 * PADDED.get(name, 0)
    channels, height, width = model.image
    path = Path(folder) / name
    write_datums(
        path,
        (
            make_datum(image, int(rng.integers(model.classes)))
            for image in rng.integers(
                0, 256, (IMAGES, channels, height + pad, width + pad), dtype=np.uint8
            )
        ),
    )
    return str(path)


def reading(name: str, source: str) -> Any:
    """The TRAIN net of a model with its own data layer, reading this database."""
    whole = read_net(str(nets.MODELS / nets.NETS[name].folder / "train_val.prototxt"))
    whole.state.phase = TRAIN
    param = filter_net(whole)
    for layer in param.layer:
        del layer.include[:]
        if layer.type == "Data":
            layer.data_param.source = source
            layer.data_param.batch_size = nets.NETS[name].batch
    return param


def solver_of(param: Any) -> Any:
    """A solver that hardly learns, so that both nets go on computing with like numbers."""
    settings = caffe_pb2.SolverParameter(
        net_param=param, base_lr=1e-6, momentum=ours.MOMENTUM, weight_decay=ours.DECAY,
        lr_policy="fixed", max_iter=1, random_seed=1,
    )  # fmt: skip
    return get_solver(settings, observers=[])


def pair(name: str, folder: str) -> list[Any]:
    """The solver that finds its batch in memory, and the one that reads."""
    held = solver_of(nets.training(name))
    read = solver_of(reading(name, database(folder, name)))
    for _ in range(IMAGES // nets.NETS[name].batch):
        read.net.forward()
    for blob in held.net.inputs:
        held.net.blobs[blob].data[...] = read.net.blobs[blob].data
    return [held, read]


def alternating(solvers: list[Any], seconds: float) -> list[list[float]]:
    """Milliseconds per iteration of each, one figure for each turn; warm."""
    found: list[list[float]] = [[] for _ in solvers]
    for solver in solvers:
        solver.step(5)
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        for solver, times in zip(solvers, found, strict=True):
            start, count = time.perf_counter(), 0
            while time.perf_counter() - start < SLICE:
                solver.step(1)
                count += 1
            times.append(1e3 * (time.perf_counter() - start) / count)
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--nets", nargs="+", default=["lenet_bn", "resnet20"],
                        choices=["lenet", "lenet_bn", "cifar10_quick", "resnet20"])  # fmt: skip
    parser.add_argument("--seconds", type=float, default=20, help="for each net (default: 20)")
    args = parser.parse_args()
    print(f"{'':16}{'in memory':>12}{'Data layer':>12}   ms per iteration; ratio (its quartiles)")
    for name in args.nets:
        with tempfile.TemporaryDirectory() as folder:
            held, read = alternating(pair(name, folder), args.seconds)
        ratios = sorted(b / a for a, b in zip(held, read, strict=True))
        low, high = ratios[len(ratios) // 4], ratios[-1 - len(ratios) // 4]
        medians = f"{statistics.median(held):12.2f}{statistics.median(read):12.2f}"
        ratio = f"{statistics.median(ratios):.3f} ({low:.3f} to {high:.3f})"
        print(f"{name:16}{medians}   {ratio}", flush=True)


if __name__ == "__main__":
    main()
