"""Sums over the values of each channel, in whatever layout they lie.

oneDNN's own sums are in single precision, one value after the other: with 401 thousand values a
channel the variance is 1.3e-4 off, with 16.8 million 2.8e-2, depending on the number of threads.
These are :mod:`minicaffe.layers.sums`'s, by kernels that are generated at run time where there are
some.
"""

from __future__ import annotations

import functools
import math

import numpy as np

from minicaffe.engines.jit.batch_statistics import BatchStatistics
from minicaffe.engines.jit.normalization import Normalization
from minicaffe.engines.jit.sums import ChannelSums, has_kernels
from minicaffe.engines.onednn import dnnl
from minicaffe.engines.onednn.dnnl import Failed, library
from minicaffe.engines.onednn.primitive import Memory, MemoryDesc


@functools.cache
def channel_sums() -> ChannelSums:
    """Sums over channels: by kernels, or numpy's."""
    return ChannelSums(library().team)


def summable(desc: MemoryDesc) -> bool:
    """Whether the functions here know the layout."""
    return desc.block is not None


def known_layout(desc: MemoryDesc) -> MemoryDesc:
    """The layout itself if the functions here know it, or else row-major."""
    return desc if summable(desc) else MemoryDesc(desc.shape, desc.dtype)


def items_of(memory: Memory) -> np.ndarray:
    """The values, float32, as (items, blocks, rows, lanes): channels are on axes 1 and 3."""
    rows = rows_of(memory)
    return rows.reshape(memory.desc.shape[0], rows.shape[1], -1, rows.shape[3])


def images_of(memory: Memory) -> np.ndarray:
    """The values, float32, with rows on axis 2 and columns on axis 3: channels are on axis 1, and
    on axis 4 where a pixel has several side by side."""
    items, channels, *size = memory.desc.shape
    rows = rows_of(memory)
    if memory.desc.block == 0:
        return rows.reshape(items, 1, *size, channels)
    if memory.desc.block == 1:
        return rows.reshape(items, channels, *size)
    return rows.reshape(*rows.shape[:2], *size, rows.shape[3])


def channel_moments(memory: Memory) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance of each channel, as float64 (C)."""
    channels = memory.desc.shape[1]
    mean, variance = channel_sums().moments(rows_of(memory))
    return mean[:channels], variance[:channels]


def channel_total(memory: Memory) -> np.ndarray:
    """Σ y of each channel, as float64 (C)."""
    return channel_sums().total(rows_of(memory))[: memory.desc.shape[1]]


def channel_products(
    left: Memory, right: Memory, about: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Σ left, and Σ left · (right - about), of each channel, as float64 (C).

    Args:
        left, right: of one layout.
        about: (C).
    """
    rows = rows_of(left)
    channels = left.desc.shape[1]
    filled = np.zeros(rows.shape[1] * rows.shape[3], np.float32)
    filled[:channels] = about
    first, second = channel_sums().products(rows, rows_of(right), filled)
    return first[:channels], second[:channels]


def slope_gradient(gradient: Memory, values: Memory) -> np.ndarray:
    """Σ dy · min(x, 0) of each channel, as float64 (C)."""
    _, second = channel_sums().products(rows_of(gradient), rows_of(values), below_zero=True)
    return second[: values.desc.shape[1]]


def spoil(memory: Memory, channels: np.ndarray) -> None:
    """Make all values of some channels "not a number".

    Args:
        channels: which of them, bool (C).
    """
    rows = rows_of(memory)
    not_a_number = 0x7FC0 if rows.dtype == np.uint16 else np.nan
    for channel in np.flatnonzero(channels):
        rows[:, channel // rows.shape[3], :, channel % rows.shape[3]] = not_a_number


def rows_shape(desc: MemoryDesc) -> tuple[int, int, int, int]:
    """The values as (items, blocks, rows, lanes), as :mod:`minicaffe.layers.sums` sees them."""
    items, channels, *rest = desc.shape
    places, block = math.prod(rest), desc.block
    if block is None:
        raise Failed(f"channels of shape {desc.shape} in a layout that is not known here")
    if block == 0:
        return 1, 1, items * places, channels
    if block == 1 and places == 1:
        return 1, 1, items, channels
    return items, -(-channels // block), places, block


def rows_of(memory: Memory) -> np.ndarray:
    """The values in the shape that :func:`rows_shape` says."""
    shape = rows_shape(memory.desc)
    return memory.elements[: math.prod(shape)].reshape(shape)


def normalization(desc: MemoryDesc, eps: float, *, relu: bool) -> Normalization | None:
    """Kernels that normalise values of a layout by statistics of the batch, where there are some.

    Args:
        desc: the layout.
        eps: added to the variance.
        relu: a ReLU follows.
    """
    threads = library().team
    if threads is None or desc.dtype != dnnl.F32 or not summable(desc):
        return None
    shape = rows_shape(desc)
    if not has_kernels(shape, threads.target):
        return None
    return Normalization(BatchStatistics(threads, shape, desc.shape[1], eps), relu=relu)
