"""Draw a network.

    minicaffe draw_net models/lenet/train_val.prototxt lenet.svg --phase=TRAIN

The file's ending names the format. SVG needs nothing else; PNG, PDF and others need graphviz.
"""

from __future__ import annotations

import argparse
import os

from minicaffe.cli._flags import add_flags
from minicaffe.errors import GraphError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's flags, those of Caffe's script."""
    add = parser.add_argument
    add("input_net_proto_file", help="its prototxt, or a network of `minicaffe models`")
    add("output_image_file", help="the picture; .svg, .png, .pdf, or .dot for graphviz' language")
    add(
        "--rankdir",
        default="LR",
        choices=("LR", "TB", "BT", "RL"),
        help="where the net runs to: LR (left to right, the default), TB (top to bottom), ...",
    )
    add(
        "--phase",
        default="ALL",
        choices=("TRAIN", "TEST", "ALL"),
        type=str.upper,
        help="which layers to draw; ALL (the default) draws those of both phases",
    )
    add("--display_lrm", action="store_true",
        help="show the learning rate multipliers of the layers that learn")  # fmt: skip
    add_flags(parser, "skip_unknown")


def run(args: argparse.Namespace) -> int:
    """Draw the net of a prototxt into a picture file."""
    from minicaffe.draw.graph import draw_net_to_file
    from minicaffe.proto import caffe_pb2
    from minicaffe.proto.io import read_net
    from minicaffe.zoo import net_file

    path = net_file(args.input_net_proto_file)
    if "." not in os.path.basename(args.output_image_file):
        args.usage_error(
            f"'{args.output_image_file}' has no ending; expected .svg, .png, .pdf or the like"
        )
    net = read_net(path, skip_unknown=bool(args.skip_unknown))
    print(f"Drawing net to {args.output_image_file}")
    phase = None if args.phase == "ALL" else caffe_pb2.Phase.Value(args.phase)
    try:
        draw_net_to_file(net, args.output_image_file, args.rankdir, phase, args.display_lrm)
    except ValueError as error:  # pycaffe's kind of error; here it is the file's mistake
        raise GraphError(str(error), path=path) from None
    return 0
