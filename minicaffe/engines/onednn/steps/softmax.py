"""Softmax, and the loss that begins with it."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np

from minicaffe.engines.onednn import dnnl
from minicaffe.engines.onednn.builder import Builder, Unsupported
from minicaffe.engines.onednn.primitive import (
    Memory,
    MemoryDesc,
    PrimitiveDesc,
    plain,
    reorder,
    row_major,
)
from minicaffe.engines.onednn.steps import Step, step_for

#: Below this many values numpy's softmax takes no longer than a primitive and what is around it.
FEW = 1 << 12


def axis_last(shape: Sequence[int], axis: int) -> MemoryDesc:
    """The layout in which the values along an axis lie side by side: oneDNN has fast code for
    that alone."""
    order = [*(index for index in range(len(shape)) if index != axis), axis]
    strides = [0] * len(shape)
    for index, stride in zip(order, row_major([shape[i] for i in order]), strict=True):
        strides[index] = stride
    return MemoryDesc(shape, strides=strides)


class NotNumbers:
    """What the primitive makes of values that are no numbers, made right.

    Where one of the values along the axis is none, or is infinite, or all are minus infinity,
    none of the probabilities is a number; the primitive makes most of them 0.

    Args:
        source: the values, those along the axis side by side.
        length: how many those are.
    """

    def __init__(self, source: Memory, length: int) -> None:
        self._source, self._length = source, length
        self._spoilt: np.ndarray | None = None

    def look(self) -> None:
        """Before the primitive, which may overwrite the values."""
        values = self._source.floats
        self._spoilt = None
        if np.isfinite(np.dot(values, values)):  # one pass, and most often that is all
            return
        rows = values.reshape(-1, self._length)
        largest = rows.max(axis=1)  # not a number if one of them is none
        self._spoilt = ~np.isfinite(largest)

    def spoil(self, target: Memory) -> None:
        """After the primitive."""
        if self._spoilt is not None:
            target.floats.reshape(-1, self._length)[self._spoilt] = np.nan


@step_for("Softmax")
class Softmax(Step):
    """Probabilities along one axis."""

    def forward(self, builder: Builder) -> None:
        self.axis = self.bottom.axis(self.layer.param.softmax_param.axis)
        desc = axis_last(self.bottom.shape, self.axis)
        source = builder.source(self.bottom, desc)
        self.forward_pd = PrimitiveDesc(
            "softmax_forward", builder.propagation, dnnl.SOFTMAX, desc, desc, self.axis
        )
        self.result = builder.result(self.top, desc)
        not_numbers = NotNumbers(source, self.bottom.shape[self.axis])
        builder.then(not_numbers.look)
        builder.run(self.forward_pd, {dnnl.SRC: source, dnnl.DST: self.result})
        builder.then(functools.partial(not_numbers.spoil, self.result))

    def backward(self, builder: Builder) -> None:
        if not self.node.propagate_down[0]:
            return
        desc = self.result.desc
        pd = PrimitiveDesc(
            "softmax_backward", dnnl.SOFTMAX, desc, desc, desc, self.axis, self.forward_pd
        )
        gradient = builder.gradient_source(self.top, desc)
        target = builder.gradient_result(self.bottom, desc)
        builder.run(pd, {dnnl.DST: self.result, dnnl.DIFF_DST: gradient, dnnl.DIFF_SRC: target})


@step_for("SoftmaxWithLoss")
class SoftmaxWithLoss(Step):
    """Probabilities by oneDNN; loss and gradient, which look at one label each, by the layer."""

    def forward(self, builder: Builder) -> None:
        """One softmax primitive, brought into the layer's own probabilities."""
        scores, labels = self.node.bottoms[:2]
        if self.node.kept_bottoms or self.node.kept_tops:
            raise Unsupported("a later layer overwrites its bottom or its probabilities")
        if scores.count < FEW:
            raise Unsupported(f"for fewer than {FEW} scores numpy is as fast")
        axis = scores.axis(self.layer.class_axis)
        desc = axis_last(scores.shape, axis)
        pd = PrimitiveDesc(
            "softmax_forward", dnnl.FORWARD_INFERENCE, dnnl.SOFTMAX, desc, desc, axis
        )
        source, computed = builder.source(scores, desc), builder.own(desc)
        not_numbers = NotNumbers(source, scores.shape[axis])
        builder.then(not_numbers.look)
        builder.run(pd, {dnnl.SRC: source, dnnl.DST: computed})
        builder.then(functools.partial(not_numbers.spoil, computed))
        shown = self.layer.probabilities.data_memory.raw
        builder.then(reorder(computed, plain(shown, scores.shape)))
        builder.read_by_numpy([labels])
        builder.then(self._loss)
        builder.written_by_numpy(self.node.tops)

    def _loss(self) -> None:
        with self.node.located():
            self.layer.forward_from_probabilities(self.node.bottoms, self.node.tops)

    def backward(self, builder: Builder) -> None:
        """The layer's own gradient."""
        builder.backward_by_numpy(self.node)
