"""Batch normalisation of PyTorch as BatchNorm's and Scale's blobs, and back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from minicaffe.blob import Blob, shape_text
from minicaffe.errors import ShapeError
from minicaffe.layers.normalization.batch_norm import settled_weight


class Tensor(Protocol):
    """As much of a ``torch.Tensor`` as its values take; PyTorch is not imported."""

    def detach(self) -> Tensor: ...

    def cpu(self) -> Tensor: ...

    def numpy(self) -> np.ndarray: ...


Values: TypeAlias = Blob | Tensor | ArrayLike


class CaffeBlobs(NamedTuple):
    """The parameter blobs of the two layers, float arrays in the layers' order.

    Attributes:
        batch_norm: mean sum (C), variance sum (C), weight sum (1).
        scale: gamma (C), beta (C).
    """

    batch_norm: list[np.ndarray]
    scale: list[np.ndarray]


def torch_batchnorm(
    running_mean: Values,
    running_var: Values,
    weight: Values | None = None,
    bias: Values | None = None,
    *,
    moving_average_fraction: float | None = None,
) -> CaffeBlobs:
    """The blobs of BatchNorm and Scale that compute what a BatchNorm1d, 2d or 3d does.

    Args:
        running_mean, running_var, weight, bias: as in the module's ``state_dict``; arrays or
            tensors of shape (C). Without weight and bias (``affine=False``) 1 and 0.
        moving_average_fraction: the layer's, where training is to go on. It gives the
            averages the weight 1 / (1 - fraction), with which Caffe's rule continues them
            just as PyTorch's does with ``momentum = 1 - fraction``. Without it the weight
            is 1: right for testing, but the first batch of a training counts as much as
            the whole history.

    Raises:
        ShapeError: the arrays are not all of one shape (C).
        ValueError: the fraction is not between 0 and 1.
    """
    mean, variance = _array(running_mean), _array(running_var)
    gamma = np.ones_like(mean) if weight is None else _array(weight)
    beta = np.zeros_like(mean) if bias is None else _array(bias)
    _require_same_shape(running_mean=mean, running_var=variance, weight=gamma, bias=beta)
    total = np.ones(1, mean.dtype)
    if moving_average_fraction is not None:
        if not 0 <= moving_average_fraction < 1:
            raise ValueError(
                f"moving_average_fraction is {moving_average_fraction}, expected 0 to below 1"
            )
        total *= settled_weight(moving_average_fraction)
    return CaffeBlobs([mean * total, variance * total, total], [gamma, beta])


def batchnorm_to_torch(
    batch_norm: Sequence[Values], scale: Sequence[Values] = ()
) -> dict[str, np.ndarray]:
    """What a BatchNorm1d, 2d or 3d needs to compute what BatchNorm and Scale do.

    Args:
        batch_norm: BatchNorm's three blobs, as ``net.params["bn1"]`` or arrays.
        scale: Scale's blobs: gamma, and beta if it has one; nothing without a Scale layer.

    Returns:
        Arrays under the names of ``state_dict``: running_mean and running_var, and with a
        Scale weight and bias. ``num_batches_tracked`` is not known.

    Raises:
        ShapeError: not three blobs, or not of shapes (C), (C) and (1).
    """
    if len(batch_norm) != 3:
        raise ShapeError(f"{len(batch_norm)} blobs of a BatchNorm, expected 3")
    mean, variance, total = (_array(blob) for blob in batch_norm)
    if total.size != 1:
        raise ShapeError(f"the third blob has {total.size} values, expected the weight sum alone")
    factor = 0 if total.reshape(-1)[0] == 0 else 1 / total.reshape(-1)[0]  # Caffe's rule
    arrays = {"running_mean": mean * factor, "running_var": variance * factor}
    if len(scale):
        arrays["weight"] = _array(scale[0]).copy()
        arrays["bias"] = _array(scale[1]).copy() if len(scale) > 1 else np.zeros_like(mean)
    _require_same_shape(**arrays)
    return arrays


def _array(values: Values) -> np.ndarray:
    """The values of a blob, tensor or array as a float array."""
    if isinstance(values, Blob):
        return values.data
    array = np.asarray(values.detach().cpu().numpy() if hasattr(values, "detach") else values)
    return array if array.dtype.kind == "f" else array.astype(np.float32)


def _require_same_shape(**arrays: np.ndarray) -> None:
    first = next(iter(arrays.values()))
    for name, array in arrays.items():
        if array.ndim != 1 or array.shape != first.shape:
            raise ShapeError(
                f"{name} has shape {shape_text(array.shape)}, expected one value a channel, "
                f"{first.size} as in {next(iter(arrays))}"
            )
