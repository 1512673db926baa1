"""Show a network as a page to look at in a browser; the file needs no network.

    minicaffe view models/lenet_bn/train_val.prototxt
    minicaffe view train_val.prototxt --weights=lenet_bn_iter_3000.caffemodel -o net.html

The page has the picture of the net in each phase and stage, with the shapes at the arrows; of each
layer its fields and the defaults that it takes, sizes, text and what `minicaffe lint` finds; and
with --weights histograms and filters. Errors, and what is wrong with the weights, are printed as
well. docs/view.md tells how to read it. NET is a prototxt, or a network of `minicaffe models` by
its name, which brings its weights where it has any.
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from minicaffe.cli._flags import add_flags
from minicaffe.cli._report import takes_colour
from minicaffe.cli.summarize import add_shapes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from minicaffe.lint import Diagnostic

_WEIGHTS = "MC4"  # how the codes of findings about weights begin


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's flags."""
    parser.add_argument("net", metavar="NET", help="the network's prototxt, or its name")
    parser.add_argument(
        "--weights", metavar="FILE", help="a .caffemodel or .caffemodel.h5 to show with it"
    )
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        help="the page to write (by default NET's name with .html)",
    )
    add_shapes(parser)
    add_flags(parser, "max_memory", "skip_unknown", "dialect")


def run(args: argparse.Namespace) -> None:
    """Write the page and say where it is."""
    from minicaffe.draw.page import PageOptions, net_findings, net_page
    from minicaffe.errors import DataError
    from minicaffe.files import write_beside
    from minicaffe.glog import each_line_once
    from minicaffe.options import Limits
    from minicaffe.proto.io import read_net
    from minicaffe.zoo import net_file, network

    path = net_file(args.net)
    if path != args.net and args.weights is None:
        args.weights = network(args.net).weights
    param = read_net(path, skip_unknown=bool(args.skip_unknown))
    options = PageOptions(
        weights=args.weights,
        shapes=dict(args.shape),
        limits=Limits(args.max_memory, args.python_layers),
        skip_unknown=bool(args.skip_unknown),
        dialect=args.dialect,
    )
    with each_line_once():  # a net is made for each phase
        found = net_findings(param, path, options)
        page = net_page(param, path, options, found)
    output = args.output or _page_name(args.net, path)
    with write_beside(output, error=DataError) as beside:
        beside.write_text(page, encoding="utf-8")
    _tell(found)
    print(f"Wrote {output}")


def _tell(found: Sequence[Diagnostic]) -> None:
    """Print the errors, and all that is about the weights, in full; of the rest how much it is."""
    from minicaffe.lint.render import full

    told = [d for d in found if d.severity.value == "error" or d.code.startswith(_WEIGHTS)]
    others = [d for d in found if d not in told and d.severity.value == "warning"]
    if told:
        print(full(told, colour=takes_colour(sys.stderr)), file=sys.stderr)
    if others:
        print(f"{len(others)} more finding(s) of minicaffe lint are in the page", file=sys.stderr)


def _page_name(given: str, path: str) -> str:
    """The page's file in the current folder: of ``models/lenet/deploy.prototxt``, deploy.html."""
    from pathlib import Path

    return f"{Path(path).stem if given == path else given}.html"
