"""Turns windows of images into the columns of a matrix and back (im2col, col2im).

With W of shape (outputs, channels · taps) and one column for each window,

    convolution            Y = W · gather(X)
    its gradients          dX = scatter(Wᵀ · dY),  dW = dY · gather(X)ᵀ

and a deconvolution is the same with the images on the other side. The matrix is built for
a few images at a time, so that it stays in the processor's cache, and from scratch in every
pass, so that a layer holds nothing that a reshape between the passes could spoil.

Source: Chellapilla, Puri, Simard, "High performance convolutional neural networks for
document processing", 2006; Caffe builds the same matrix, one image at a time.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from types import EllipsisType

import numpy as np
from numpy.lib.stride_tricks import as_strided

from minicaffe.layers.vision.geometry import ConvGeometry, Lengths

#: Bytes that the matrix may take, unless one image needs more; measured: 2 to 8 MiB are alike.
BUDGET = 4 << 20


#: That many columns for each that means something are worth the faster copying.
WASTE = 2


@dataclass(frozen=True)
class Windows:
    """The windows over a batch of images, and the grid on which they lie.

    Attributes:
        geometry: kernel, stride, pad, dilation.
        size: lengths of the images' spatial axes.
        grid: how many windows there are along each of them.
        channels: of an image.
        outputs: channels of what lies on the grid.
        group: into how many independent parts both kinds of channels fall.
        batch: how many images a pass has.
    """

    geometry: ConvGeometry
    size: Lengths
    grid: Lengths
    channels: int
    outputs: int
    group: int
    batch: int

    def flipped(self) -> Windows:
        """Those by which a convolution with a stride of 1 and less padding than the kernel spans
        gets its bottom's gradient: from the grid back to the images."""
        of = self.geometry
        pad = tuple(e - 1 - p for e, p in zip(of.extent, of.pad, strict=True))
        return replace(
            self,
            geometry=replace(of, pad=pad),
            size=self.grid, grid=self.size, channels=self.outputs, outputs=self.channels,
        )  # fmt: skip


class Columns:
    """The column matrix of windows.

    Args:
        windows: a column each.
        dtype: of all arrays.

    Images lie channel first, one after the other, in one padded row of memory. Neighbours
    share their padding: the zeros after one line are the zeros before the next. With a
    stride of 1 the windows of a whole row of memory are then one long slice for each tap,
    which copies several times faster than line by line; the price is some columns between
    the images that mean nothing and are left out of results (``run`` counts them). Large
    windows on small images would leave out most, so they are copied line by line.
    """

    def __init__(self, windows: Windows, dtype: np.dtype) -> None:
        self.windows, self.dtype = windows, dtype
        self.geometry, self.size, self.grid = windows.geometry, windows.size, windows.grid
        self.channels, self.outputs, self.group = windows.channels, windows.outputs, windows.group
        geometry, size, grid = self.geometry, self.size, self.grid
        self.taps = math.prod(geometry.kernel)
        #: Windows of one pixel, none of them outside the image: nothing overlaps.
        self._single = self.taps == 1 and not any(geometry.pad) and all(size)
        dense = [n + p for n, p in zip(size, geometry.pad, strict=True)]
        self._flat = (
            not self._single
            and all(step == 1 for step in geometry.stride)
            and math.prod(dense) <= WASTE * math.prod(grid)
        )
        self._pitch = tuple(
            max(n + p, (g - 1) * s + e - p, g if self._flat else 0)
            for n, p, g, s, e in zip(
                size, geometry.pad, grid, geometry.stride, geometry.extent, strict=True
            )
        )
        self._steps = tuple(math.prod(self._pitch[i + 1 :]) for i in range(len(size)))
        self._image = math.prod(self._pitch)
        self._lead = sum(p * step for p, step in zip(geometry.pad, self._steps, strict=True))
        self.run = math.prod(self._pitch if self._flat else grid)
        column_bytes = max(1, self.channels * self.taps * self.run * dtype.itemsize)
        parts = max(1, -(-windows.batch // max(1, BUDGET // column_bytes)))
        self.images = max(1, -(-windows.batch // parts))

    @property
    def size_in_memory(self) -> int:
        """Bytes that the matrix takes, and the padded images."""
        length = self.taps * self.images * self.run
        length += 0 if self._single else self._row_length
        return self.channels * length * self.dtype.itemsize

    def parts(self, batch: int) -> Iterator[slice]:
        """The images of a batch, in portions that fit."""
        return (slice(i, min(i + self.images, batch)) for i in range(0, batch, self.images))

    # ------------------------------------------------------------------ images and columns

    def gather(self, images: np.ndarray) -> np.ndarray:
        """The columns of images (m, channels, …): (group, channels/group · taps, windows)."""
        count = len(images)
        columns = self.blank(count)
        if self._single:
            pixels = self._pixels(images).swapaxes(0, 1)
            np.copyto(columns.reshape(pixels.shape), pixels)
            return columns
        self._inside(self._padded, count)[...] = images.swapaxes(0, 1)
        windows = self._windows(self._padded, count)
        np.copyto(columns.reshape(windows.shape), windows)
        return columns

    def scatter(self, columns: np.ndarray, images: np.ndarray, bias: np.ndarray | None) -> None:
        """Write into images (m, channels, …) what the columns add up to, plus a bias."""
        count = len(images)
        if self._single:
            pixels = columns.reshape(self.channels, count, *self.grid).swapaxes(0, 1)
            if self.grid != self.size:
                _write(np.zeros((), self.dtype), images, bias)
            _write(pixels, self._pixels(images), bias)
            return
        self._sums[...] = 0
        windows = self._windows(self._sums, count)
        taps = columns.reshape(windows.shape)
        for tap in np.ndindex(self.geometry.kernel):
            at = (slice(None), *tap)
            windows[at] += taps[at]
        _write(self._inside(self._sums, count).swapaxes(0, 1), images, bias)

    def blank(self, count: int) -> np.ndarray:
        """Scratch for the columns of ``count`` images (the same memory that gather uses)."""
        rows = self.channels // self.group * self.taps
        return self._matrix[:, : count * self.run].reshape(self.group, rows, count * self.run)

    # ------------------------------------------------------------------ what lies on the grid

    def spread(self, values: np.ndarray) -> np.ndarray:
        """Values (m, outputs, …grid) as (group, outputs/group, windows)."""
        count = len(values)
        rows = self._spread[:, : count * self.run]
        self._on_grid(rows, count)[...] = values.swapaxes(0, 1)
        return rows.reshape(self.group, self.outputs // self.group, count * self.run)

    def multiply(self, weights: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """Weights (group, outputs/group, channels/group · taps) times columns."""
        rows = self._product[:, : columns.shape[-1]]
        out = rows.reshape(self.group, self.outputs // self.group, columns.shape[-1])
        return np.matmul(weights, columns, out=out)

    def multiply_transposed(self, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """Rows (group, outputs/group, windows) times columns turned on their side."""
        return np.matmul(rows, columns.swapaxes(1, 2), out=self._gradient)

    def collect(self, rows: np.ndarray, values: np.ndarray, bias: np.ndarray | None) -> None:
        """Write rows (group, outputs/group, windows), plus a bias, into (m, outputs, …grid)."""
        _write(self._on_grid(rows, len(values)).swapaxes(0, 1), values, bias)

    # ------------------------------------------------------------------ views and memory

    def _windows(self, padded: np.ndarray, count: int) -> np.ndarray:
        """(channels, …kernel, windows): for each tap, what each window has there."""
        item = self.dtype.itemsize
        taps = [d * s for d, s in zip(self.geometry.dilation, self._steps, strict=True)]
        if self._flat:
            shape, steps = [count * self._image], [1]
        else:
            shape = [count, *self.grid]
            strides = zip(self.geometry.stride, self._steps, strict=True)
            steps = [self._image, *(s * step for s, step in strides)]
        return as_strided(
            padded,
            (self.channels, *self.geometry.kernel, *shape),
            (padded.strides[0], *(n * item for n in (*taps, *steps))),
        )

    def _pixels(self, images: np.ndarray) -> np.ndarray:
        """Of images (m, channels, …), those pixels that are windows of their own."""
        index: tuple[EllipsisType | slice, ...] = (
            ...,
            *(slice(None, None, step) for step in self.geometry.stride),
        )
        return images[index]

    def _inside(self, padded: np.ndarray, count: int) -> np.ndarray:
        """The images themselves, without padding: (channels, m, …size)."""
        images = padded[:, self._lead : self._lead + count * self._image]
        images = images.reshape(self.channels, count, *self._pitch)
        return _corner(images, self.size)

    def _on_grid(self, rows: np.ndarray, count: int) -> np.ndarray:
        """The columns that mean something: (outputs, m, …grid)."""
        run = self._pitch if self._flat else self.grid
        values = rows.reshape(self.outputs, count, *run)
        return _corner(values, self.grid)

    @property
    def _row_length(self) -> int:
        """The pixels of all images of a part, and of whatever their windows reach beyond."""
        reach = sum(
            (e - 1 + (0 if self._flat else (g - 1) * s)) * step
            for e, g, s, step in zip(
                self.geometry.extent, self.grid, self.geometry.stride, self._steps, strict=True
            )
        )
        images = self.images if self._flat else self.images - 1
        return max(self._lead + self.images * self._image, images * self._image + reach + 1)

    def _row_of_images(self) -> np.ndarray:
        return np.zeros((self.channels, self._row_length), self.dtype)

    @functools.cached_property
    def _padded(self) -> np.ndarray:  # its padding is never written and stays 0
        return self._row_of_images()

    @functools.cached_property
    def _sums(self) -> np.ndarray:
        return self._row_of_images()

    @functools.cached_property
    def _matrix(self) -> np.ndarray:
        return np.empty((self.channels * self.taps, self.images * self.run), self.dtype)

    @functools.cached_property
    def _product(self) -> np.ndarray:
        return np.empty((self.outputs, self.images * self.run), self.dtype)

    @functools.cached_property
    def _gradient(self) -> np.ndarray:  # of the weights
        sides = (self.group, self.outputs // self.group, self.channels // self.group * self.taps)
        return np.empty(sides, self.dtype)

    @functools.cached_property
    def _spread(self) -> np.ndarray:  # zeros stay where the grid has no window
        return np.zeros((self.outputs, self.images * self.run), self.dtype)


def _corner(array: np.ndarray, lengths: Lengths) -> np.ndarray:
    """The first elements, of these lengths, along each of the last axes."""
    index: tuple[EllipsisType | slice, ...] = (..., *map(slice, lengths))
    return array[index]


def _write(values: np.ndarray, out: np.ndarray, bias: np.ndarray | None) -> None:
    if bias is None:
        out[...] = values
    else:
        np.add(values, bias.reshape(-1, *[1] * (out.ndim - 2)), out=out)


def transposed_product(weights: np.ndarray, rows: np.ndarray, out: np.ndarray) -> np.ndarray:
    """Wᵀ · rows for each group.

    Args:
        weights: (group, outputs/group, channels/group · taps).
        rows: (group, outputs/group, windows).
        out: (group, channels/group · taps, windows), overwritten and returned.
    """
    if weights.shape[1] == 1:  # depthwise: an outer product, which matmul does slowly
        return np.multiply(weights.swapaxes(1, 2), rows, out=out)
    return np.matmul(weights.swapaxes(1, 2), rows, out=out)
