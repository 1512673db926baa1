"""Make a prototxt and a .caffemodel of an ONNX model, and prove that they compute the same.

    minicaffe import_onnx net.onnx -o deploy.prototxt -w net.caffemodel

Operators that no layer can replace are named all at once, with their neighbours. Then onnxruntime
runs the model, and minicaffe the net, on random inputs (and given ones), with two sizes of the
batch where the model leaves it open; every value that both have is compared and shown. Status 1,
and no file, if one differs by more than rounding explains.
"""

from __future__ import annotations

import argparse
import logging

from minicaffe.cli._flags import add_flags
from minicaffe.cli._proof import add_proof, prove
from minicaffe.cli.deploy import add_shape

logger = logging.getLogger("minicaffe")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's flags."""
    parser.add_argument("onnx", metavar="net.onnx", help="the ONNX model")
    parser.add_argument(
        "-o", "--output", required=True, metavar="FILE", help="the prototxt to write"
    )
    parser.add_argument(
        "-w", "--caffemodel", required=True, metavar="FILE", help="the weights to write"
    )
    add_shape(parser)
    parser.add_argument(
        "--batch", type=int, metavar="N",
        help="the size of the batch, for a model that leaves it open and cannot do with it",
    )  # fmt: skip
    add_proof(parser)
    add_flags(parser, "max_memory")


def run(args: argparse.Namespace) -> int:
    """Read, compare, and write."""
    from minicaffe.cli._arrays import named_shapes
    from minicaffe.convert.onnx.import_model import import_model, save_net
    from minicaffe.convert.onnx.load import load

    model = load(args.onnx)
    imported = import_model(
        model, shapes=named_shapes(args.shape, model.inputs), batch=args.batch, path=args.onnx
    )
    net = imported.build(engine="numpy", max_memory=args.max_memory)
    if not args.no_verify:
        prove(args, imported.source, net)
    save_net(imported, net, args.output, args.caffemodel)
    logger.info("Wrote %s and %s", args.output, args.caffemodel)
    return 0
