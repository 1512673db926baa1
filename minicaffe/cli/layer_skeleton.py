"""Print a layer in Python to begin with, for a type that minicaffe does not have.

    minicaffe layer-skeleton BoxOutput > box_output.py

The layer passes its bottom on; write into it what the type computes (docs/add-a-layer.md). A
program imports the file before it builds the net; for the command, in the file's folder:

    python -c "import box_output, minicaffe.cli as c; c.main()" train --solver=solver.prototxt
"""

from __future__ import annotations

import argparse
import re

from minicaffe.errors import GraphError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's only argument."""
    parser.add_argument("type", metavar="TYPE", help="the layer type, as the prototxt writes it")


def run(args: argparse.Namespace) -> None:
    """Print the file."""
    from minicaffe.layer import find_layer_class
    from minicaffe.proto.forks import fork_of_layer
    from minicaffe.proto.own_fields import own_field

    name = args.type
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,99}", name):
        raise GraphError(f"'{name}' is no layer type: letters, digits and underscores are expected")
    if find_layer_class(name).type:
        raise GraphError(f"minicaffe has layers of type {name}; it needs no other")
    field, fork = own_field(name), fork_of_layer(name)
    settings = f"  # settings: self.param.{field}" if field else ""
    origin = f" of {fork}" if fork else ""
    print(_FILE.format(name=name, settings=settings, origin=origin), end="")


_FILE = '''"""{name}{origin}."""
from minicaffe import Layer, register

@register("{name}")
class {name}(Layer):
    def reshape(self, bottom, top):{settings}
        top[0].reshape(*bottom[0].shape)
    def forward(self, bottom, top):
        top[0].data[...] = bottom[0].data
    def backward(self, top, propagate_down, bottom):
        bottom[0].diff[...] = top[0].diff
'''
