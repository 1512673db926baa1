"""Nets as modules of PyTorch, and weights from and to PyTorch."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from minicaffe.convert.torch.module import CaffeModule
    from minicaffe.net.net import Net


def to_module(net: Net) -> CaffeModule:
    """See :func:`minicaffe.convert.torch.from_net.to_module`.

    Raises:
        MissingExtraError: PyTorch is not installed.
        GraphError: layers that no function of PyTorch computes.
    """
    from minicaffe.errors import require

    require("torch", extra="torch", purpose="a net as a module of PyTorch")
    from minicaffe.convert.torch import from_net

    return from_net.to_module(net)
