"""Which pixels each pooling window covers."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from minicaffe.blob import shape_text
from minicaffe.errors import ShapeError
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
