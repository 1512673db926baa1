"""Bring a .caffemodel of an older Caffe up to date.

minicaffe upgrade_net_proto_binary OLD.caffemodel NEW.caffemodel
"""

from __future__ import annotations

import argparse
import logging

from minicaffe.files import write_beside
from minicaffe.proto.io import read_net_binary

logger = logging.getLogger("minicaffe")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument("input", help="the old .caffemodel; V0, V1 or current")
    parser.add_argument("output", help="the file to write")


def run(args: argparse.Namespace) -> int:
    """Read, upgrade and write."""
    content = read_net_binary(args.input).SerializeToString()
    with write_beside(args.output) as beside:
        beside.write_bytes(content)
    logger.info("Wrote upgraded NetParameter binary proto to %s", args.output)
    return 0
