"""Bring a network's prototxt of an older Caffe up to date.

minicaffe upgrade_net_proto_text OLD.prototxt NEW.prototxt
"""

from __future__ import annotations

import argparse
import logging

from minicaffe.proto.io import read_net
from minicaffe.proto.printing import write_text

logger = logging.getLogger("minicaffe")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument("input", help="the old prototxt; V0, V1 or current")
    parser.add_argument("output", help="the file to write")


def run(args: argparse.Namespace) -> int:
    """Read, upgrade and write."""
    write_text(args.output, read_net(args.input))
    logger.info("Wrote upgraded NetParameter text proto to %s", args.output)
    return 0
