"""Gradients by a formula, where Caffe's are others than those of autograd."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import torch
from torch import Tensor

from minicaffe.errors import MinicaffeError

#: dx of dy.
Gradient: TypeAlias = Callable[[Tensor], Tensor]


class _Formula(torch.autograd.Function):
    """``value`` as a function of ``x`` with a given gradient."""

    @staticmethod
    def forward(ctx: torch.autograd.function.FunctionCtx, x: Tensor, value: Tensor, gradient: Gradient) -> Tensor:  # fmt: skip  # noqa: E501
        ctx.gradient = gradient
        return value.detach()

    @staticmethod
    def backward(ctx: torch.autograd.function.FunctionCtx, dy: Tensor) -> tuple[Tensor, None, None]:
        return ctx.gradient(dy), None, None


def with_gradient(x: Tensor, value: Tensor, gradient: Gradient) -> Tensor:
    """``value``, computed of ``x`` without autograd, with a gradient for ``x``.

    Args:
        x: what the value depends on.
        value: made under ``torch.no_grad``.
        gradient: dx of dy, where dx has x's shape and dy the value's.
    """
    made: Tensor = _Formula.apply(x, value, gradient)
    return made


def sloped(
    x: Tensor, function: Callable[[Tensor], Tensor], slope: Callable[[Tensor, Tensor], Tensor]
) -> Tensor:
    """y = function(x), element by element, with dx = dy · slope(x, y)."""
    with torch.no_grad():
        inner = x.detach()
        y = function(inner)
    return with_gradient(x, y, lambda dy: dy * slope(inner, y))


def absolute(x: Tensor) -> Tensor:
    """|x|, with dy · sign(x), which is 0 at 0 and not a number where x is none."""
    return sloped(x, torch.abs, lambda x, _: torch.where(x.isnan(), x, x.sgn()))


def like(array: np.ndarray, tensor: Tensor) -> Tensor:
    """A numpy array as a tensor of another one's type and device."""
    return torch.as_tensor(array, dtype=tensor.dtype, device=tensor.device)


def fold(x: Tensor, axis: int = 1, axes: int = 1) -> Tensor:
    """(outer, dim, inner): ``axes`` axes from ``axis`` on become one."""
    shape = x.shape
    return x.reshape(
        shape[:axis].numel(), shape[axis : axis + axes].numel(), shape[axis + axes :].numel()
    )


def refuse(refused: Tensor, check: Callable[[], object]) -> None:
    """Let the layer's own check say what is wrong with its input, where something is.

    Args:
        refused: whether each value is wrong.
        check: raises the layer's error.

    Raises:
        MinicaffeError: what the check raises.
    """
    if bool(refused.any()):
        check()
        raise MinicaffeError("an input of this layer has values that it does not take")
