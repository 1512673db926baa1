"""Rewrite a network so that a tool takes it which takes only some of Caffe's layers.

    minicaffe fit_target --model=deploy.prototxt --weights=W.caffemodel --target=nnie -o fitted

writes fitted.prototxt and fitted.caffemodel. A target is a chip's tool chain or another program
(docs/targets/ lists them, with what they take and where that is said), or a .yaml file of your
own. The model may be a deploy net or the one that was trained. Layers that the target takes stay;
the others are written by those that it takes. Both nets are run on random inputs (and given ones),
every value that both have is compared and shown; status 1, and no file, if one differs, or if there
are layers that no rewrite mends: all of them are told.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING

from minicaffe.cli._deployed import deployed_net, take_network
from minicaffe.cli._flags import add_flags
from minicaffe.cli._proof import add_inputs, add_tolerance
from minicaffe.cli._results import keep_sources
from minicaffe.cli.deploy import add_shape
from minicaffe.errors import CompareError

if TYPE_CHECKING:
    import numpy as np

    from minicaffe.convert.targets import Fitted
    from minicaffe.net.net import Net
    from minicaffe.options import RunKeywords

logger = logging.getLogger("minicaffe")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's flags."""
    add_flags(
        parser,
        "model",
        "weights",
        "level",
        "stage",
        "engine",
        "max_memory",
        "dialect",
        required=("model",),
    )
    parser.add_argument(
        "--target", required=True, metavar="NAME|FILE.yaml", help="the tool, or a file about it"
    )
    parser.add_argument(
        "-o", "--output", required=True, metavar="NAME",
        help="the files to write: NAME.prototxt and NAME.caffemodel",
    )  # fmt: skip
    add_keep_unknown(parser)
    add_shape(parser)
    add_inputs(parser)
    add_tolerance(parser)


def add_keep_unknown(parser: argparse.ArgumentParser) -> None:
    """Declare ``--keep_unknown``."""
    parser.add_argument(
        "--keep_unknown", action="store_true",
        help="leave layers of which it is not known whether the target takes them",
    )  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """Rewrite, compare all values of both nets, and write prototxt and weights."""
    from minicaffe.cli._arrays import read_inputs
    from minicaffe.convert.pair import pair_names, write_pair
    from minicaffe.convert.targets import fit, load_target
    from minicaffe.convert.targets.spelling import spelled
    from minicaffe.net.net import TEST, Net
    from minicaffe.proto.io import read_net

    take_network(args, needs_weights=True)
    results = pair_names(args.output)
    keep_sources(results, [args.model, *args.weights, args.target, args.inputs])
    target = load_target(args.target)
    param = read_net(args.model)
    deployed = deployed_net(args, param)
    for note in deployed.notes:
        logger.info("%s", note)
    options: RunKeywords = {
        "engine": args.engine,
        "max_memory": args.max_memory,
        "allow_python_layers": False,
        "dialect": args.dialect,
    }
    net = Net(deployed.param, TEST, seed=0, path=args.model, **options)
    for path in args.weights:
        net.copy_from(path)
    blobs = {name: [blob.data for blob in own] for name, own in net.params.items()}
    fitted = fit(
        deployed.param, blobs, target, path=args.model, dialect=args.dialect,
        keep_unknown=args.keep_unknown,
    )  # fmt: skip
    report(fitted, net)
    given = read_inputs(args.inputs, net.inputs) if args.inputs else {}
    prove(net, fitted, given or deployed.batch, args.tolerance, options)
    with fitted.build(engine="numpy") as after:
        write_pair(spelled(fitted.param, target), after, *results)
    logger.info("Wrote %s and %s", *results)
    return 0


def report(fitted: Fitted, before: Net) -> None:
    """Log what became of the layers.

    Args:
        fitted: the net after.
        before: the net before.
    """
    for change in fitted.changes:
        logger.info("%s", change)
    for note in fitted.notes:
        logger.warning("%s", note)
    if not fitted.changes:
        logger.info("%s takes the net as it is", fitted.target.name)
    logger.info("Layers: %d before, %d after", len(before.nodes), len(fitted.param.layer))


def prove(
    net: Net,
    fitted: Fitted,
    given: Mapping[str, np.ndarray],
    tolerance: float | None,
    options: RunKeywords,
) -> None:
    """Compare a net with what became of it, print the table, and refuse differences.

    Args:
        net: the net before.
        fitted: what became of it.
        given: arrays for its inputs, besides random ones.
        tolerance: see :func:`minicaffe.convert.targets.verify.verify`; None for the usual one.
        options: how the net after runs.

    Raises:
        CompareError: a value differs by more than rounding explains.
    """
    from minicaffe.convert.compare.pairs import TOLERANCE
    from minicaffe.convert.compare.rows import table, without_numbers
    from minicaffe.convert.targets.verify import verify

    share = TOLERANCE if tolerance is None else tolerance
    arrays = given if set(given) == set(net.inputs) else {}
    found = verify(net, fitted, arrays, tolerance=share, options=options)
    for what in found.inputs:
        logger.info("compared on %s", what)
    print("\n".join(table(found.rows.values())))
    logger.info(
        "%d values compared; %d only in the net before, %d only in the net after",
        len(found.rows), *found.only,
    )  # fmt: skip
    if told := without_numbers(found.rows.values()):
        logger.warning("%s", told)
    row = found.first
    if row is not None:
        cause = f"; {row.cause}" if row.cause else ""
        raise CompareError(
            f"the rewritten net computes something else, first in layer '{row.layer}', value "
            f"'{row.value}': off by {row.relative:.3g} of the largest value, more than {share:g}"
            f"{cause}. Nothing was written"
        )
