"""Compare two forms of a network value by value.

    minicaffe compare deploy.prototxt,W.caffemodel net.onnx --bisect

Each of the two is a prototxt with weights after a comma, an ONNX model, a program that PyTorch's
torch.export.save has written (.pt2), or a folder of .npy files named as the values. Both run on the
same inputs, random ones unless --inputs gives some; a folder has its own. Every value that both
have by name is compared and shown; status 1 if one differs by more than --tolerance. --bisect gives
each layer of a prototxt the values of the other form, so that the first difference is the layer's
own.
"""

from __future__ import annotations

import argparse
import logging

from minicaffe.cli._flags import add_flags
from minicaffe.cli._proof import add_inputs, add_tolerance
from minicaffe.cli.deploy import add_shape

logger = logging.getLogger("minicaffe")

#: How many random inputs are compared.
_RUNS = 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the two forms and the verb's flags."""
    for name in ("first", "second"):
        parser.add_argument(
            name,
            metavar=name.upper(),
            help="MODEL.prototxt[,W.caffemodel], NET.onnx, NET.pt2 or a folder",
        )
    parser.add_argument(
        "--bisect", action="store_true", help="find the first layer that differs by itself"
    )
    add_inputs(parser)
    add_tolerance(parser)
    add_shape(parser)
    add_flags(parser, "engine", "max_memory", "dialect")


def run(args: argparse.Namespace) -> int:
    """Compare, print the table, and say which value differs first."""
    from minicaffe.cli._arrays import parse_shapes, read_inputs
    from minicaffe.convert.compare.pairs import TOLERANCE, Compared, compare, inputs_of
    from minicaffe.convert.compare.rows import table, without_numbers
    from minicaffe.convert.compare.sources import open_source
    from minicaffe.options import RunKeywords
    from minicaffe.proto import caffe_pb2

    options: RunKeywords = {
        "engine": args.engine,
        "max_memory": args.max_memory,
        "allow_python_layers": False,
        "dialect": args.dialect,
    }
    shapes = parse_shapes(args.shape, caffe_pb2.NetParameter())
    first, second = (open_source(text, shapes, options) for text in (args.first, args.second))
    names = first.inputs or second.inputs
    given = read_inputs(args.inputs, names) if args.inputs else {}
    tolerance = TOLERANCE if args.tolerance is None else args.tolerance
    found = Compared()
    for seed in range(1 if given or not (first.inputs and second.inputs) else _RUNS):
        inputs = inputs_of(first, second, given, seed)
        compare(first, second, inputs, found, tolerance=tolerance, bisect=args.bisect)
    print("\n".join(table(found.rows.values())))
    if found.alone and not found.good:
        print("\nEach layer on the other form's values:")
        print("\n".join(table(found.alone.values())))
    logger.info(
        "%d values compared; %d only in %s, %d only in %s",
        len(found.rows), found.only[0], first.name, found.only[1], second.name,
    )  # fmt: skip
    if told := without_numbers(found.rows.values()):
        logger.warning("%s", told)
    if found.good or found.first is None:
        return 0
    row = found.first
    logger.error(
        "the first difference is in layer '%s', value '%s': %.3g of the largest value%s",
        row.layer, row.value, row.relative, f"; {row.cause}" if row.cause else "",
    )  # fmt: skip
    return 1
