"""Bring a network's prototxt of an older Caffe up to date.

minicaffe upgrade_net_proto_text OLD.prototxt NEW.prototxt
"""

from __future__ import annotations

import argparse

from minicaffe.cli._upgrade import add_files, upgrade


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the old file and the new one."""
    add_files(parser, "the old prototxt; V0, V1 or current")


def run(args: argparse.Namespace) -> int:
    """Write the old file in today's form."""
    from minicaffe.proto.io import read_net
    from minicaffe.proto.printing import write_text

    return upgrade(args, read_net, write_text, "NetParameter text proto")
