"""Interp: images resized with aligned corners."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from minicaffe.blob import shape_text
from minicaffe.errors import GraphError, MinicaffeError, ShapeError
from minicaffe.layer import Blobs, Layer, register
from minicaffe.layers.images import require_images
from minicaffe.proto import caffe_pb2

Pair = tuple[int, int]


@register("Interp")
class Interp(Layer):
    """Resizes images; the corners of bottom and top lie on each other.

    Row i of the top lies at r = i · (H - 1) / (H' - 1) of the bottom (at 0 for H' = 1), columns
    alike, and its value is the bilinear one of the four pixels around. With ``mode: NEAREST`` it
    is the nearest pixel's, the later one's half-way. r is a float32, as in Caffe.

    The size H'×W' is, by the first rule that applies: that of bottom 1; H' = (H - 1) / s + 1,
    rounded down, with ``shrink_factor`` s alone; H' = H + (H - 1) · (z - 1) with ``zoom_factor`` z
    alone; ``height`` and ``width``; the rule of s, then that of z, with both factors. A factor of
    1 counts as given. Before all that ``pad_beg`` and ``pad_end``, which are not above 0, cut rows
    and columns off.

    jolibrain's Caffe leaves all channels but the first one unset with NEAREST on a CPU; here every
    channel is resized.

    Shapes: bottom 0 (N, C, H, W); bottom 1, optional, with four axes, of which only height and
    width count; top (N, C, H', W').

    Settings: ``interp_param``: height (0), width (0), zoom_factor (1), shrink_factor (1),
    pad_beg (0), pad_end (0); mode, LINEAR or NEAREST; use_blob_size, which a second bottom implies.

    Gradients: each dy goes to the pixels that its value came from, with their weights; none for
    bottom 1.

    Raises:
        GraphError: the settings give no size; a factor is below 1, a pad above 0; use_blob_size
            without a second bottom.
        ShapeError: there are not four axes; nothing is left of the bottom or the top.

    Source: interp_layer.cpp (hszhao/PSPNet); with mode jolibrain/caffe, with a second bottom
    soeaver/caffe-model. Chen et al., "Semantic image segmentation with deep convolutional nets and
    fully connected CRFs", 2014 (arXiv:1412.7062).

    Attributes:
        aligned: how each axis is resized, an :class:`AlignedAxis` for rows and one for columns.
    """

    in_place = False
    size_bottoms = frozenset({1})
    min_bottoms = 1
    max_bottoms = 2
    exact_tops = 1
    backward_reads = ()

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        param = self.param.interp_param
        for field in ("pad_beg", "pad_end"):
            if getattr(param, field) > 0:
                yield GraphError(
                    f"{field} is {getattr(param, field)}, expected at most 0: it cuts; a Crop, or "
                    "a Convolution with pad, is for other sizes"
                )
        if len(self.param.bottom) > 1:
            return
        if param.use_blob_size:
            yield GraphError("use_blob_size needs a second bottom, which has the size")
            return
        given = [name for name in ("shrink_factor", "zoom_factor") if param.HasField(name)]
        if not given and not (param.HasField("height") and param.HasField("width")):
            yield GraphError(
                "no size is given; write height and width, zoom_factor or shrink_factor, or add a "
                "second bottom that has the size"
            )
        for name in given:
            if getattr(param, name) < 1:
                yield GraphError(f"{name} is {getattr(param, name)}, expected at least 1")

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        require_images(bottom[0])
        param, shape = self.param.interp_param, bottom[0].shape
        margin = param.pad_beg + param.pad_end
        size = (shape[2] + margin, shape[3] + margin)
        if min(size) < 1:
            raise ShapeError(
                f"nothing is left of {shape_text(shape[2:])} pixels when pad_beg and pad_end have "
                f"cut {-margin} rows and columns"
            )
        if len(bottom) > 1:
            require_images(bottom[1], "bottom 1")
            wanted = (bottom[1].shape[2], bottom[1].shape[3])
        else:
            wanted = (_length(param, size[0], 0), _length(param, size[1], 1))
        if min(wanted) < 1:
            raise ShapeError(f"a size of {shape_text(wanted)} is asked for, expected at least 1×1")
        self.limits.check(64 * sum(wanted), "what it makes of its size")
        nearest = param.mode == caffe_pb2.InterpParameter.NEAREST
        self.aligned = (
            AlignedAxis.of(size[0], wanted[0], nearest=nearest),
            AlignedAxis.of(size[1], wanted[1], nearest=nearest),
        )
        start, every = -param.pad_beg, slice(None)
        self._kept = (every, every, slice(start, start + size[0]), slice(start, start + size[1]))
        top[0].reshape(*shape[:2], *wanted)

    def resize(self, x: np.ndarray, y: np.ndarray) -> None:
        """Write images x, whose axes 2 and 3 are rows and columns, in the new size into y."""
        rows, columns = self.aligned
        np.copyto(y, rows.resize(columns.resize(x[self._kept], 3), 2))

    def give_back(self, dy: np.ndarray, dx: np.ndarray) -> None:
        """Write the gradient of x, of that of y, into dx."""
        rows, columns = self.aligned
        dx[...] = 0
        np.copyto(dx[self._kept], columns.give_back(rows.give_back(dy, 2), 3))

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        self.resize(bottom[0].data, top[0].data)

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        if propagate_down[0]:
            self.give_back(top[0].diff, bottom[0].diff)


@dataclass(frozen=True)
class AlignedAxis:
    """How the values along one axis are made of those before: of two each, with weights.

    Attributes:
        size: how many values there were.
        first: for each new value the index of the first one that it is made of.
        second: the index of the other one.
        weight: the other one's weight, float32; the first one has what is left of 1.
    """

    size: int
    first: np.ndarray
    second: np.ndarray
    weight: np.ndarray

    @classmethod
    def of(cls, size: int, wanted: int, *, nearest: bool) -> AlignedAxis:
        """Both ends of ``size`` values on those of ``wanted`` ones."""
        ratio = np.float32(size - 1) / np.float32(wanted - 1) if wanted > 1 else np.float32(0)
        place = ratio * np.arange(wanted, dtype=np.float32)
        first = np.minimum(place.astype(np.intp), size - 1)
        weight = place - first.astype(np.float32)
        if nearest:
            weight = (weight >= 0.5).astype(np.float32)
        return cls(size, first, np.minimum(first + 1, size - 1), weight)

    @property
    def unchanged(self) -> bool:
        """Whether every value is where it was."""
        return len(self.first) == self.size

    def resize(self, values: np.ndarray, axis: int) -> np.ndarray:
        """The new values along an axis."""
        if self.unchanged:
            return values
        weight = self._weight(values, axis)
        result = np.take(values, self.first, axis) * (1 - weight)
        result += np.take(values, self.second, axis) * weight
        return result

    def give_back(self, diff: np.ndarray, axis: int) -> np.ndarray:
        """The gradient of the values that were, of that of the new ones."""
        if self.unchanged:
            return diff
        weight = self._weight(diff, axis)
        shape = (*diff.shape[:axis], self.size, *diff.shape[axis + 1 :])
        result = np.zeros(shape, diff.dtype)
        for index, share in ((self.first, 1 - weight), (self.second, weight)):
            starts = np.flatnonzero(np.diff(index, prepend=-1))  # index never falls
            place = (slice(None),) * axis + (index[starts],)
            result[place] += np.add.reduceat(diff * share, starts, axis)
        return result

    def _weight(self, values: np.ndarray, axis: int) -> np.ndarray:
        shape = [1] * values.ndim
        shape[axis] = -1
        return self.weight.astype(values.dtype).reshape(shape)


def _length(param: caffe_pb2.InterpParameter, size: int, axis: int) -> int:
    """How long an axis (0: height, 1: width) of a length becomes."""
    factors = param.HasField("shrink_factor") + param.HasField("zoom_factor")
    if factors != 1 and param.HasField("height") and param.HasField("width"):
        return param.width if axis else param.height
    size = (size - 1) // param.shrink_factor + 1
    return size + (size - 1) * (param.zoom_factor - 1)
