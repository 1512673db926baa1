"""Make a prototxt and a .caffemodel of a program that torch.export has saved.

    minicaffe import_torch net.pt2 -o deploy.prototxt -w net.caffemodel

In PyTorch: torch.export.save(torch.export.export(module.eval(), (example,)), "net.pt2"). Operators
that no layer can replace are named all at once. Both compute the examples in the file; status
1, and no file, if they differ by more than rounding explains. Load only files of those whom you
trust, as PyTorch itself reads them.
"""

from __future__ import annotations

import argparse
import logging

from minicaffe.cli._results import add_net_results, keep_sources

logger = logging.getLogger("minicaffe")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's flags."""
    parser.add_argument("program", metavar="net.pt2", help="the program")
    add_net_results(parser)


def run(args: argparse.Namespace) -> None:
    """Read, compare, and write."""
    keep_sources([args.output, args.caffemodel], [args.program])
    from minicaffe.convert.onnx.import_model import save_net
    from minicaffe.convert.torch import from_module

    imported = from_module(args.program)
    save_net(imported, imported.build(engine="numpy"), args.output, args.caffemodel)
    logger.info("Wrote %s and %s", args.output, args.caffemodel)
