"""The arithmetic of folding: a BatchNorm and a Scale become part of the layer beside them.

With constant statistics, BatchNorm and Scale multiply every channel and add to it::

    y = γ · (x - mean) / √(var + eps) + β  =  factor · x + offset
    factor = γ / √(var + eps)        offset = β - factor · mean

A linear layer x = W·u + b before them takes that in: W' = factor · W, b' = factor · b + offset
(algorithm 2, line 11, of Ioffe & Szegedy 2015). So does a linear layer after them.

Everything is computed in float64 and returned in the weights' own type.
"""

from __future__ import annotations

import numpy as np


def channel_affine(
    mean: np.ndarray,
    variance: np.ndarray,
    eps: float,
    scale: np.ndarray | None = None,
    shift: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """What normalisation with constant statistics multiplies by and adds.

    Args:
        mean, variance: of every channel, shape (C,).
        eps: added to the variance.
        scale, shift: γ and β, shape (C,); None is 1 and 0.

    Returns:
        factor and offset, float64, shape (C,); infinite where variance + eps is 0.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        factor = 1 / np.sqrt(np.asarray(variance, np.float64) + eps)
        if scale is not None:
            factor = factor * np.asarray(scale, np.float64)
        offset = -factor * np.asarray(mean, np.float64)
    if shift is not None:
        offset = offset + np.asarray(shift, np.float64)
    return factor, offset


def fold_into_previous(
    weights: np.ndarray,
    bias: np.ndarray | None,
    factor: np.ndarray,
    offset: np.ndarray,
    *,
    axis: int = 0,
    groups: int = 1,
) -> tuple[np.ndarray, np.ndarray]:
    """The weights and bias of a linear layer whose result is multiplied and added to.

    W' = factor · W, b' = factor · b + offset; with :func:`channel_affine` it does the work of the
    BatchNorm and Scale after it.

    Args:
        weights: of the layer. Convolution (C, …), InnerProduct (C, K): ``axis`` 0.
            Deconvolution (C_in, C/groups, …), transposed InnerProduct (K, C): ``axis`` 1.
        bias: shape (C,), or None.
        factor, offset: for every output, shape (C,).
        axis: which axis of the weights counts the outputs C.
        groups: of a Deconvolution; with ``axis`` 0 it does not matter.

    Returns:
        New weights of the same shape and a bias of shape (C,), in the weights' type.
    """
    folded = weights * _along(weights, factor, axis, groups)
    moved = offset if bias is None else factor * np.asarray(bias, np.float64) + offset
    return folded.astype(weights.dtype), moved.astype(weights.dtype)


def fold_into_next(
    weights: np.ndarray,
    bias: np.ndarray | None,
    factor: np.ndarray,
    offset: np.ndarray,
    *,
    groups: int = 1,
) -> tuple[np.ndarray, np.ndarray]:
    """The weights and bias of a linear layer whose input was multiplied and added to.

    W' = W · factor, b' = b + Σ W · offset.

    Exact where every result is a sum over all of the weights: in an InnerProduct, and in a
    Convolution without padding (padded places would count as ``offset`` instead of 0).

    Args:
        weights: Convolution (N, C/groups, …) or InnerProduct (N, K), inputs on axis 1.
        bias: shape (N,), or None.
        factor, offset: for every input, shape (C,) or (K,).
        groups: of a Convolution.
    """
    folded = weights * _along(weights, factor, 1, groups)
    added = weights * _along(weights, offset, 1, groups)
    moved = added.reshape(len(weights), -1).sum(axis=1)
    if bias is not None:
        moved = moved + bias
    return folded.astype(weights.dtype), moved.astype(weights.dtype)


def _along(weights: np.ndarray, values: np.ndarray, axis: int, groups: int) -> np.ndarray:
    """Values of channels in a shape that multiplies the weights, float64.

    On axis 1 the weights count the channels of one group, and axis 0 is cut into the groups.
    """
    values = np.asarray(values, np.float64)
    if axis == 0:
        return values.reshape(-1, *[1] * (weights.ndim - 1))
    rows = np.repeat(values.reshape(groups, -1), len(weights) // groups, axis=0)
    return rows.reshape(*rows.shape, *[1] * (weights.ndim - 2))
