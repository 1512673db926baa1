"""Gaussian filters of many dimensions, on the permutohedral lattice.

Adams, Baek, Davis, "Fast high-dimensional filtering using the permutohedral lattice", 2010. Each
point gives its value to the corners of the simplex that it lies in (splat), the corners that are
there are blurred along each of d + 1 directions, and each point takes the mean of its corners
(slice). The time grows with the number of points and d², not with their distances.
"""

from __future__ import annotations

import math

import numpy as np

from minicaffe.errors import DataError


class Permutohedral:
    """Filters values at points p by about exp(-|p - q|² / 2), up to a factor for all.

    Args:
        features: the points (N, d), in units of the filter's standard deviations.

    Raises:
        DataError: a point is not finite, or too far away.
    """

    def __init__(self, features: np.ndarray) -> None:
        points = np.asarray(features, np.float64)
        if not np.isfinite(points).all() or np.abs(points).max(initial=0) > 1e6:
            raise DataError(
                "a pixel's place or colour, divided by the filter's width, is not a number below a "
                "million; look at the images, and at theta_* or *_std"
            )
        self.count, self.dimensions = points.shape
        rest, rank, weights = _simplices(points)
        self._weights = weights
        keys = _corners(rest, rank)
        self._corner, codes, code = _numbered(keys, self.dimensions)
        self._neighbours = _neighbours(codes, keys, self._corner, code)

    def filter(self, values: np.ndarray, *, reverse: bool = False) -> np.ndarray:
        """Filtered values (C, N), of the same type.

        Args:
            values: at the points, C channels (C, N).
            reverse: go through the directions from the last one, which is the transposed filter.
        """
        corners = self._neighbours.shape[2]
        weights = self._weights.astype(values.dtype)
        alpha = 1 / (1 + 2.0**-self.dimensions)
        order = range(self.dimensions + 1)
        result = np.empty_like(values)
        for channel, row in enumerate(values):
            lattice = np.zeros(corners + 1, values.dtype)  # the last is what is not there
            splat = (weights * row[:, None]).ravel()
            lattice[:-1] = np.bincount(self._corner.ravel(), weights=splat, minlength=corners)
            for direction in reversed(order) if reverse else order:
                one, other = self._neighbours[direction]
                lattice[:-1] += (lattice[one] + lattice[other]) / 2
            sliced = np.einsum("nk,nk->n", weights, lattice[self._corner])
            result[channel] = sliced * values.dtype.type(alpha)
        return result

    def normalizer(self) -> np.ndarray:
        """1 / the filtered ones (N), float64, with which each point's weights add up to 1."""
        total: np.ndarray = self.filter(np.ones((1, self.count)))[0]
        return 1 / (total + 1e-20)


def _simplices(points: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Where points lie in the lattice.

    Args:
        points: (N, d).

    Returns:
        the corner with remainder 0, and the rank of each of its distances (N, d + 1); the weights
        of the simplex's corners (N, d + 1), which add up to 1.
    """
    count, d = points.shape
    size = d + 1
    deviation = math.sqrt(2 / 3) * size  # of the blur of both steps, in the lattice
    scale = np.array([deviation / math.sqrt((i + 1) * (i + 2)) for i in range(d)])
    scaled = points * scale
    elevated = np.empty((count, size))  # in the plane where coordinates add up to 0
    total = np.zeros(count)
    for axis in range(d, 0, -1):
        elevated[:, axis] = total - axis * scaled[:, axis - 1]
        total += scaled[:, axis - 1]
    elevated[:, 0] = total

    down = np.floor(elevated / size) * size
    up = np.ceil(elevated / size) * size
    rest = np.where(up - elevated < elevated - down, up, down).astype(np.int64)
    away = elevated - rest
    rank = np.zeros((count, size), np.int64)
    for i in range(size):
        for j in range(i + 1, size):
            less = away[:, i] < away[:, j]
            rank[:, i] += less
            rank[:, j] += ~less
    rank += (rest.sum(axis=1) // size)[:, None]  # back into the plane
    shift = size * ((rank < 0).astype(np.int64) - (rank > d))
    rest += shift
    rank += shift

    weights = np.zeros((count, size + 1))
    rows = np.arange(count)
    for axis in range(size):
        share = (elevated[:, axis] - rest[:, axis]) / size
        weights[rows, d - rank[:, axis]] += share
        weights[rows, d - rank[:, axis] + 1] -= share
    weights[:, 0] += 1 + weights[:, size]
    return rest, rank, weights[:, :size]


def _corners(rest: np.ndarray, rank: np.ndarray) -> np.ndarray:
    """The coordinates of the simplices' corners, without the last one (N, d + 1, d)."""
    size = rest.shape[1]
    remainder = np.arange(size)[None, :, None]
    ranks = rank[:, None, :-1]
    step = np.where(ranks <= size - 1 - remainder, remainder, remainder - size)
    corners: np.ndarray = rest[:, None, :-1] + step
    return corners


class _Code:
    """Coordinates as one whole number each, unique for the corners and all their neighbours."""

    def __init__(self, keys: np.ndarray, size: int) -> None:
        flat = keys.reshape(-1, keys.shape[-1])
        self.low = flat.min(axis=0) - size if len(flat) else np.zeros(flat.shape[1], np.int64)
        high = flat.max(axis=0) + size if len(flat) else self.low
        self.widths = [int(n) for n in high - self.low + 1]
        if math.prod(self.widths) >= 2**62:
            raise DataError(
                "the pixels' places and colours spread too far for the filter's widths; "
                "use larger ones"
            )

    def __call__(self, keys: np.ndarray) -> np.ndarray:
        code = np.zeros(keys.shape[:-1], np.int64)
        for axis, width in enumerate(self.widths):
            code *= width
            code += keys[..., axis] - self.low[axis]
        return code


def _numbered(keys: np.ndarray, d: int) -> tuple[np.ndarray, np.ndarray, _Code]:
    """The number of each point's corners (N, d + 1), the corners' codes in order, and the code."""
    code = _Code(keys, d + 1)
    codes, numbers = np.unique(code(keys), return_inverse=True)
    return numbers.reshape(keys.shape[:-1]), codes, code


def _neighbours(
    codes: np.ndarray, keys: np.ndarray, numbers: np.ndarray, code: _Code
) -> np.ndarray:
    """For each direction and both ways the number of each corner's neighbour (d + 1, 2, M); M where
    there is none."""
    d, count = keys.shape[-1], len(codes)
    corners = np.empty((count, d), np.int64)
    corners[numbers.ravel()] = keys.reshape(-1, d)
    found = np.full((d + 1, 2, count), count)
    for direction in range(d + 1):
        step = np.ones(d, np.int64)
        if direction < d:
            step[direction] = -d
        for way, sign in enumerate((-1, 1)):
            wanted = code(corners + sign * step)
            place = np.minimum(np.searchsorted(codes, wanted), max(0, count - 1))
            there = codes[place] == wanted if count else np.zeros(0, bool)
            found[direction, way, there] = place[there]
    return found


def places(height: int, width: int) -> np.ndarray:
    """(x, y) of each pixel, row by row (H·W, 2), float64."""
    y, x = np.mgrid[:height, :width]
    return np.stack([x.ravel(), y.ravel()], axis=1).astype(np.float64)


def colours(image: np.ndarray) -> np.ndarray:
    """The colours of each pixel of an image (C, H, W), row by row (H·W, C), float64."""
    return np.moveaxis(image, 0, -1).reshape(-1, image.shape[0]).astype(np.float64)
