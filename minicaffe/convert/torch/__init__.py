"""Nets as modules of PyTorch, modules as nets, and weights from and to PyTorch."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from minicaffe.convert.onnx.import_model import Imported
    from minicaffe.convert.torch.exported import Source
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


def from_module(
    module: Source,
    example_inputs: Tensor | Sequence[Tensor] | None = None,
    *,
    input_names: Sequence[str] | None = None,
    output_names: Sequence[str] | None = None,
    fixed_batch: bool = False,
) -> Imported:
    """See :func:`minicaffe.convert.torch.exported.from_module`.

    Raises:
        MissingExtraError: PyTorch, or the package onnx, is not installed.
        MinicaffeError: the module cannot be exported, or no layers do what it does.
    """
    from minicaffe.errors import require

    require("torch", extra="torch", purpose="nets of PyTorch's modules")
    from minicaffe.convert.torch import exported

    return exported.from_module(
        module, example_inputs, input_names=input_names, output_names=output_names,
        fixed_batch=fixed_batch,
    )  # fmt: skip
