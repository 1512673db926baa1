"""How long and how fast to train on so many images: a solver's settings."""

from __future__ import annotations

import math

from minicaffe.proto import caffe_pb2
from minicaffe.starter.fitting import Batches

#: Passes over the images from random weights, by their number, and iterations at least.
_EPOCHS, _LEAST = ((5_000, 60), (50_000, 30), (500_000, 20)), 500
_EPOCHS_OF_MANY = 10
#: The same from trained weights, which need a third.
_SHARE_OF_TUNING = 3
#: Trained weights learn on at a tenth of the rate.
_SLOWER = 0.1
#: Batches of images of this many pixels and more are smaller.
_LARGE, _BATCHES, _LARGE_BATCHES = 100 * 100, 64, 32
_TEST_BATCH = 50


def batches_for(train: int, val: int, pixels: int, wanted: int | None) -> Batches:
    """How many images to read at a time.

    Args:
        train, val: how many there are.
        pixels: of one of them.
        wanted: the batch size that the user asks for.
    """
    usual = _LARGE_BATCHES if pixels >= _LARGE else _BATCHES
    return Batches(wanted or min(usual, train), _even_batch(val))


def _even_batch(count: int) -> int:
    """The largest of the usual batches that reads the fewest images twice."""
    most = min(count, _TEST_BATCH)
    return min(range(most, max(1, most // 2) - 1, -1), key=lambda size: -count % size)


def passes(train: int, *, tuned: bool) -> int:
    """How many passes over the images to make by default."""
    epochs = next((number for most, number in _EPOCHS if train <= most), _EPOCHS_OF_MANY)
    return max(5, epochs // _SHARE_OF_TUNING) if tuned else epochs


def fit_solver(
    solver: caffe_pb2.SolverParameter, *, train: int, val: int, batches: Batches,
    epochs: int | None, tuned: bool, old_batch: int,
) -> None:  # fmt: skip
    """Change a network's solver to so many images.

    The rate is the network's own, in proportion to the batch; it falls to 0 in a straight line.
    Each pass over the images is followed by a test.

    Args:
        solver: is changed.
        train, val: how many images there are.
        batches: how many are read at a time.
        epochs: passes over the images; None for as many as usual.
        tuned: the weights are trained already.
        old_batch: the batch size that the solver was written for.
    """
    each = math.ceil(train / batches.train)
    usual = max(passes(train, tuned=tuned) * each, _LEAST // (_SHARE_OF_TUNING if tuned else 1))
    length = epochs * each if epochs else usual
    interval = max(each, length // 30)
    length = interval * math.ceil(length / interval)
    rate = solver.base_lr * batches.train / (old_batch * solver.iter_size)
    for field in (
        "gamma", "stepvalue", "stepsize", "iter_size", "test_iter", "snapshot", "random_seed",
        "train_net", "test_net", "power", "debug_info", "test_interval", "max_iter",
    ):  # fmt: skip
        solver.ClearField(field)
    solver.base_lr = float(f"{rate * (_SLOWER if tuned else 1):.3g}")
    solver.lr_policy, solver.power = "poly", 1
    solver.max_iter = length
    solver.test_iter.append(math.ceil(val / batches.test))
    solver.test_interval, solver.test_initialization = interval, False
    solver.display = solver.average_loss = max(1, min(interval // 4, 100))
    solver.snapshot = interval * max(1, length // interval // 4)
    solver.random_seed = 1
