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
from typing import TYPE_CHECKING

from minicaffe.cli._flags import add_flags, explained, positive_int
from minicaffe.cli._proof import add_proof, prove
from minicaffe.cli._results import add_net_results, keep_sources
from minicaffe.cli.deploy import add_shape
from minicaffe.cli.fit_target import add_keep_unknown
from minicaffe.errors import ArgumentError

if TYPE_CHECKING:
    from minicaffe.convert.onnx.import_model import Imported
    from minicaffe.net.net import Net
    from minicaffe.options import RunKeywords

logger = logging.getLogger("minicaffe")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's flags."""
    parser.add_argument("onnx", metavar="net.onnx", help="the ONNX model")
    add_net_results(parser)
    add_shape(parser)
    parser.add_argument(
        "--batch", type=explained(positive_int), metavar="N",
        help="the size of the batch, for a model that leaves it open and cannot do with it",
    )  # fmt: skip
    parser.add_argument(
        "--target", metavar="NAME|FILE.yaml",
        help="rewrite the net for a tool that takes only some of Caffe's layers, as fit_target "
        "does",
    )  # fmt: skip
    add_keep_unknown(parser)
    parser.add_argument(
        "--train", action="store_true",
        help="write a prototxt to fine-tune: Data layers, a loss and an accuracy, in place of the "
        "input and a last Softmax",
    )  # fmt: skip
    add_proof(parser)
    add_flags(parser, "max_memory")


def run(args: argparse.Namespace) -> int:
    """Read, compare, rewrite if asked for, and write."""
    from minicaffe.cli._arrays import named_shapes
    from minicaffe.convert.bn_stats import settle_statistics
    from minicaffe.convert.onnx.import_model import import_model, save_net
    from minicaffe.convert.onnx.load import load
    from minicaffe.convert.train_form import train_form
    from minicaffe.proto.printing import to_text

    if args.train and args.target:
        raise ArgumentError("--train and --target: tools that run nets do not train them; give one")
    if args.keep_unknown and not args.target:
        raise ArgumentError("--keep_unknown is about what a target takes: give --target, too")
    keep_sources([args.output, args.caffemodel], [args.onnx, args.target, args.inputs])
    model = load(args.onnx)
    imported = import_model(
        model, shapes=named_shapes(args.shape, model.inputs), batch=args.batch, path=args.onnx
    )
    net = imported.build(engine="numpy", max_memory=args.max_memory)
    if not args.no_verify:
        prove(args, imported.source, net, half=imported.half)
    text = None
    if args.target:
        text, net = _fitted(args, imported, net)
    elif args.train:
        text = to_text(train_form(imported.param, net))
        settle_statistics(net)
    save_net(imported, net, args.output, args.caffemodel, text=text)
    logger.info("Wrote %s and %s", args.output, args.caffemodel)
    return 0


def _fitted(args: argparse.Namespace, imported: Imported, net: Net) -> tuple[str, Net]:
    """The net rewritten for a target, in its spelling, and compared with the net before."""
    from minicaffe.cli import fit_target
    from minicaffe.cli._arrays import read_inputs
    from minicaffe.convert.targets import fit
    from minicaffe.convert.targets.spelling import spelled

    fitted = fit(
        imported.param, imported.weights, args.target, path=args.onnx,
        keep_unknown=args.keep_unknown,
    )  # fmt: skip
    fit_target.report(fitted, net)
    if not args.no_verify:
        given = read_inputs(args.inputs, net.inputs) if args.inputs else {}
        options: RunKeywords = {"max_memory": args.max_memory}
        fit_target.prove(net, fitted, given, args.tolerance, options)
    return spelled(fitted.param, fitted.target), fitted.build(engine="numpy")
