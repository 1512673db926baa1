"""Layers that put values elsewhere: Permute, Transpose, Reorg and the shuffles of channels.

Each is a reorder between two memories: the bottom's, seen with the layer's axes, and the top's,
seen with the same axes in another order.
"""

from __future__ import annotations

import ctypes
import math
from collections.abc import Sequence

from minicaffe.engines.onednn import dnnl
from minicaffe.engines.onednn.builder import Builder, Unsupported
from minicaffe.engines.onednn.primitive import Memory, MemoryDesc, PrimitiveDesc, reorder, row_major
from minicaffe.engines.onednn.steps import Step, step_for

#: The most axes that a memory has.
MOST_AXES = 12


def in_order(shape: Sequence[int], order: Sequence[int], dtype: int) -> MemoryDesc:
    """The layout in which axis ``order[k]`` is the k-th in memory."""
    strides = [0] * len(shape)
    for axis, stride in zip(order, row_major([shape[i] for i in order]), strict=True):
        strides[axis] = stride
    return MemoryDesc(shape, dtype, strides=strides)


@step_for("ChannelShuffle")
@step_for("Reorg")
@step_for("Transpose")
class Moved(Step):
    """The values of a :class:`~minicaffe.layers.moving.MovingLayer`."""

    def forward(self, builder: Builder) -> None:
        """One reorder. The bottom may have any layout where it is seen in its own shape."""
        bottom, top = self.bottom, self.top
        seen, order, dtype = self.layer.view, self.layer.order, builder.storage
        if len(seen) > MOST_AXES:
            raise Unsupported(f"{len(seen)} axes, not up to {MOST_AXES}")
        kept = seen == bottom.shape
        self.source_desc = builder.source(bottom).desc if kept else MemoryDesc(bottom.shape, dtype)
        self.before = self.source_desc if kept else MemoryDesc(seen, dtype)
        self.top_desc, self.after = MemoryDesc(top.shape, dtype), in_order(seen, order, dtype)
        self.move(builder)

    def move(self, builder: Builder) -> None:
        """Append the reorder between the memories as they are seen before and after."""
        source = builder.source(self.bottom, self.source_desc)
        target = builder.result(self.top, self.top_desc)
        builder.then(reorder(self._seen(source), target.seen_as(self.after)))

    def _seen(self, memory: Memory) -> Memory:
        """The bottom's values, or their gradient, as they are seen."""
        return memory if self.before is self.source_desc else memory.seen_as(self.before)

    def backward(self, builder: Builder) -> None:
        """The reorder the other way round."""
        if self.node.propagate_down[0]:
            gradient = builder.gradient_source(self.top, self.top_desc)
            target = builder.gradient_result(self.bottom, self.source_desc)
            builder.then(reorder(gradient.seen_as(self.after), self._seen(target)))


@step_for("Permute")
class Permute(Moved):
    """Nothing where the order is the old one: the layer shares the bottom's memory with its top."""

    @property
    def _shares(self) -> bool:
        return self.top.data_memory is self.bottom.data_memory

    def forward(self, builder: Builder) -> None:
        if not self._shares:
            super().forward(builder)

    def backward(self, builder: Builder) -> None:
        if not self._shares:
            super().backward(builder)


@step_for("ShuffleChannel")
class ShuffleChannel(Moved):
    """A channel of each group in turn, in the layout that the bottom has."""

    def forward(self, builder: Builder) -> None:
        """A primitive where channels are in blocks; otherwise a reorder."""
        desc = builder.source(self.bottom).desc
        items, group, length, *places = self.layer.view
        self.primitive: PrimitiveDesc | None = None
        if desc.block is None or desc.block == 1:
            super().forward(builder)
        elif desc.block == 0:
            pixels = (items * math.prod(places), group, length)
            self.source_desc = self.top_desc = desc
            self.before = MemoryDesc(pixels, desc.dtype)
            self.after = in_order(pixels, (0, 2, 1), desc.dtype)
            self.move(builder)
        else:
            self.source_desc, self.length = desc, ctypes.c_int64(length)
            args = (builder.propagation, desc, desc, 1, self.length)
            self.primitive = PrimitiveDesc("shuffle_forward", *args)
            source = builder.source(self.bottom, desc)
            target = builder.result(self.top, desc)
            builder.run(self.primitive, {dnnl.SRC: source, dnnl.DST: target})

    def backward(self, builder: Builder) -> None:
        """The primitive, or the reorder, the other way round."""
        if self.primitive is None:
            super().backward(builder)
        elif self.node.propagate_down[0]:
            desc = self.source_desc
            pd = PrimitiveDesc("shuffle_backward", desc, desc, 1, self.length, self.primitive)
            gradient = builder.gradient_source(self.top, desc)
            target = builder.gradient_result(self.bottom, desc)
            builder.run(pd, {dnnl.DIFF_DST: gradient, dnnl.DIFF_SRC: target})
