"""The deploy form of the net that ``--model`` names, for verbs that convert."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from minicaffe.convert.deploy import Deployed
    from minicaffe.proto import caffe_pb2


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
