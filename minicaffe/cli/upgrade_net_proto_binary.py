"""Bring a .caffemodel of an older Caffe up to date.

minicaffe upgrade_net_proto_binary OLD.caffemodel NEW.caffemodel
"""

from __future__ import annotations

import argparse

from minicaffe.cli._upgrade import add_files, upgrade, write_binary


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the old file and the new one."""
    add_files(parser, "the old .caffemodel; V0, V1 or current")


def run(args: argparse.Namespace) -> int:
    """Write the old file in today's form."""
    from minicaffe.proto.io import read_net_binary

    return upgrade(args, read_net_binary, write_binary, "NetParameter binary proto")
