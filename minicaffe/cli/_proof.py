"""The proof that an ONNX model and a net compute the same, for verbs that convert."""

from __future__ import annotations

import argparse
import logging
import math
from typing import TYPE_CHECKING

from minicaffe.errors import CompareError

if TYPE_CHECKING:
    from minicaffe.convert.onnx.model import OnnxModel
    from minicaffe.convert.onnx.verify import Verified
    from minicaffe.net.net import Net

logger = logging.getLogger("minicaffe")


def add_proof(parser: argparse.ArgumentParser) -> None:
    """Declare the flags of :func:`prove`."""
    add_inputs(parser)
    add_tolerance(parser)
    parser.add_argument(
        "--no_verify", action="store_true", help="write the result without comparing it"
    )


def add_inputs(parser: argparse.ArgumentParser) -> None:
    """Declare ``--inputs``, for :func:`minicaffe.cli._arrays.read_inputs`."""
    parser.add_argument(
        "--inputs", metavar="FILE",
        help="arrays to compare on: .npy for a net with one input, or .npz with an array named as "
        "each input blob",
    )  # fmt: skip


def add_tolerance(parser: argparse.ArgumentParser) -> None:
    """Declare ``--tolerance``: None where it is not given."""
    from minicaffe.cli._flags import explained

    parser.add_argument(
        "--tolerance", metavar="SHARE", type=explained(_share),
        help="the largest difference, as a share of a value's largest number, that is put down to "
        "rounding; 1e-3 by default",
    )  # fmt: skip


def _share(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number < math.inf:
        raise ValueError(f"expected a number from 0 on, such as 1e-3, not {text}")
    return number


def prove(args: argparse.Namespace, model: OnnxModel, net: Net, *, half: bool = False) -> None:
    """Compare the model with the net, print the tables, and refuse differences.

    Args:
        args: the verb's, with those of :func:`add_proof`.
        model: the ONNX model.
        net: the net, run by the numpy engine.
        half: whether the model computes in half precision.

    Raises:
        CompareError: there is a difference that rounding does not explain.
    """
    from minicaffe.cli._arrays import read_inputs
    from minicaffe.convert.compare.rows import without_numbers
    from minicaffe.convert.onnx.verify import (
        HALF_TOLERANCES,
        LAYER_TOLERANCE,
        NET_TOLERANCE,
        verify,
    )

    given = read_inputs(args.inputs, net.inputs) if args.inputs else {}
    usual = HALF_TOLERANCES if half else (LAYER_TOLERANCE, NET_TOLERANCE)
    share = args.tolerance
    tolerances = usual if share is None else (share, share * usual[1] / usual[0])
    found = verify(model, net, given=given, tolerances=tolerances)
    for what in found.inputs:
        logger.info("compared on %s", what)
    _print(found)
    if told := without_numbers({**found.layers, **found.whole}.values()):
        logger.warning("%s", told)
    if not found.good:
        first = found.worst[0]
        cause = f"; {first.cause}" if first.cause else ""
        raise CompareError(
            f"the model computes something else than the net, first in layer '{first.layer}', "
            f"value '{first.value}': off by {first.relative:.3g} of the largest value, more than "
            f"{first.tolerance:g}{cause}. Nothing was written"
        )


def _print(found: Verified) -> None:
    from minicaffe.convert.compare.rows import table

    print("Each layer on the values that the model has computed before it (numpy engine):")
    print("\n".join(table(found.layers.values())))
    print("\nThe net from end to end (default engine):")
    print("\n".join(table(found.whole.values())))
    if found.decided:
        print(
            "Not judged from end to end, as rounding decides there between nearly equal values: "
            f"what comes after {', '.join(found.decided)}"
        )
