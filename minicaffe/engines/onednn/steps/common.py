"""InnerProduct and Dropout."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from minicaffe.engines.onednn import dnnl
from minicaffe.engines.onednn.builder import Builder, Unsupported
from minicaffe.engines.onednn.fusion import PostOps, backward_of_relu, can_fuse
from minicaffe.engines.onednn.primitive import (
    Attributes,
    Memory,
    MemoryDesc,
    PrimitiveDesc,
    reorder,
    row_major,
)
from minicaffe.engines.onednn.steps import Step, step_for
from minicaffe.engines.onednn.steps.convolution import WeightedPrimitive
from minicaffe.engines.onednn.steps.utility import combine
from minicaffe.proto import caffe_pb2

if TYPE_CHECKING:
    from minicaffe.net.node import Node


class InnerProductPrimitive(WeightedPrimitive):
    """All features of every item through the weights.

    The top is small and often what a loss reads: it stays float32.

    In training the weights are used where they lie (``plain``): to bring as many weights into
    another layout, as often as they change, and their gradients back costs more than the faster
    primitives save. The forward is a matrix product then, for which oneDNN has good code
    in this layout too. (9216×4096, batch 64: 76 ms an iteration instead of 150, one core.) In
    bfloat16 they are converted, which is quick as long as the layout stays. (46 ms, not 130.)
    """

    kind = "inner_product"
    exact_top = True

    def _run(
        self, builder: Builder, memories: dict[int, Memory], attributes: Attributes | None
    ) -> None:
        if not self.plain_weights:
            super()._run(builder, memories, attributes)
            return
        (rows, length), (_, outputs) = self.source_shape, self.top_shape
        dtype = memories[dnnl.WEIGHTS].desc.dtype
        in_place = dtype == dnnl.F32 and self.step.layer.transpose
        order = [outputs, 1] if in_place else [1, length]
        weights = MemoryDesc((length, outputs), dtype, strides=order)
        memories[dnnl.WEIGHTS] = memories[dnnl.WEIGHTS].seen_as(weights)
        bias = MemoryDesc((1, outputs)) if dnnl.BIAS in memories else None
        if bias is not None:
            memories[dnnl.BIAS] = memories[dnnl.BIAS].seen_as(bias)
        operands = (MemoryDesc((rows, length), dtype), weights, bias, MemoryDesc((rows, outputs)))
        builder.run(PrimitiveDesc("matmul", *operands, attributes=attributes), memories)


@step_for("InnerProduct")
class InnerProduct(Step):
    """top = bottom · Wᵀ + b, and what follows."""

    @classmethod
    def can_fuse(cls, nodes: Sequence[Node], following: Node, training: bool) -> bool:
        """What a weighted layer's primitive can do besides, but for sums."""
        matrix = nodes[0].tops[0].num_axes == 2
        return can_fuse(nodes, following, training=training, sums=False) and (training or matrix)

    def forward(self, builder: Builder) -> None:
        """One pass; without weights in place, a bottom of items with up to three axes is taken in
        the layout it has."""
        bottom, top, axis = self.node.bottoms[0], self.nodes[-1].tops[0], self.layer.axis
        source, target = bottom.shape, top.shape
        plain = builder.training
        if plain or axis != 1 or len(source) > 5:
            rows = math.prod(source[:axis])
            source, target = (rows, self.layer.length), (rows, self.layer.num_output)
        shape = (self.layer.num_output, *source[1:])
        strides = row_major(shape)
        if self.layer.transpose:
            strides = [1, *(n * shape[0] for n in row_major(shape[1:]))]
        self.only = InnerProductPrimitive(
            self, bottom, top, MemoryDesc(shape, strides=strides),
            source_shape=source, top_shape=target, plain=plain,
        )  # fmt: skip
        self.only.forward(builder, PostOps(self.nodes))

    def backward_of(self, builder: Builder, node: Node) -> None:
        """The gradients of weights, biases and bottom; or the ReLU's."""
        if node is self.node:
            self.only.backward(builder, node.propagate_down[0])
        else:
            backward_of_relu(builder, node, self.only.result)


@step_for("Dropout")
class Dropout(Step):
    """TRAIN: times a random mask; TEST: the top's values are the bottom's."""

    def forward(self, builder: Builder) -> None:
        """Draw the mask as the layer itself would, and multiply."""
        if not self.layer.identity_in_test:
            raise Unsupported("in phase TEST it does more than passing on")
        self.active = self.layer.phase == caffe_pb2.TRAIN
        if not self.active:
            if not self.in_place:
                source = builder.source(self.bottom)
                builder.then(reorder(source, builder.result(self.top, source.desc)))
            return
        source = self.read(builder, needed=False)
        self.drawn = Memory(MemoryDesc(self.bottom.shape))
        builder.once(self._draw)
        builder.then(self._show)
        self.mask = self.drawn
        if source.desc != self.drawn.desc:
            self.mask = Memory(source.desc)
            builder.then(reorder(self.drawn, self.mask))
        target = self.write(builder, source.desc)
        combine(builder, dnnl.BINARY_MUL, source, self.mask, target, self._scaled())

    def _draw(self) -> None:
        self.layer.mask = self.layer.draw(self.node.bottoms[0].shape)

    def _show(self) -> None:
        np.copyto(self.drawn.floats, self.layer.mask.reshape(-1))

    def _scaled(self) -> Attributes:
        """What multiplies a product by the scale (which bfloat16 would round)."""
        return Attributes().append_eltwise(dnnl.LINEAR, self.layer.scale)

    def backward(self, builder: Builder) -> None:
        """Multiply the gradient by the same mask."""
        if not self.node.propagate_down[0]:
            return
        if not self.active:
            if not self.in_place:
                builder.share_gradient(self.bottom, self.top)
            return
        gradient = builder.gradient_source(self.top, self.mask.desc)
        target = self.write_gradient(builder, self.mask.desc)
        combine(builder, dnnl.BINARY_MUL, gradient, self.mask, target, self._scaled())
