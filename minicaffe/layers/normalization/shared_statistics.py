"""A batch's statistics over the batches of all processes that train together."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from minicaffe.blob import Blob
from minicaffe.layer import Layer
from minicaffe.layers.channels import ChannelPasses
from minicaffe.layers.folding import channel_affine


class StoredNormalisation(NamedTuple):
    """y = scale · (x - mean) / √(variance + eps) + shift, with stored mean and variance.

    Attributes:
        mean, variance: of each channel, shape (C,).
        eps: added to the variance.
        scale, shift: shape (C,); None for a layer that has neither.
    """

    mean: np.ndarray
    variance: np.ndarray
    eps: float
    scale: np.ndarray | None = None
    shift: np.ndarray | None = None


class SharedStatistics(Layer):
    """A layer that normalises with a batch's mean and variance, with ``sync`` those of the batches
    of all processes together: N of them with batches of B compute what one does with N·B.

    Attributes:
        sync: whether it is asked for.
        passes: over the values of each channel.
    """

    sync: bool = False
    passes = ChannelPasses()

    @property
    def syncs(self) -> bool:
        """Whether it is asked for, and there are other processes."""
        return self.sync and self.ranks.add_up is not None

    def moments(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray, int]:
        """Mean and variance of each channel, and of how many values::

            m = Σ m_r        mean = Σ m_r · mean_r / m
            var = Σ m_r · (var_r + (mean_r - mean)²) / m

        Args:
            x: this process's batch, (N, C, S).
        """
        mean, variance = self.passes.moments(x)
        values = x.shape[0] * x.shape[2]
        if not self.syncs or self.ranks.add_up is None:
            return mean, variance, values
        sums = np.append(values * mean, values)
        self.ranks.add_up(sums)
        count = int(sums[-1])
        common = sums[:-1] / count
        squares = values * (variance + (mean - common) ** 2)
        self.ranks.add_up(squares)
        return common, squares / count, count

    def over_all(
        self, first: np.ndarray, second: np.ndarray, values: int
    ) -> tuple[np.ndarray, np.ndarray, int]:
        """Two sums of each channel, and how many values they are of, over all processes."""
        if not self.syncs or self.ranks.add_up is None:
            return first, second, values
        sums = np.concatenate([first, second, [values]]).astype(np.float64)
        self.ranks.add_up(sums)
        one, other = sums[: len(first)], sums[len(first) : -1]
        return one, other, int(sums[-1])

    def stored_normalisation(self) -> StoredNormalisation:
        """What it computes with its stored statistics, as they are now.

        Raises:
            GraphError: it normalises with the batch's, or does more than that (says what).
        """
        raise NotImplementedError(f"{type(self).__name__}.stored_normalisation")

    def channel_affine(self, bottom: Blob) -> tuple[np.ndarray, np.ndarray]:
        """scale / √(var + eps) and shift - mean · scale / √(var + eps) of the stored statistics;
        infinite where var + eps is 0 (algorithm 2, line 11).

        Raises:
            GraphError: as :meth:`stored_normalisation`.
        """
        return channel_affine(*self.stored_normalisation())
