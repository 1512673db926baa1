"""Scale: factors that repeat along some axes, with an offset if wanted."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from minicaffe.blob import Blob, shape_text
from minicaffe.errors import GraphError, MinicaffeError, ShapeError
from minicaffe.layer import Blobs, Layer, register
from minicaffe.layers.channels import ChannelPasses, channel_sum, fold
from minicaffe.proto import caffe_pb2

logger = logging.getLogger("minicaffe")


_ONES = caffe_pb2.FillerParameter(type="constant", value=1)


class Broadcast(Layer):
    """A bottom combined with a smaller operand, whose shape is some of the bottom's axes.

    The operand is the second bottom or, without one, the first parameter blob. It covers
    ``num_axes`` axes from ``axis`` on (-1: all that follow; 0: a single number) and repeats
    along the others. With two bottoms its own shape says how many axes it covers.
    """

    keeps_coordinates = True
    min_bottoms = 1
    max_bottoms = 2
    exact_tops = 1

    #: What messages call the operand.
    word = ""
    _axis = 0
    _axes = 0

    @property
    def settings(self) -> caffe_pb2.ScaleParameter | caffe_pb2.BiasParameter:
        """The layer's own message."""
        raise NotImplementedError

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        axes = self.settings.num_axes
        if axes < -1 and len(self.param.bottom) < 2:
            yield GraphError(
                f"num_axes is {axes}, expected -1 (to the last axis), 0 (one number) or more"
            )

    def operand(self, bottom: Blobs) -> Blob:
        """The second bottom, or the parameter in its place."""
        return bottom[1] if len(bottom) > 1 else self.blobs[0]

    def operand_shape(self, bottom: Blob) -> tuple[int, ...]:
        """The shape of a learned operand, from ``axis`` and ``num_axes``.

        Raises:
            ShapeError: the bottom has no such axes.
        """
        param = self.settings
        axis = bottom.axis(param.axis)
        if param.num_axes == -1:
            return bottom.shape[axis:]
        if axis + param.num_axes > len(bottom.shape):
            raise ShapeError(
                f"axis {axis} and num_axes {param.num_axes} reach beyond the bottom's shape "
                f"{shape_text(bottom.shape)}"
            )
        return bottom.shape[axis : axis + param.num_axes]

    def match(self, bottom: Blob, operand: Blob, axis: int) -> None:
        """Remember which axes the operand covers.

        Raises:
            ShapeError: its shape is not that of the bottom's axes.
        """
        self._axis = bottom.axis(axis) if operand.shape else 0
        self._axes = len(operand.shape)
        covered = bottom.shape[self._axis : self._axis + self._axes]
        if covered != operand.shape:
            raise ShapeError(
                f"the {self.word} has shape {shape_text(operand.shape)}, but the bottom has "
                f"{shape_text(covered)} from axis {self._axis} on (shape "
                f"{shape_text(bottom.shape)})"
            )

    def require_channels(self, bottom: Blob, axis: int) -> None:
        """Refuse an operand that has not one value for each channel.

        Raises:
            GraphError: it has others.
        """
        learned = len(self.blobs) > 0 and self.blobs[0].shape == bottom.shape[1:2]
        if not learned or bottom.axis(axis) != 1:
            raise GraphError("it has other values than one for each channel")

    def fold(self, array: np.ndarray) -> np.ndarray:
        """The array as (outer, operand, inner)."""
        return fold(array, self._axis, self._axes)

    def folded(self, shape: tuple[int, ...]) -> tuple[int, int, int]:
        """The lengths (outer, operand, inner) of an array of this shape."""
        end = self._axis + self._axes
        return (
            math.prod(shape[: self._axis]),
            math.prod(shape[self._axis : end]),
            math.prod(shape[end:]),
        )


@register("Scale")
class Scale(Broadcast):
    """y = x · scale, or y = x · scale + bias: after BatchNorm, its gamma and beta.

    The factors and offsets repeat along the axes that they do not cover.

    Shapes: bottom x of any shape; the scale has the shape of ``num_axes`` of its axes from ``axis``
    on, and the bias that of the scale. blobs[0] is the scale, filled by ``filler`` (1 without one),
    then with ``bias_term`` comes the bias, filled by ``bias_filler`` (0 without one). A second
    bottom is the scale instead, and the bias the only blob. Top y like x, also in place.

    Settings: ``scale_param``: axis (1) and num_axes (1: one factor a channel; -1: to the last axis;
    0: a single number), which only a learned scale asks for; bias_term (false).

    Gradients: dx = dy · scale; dscale = Σ dy · x and dbias = Σ dy over the axes that they do not
    cover. Caffe's rule, kept: the diff of a learned scale is *overwritten* instead of added to
    where :attr:`overwrites` says so; a warning tells when a gradient was lost by that.

    Raises:
        ShapeError: the axes do not exist, or the second bottom's shape does not match.
        GraphError: ``num_axes`` below -1; an unknown filler.

    Source: scale_layer.cpp (BVLC/caffe).
    """

    word = "scale"
    passes = ChannelPasses()

    @property
    def settings(self) -> caffe_pb2.ScaleParameter:
        return self.param.scale_param

    def channel_affine(self, bottom: Blob) -> tuple[np.ndarray, np.ndarray]:
        """The scale and the bias (zeros without one), (C,) each.

        Raises:
            GraphError: the scale is a bottom, or has other values than one for each channel.
        """
        self.require_channels(bottom, self.settings.axis)
        factor, *bias = (blob.data.astype(np.float64) for blob in self.blobs)
        return factor, bias[0] if bias else np.zeros_like(factor)

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        param = self.param.scale_param
        shape = bottom[1].shape if len(bottom) > 1 else self.operand_shape(bottom[0])
        if len(bottom) == 1:
            self.add_param(shape, param.filler if param.HasField("filler") else _ONES)
        if param.bias_term:
            self.add_param(shape, param.bias_filler)
        self._warned = False
        self._kept = Blob(dtype=self.dtype)  # the bottom's data, while running in place
        kept = bottom[0] is top[0] and len(bottom) == 1
        self.backward_reads = () if kept else ("bottoms",)

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        self.match(bottom[0], self.operand(bottom), self.param.scale_param.axis)
        bias = self.bias
        if bias is not None and bias.shape != self.operand(bottom).shape:
            raise ShapeError(
                f"the scale has shape {shape_text(self.operand(bottom).shape)}, but the bias was "
                f"made with {shape_text(bias.shape)}"
            )
        top[0].reshape_like(bottom[0])
        if bottom[0] is top[0]:
            self._kept.reshape_like(bottom[0])

    @property
    def bias(self) -> Blob | None:
        """The learned offset, if there is one."""
        return self.blobs[-1] if self.param.scale_param.bias_term else None

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        x, y = self.fold(bottom[0].data), self.fold(top[0].data)
        kept = self.fold(self._kept.data) if bottom[0] is top[0] else None
        bias = None if self.bias is None else self.bias.data.reshape(-1)
        self.passes.scale(x, y, self.operand(bottom).data.reshape(-1), bias, kept)

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        dy, last = self.fold(top[0].diff), len(self.blobs) - 1
        shifts = self.bias is not None and self.wants_gradient(last)
        scale = self.operand(bottom)
        learned = len(bottom) == 1
        if self.wants_gradient(0) if learned else propagate_down[1]:
            x = self._kept.data if bottom[0] is top[0] else bottom[0].data
            total, gradient = self.passes.products(dy, self.fold(x))
            gradient = gradient.reshape(scale.shape)
            if learned:
                self.add_gradient(gradient, dy.shape)
            else:
                scale.diff[...] = gradient
            if shifts:
                self.accumulate(last, total)
        elif shifts:
            self.accumulate(last, channel_sum(dy))
        if propagate_down[0]:
            self.passes.scale(dy, self.fold(bottom[0].diff), scale.data.reshape(-1))

    def add_gradient(self, gradient: np.ndarray, folded: tuple[int, ...]) -> None:
        """Take in the learned scale's gradient as Caffe does.

        Args:
            gradient: dscale, of the scale's shape.
            folded: the bottom's (outer, scale, inner) lengths.
        """
        if self.replaces_gradient(folded, lambda: bool(self.blobs[0].diff.any())):
            self.blobs[0].diff[...] = gradient
        else:
            self.accumulate(0, gradient)

    def replaces_gradient(self, folded: tuple[int, ...], has_gradient: Callable[[], bool]) -> bool:
        """Whether the learned scale's gradient is to replace its diff; warns of what is lost.

        Args:
            folded: the bottom's (outer, scale, inner) lengths.
            has_gradient: whether the diff holds anything.
        """
        if not self.overwrites(folded):
            return False
        if not self._warned and has_gradient():
            self._warned = True
            logger.warning(
                "layer '%s' (Scale): an earlier gradient of its scale was overwritten, not added "
                "to, as in Caffe when the batch is 1 or the scale has as many elements as the "
                "bottom; iter_size above 1 and shared weights need another batch or axis",
                self.param.name,
            )
        return True

    @staticmethod
    def overwrites(folded: tuple[int, ...]) -> bool:
        """Whether Caffe overwrites the scale's diff.

        It does when nothing is summed (as many scales as bottom elements), and when there
        is only one outer index (a batch of one), unless the scale is a single number.
        """
        outer, dim, inner = folded
        return outer == 1 and (inner == 1 or dim > 1)
