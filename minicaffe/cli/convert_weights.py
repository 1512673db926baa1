"""Convert weights between Caffe's formats and files of arrays by name, such as PyTorch's.

    minicaffe convert_weights W.caffemodel W.safetensors
    minicaffe convert_weights resnet.pth W.caffemodel --model=deploy.prototxt --map=names.txt
    minicaffe convert_weights W.caffemodel W.caffemodel.h5

The files' names say their formats: .caffemodel, .h5; .safetensors, .npz, .pth (PyTorch's, of
which only tensors are read). Arrays are called LAYER.PARAMETER, such as conv1.weight. A line of
--map has a name of Caffe's and that of the other file: a layer's or a parameter's, * for any
characters, - for what is left out. --model checks names and shapes, all at once.
"""

from __future__ import annotations

import argparse
import logging

from minicaffe.cli._flags import add_flags
from minicaffe.cli._results import keep_sources

logger = logging.getLogger("minicaffe")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's flags."""
    parser.add_argument("input", metavar="IN", help="the file to read")
    parser.add_argument("output", metavar="OUT", help="the file to write")
    add_flags(parser, "model")
    parser.add_argument("--map", metavar="FILE", help="names in Caffe and in the other file")


def run(args: argparse.Namespace) -> None:
    """Write the other file, and log what was converted."""
    from minicaffe.convert.weights import convert_weights
    from minicaffe.convert.weights.model import read_model
    from minicaffe.convert.weights.patterns import Renaming, read_rules

    keep_sources([args.output], [args.input, args.model, args.map])
    names = convert_weights(
        args.input,
        args.output,
        model=read_model(args.model) if args.model else None,
        renaming=Renaming(read_rules(args.map)) if args.map else None,
    )
    logger.info("Wrote %s: %d %s", args.output, len(names), "names")
