"""Common layers: products with learned weights, and dropout."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from minicaffe.engines.torch.functions import function_for
from minicaffe.engines.torch.functions.formulas import like, refuse
from minicaffe.layers.common.dropout import Dropout, DropoutInTest
from minicaffe.layers.common.embed import Embed, row_numbers
from minicaffe.layers.common.inner_product import InnerProduct


@function_for(InnerProduct)
def inner_product(
    layer: InnerProduct, bottoms: list[Tensor], params: list[Tensor], training: bool
) -> list[Tensor]:
    """y = x · Wᵀ + b over the axes from ``axis`` on."""
    x = bottoms[0]
    weights = params[0].t() if layer.transpose else params[0]
    rows = x.reshape(x.shape[: layer.axis].numel(), layer.length)
    y = F.linear(rows, weights, params[1] if layer.bias_term else None)
    return [y.reshape(*x.shape[: layer.axis], layer.num_output)]


@function_for(Embed)
def embed(
    layer: Embed, bottoms: list[Tensor], params: list[Tensor], training: bool
) -> list[Tensor]:
    """The rows of W that the bottom's numbers, truncated, name."""
    numbers = rows_of(bottoms[0], len(params[0]), "number")
    y = params[0].index_select(0, numbers)
    if layer.param.embed_param.bias_term:
        y = y + params[1]
    return [y.reshape(*bottoms[0].shape, layer.param.embed_param.num_output)]


def rows_of(values: Tensor, rows: int, what: str) -> Tensor:
    """Row numbers, truncated, flat; see :func:`minicaffe.layers.common.embed.row_numbers`."""
    numbers = values.detach().reshape(-1).long()
    outside = (numbers < 0) | (numbers >= rows)
    refuse(outside, lambda: row_numbers(values.detach().cpu().numpy(), rows, what))
    return numbers


@function_for(Dropout, DropoutInTest)
def dropout(
    layer: Dropout, bottoms: list[Tensor], params: list[Tensor], training: bool
) -> list[Tensor]:
    """The mask is drawn by ``layer.rng``, as on all engines."""
    x, param = bottoms[0], layer.param.dropout_param
    if training or param.sample_weights_test:
        return [x * (like(layer.draw(tuple(x.shape)), x) * layer.scale)]
    return [x.view_as(x) if param.scale_train else x * layer.kept]
