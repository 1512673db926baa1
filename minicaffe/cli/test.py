"""Score a network's weights with its TEST phase.

    minicaffe test --model=models/lenet_bn/train_val.prototxt --weights=W --iterations=20

The log shows every batch's outputs, then their means, as ``caffe test`` does.
"""

from __future__ import annotations

import argparse

from minicaffe.cli._flags import (
    ENGINE_FLAGS,
    add_flags,
    add_limits,
    note_gpu,
    run_options,
)

#: How many batches ``caffe test`` runs by default.
DEFAULT_ITERATIONS = 50


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's flags."""
    needed = ("model", "weights")
    flags = ("iterations", "level", "stage", *ENGINE_FLAGS, "gpu")
    add_flags(parser, *needed, *flags, required=needed)
    add_limits(parser)


def run(args: argparse.Namespace) -> int:
    """Log the outputs of every batch, and their means."""
    from minicaffe.cli._score import score
    from minicaffe.net.net import TEST, Net

    note_gpu(args.gpu)
    options = run_options(args, keep="outputs").keywords()
    with Net(args.model, TEST, args.level or 0, args.stage, **options) as net:
        for path in args.weights:
            net.copy_from(path)
        score(net, args.iterations or DEFAULT_ITERATIONS)
    return 0
