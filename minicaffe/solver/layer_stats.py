"""What each layer holds in an iteration: values, weights, gradients, updates, in a few numbers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from minicaffe.net.net import Net


@dataclass(frozen=True)
class ArrayStats:
    """An array in a few numbers.

    Attributes:
        name: the blob's, or ``layer[index]`` of a parameter.
        mean, std, min, max: of its finite values; std is the square root of the mean squared
            distance from the mean.
        zeros: the share of its values that are 0.
        gradient: the L2 norm of a parameter's gradient; None for values between layers.
        update: the L2 norm of what was subtracted from a parameter, over that of its values.
    """

    name: str
    mean: float
    std: float
    min: float
    max: float
    zeros: float
    gradient: float | None = None
    update: float | None = None

    def __str__(self) -> str:
        text = (
            f"{self.name}: mean {self.mean:.4g}, std {self.std:.4g}, {self.min:.4g} to "
            f"{self.max:.4g}, {100 * self.zeros:.3g} % zeros"
        )
        if self.gradient is not None:
            text += f", gradient {self.gradient:.4g}"
        return text if self.update is None else f"{text}, update/weight {self.update:.4g}"


def gradient_norms(net: Net) -> dict[str, float]:
    """The L2 norms of the parameters' gradients, before an update replaces them."""
    return {name: _norm(diff) for name, _, diff in _parameters(net)}


def measured(net: Net, gradients: dict[str, float]) -> list[ArrayStats]:
    """What the layers' tops and parameters hold after an update.

    Args:
        net: whose diffs of parameters hold what the update has subtracted; tops that were not
            kept are left out.
        gradients: what :func:`gradient_norms` gave before it.
    """
    found = []
    if net.options.keep == "all":
        found += [_stats(name, blob.data) for name, blob in net.blobs.items()]
    for name, values, diff in _parameters(net):
        weight = _norm(values)
        ratio = _norm(diff) / weight if weight else None
        found.append(_stats(name, values, gradients.get(name), ratio))
    return found


def _parameters(net: Net) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    for name, blobs in net.params.items():
        for index, blob in enumerate(blobs):
            yield f"{name}[{index}]", blob.data, blob.diff


def _stats(
    name: str, values: np.ndarray, gradient: float | None = None, update: float | None = None
) -> ArrayStats:
    finite = values[np.isfinite(values)].astype(np.float64)
    if not finite.size:
        none = float("nan")
        return ArrayStats(name, none, none, none, none, 0.0, gradient, update)
    zeros = 1 - np.count_nonzero(values) / values.size
    low, high = float(finite.min()), float(finite.max())
    mean, std = float(finite.mean()), float(finite.std())
    return ArrayStats(name, mean, std, low, high, zeros, gradient, update)


def _norm(values: np.ndarray) -> float:
    return float(np.linalg.norm(values.astype(np.float64)))
