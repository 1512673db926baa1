"""Score a network's weights with its TEST phase.

    minicaffe test --model=models/lenet_bn/train_val.prototxt --weights=W --iterations=20

The log shows every batch's outputs, then their means, as ``caffe test`` does.

    minicaffe test mynet --metrics=per-class       (a folder that `minicaffe new` has made)
    minicaffe test --model=M --weights=W --metrics=confusion,per-class,top5,map --labels=L

prints tables besides: the confusion matrix, recall and precision of each class, top-k, mean average
precision (map: all points, as VOC 2012; map11: 11 points, as VOC 2007); with --json, JSON.
"""

from __future__ import annotations

import argparse
import json
import os
from dataclasses import replace

from minicaffe.cli._flags import (
    ENGINE_FLAGS,
    add_flags,
    add_limits,
    comma_list,
    explained,
    note_gpu,
    run_options,
)
from minicaffe.cli._model_folder import add_folder, file_in, weights_in

#: How many batches ``caffe test`` runs by default.
DEFAULT_ITERATIONS = 50


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's flags."""
    add_folder(parser)
    add_flags(parser, "model", "weights", "iterations", "level", "stage", *ENGINE_FLAGS, "gpu")
    add_limits(parser)
    parser.add_argument(
        "--metrics", type=explained(comma_list), default=[], metavar="LIST",
        help="print some of accuracy, confusion, per-class, topN, map, map11",
    )  # fmt: skip
    parser.add_argument("--labels", metavar="FILE", help="the names of classes, one a line")
    parser.add_argument("--json", action="store_true", help="print the metrics as JSON")


def run(args: argparse.Namespace) -> int:
    """Log the outputs of every batch, and their means; print metrics."""
    from minicaffe.cli._score import score
    from minicaffe.detection.names import read_names
    from minicaffe.metrics import Collector
    from minicaffe.net.net import TEST, Net

    _take_folder(args)
    for flag in ("labels", "json"):
        if getattr(args, flag) and not args.metrics:
            args.usage_error(f"--{flag} is given without --metrics; it is for that")
    note_gpu(args.gpu)
    options = run_options(args, keep="all" if args.metrics else "outputs").keywords()
    with Net(args.model, TEST, args.level or 0, args.stage, **options) as net:
        for path in args.weights:
            net.copy_from(path)
        batches = args.iterations or DEFAULT_ITERATIONS
        if not args.metrics:
            score(net, batches)
            return 0
        collector, names = Collector(net, args.metrics), dict[int, str]()

        def collect() -> None:
            collector.add()
            if args.labels and not names:  # after the first batch: mistakes are told early
                names.update(read_names(args.labels, collector.report().labels))

        score(net, batches, collect)
    report = replace(collector.report(), names=names)
    print(json.dumps(report.as_json(), indent=2) if args.json else report.text())
    return 0


def _take_folder(args: argparse.Namespace) -> None:
    """Put the files of a model's folder into the flags; without one, these are needed."""
    from minicaffe.proto.io import read_solver

    missing = [f"--{flag}" for flag in ("model", "weights") if not getattr(args, flag)]
    if missing and not args.folder:
        args.usage_error(f"the following arguments are required: {', '.join(missing)}")
    model = file_in(args, "train_val.prototxt", instead_of="model")
    if model is None:
        return
    args.model = model
    args.weights = args.weights or [weights_in(args.folder)]
    labels = os.path.join(args.folder, "labels.txt")
    if args.metrics and not args.labels and os.path.isfile(labels):
        args.labels = labels
    if args.iterations is None:
        solver = read_solver(os.path.join(args.folder, "solver.prototxt"))
        args.iterations = next(iter(solver.test_iter), None)
