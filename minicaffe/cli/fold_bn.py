"""Fold BatchNorm and Scale into the layers beside them, for a smaller and faster deploy net.

    minicaffe fold-bn --model=train_val.prototxt --weights=W.caffemodel --output=folded

writes folded.prototxt and folded.caffemodel. The model may be a deploy net or the one that was
trained: data layers become Input layers; losses, accuracies and Dropout are removed. Both nets
are run on random inputs (and given ones), and nothing is written unless they agree.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING

from minicaffe.cli._deployed import deployed_net, take_network
from minicaffe.cli._flags import add_flags
from minicaffe.cli._proof import add_inputs
from minicaffe.cli._results import keep_sources
from minicaffe.cli.deploy import add_shape
from minicaffe.errors import MinicaffeError, SnapshotError

if TYPE_CHECKING:
    import numpy as np

    from minicaffe.convert.deploy import Deployed
    from minicaffe.convert.fold_bn import Folded
    from minicaffe.net.net import Net

logger = logging.getLogger("minicaffe")

#: The largest difference that is put down to rounding, as a share of the largest output.
TOLERANCE = 1e-3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's flags."""
    add_flags(
        parser, "model", "weights", "level", "stage", "engine", "max_memory", required=("model",)
    )
    parser.add_argument(
        "-o", "--output", required=True, metavar="NAME",
        help="the files to write: NAME.prototxt and NAME.caffemodel",
    )  # fmt: skip
    add_shape(parser)
    add_inputs(parser)


def run(args: argparse.Namespace) -> int:
    """Fold, compare the outputs of both nets, and write prototxt and weights."""
    from minicaffe.cli._arrays import read_inputs
    from minicaffe.convert.fold_bn import fold_net
    from minicaffe.convert.pair import pair_names, write_pair
    from minicaffe.net.net import TEST, Net
    from minicaffe.proto.io import read_net
    from minicaffe.proto.printing import to_text

    take_network(args, needs_weights=True)
    results = pair_names(args.output)
    keep_sources(results, [args.model, *args.weights, args.inputs])
    param = read_net(args.model)
    deployed = deployed_net(args, param)
    options = {
        "engine": args.engine, "allow_python_layers": False, "path": args.model,
        "max_memory": args.max_memory,
    }  # fmt: skip
    net = Net(deployed.param, TEST, seed=0, **options)
    for path in args.weights:
        net.copy_from(path)
    folded = fold_net(deployed.param, net)
    smaller = folded.build(**options)
    report(deployed, folded, net, smaller)
    given = read_inputs(args.inputs, net.inputs) if args.inputs else {}
    verify(net, smaller, deployed.batch, given)
    write_pair(to_text(folded.param), smaller, *results)
    logger.info("Wrote %s and %s", *results)
    return 0


def report(deployed: Deployed, folded: Folded, before: Net, after: Net) -> None:
    """Log what was done and what was not.

    Args:
        deployed: what became of the net before.
        folded: what was folded, removed and kept.
        before, after: the nets.
    """
    from minicaffe.layers.normalization.batch_norm import BatchNorm

    for note in deployed.notes:
        logger.info("%s", note)
    for node in before.nodes:
        if isinstance(node.layer, BatchNorm) and not node.layer.blobs[2].data[0]:
            logger.warning(
                "layer '%s' (BatchNorm): no statistics are stored (its third blob is 0); mean and "
                "variance count as 0 then, as in Caffe. Are these the trained weights?",
                node.name,
            )
    if folded.removed:
        logger.info("removed: %s", ", ".join(folded.removed))
    for name, into in folded.folded:
        logger.info("folded: %s into %s", name, into)
    for name, reason in folded.kept:
        logger.info("kept: %s (%s)", name, reason)
    if not folded.folded:
        logger.warning("nothing could be folded")
    logger.info("Layers: %d before, %d after", len(before.nodes), len(after.nodes))


def verify(
    before: Net, after: Net, batch: Mapping[str, np.ndarray], given: Mapping[str, np.ndarray]
) -> None:
    """Compare the nets and log the differences.

    Args:
        before, after: the nets.
        batch: arrays by input of the model's own data; none where it could not be read.
        given: arrays by input that the user gave.

    Raises:
        SnapshotError: they differ by more than rounding explains.
    """
    from minicaffe.convert.compare import compare_nets, random_inputs

    inputs = {"inputs given": given, "a batch of the model's own data": batch}
    runs = {what: arrays for what, arrays in inputs.items() if set(arrays) == set(before.inputs)}
    runs = {"random inputs": random_inputs(before, like=batch), **runs}
    for what, arrays in runs.items():
        try:
            difference = compare_nets(before, after, arrays)
        except MinicaffeError as error:
            if what != "random inputs" or not (given or batch):
                raise
            logger.info("Random inputs cannot be compared: %s", error)
            continue
        logger.info("Largest difference on %s: %s", what, difference)
        if not difference.relative <= TOLERANCE:
            raise SnapshotError(
                f"the folded net gives other results on {what}: off by {difference.relative:.3g} "
                f"of the largest value, more than {TOLERANCE:g}; nothing was written. A channel "
                "with hardly any variance may be amplified beyond float's precision"
            )
