"""Make the prototxt that a network is used with of the one that it was trained with.

    minicaffe deploy train_val.prototxt -o deploy.prototxt --shape=1,3,224,224

Data layers become Input layers; losses become what they make of scores (SoftmaxWithLoss a Softmax),
or go, with accuracies, labels and auxiliary heads. Without --shape the data is opened for the
images' size. Weights stay as they are: layers keep their names.
"""

from __future__ import annotations

import argparse
import logging

from minicaffe.cli._deployed import deployed_net
from minicaffe.cli._flags import add_flags
from minicaffe.cli._results import keep_sources

logger = logging.getLogger("minicaffe")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's flags."""
    parser.add_argument("model", help="the network's prototxt")
    parser.add_argument("-o", "--output", required=True, metavar="FILE", help="the file to write")
    add_shape(parser)
    add_flags(parser, "level", "stage", "max_memory")
    add_until(parser)


def add_shape(parser: argparse.ArgumentParser) -> None:
    """Declare ``--shape``, for :func:`minicaffe.cli._arrays.parse_shapes`."""
    parser.add_argument(
        "--shape", action="append", default=[], metavar="[BLOB=]N,C,H,W",
        help="the shape of an input blob; by default that of the model's Input layer, or of its "
        "data with a batch of 1",
    )  # fmt: skip


def add_until(parser: argparse.ArgumentParser) -> None:
    """Declare ``--until``: blobs that become the outputs."""
    from minicaffe.cli._flags import comma_list, explained

    parser.add_argument(
        "--until", type=explained(comma_list), default=[], metavar="BLOBS",
        help="the blobs, separated by commas, that become the outputs; layers that they do not "
        "need are left out",
    )  # fmt: skip


def run(args: argparse.Namespace) -> None:
    """Write the deploy net, and log what became of the layers."""
    from minicaffe.convert.deploy import cut_net
    from minicaffe.proto.io import read_net
    from minicaffe.proto.printing import write_text

    keep_sources([args.output], [args.model])
    param = read_net(args.model)
    deployed = deployed_net(args, param)
    result = deployed.param
    if args.until:
        result = cut_net(result, args.until, args.model)
    write_text(args.output, result)
    for note in deployed.notes:
        logger.info("%s", note)
    logger.info("Wrote %s", args.output)
