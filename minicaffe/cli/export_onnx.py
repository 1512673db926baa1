"""Write a network as an ONNX model, and prove that it computes the same.

    minicaffe export_onnx --model=deploy.prototxt --weights=W.caffemodel -o net.onnx
    minicaffe export_onnx --model=lenet_bn -o net.onnx

The model may be a network of `minicaffe models` by its name, which brings its weights where it has
any. It may be a deploy net or the one that was trained: data layers become inputs; losses,
accuracies and Dropout are removed. BatchNorm and Scale are folded into the layers beside them
unless --keep_bn is given. Then onnxruntime runs the model, and minicaffe the net, on random inputs
(and given ones) with two sizes of the batch; every value that both have is compared and shown.
Status 1, and no file, if one differs by more than rounding explains.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING

from minicaffe.cli._deployed import deployed_net, take_network
from minicaffe.cli._flags import add_flags
from minicaffe.cli._proof import add_proof, prove
from minicaffe.cli._results import keep_sources
from minicaffe.cli.deploy import add_shape, add_until

if TYPE_CHECKING:
    from minicaffe.net.net import Net
    from minicaffe.options import RunKeywords
    from minicaffe.proto import caffe_pb2

logger = logging.getLogger("minicaffe")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's flags."""
    add_flags(parser, "model", "weights", "level", "stage", "max_memory", "dialect",
              required=("model",))  # fmt: skip
    parser.add_argument("-o", "--output", required=True, metavar="FILE", help="the file to write")
    parser.add_argument(
        "--opset", type=int, metavar="N",
        help="the version of ONNX's operators, from 11 on; 13 by default",
    )  # fmt: skip
    parser.add_argument(
        "--batch", metavar="N|dynamic",
        help="how many items the model takes; dynamic: any number; by default as many as the "
        "prototxt says",
    )  # fmt: skip
    add_shape(parser)
    add_until(parser)
    parser.add_argument(
        "--preprocess",
        action="store_true",
        help="let the model take pixels (0 to 255, channels as the data layer has them); it then "
        "subtracts the mean and scales as the transform_param of the model's data layer says",
    )
    parser.add_argument(
        "--fp16",
        action="store_true",
        help="weights and values in half precision; inputs and outputs stay float32",
    )
    parser.add_argument(
        "--keep_bn", action="store_true", help="leave BatchNorm and Scale as they are"
    )
    parser.add_argument(
        "--custom_python", action="store_true",
        help="write Python layers as operators of the domain 'minicaffe', which your runtime has "
        "to be taught; the model cannot be compared then",
    )  # fmt: skip
    add_proof(parser)


def run(args: argparse.Namespace) -> int:
    """Export, compare, and write."""
    from minicaffe.convert.onnx.export import USUAL_OPSET, export, file_metadata
    from minicaffe.convert.onnx.half import halved
    from minicaffe.convert.onnx.model_file import save

    take_network(args)
    keep_sources([args.output], [args.model, *(args.weights or ()), args.inputs])
    net, used, names = _nets(args)
    exported = export(
        used,
        opset=USUAL_OPSET if args.opset is None else args.opset,
        batch=_batch(args.batch),
        custom_python=args.custom_python,
        metadata=file_metadata(args.model, args.weights or ()),
        names=names,
    )
    if args.fp16:
        exported = halved(exported)
    if exported.custom:
        logger.warning(
            "not compared: %s are operators that onnxruntime does not have",
            ", ".join(exported.custom),
        )
    elif not args.no_verify:
        prove(args, exported, net, half=args.fp16)
    for path in save(exported, args.output):
        logger.info("Wrote %s", path)
    return 0


def _batch(text: str | None) -> int | str | None:
    """A number where it is one; what else there is, export refuses."""
    return int(text) if text is not None and text.isdecimal() else text


def _nets(args: argparse.Namespace) -> tuple[Net, Net, Mapping[str, list[str]] | None]:
    """The net in its deploy form, run by the numpy engine; the one to write, folded; and what
    its layers' values are called."""
    from minicaffe.convert.deploy import cut_net
    from minicaffe.convert.preprocess import add_preprocessing
    from minicaffe.net.net import TEST, Net
    from minicaffe.proto.io import read_net

    param = read_net(args.model)
    deployed = deployed_net(args, param)
    for note in deployed.notes:
        logger.info("%s", note)
    text = cut_net(deployed.param, args.until, args.model) if args.until else deployed.param
    added = add_preprocessing(text, param, args.model) if args.preprocess else None
    text = added.param if added else text
    options: RunKeywords = {
        "engine": "numpy",
        "max_memory": args.max_memory,
        "allow_python_layers": args.custom_python,
        "dialect": args.dialect,
    }
    net = Net(text, TEST, seed=0, path=args.model, **options)
    for path in args.weights or ():
        net.copy_from(path)
    if not args.weights and net.params:
        logger.warning("no --weights are given: the model gets what the fillers make")
    if added:
        added.fill(net)
    return (net, net, None) if args.keep_bn else (net, *_folded(text, net, options))


def _folded(
    text: caffe_pb2.NetParameter, net: Net, options: RunKeywords
) -> tuple[Net, Mapping[str, list[str]]]:
    """The net without the layers that could be folded, and what its values are called."""
    from minicaffe.convert.fold_bn import fold_net

    folded = fold_net(text, net)
    if folded.folded:
        logger.info("folded: %d layers into those beside them", len(folded.folded))
    return folded.build(**options), folded.names
