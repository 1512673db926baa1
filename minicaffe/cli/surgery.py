"""Operate on weights: drop, copy, reshape, slice, join, add and average layers by name.

    minicaffe surgery vgg.caffemodel --model=fcn.prototxt \\
        --copy=fc6=fc6-conv --drop=fc6 -o fcn.caffemodel
    minicaffe surgery W.caffemodel --slice=fc8=0,5,7-9 --slice='conv2@1=0-15' --dry_run
    minicaffe surgery a.caffemodel --average=b.caffemodel,c.caffemodel -o mean.caffemodel

Operations are done in their order; * in a name is any characters. A table shows what becomes of
each layer. With --model a copy takes the shape that the layer has there (an InnerProduct becomes a
Convolution), and what comes out has to fit. Files are .caffemodel or .h5.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Sequence

from minicaffe.cli._flags import add_flags
from minicaffe.cli._results import keep_sources
from minicaffe.errors import DataError

logger = logging.getLogger("minicaffe")

_HELP = {
    "drop": ("PATTERN", "take layers out"),
    "copy": ("FROM=TO", "give a layer the parameters of another"),
    "take": ("FILE:FROM=TO", "copy layers of another file; FILE:PATTERN for those of one name"),
    "reshape": ("LAYER=N,C,H,W", "another shape of a layer's first parameter"),
    "slice": ("LAYER=0,5,7-9", "keep these outputs; LAYER@1=... inputs (axis 1)"),
    "join": ("A,B=C", "one layer with the outputs of several"),
    "sum": ("A,B=C", "one layer with the sum of several, for branches that are added"),
    "average": ("FILES", "the mean with the weights of other files"),
}


class _Note(argparse.Action):
    """Appends the flag's name and its value to one list for all operations."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[object] | None,
        option_string: str | None = None,
    ) -> None:
        done = [*(namespace.operations or ()), (self.const, str(values))]
        namespace.operations = done


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's flags."""
    parser.add_argument("weights", help="the file of weights")
    for name, (shown, text) in _HELP.items():
        parser.add_argument(
            f"--{name}", dest="operations", action=_Note, const=name, metavar=shown, help=text
        )
    add_flags(parser, "model")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("-o", "--output", metavar="FILE", help="the file to write")
    where.add_argument("--dry_run", action="store_true", help="only show the table")


def run(args: argparse.Namespace) -> None:
    """Print the table, and write the weights."""
    from minicaffe.convert.weights.layers import read_layers, write_layers
    from minicaffe.convert.weights.model import read_model
    from minicaffe.convert.weights.surgery import files_read, operate, table

    if not args.operations:
        raise DataError("no operation is given, such as --drop PATTERN")
    if args.output:
        keep_sources([args.output], [args.weights, args.model, *files_read(args.operations)])
    model = read_model(args.model) if args.model else None
    before = read_layers(args.weights, model.shared if model else {})
    after = operate(before, args.operations, model)
    print("\n".join(table(before, after)))
    if args.output:
        write_layers(args.output, list(after.layers.values()))
        logger.info("Wrote %s", args.output)
