"""Values between pixels of a feature map: weighted sums of some, and the largest of a few such.

What the forks' ROIAlign layers do to a region is a :class:`Samples`; which pixels, and with which
weights, is where they differ.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Samples(NamedTuple):
    """For each bin of a region the largest of a few samples, each a weighted sum of pixels.

    Attributes:
        places: (bins, samples, pixels), the pixels' indices in the plane, h · W + w.
        weights: of the same shape; 0 where a pixel does not count.
    """

    places: np.ndarray
    weights: np.ndarray

    def read(self, image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The bins' values, and which sample each is.

        Args:
            image: (H · W + 1, C); the last row, zeros, is what pixels that do not count have.

        Returns:
            values (bins, C), and the index of the sample (bins, C), the first of equal ones.
        """
        bins, samples, count = self.places.shape
        places = np.where(self.weights == 0, len(image) - 1, self.places)
        sums = np.zeros((bins, samples, image.shape[1]), image.dtype)
        for k in range(count):
            sums += image[places[:, :, k]] * self.weights[:, :, k, None]
        if samples == 1:
            return sums[:, 0], np.zeros((bins, image.shape[1]), np.intp)
        best = np.where(np.isnan(sums), -np.inf, sums).argmax(axis=1)
        return np.take_along_axis(sums, best[:, None], axis=1)[:, 0], best

    def give_back(self, given: np.ndarray, best: np.ndarray, gradient: np.ndarray) -> None:
        """Add to an image's gradient (H · W + 1, C) what is given (bins, C) to the best samples."""
        chosen = np.arange(self.places.shape[1])[None, :, None] == best[:, None]
        shares = np.where(chosen, given[:, None], 0)[:, :, None] * self.weights[..., None]
        places, shares = self.places.reshape(-1), shares.reshape(-1, given.shape[1])
        order = np.argsort(places, kind="stable")
        found, first = np.unique(places[order], return_index=True)
        if len(found):
            gradient[found] += np.add.reduceat(shares[order], first, axis=0)


def outer(
    rows: tuple[np.ndarray, np.ndarray], columns: tuple[np.ndarray, np.ndarray], width: int
) -> Samples:
    """Samples at all pairs of places along H and along W.

    Args:
        rows: pixels (bins, samples, pixels) along H, and their weights.
        columns: likewise along W.
        width: of the plane.
    """
    (row, high), (column, wide) = rows, columns
    shape = [a * b for a, b in zip(row.shape, column.shape, strict=True)]
    apart, beside = np.s_[:, None, :, None, :, None], np.s_[None, :, None, :, None]
    places = row[apart] * width + column[beside]
    return Samples(places.reshape(shape), (high[apart] * wide[beside]).reshape(shape))


def linear(at: np.ndarray, length: int) -> tuple[np.ndarray, np.ndarray]:
    """The two pixels around each place (…) along an axis, and their weights: (…, 2) each.

    Places are cut to 0 to ``length`` - 1; those that are not numbers have the weight 0.
    """
    known = ~np.isnan(at)
    at = np.clip(np.where(known, at, 0), 0, length - 1)
    low = np.floor(at)
    part = at - low
    pixels = np.stack([low, np.minimum(low + 1, length - 1)], axis=-1).astype(np.intp)
    return pixels, np.stack([1 - part, part], axis=-1) * known[..., None]


def cubic(at: np.ndarray, length: int) -> tuple[np.ndarray, np.ndarray]:
    """The four pixels around each place (…) and their weights in a cubic convolution with
    a = -1: (…, 4) each; places and pixels are cut to 0 to ``length`` - 1."""
    known = ~np.isnan(at)
    at = np.clip(np.where(known, at, 0), 0, length - 1)
    around = np.floor(at)[..., None] + np.arange(-1, 3)
    d = np.abs(at[..., None] - around)
    inner, between = 1 - 2 * d**2 + d**3, 4 - 8 * d + 5 * d**2 - d**3
    weights = np.where(d < 1, inner, np.where(d < 2, between, 0)) * known[..., None]
    return np.clip(around, 0, length - 1).astype(np.intp), weights
