"""Pooling: the largest, the mean or a random value of each window."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from minicaffe.blob import shape_text
from minicaffe.errors import GraphError, ShapeError
from minicaffe.layer import Blobs, Layer, phase_name, register
from minicaffe.layers.vision.geometry import (
    CoordMap,
    window_lines,
    window_params,
    window_text,
)
from minicaffe.proto import caffe_pb2

Pair = tuple[int, int]


Slices = tuple[slice, slice]


_POOLING = caffe_pb2.PoolingParameter


@dataclass(frozen=True)
class PoolingGeometry:
    """How a window moves over an image; every pair is (height, width), in pixels.

    Attributes:
        size: of the image.
        kernel: of the window.
        stride: steps between windows.
        pad: what surrounds the image.
        output: how many windows there are.
    """

    size: Pair
    kernel: Pair
    stride: Pair
    pad: Pair
    output: Pair

    @classmethod
    def from_param(cls, param: Any, size: Pair) -> PoolingGeometry:
        """Resolve a ``PoolingParameter`` for images of a size.

        Windows along an axis: round((size + 2·pad - kernel) / stride) + 1, rounded up, or
        down with ``round_mode: FLOOR``; with padding, a last window that would start behind
        the image and its front padding is dropped.

        Raises:
            ShapeError: a quantity is missing, 0, given in both forms or by half; pad is not
                below the kernel; no window is left.
        """
        check_pooling(param)
        if param.global_pooling:
            return cls(size, size, (1, 1), (0, 0), (1, 1))
        kernel = _pair(param, "kernel", "kernel_size")
        stride, pad = _pair(param, "stride", "stride"), _pair(param, "pad", "pad")
        axes = zip(size, kernel, stride, pad, strict=True)
        floor = param.round_mode == _POOLING.FLOOR
        output = tuple(_windows(*axis, floor=floor, padded=any(pad)) for axis in axes)
        if min(output) < 1:
            raise ShapeError(
                f"a window of {shape_text(kernel)} does not fit into an image of "
                f"{shape_text(size)} padded by {shape_text(pad)}; "
                "use a smaller kernel_size, or global_pooling"
            )
        return cls(size, kernel, stride, pad, (output[0], output[1]))

    @property
    def overlapping(self) -> bool:
        """Whether a pixel may lie in several windows."""
        return any(k > s for k, s in zip(self.kernel, self.stride, strict=True))

    def positions(self) -> Iterator[tuple[Slices, Slices]]:
        """For each place in the window, in row-major order: which windows have it inside the
        image (slices of the output), and the pixels there (slices of the image)."""
        rows, columns = (list(self._along(axis)) for axis in (0, 1))
        for (out_h, in_h), (out_w, in_w) in itertools.product(rows, columns):
            yield (out_h, out_w), (in_h, in_w)

    def windows(self) -> Iterator[tuple[int, int, slice, slice]]:
        """For each window: its place in the output, and the pixels that it covers."""
        for i, j in np.ndindex(self.output):
            yield i, j, self._covered(0, i), self._covered(1, j)

    def pixels(self) -> Iterator[tuple[int, int, slice, slice]]:
        """For each pixel, in row-major order: its place in the image, and the windows (slices of
        the output) that cover it."""
        rows, columns = (
            [self._covering(axis, place) for place in range(self.size[axis])] for axis in (0, 1)
        )
        for h, w in np.ndindex(self.size):
            yield h, w, rows[h], columns[w]

    @property
    def reach(self) -> Pair:
        """How far any window reaches, from where the front padding begins."""
        height, width = (
            max(n + p, (out - 1) * s + k)
            for n, k, s, p, out in zip(
                self.size, self.kernel, self.stride, self.pad, self.output, strict=True
            )
        )
        return height, width

    @property
    def sparse(self) -> bool:
        """Whether what the windows reach is mostly neither image nor looked at."""
        small = math.prod(self.size) + math.prod(self.output)
        return math.prod(self.reach) > 100 * small

    def padded(self, images: np.ndarray, value: float) -> np.ndarray:
        """Images (…, height, width) with a value around them, as far as any window reaches."""
        if self.reach == self.size:
            return images
        padded = np.full((*images.shape[:-2], *self.reach), value, images.dtype)
        (top, left), (height, width) = self.pad, self.size
        padded[..., top : top + height, left : left + width] = images
        return padded

    def starts(self) -> np.ndarray:
        """The index in the image's plane at which each window starts (may lie outside)."""
        rows, columns = (
            np.arange(n) * s - p for n, s, p in zip(self.output, self.stride, self.pad, strict=True)
        )
        return rows[:, None] * self.size[1] + columns

    def offsets(self) -> np.ndarray:
        """For each place in the window, how far it is from the start in the image's plane."""
        rows, columns = (np.arange(n) for n in self.kernel)
        return (rows[:, None] * self.size[1] + columns).ravel()

    def areas(self) -> np.ndarray:
        """By how much AVE divides: the window clipped to the image and its padding."""
        sides = []
        for n, k, s, p, out in zip(
            self.size, self.kernel, self.stride, self.pad, self.output, strict=True
        ):
            start = np.arange(out) * s - p
            sides.append(np.minimum(start + k, n + p) - start)
        return sides[0][:, None] * sides[1]

    def _along(self, axis: int) -> Iterator[tuple[slice, slice]]:
        size, stride, pad = self.size[axis], self.stride[axis], self.pad[axis]
        for place in range(self.kernel[axis]):
            first = max(0, -((place - pad) // stride))  # the first window with it inside
            last = min(self.output[axis], -((place - pad - size) // stride))
            count = max(0, last - first)
            start = first * stride - pad + place
            stop = start + (count - 1) * stride + 1 if count else start
            yield slice(first, first + count), slice(start, stop, stride)

    def _covering(self, axis: int, place: int) -> slice:
        stride, inside = self.stride[axis], place + self.pad[axis]
        first = max(0, -((self.kernel[axis] - 1 - inside) // stride))
        return slice(first, max(first, min(inside // stride + 1, self.output[axis])))

    def _covered(self, axis: int, index: int) -> slice:
        start = index * self.stride[axis] - self.pad[axis]
        return slice(max(start, 0), max(0, min(start + self.kernel[axis], self.size[axis])))


def check_pooling(param: Any) -> None:
    """Refuse a ``PoolingParameter`` that contradicts itself.

    Raises:
        ShapeError: what it says, and what it may say.
    """
    kernel = [n for n in ("kernel_size", "kernel_h", "kernel_w") if param.HasField(n)]
    if param.global_pooling:
        if kernel:
            raise ShapeError(f"global_pooling covers the whole image; remove {kernel[0]}")
    elif param.HasField("kernel_size") == (kernel[-2:] == ["kernel_h", "kernel_w"]):
        found = " and ".join(kernel) or "no kernel"
        raise ShapeError(f"{found} given, expected kernel_size, or kernel_h and kernel_w")
    for stem in ("pad", "stride"):
        given = [n for n in (stem, f"{stem}_h", f"{stem}_w") if param.HasField(n)]
        if given not in ([], [stem], [f"{stem}_h", f"{stem}_w"]):
            found = " and ".join(given)
            raise ShapeError(f"{found} given, expected {stem}, or {stem}_h and {stem}_w")
    pad, stride = _pair(param, "pad", "pad"), _pair(param, "stride", "stride")
    if param.global_pooling:
        if pad != (0, 0) or stride != (1, 1):
            raise ShapeError(
                f"global_pooling goes only with pad 0 and stride 1, not pad {shape_text(pad)} "
                f"and stride {shape_text(stride)}; remove them"
            )
        return
    size = _pair(param, "kernel", "kernel_size")
    for what, pair in (("kernel", size), ("stride", stride)):
        if 0 in pair:
            raise ShapeError(f"{what} is {shape_text(pair)}, expected at least 1")
    if any(pad) and param.pool == _POOLING.STOCHASTIC:
        raise ShapeError("STOCHASTIC pooling takes no padding; remove pad")
    if any(pad) and any(p >= k for p, k in zip(pad, size, strict=True)):
        raise ShapeError(
            f"pad {shape_text(pad)} must be below the kernel {shape_text(size)}, "
            "or windows would see padding only"
        )


def _pair(param: Any, stem: str, field: str) -> Pair:
    if param.HasField(f"{stem}_h") and not param.HasField(field):
        return getattr(param, f"{stem}_h"), getattr(param, f"{stem}_w")
    return getattr(param, field), getattr(param, field)


def _windows(size: int, kernel: int, stride: int, pad: int, *, floor: bool, padded: bool) -> int:
    room = size + 2 * pad - kernel
    count = (room // stride if floor else -(-room // stride)) + 1
    # Caffe drops along both axes as soon as either is padded
    if padded and (count - 1) * stride >= size + pad:
        count -= 1
    return count


#: What MAX gives for a window without pixels: Caffe's -FLT_MAX, in any dtype.
LOWEST = -float(np.finfo(np.float32).max)


#: Elements handled at a time, so that temporary arrays stay in the processor's cache.
_PORTION = 1 << 17


@register("Pooling")
class Pooling(Layer):
    """MAX, AVE or STOCHASTIC pooling over windows of an image.

    Bottom (N, C, H, W), top (N, C, H', W'); see :meth:`PoolingGeometry.from_param` for H', W'.

    MAX
        the largest pixel, the first in row-major order among equals; NaN counts as lowest.
        A window that lies wholly outside gives -3.4e38. A second top holds the index of that
        pixel in its plane (h · W + w, -1 for none), and then decides where gradients go.
    AVE
        the sum divided by the window's area, of which the padding (but not what lies
        beyond it) is part; NaN for a window without any.
    STOCHASTIC
        TRAIN: pixel i with probability x_i / Σ x; TEST: Σ x² / Σ x, 0 where Σ x is not
        positive. Pixels should not be negative. No padding.

    Sources: Caffe's rules (STOCHASTIC: those of its GPU code); Zeiler & Fergus, "Stochastic
    pooling for regularization of deep convolutional neural networks", 2013.
    """

    in_place = False
    exact_bottoms = 1
    min_tops = 1
    max_tops = 2

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        """Check the parameters.

        Raises:
            ShapeError: see :func:`check_pooling`.
            GraphError: a second top without MAX.
        """
        param = self.param.pooling_param
        self.method: int = param.pool
        self.backward_reads = ("tops",) if len(top) > 1 else ()
        check_pooling(param)
        if len(top) > 1 and self.method != _POOLING.MAX:
            raise GraphError(
                "a second top holds the index of the maximum, which "
                f"{_POOLING.PoolMethod.Name(param.pool)} pooling does not have; expected one top"
            )

    @property
    def repeatable(self) -> bool:
        """But for STOCHASTIC, which draws the pixels in phase TRAIN."""
        return self.method != _POOLING.STOCHASTIC or self.phase == caffe_pb2.TEST

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        """Tops: (N, C, windows down, windows across).

        Raises:
            ShapeError: the bottom does not have 4 axes, or no window fits.
        """
        shape = bottom[0].shape
        if len(shape) != 4:
            raise ShapeError(
                f"bottom has shape {shape_text(shape)}, expected 4 axes: "
                "num, channels, height, width"
            )
        self.geometry = PoolingGeometry.from_param(self.param.pooling_param, shape[2:])
        for blob in top:
            blob.reshape(*shape[:2], *self.geometry.output)

    @classmethod
    def kind_text(cls, param: Any) -> str:
        """With its method."""
        return f"{param.type} {_POOLING.PoolMethod.Name(param.pooling_param.pool)}"

    @classmethod
    def window_text(cls, param: Any) -> str:
        """``3/2+1 MAX``: kernel 3, stride 2, pad 1."""
        param = param.pooling_param
        window = "global" if param.global_pooling else window_text(param, "?")
        return f"{window} {_POOLING.PoolMethod.Name(param.pool)}"

    @classmethod
    def window_lines(cls, param: Any) -> list[str]:
        """Kernel size, stride and pad."""
        param = param.pooling_param
        return ["global"] if param.global_pooling else window_lines(param)

    @classmethod
    def coord_map(cls, params: Mapping[str, Any]) -> CoordMap:
        """A window's middle lies at its place in the top."""
        axis, stride, kernel, pad = window_params(cls.type, params)
        return axis, 1 / stride, (pad - (kernel - 1) / 2) / stride

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        """Pool; MAX and STOCHASTIC remember which pixel won."""
        source, target = bottom[0].data, top[0].data
        if self.method == _POOLING.AVE:
            _sum_windows(self.geometry, source, target)
            with np.errstate(divide="ignore", invalid="ignore"):  # windows without area
                target /= self.geometry.areas().astype(self.dtype)
        elif self.method == _POOLING.MAX:
            self._winners = _maximum(self.geometry, source, target)
            if len(top) > 1:
                mask = self._index_of_winners(slice(None))
                top[1].data[...] = mask.reshape(top[1].shape)
        elif self.phase == caffe_pb2.TRAIN:
            self._winners = _draw(self.geometry, source, target, self.rng)
        else:
            total = _sum_windows(self.geometry, source, np.empty_like(target))
            _sum_windows(self.geometry, np.square(source), target)
            target /= np.where(total > 0, total, 1)
            target[total <= 0] = 0

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        """MAX and STOCHASTIC give dy to the pixel that won, AVE to all in equal parts."""
        if not propagate_down[0]:
            return
        top_diff, bottom_diff = top[0].diff, bottom[0].diff
        if self.method == _POOLING.AVE:
            with np.errstate(divide="ignore", invalid="ignore"):
                share = top_diff / self.geometry.areas().astype(self.dtype)
            _add_to_windows(self.geometry, share, bottom_diff)
            return
        if self.method == _POOLING.STOCHASTIC and self.phase != caffe_pb2.TRAIN:
            raise GraphError(
                f"STOCHASTIC pooling has no gradient in phase {phase_name(self.phase)}"
            )
        planes = bottom_diff.shape[0] * bottom_diff.shape[1]
        send = _send_overlapping if self.geometry.overlapping else _send_apart
        windows = math.prod(self.geometry.output)
        top_diff = top_diff.reshape(planes, windows)
        bottom_diff = bottom_diff.reshape(planes, math.prod(self.geometry.size))
        for part in _portions(planes, bottom_diff.shape[1]):
            if len(top) > 1:
                index = top[1].data.reshape(planes, windows)[part].astype(np.intp)
            else:
                index = self._index_of_winners(part)
            send(index, top_diff[part], bottom_diff[part])

    def _index_of_winners(self, part: slice) -> np.ndarray:
        """For each window of some planes, its winner's index in the plane; -1 for none."""
        self.limits.check(8 * math.prod(self.geometry.kernel), "the list of its window's places")
        winners = self._winners.reshape(-1, math.prod(self.geometry.output))[part]
        offsets = np.concatenate([[0], self.geometry.offsets()])
        index = offsets[winners]
        index += self.geometry.starts().ravel()
        if not winners.all():
            index[winners == 0] = -1
        return index


def _portions(planes: int, elements: int) -> Iterator[slice]:
    """The planes, in portions that fit into the processor's cache."""
    step = max(1, _PORTION // max(1, elements))
    return (slice(start, start + step) for start in range(0, planes, step))


# ------------------------------------------------------------------ windows
#
# Each of these goes through the places in the window, all windows at once; or through the
# windows, all places at once; or through the pixels, all windows at once: whichever are fewest
# (global pooling has one window, and a large kernel over a padded small image few pixels).


def _fewer_windows(geometry: PoolingGeometry) -> bool:
    return math.prod(geometry.output) < math.prod(geometry.kernel)


def _few_pixels(geometry: PoolingGeometry) -> bool:
    return math.prod(geometry.size) < min(math.prod(geometry.output), math.prod(geometry.kernel))


def _sum_windows(geometry: PoolingGeometry, source: np.ndarray, target: np.ndarray) -> np.ndarray:
    if _few_pixels(geometry):
        target[...] = 0
        for h, w, rows, columns in geometry.pixels():
            part = target[:, :, rows, columns]
            part += source[:, :, h, w, None, None]
        return target
    if _fewer_windows(geometry):
        for i, j, rows, columns in geometry.windows():
            source[:, :, rows, columns].sum(axis=(2, 3), out=target[:, :, i, j])
        return target
    target[...] = 0
    for (out_h, out_w), (in_h, in_w) in geometry.positions():
        part = target[:, :, out_h, out_w]
        part += source[:, :, in_h, in_w]
    return target


def _add_to_windows(geometry: PoolingGeometry, share: np.ndarray, target: np.ndarray) -> None:
    if _few_pixels(geometry):
        for h, w, rows, columns in geometry.pixels():
            share[:, :, rows, columns].sum(axis=(2, 3), out=target[:, :, h, w])
        return
    target[...] = 0
    if _fewer_windows(geometry):
        for i, j, rows, columns in geometry.windows():
            part = target[:, :, rows, columns]
            part += share[:, :, i, j, None, None]
        return
    for (out_h, out_w), (in_h, in_w) in geometry.positions():
        part = target[:, :, in_h, in_w]
        part += share[:, :, out_h, out_w]


def _maximum(geometry: PoolingGeometry, source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Write the largest pixel of each window; returns its place + 1, 0 for none."""
    winners = _no_winners(geometry, target.shape)
    target[...] = LOWEST
    if _few_pixels(geometry):
        _maximum_by_pixel(geometry, source, target, winners)
        return winners
    if _fewer_windows(geometry) or geometry.sparse:
        _maximum_by_window(geometry, source, target, winners)
        return winners
    planes = source.shape[0] * source.shape[1]
    images = source.reshape(planes, *geometry.size)
    flat = [array.reshape(planes, *geometry.output) for array in (target, winners)]
    for part in _portions(planes, images[:1].size):
        _maximum_by_place(geometry, images[part], *(array[part] for array in flat))
    return winners


def _maximum_by_place(
    geometry: PoolingGeometry, images: np.ndarray, best: np.ndarray, winners: np.ndarray
) -> None:
    (rows, columns), (down, across) = geometry.output, geometry.stride
    padded = geometry.padded(images, LOWEST)
    pixels = np.empty_like(best)
    larger, mark = np.empty(best.shape, bool), np.empty_like(winners)
    for place, (i, j) in enumerate(np.ndindex(geometry.kernel), 1):
        pixels[...] = padded[:, i::down, j::across][:, :rows, :columns]
        np.greater(pixels, best, out=larger)
        np.fmax(pixels, best, out=best)
        # later places have larger numbers, so the maximum keeps the latest improvement;
        # these two passes cost far less than one masked assignment
        np.multiply(larger, winners.dtype.type(place), out=mark)
        np.maximum(winners, mark, out=winners)


def _maximum_by_pixel(
    geometry: PoolingGeometry, source: np.ndarray, target: np.ndarray, winners: np.ndarray
) -> None:
    down, across = (
        p - s * np.arange(n)
        for p, s, n in zip(geometry.pad, geometry.stride, geometry.output, strict=True)
    )
    for h, w, rows, columns in geometry.pixels():
        pixel = source[:, :, h, w, None, None]
        window = (slice(None), slice(None), rows, columns)
        larger = pixel > target[window]
        places = (h + down[rows, None]) * geometry.kernel[1] + w + across[columns] + 1
        np.copyto(target[window], pixel, where=larger)
        np.copyto(winners[window], places, where=larger, casting="unsafe")


def _maximum_by_window(
    geometry: PoolingGeometry, source: np.ndarray, target: np.ndarray, winners: np.ndarray
) -> None:
    width = geometry.kernel[1]
    for i, j, rows, columns in geometry.windows():
        pixels = source[:, :, rows, columns]
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
        target[:, :, i, j] = largest
        winners[:, :, i, j] = np.where(largest > LOWEST, place, 0)


def _draw(
    geometry: PoolingGeometry, source: np.ndarray, target: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Write a pixel of each window drawn by its share of the sum; returns its place + 1."""
    threshold = _sum_windows(geometry, source, np.empty_like(target))
    threshold *= 1 - rng.random(target.shape)  # in (0, 1], as in Caffe
    winners = _no_winners(geometry, target.shape)
    sums = np.zeros_like(target)
    target[...] = 0
    for place, ((out_h, out_w), (in_h, in_w)) in enumerate(geometry.positions(), 1):
        window = (slice(None), slice(None), out_h, out_w)
        pixels = source[:, :, in_h, in_w]
        sums[window] += pixels
        drawn = (sums[window] >= threshold[window]) & (winners[window] == 0)
        winners[window][drawn] = place
        target[window][drawn] = pixels[drawn]
    return winners


def _no_winners(geometry: PoolingGeometry, shape: tuple[int, ...]) -> np.ndarray:
    places = geometry.kernel[0] * geometry.kernel[1]
    return np.zeros(shape, np.uint8 if places < 256 else np.int32)


# ------------------------------------------------------------------ gradients to winners


def _send_apart(index: np.ndarray, top_diff: np.ndarray, bottom_diff: np.ndarray) -> None:
    """Write each value to its pixel; no two have the same."""
    pixel, values = _pixels_of_all(index, top_diff, bottom_diff)
    bottom_diff[...] = 0
    bottom_diff.reshape(-1)[pixel] = values


def _send_overlapping(index: np.ndarray, top_diff: np.ndarray, bottom_diff: np.ndarray) -> None:
    """Add each value to its pixel."""
    pixel, values = _pixels_of_all(index, top_diff, bottom_diff)
    sums = np.bincount(pixel, weights=values, minlength=bottom_diff.size)
    bottom_diff[...] = sums.reshape(bottom_diff.shape)


def _pixels_of_all(
    index: np.ndarray, top_diff: np.ndarray, bottom_diff: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The pixels, counted through all planes, and what each gets; without the -1."""
    planes, pixels = bottom_diff.shape
    missing = index < 0
    flat = index + (np.arange(planes) * pixels)[:, None]
    if missing.any():
        return flat[~missing], top_diff[~missing]
    return flat.ravel(), top_diff.ravel()
