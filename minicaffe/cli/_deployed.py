"""The deploy form of the net that ``--model`` names, for verbs that convert."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from minicaffe.convert.deploy import Deployed
    from minicaffe.proto import caffe_pb2


def take_network(args: argparse.Namespace, *, needs_weights: bool = False) -> None:
    """Put the deploy net, and the weights that come with it, in the place of a network's name.

    Args:
        args: the flags ``--model`` and ``--weights``.
        needs_weights: whether weights have to be given where none come with it.

    Raises:
        DataError: there is no network of that name.
    """
    from minicaffe.zoo import net_file, network

    name, args.model = args.model, net_file(args.model)
    if args.model != name and not args.weights and (shipped := network(name).weights):
        args.weights = [os.fspath(shipped)]
    if needs_weights and not args.weights:
        args.usage_error("the following arguments are required: --weights")


def deployed_net(args: argparse.Namespace, param: caffe_pb2.NetParameter) -> Deployed:
    """The net as it is used, with the flags ``--shape``, ``--level``, ``--stage``.

    Args:
        args: the flags.
        param: what ``--model`` holds.

    Raises:
        MinicaffeError: what :func:`minicaffe.convert.deploy.deploy_net` raises.
    """
    from minicaffe.cli._arrays import parse_shapes
    from minicaffe.convert.deploy import deploy_net

    return deploy_net(
        param, parse_shapes(args.shape, param), level=args.level or 0, stages=args.stage or (),
        path=args.model, max_memory=args.max_memory,
    )  # fmt: skip
