"""Pooling by what is fewest: the places in a window, the windows, or the pixels.

The layer's own formula goes through the places in the window and takes all windows at once. A
global window is one window of many places, and a large kernel over a padded small image has few
pixels; these are gone through here instead. MAX works on as many planes at a time as fit into the
processor's cache, and keeps the place of each winner in a byte.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from minicaffe.engines.numpy.kernels import Kernel, kernel_for, use_kernels
from minicaffe.engines.numpy.portions import portions
from minicaffe.layer import Blobs
from minicaffe.layers.vision.geometry import Pair, PoolingGeometry
from minicaffe.layers.vision.pooling import LOWEST, Pooling, add_to_windows, expect, sum_windows
from minicaffe.layers.vision.spp import SPP
from minicaffe.proto import caffe_pb2

#: Elements handled at a time.
_PORTION = 1 << 17

_POOLING = caffe_pb2.PoolingParameter


@kernel_for(Pooling)
class PoolingKernel(Kernel[Pooling]):
    """MAX, AVE and STOCHASTIC's expectation; it draws as the layer itself does."""

    layer: Pooling

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        """Keeps the place + 1 of each winner in its window, 0 for none."""
        layer, x, y = self.layer, bottom[0].data, top[0].data
        if layer.method == _POOLING.AVE:
            _sum_windows(layer.geometry, x, y)
            layer.divide(y)
        elif layer.method == _POOLING.MAX:
            self._places = _maximum(layer.geometry, x, y)
            if len(top) > 1:
                top[1].data[...] = self._winners(slice(None)).reshape(top[1].shape)
        elif layer.phase == caffe_pb2.TRAIN:
            layer.forward(bottom, top)
        else:
            total = _sum_windows(layer.geometry, x, np.empty_like(y))
            _sum_windows(layer.geometry, np.square(x), y)
            expect(total, y)

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        """Like the layer's, by the places that were kept; MAX in portions of planes."""
        layer, geometry = self.layer, self.layer.geometry
        if not propagate_down[0]:
            return
        layer.require_gradient()
        dy, dx = top[0].diff, bottom[0].diff
        if layer.method == _POOLING.AVE:
            share = dy.copy()
            layer.divide(share)
            _add_to_windows(geometry, share, dx)
            return
        send = _send_overlapping if _overlapping(geometry) else _send_apart
        planes, windows = dx.shape[0] * dx.shape[1], math.prod(geometry.output)
        dy, dx = dy.reshape(planes, windows), dx.reshape(planes, math.prod(geometry.size))
        for part in portions(planes, dx.shape[1], _PORTION):
            if len(top) > 1:
                winners = top[1].data.reshape(planes, windows)[part].astype(np.intp)
            else:
                winners = self._winners(part)
            send(winners, dy[part], dx[part])

    def _winners(self, planes: slice) -> np.ndarray:
        """For each window of some planes, its winner's index in the plane; -1 for none."""
        layer, geometry = self.layer, self.layer.geometry
        windows = math.prod(geometry.output)
        if layer.method == _POOLING.STOCHASTIC:
            return layer.winners.reshape(-1, windows)[planes]
        layer.limits.check(8 * math.prod(geometry.kernel), "the list of its window's places")
        places = self._places.reshape(-1, windows)[planes]
        offsets = np.concatenate([[0], _offsets(geometry)])
        index = offsets[places]
        index += _starts(geometry).ravel()
        if not places.all():
            index[places == 0] = -1
        return index


@kernel_for(SPP)
class SPPKernel(Kernel[SPP]):
    """The layer's formula, its levels by their kernels."""

    layer: SPP

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        """The levels may be new ones since the last forward."""
        use_kernels(self.layer.levels)
        self.layer.forward(bottom, top)


# ----------------------------------------------------------------- where windows lie


def _fewer_windows(geometry: PoolingGeometry) -> bool:
    return math.prod(geometry.output) < math.prod(geometry.kernel)


def _few_pixels(geometry: PoolingGeometry) -> bool:
    return math.prod(geometry.size) < min(math.prod(geometry.output), math.prod(geometry.kernel))


def _sparse(geometry: PoolingGeometry) -> bool:
    """Whether what the windows reach is mostly neither image nor looked at."""
    small = math.prod(geometry.size) + math.prod(geometry.output)
    return math.prod(_reach(geometry)) > 100 * small


def _overlapping(geometry: PoolingGeometry) -> bool:
    """Whether a pixel may lie in several windows."""
    return any(k > s for k, s in zip(geometry.kernel, geometry.stride, strict=True))


def _reach(geometry: PoolingGeometry) -> Pair:
    """How far any window reaches, from where the front padding begins."""
    height, width = (
        max(n + p, (out - 1) * s + k)
        for n, k, s, p, out in zip(
            geometry.size,
            geometry.kernel,
            geometry.stride,
            geometry.pad,
            geometry.output,
            strict=True,
        )
    )
    return height, width


def _padded(geometry: PoolingGeometry, images: np.ndarray) -> np.ndarray:
    """Images (…, H, W) with :data:`LOWEST` around them, as far as any window reaches."""
    reach = _reach(geometry)
    if reach == geometry.size:
        return images
    padded = np.full((*images.shape[:-2], *reach), LOWEST, images.dtype)
    (top, left), (height, width) = geometry.pad, geometry.size
    padded[..., top : top + height, left : left + width] = images
    return padded


def _windows(geometry: PoolingGeometry) -> Iterator[tuple[int, int, slice, slice]]:
    """For each window: its place in the output, and the pixels that it covers."""

    def covered(axis: int, index: int) -> slice:
        start = index * geometry.stride[axis] - geometry.pad[axis]
        stop = min(start + geometry.kernel[axis], geometry.size[axis])
        return slice(max(start, 0), max(0, stop))

    for i, j in np.ndindex(geometry.output):
        yield i, j, covered(0, i), covered(1, j)


def _pixels(geometry: PoolingGeometry) -> Iterator[tuple[int, int, slice, slice]]:
    """For each pixel, in row-major order: its place in the image, and the windows (slices of the
    output) that cover it."""

    def covering(axis: int, place: int) -> slice:
        stride, inside = geometry.stride[axis], place + geometry.pad[axis]
        first = max(0, -((geometry.kernel[axis] - 1 - inside) // stride))
        return slice(first, max(first, min(inside // stride + 1, geometry.output[axis])))

    rows, columns = ([covering(axis, n) for n in range(geometry.size[axis])] for axis in (0, 1))
    for h, w in np.ndindex(geometry.size):
        yield h, w, rows[h], columns[w]


def _starts(geometry: PoolingGeometry) -> np.ndarray:
    """The index in the image's plane at which each window starts (may lie outside)."""
    rows, columns = (
        np.arange(n) * s - p
        for n, s, p in zip(geometry.output, geometry.stride, geometry.pad, strict=True)
    )
    return rows[:, None] * geometry.size[1] + columns


def _offsets(geometry: PoolingGeometry) -> np.ndarray:
    """For each place in the window, how far it is from the start in the image's plane."""
    rows, columns = (np.arange(n) for n in geometry.kernel)
    return (rows[:, None] * geometry.size[1] + columns).ravel()


# ----------------------------------------------------------------- sums


def _sum_windows(geometry: PoolingGeometry, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    if _few_pixels(geometry):
        y[...] = 0
        for h, w, rows, columns in _pixels(geometry):
            part = y[:, :, rows, columns]
            part += x[:, :, h, w, None, None]
        return y
    if _fewer_windows(geometry):
        for i, j, rows, columns in _windows(geometry):
            x[:, :, rows, columns].sum(axis=(2, 3), out=y[:, :, i, j])
        return y
    return sum_windows(geometry, x, y)


def _add_to_windows(geometry: PoolingGeometry, share: np.ndarray, dx: np.ndarray) -> None:
    if _few_pixels(geometry):
        for h, w, rows, columns in _pixels(geometry):
            share[:, :, rows, columns].sum(axis=(2, 3), out=dx[:, :, h, w])
        return
    if not _fewer_windows(geometry):
        add_to_windows(geometry, share, dx)
        return
    dx[...] = 0
    for i, j, rows, columns in _windows(geometry):
        part = dx[:, :, rows, columns]
        part += share[:, :, i, j, None, None]


# ----------------------------------------------------------------- maxima


def _maximum(geometry: PoolingGeometry, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Write the largest pixel of each window; returns its place + 1, 0 for none."""
    fits = math.prod(geometry.kernel) < 256
    places = np.zeros(y.shape, np.uint8 if fits else np.int32)
    y[...] = LOWEST
    if _few_pixels(geometry):
        _maximum_by_pixel(geometry, x, y, places)
    elif _fewer_windows(geometry) or _sparse(geometry):
        _maximum_by_window(geometry, x, y, places)
    else:
        planes = x.shape[0] * x.shape[1]
        images = x.reshape(planes, *geometry.size)
        flat = [array.reshape(planes, *geometry.output) for array in (y, places)]
        for part in portions(planes, images[:1].size, _PORTION):
            _maximum_by_place(geometry, images[part], *(array[part] for array in flat))
    return places


def _maximum_by_place(
    geometry: PoolingGeometry, images: np.ndarray, best: np.ndarray, places: np.ndarray
) -> None:
    (rows, columns), (down, across) = geometry.output, geometry.stride
    padded = _padded(geometry, images)
    pixels = np.empty_like(best)
    larger, mark = np.empty(best.shape, bool), np.empty_like(places)
    for place, (i, j) in enumerate(np.ndindex(geometry.kernel), 1):
        pixels[...] = padded[:, i::down, j::across][:, :rows, :columns]
        np.greater(pixels, best, out=larger)
        np.fmax(pixels, best, out=best)
        # later places have larger numbers, so the maximum keeps the latest improvement;
        # these two passes cost far less than one masked assignment
        np.multiply(larger, places.dtype.type(place), out=mark)
        np.maximum(places, mark, out=places)


def _maximum_by_pixel(
    geometry: PoolingGeometry, x: np.ndarray, y: np.ndarray, places: np.ndarray
) -> None:
    down, across = (
        p - s * np.arange(n)
        for p, s, n in zip(geometry.pad, geometry.stride, geometry.output, strict=True)
    )
    for h, w, rows, columns in _pixels(geometry):
        pixel = x[:, :, h, w, None, None]
        window = (..., rows, columns)
        larger = pixel > y[window]
        place = (h + down[rows, None]) * geometry.kernel[1] + w + across[columns] + 1
        np.copyto(y[window], pixel, where=larger)
        np.copyto(places[window], place, where=larger, casting="unsafe")


def _maximum_by_window(
    geometry: PoolingGeometry, x: np.ndarray, y: np.ndarray, places: np.ndarray
) -> None:
    width = geometry.kernel[1]
    for i, j, rows, columns in _windows(geometry):
        pixels = x[:, :, rows, columns]
        if not pixels.size:
            continue
        across = pixels.shape[3]
        above = np.where(pixels > LOWEST, pixels, LOWEST).reshape(*pixels.shape[:2], -1)
        best = above.argmax(axis=2)
        largest = np.take_along_axis(above, best[..., None], 2)[..., 0]
        top, left = rows.start, columns.start
        top -= i * geometry.stride[0] - geometry.pad[0]  # places that the border cuts off
        left -= j * geometry.stride[1] - geometry.pad[1]
        place = (best // across + top) * width + best % across + left + 1
        y[:, :, i, j] = largest
        places[:, :, i, j] = np.where(largest > LOWEST, place, 0)


# ----------------------------------------------------------------- gradients to winners


def _send_apart(winners: np.ndarray, dy: np.ndarray, dx: np.ndarray) -> None:
    """Write each value to its pixel; no two have the same."""
    pixel, values = _pixels_of_all(winners, dy, dx)
    dx[...] = 0
    dx.reshape(-1)[pixel] = values


def _send_overlapping(winners: np.ndarray, dy: np.ndarray, dx: np.ndarray) -> None:
    """Add each value to its pixel."""
    pixel, values = _pixels_of_all(winners, dy, dx)
    sums = np.bincount(pixel, weights=values, minlength=dx.size)
    dx[...] = sums.reshape(dx.shape)


def _pixels_of_all(
    winners: np.ndarray, dy: np.ndarray, dx: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The pixels, counted through all planes, and what each gets; without the -1."""
    planes, pixels = dx.shape
    missing = winners < 0
    flat = winners + (np.arange(planes) * pixels)[:, None]
    if missing.any():
        return flat[~missing], dy[~missing]
    return flat.ravel(), dy.ravel()
