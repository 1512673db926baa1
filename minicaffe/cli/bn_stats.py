"""Replace BatchNorm's moving averages by statistics over mini-batches with the trained weights.

    minicaffe bn-stats --model=train_val.prototxt --weights=W.caffemodel --iterations=100 \\
        --output=out.caffemodel

Algorithm 2 of Ioffe & Szegedy 2015. The model's TRAIN phase gives the mini-batches; Dropout is
off meanwhile. The TEST phase is scored before and after.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from minicaffe.cli._flags import ENGINE_FLAGS, add_flags, add_limits, run_options
from minicaffe.options import RunKeywords

if TYPE_CHECKING:
    from minicaffe.proto import caffe_pb2
    from minicaffe.solver.events import Output

logger = logging.getLogger("minicaffe")

DEFAULT_ITERATIONS = 50
_LINES = 10  # of progress


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's flags."""
    needed = ("model", "weights")
    add_flags(parser, *needed, "iterations", "level", "stage", *ENGINE_FLAGS, required=needed)
    add_limits(parser)
    parser.add_argument(
        "-o", "--output", required=True, metavar="FILE", help="the .caffemodel to write"
    )
    parser.add_argument(
        "--sequential", action="store_true",
        help="one BatchNorm layer after another, each on what the new statistics of those before "
        "it give; reads as many batches for each layer",
    )  # fmt: skip
    parser.add_argument(
        "--test_iterations", type=int, default=DEFAULT_ITERATIONS, metavar="N",
        help=f"TEST batches to score before and after; 0: none, {DEFAULT_ITERATIONS} by default",
    )  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """Take the statistics, write them, score."""
    from minicaffe.convert.bn_stats import population_statistics, without_dropout
    from minicaffe.layers.common.dropout import Dropout
    from minicaffe.net.net import TRAIN, Net
    from minicaffe.proto import caffe_pb2
    from minicaffe.proto.io import read_net

    param = read_net(args.model)
    options = _Options(path=args.model, seed=0, **run_options(args).keywords())
    state = (args.level or 0, args.stage or ())
    before = _score(param, state, args.weights, args.test_iterations, options)
    with Net(without_dropout(param), TRAIN, *state, **options) as net:
        for path in args.weights:
            net.copy_from(path)
        names = population_statistics(
            net,
            args.iterations or DEFAULT_ITERATIONS,
            sequential=args.sequential,
            on_batch=_show_progress,
        )
        for node in net.nodes:
            if isinstance(node.layer, Dropout):
                node.layer.param.phase = caffe_pb2.TRAIN
        net.save(args.output)
    logger.info("New statistics: %s", ", ".join(names))
    logger.info("Wrote %s", args.output)
    after = _score(param, state, [args.output], args.test_iterations, options)
    for old, new in zip(before, after, strict=True):
        logger.info("%s: %g before, %g after", old.name, old.value, new.value)
    return 0


class _Options(RunKeywords, total=False):
    path: str
    seed: int


def _score(
    param: caffe_pb2.NetParameter,
    state: tuple[int, Sequence[str]],
    weights: Sequence[str],
    batches: int,
    options: _Options,
) -> list[Output]:
    """The mean outputs of the TEST phase; none without test batches."""
    from minicaffe.net.net import TEST, Net
    from minicaffe.solver.evaluate import average_outputs
    from minicaffe.solver.events import outputs_of

    if batches < 1:
        return []
    with Net(param, TEST, *state, **options) as net:
        for path in weights:
            net.copy_from(path)
        return outputs_of(net, average_outputs(net, batches).outputs)


def _show_progress(done: int, of: int) -> None:
    if done % max(1, of // _LINES) == 0 or done == of:
        logger.info("Batch %d of %d", done, of)
