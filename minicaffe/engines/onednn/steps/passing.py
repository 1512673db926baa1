"""Layers that compute nothing, or next to nothing: Input, Silence, Flatten, Reshape, Dropout."""

from __future__ import annotations

import numpy as np

from minicaffe.engines.onednn import dnnl
from minicaffe.engines.onednn.builder import Builder
from minicaffe.engines.onednn.primitive import Attributes, Memory, MemoryDesc, reorder
from minicaffe.engines.onednn.steps import Step, step_for
from minicaffe.engines.onednn.steps.joining import combine
from minicaffe.proto import caffe_pb2


@step_for("Input")
class Input(Step):
    """Its tops are filled by the caller."""

    def forward(self, builder: Builder) -> None:
        """Nothing to run."""

    def backward(self, builder: Builder) -> None:
        """Nothing to run."""


@step_for("Silence")
class Silence(Step):
    """Reads nothing; its bottoms' gradients are 0."""

    def forward(self, builder: Builder) -> None:
        """Nothing to run."""

    def backward(self, builder: Builder) -> None:
        """Let the layer write the zeros."""
        builder.backward_by_numpy(self.node)


@step_for("Flatten")
class Flatten(Step):
    """The top is the bottom's memory in another shape."""

    def forward(self, builder: Builder) -> None:
        """Nothing to run: who reads the top sees to the order of its elements."""
        self.layer.forward(self.node.bottoms, self.node.tops)

    def backward(self, builder: Builder) -> None:
        """Nothing to run."""


@step_for("Reshape")
class Reshape(Flatten):
    """The same."""


@step_for("Dropout")
class Dropout(Step):
    """TRAIN: times a random mask; TEST: the top's values are the bottom's."""

    def forward(self, builder: Builder) -> None:
        """Draw the mask as the layer itself would, and multiply."""
        bottom, top = self.node.bottoms[0], self.node.tops[0]
        self.active = self.layer.phase == caffe_pb2.TRAIN
        if not self.active:
            if top is not bottom:
                builder.share_values(top, bottom)
            return
        source = builder.source(bottom)
        self.drawn = Memory(MemoryDesc(bottom.shape))
        builder.then(self._draw)
        self.mask = self.drawn
        if source.desc != self.drawn.desc:
            self.mask = Memory(source.desc)
            builder.then(reorder(self.drawn, self.mask))
        make = builder.in_place if top is bottom else builder.result
        target = make(top, source.desc)
        combine(builder, dnnl.BINARY_MUL, source, self.mask, target, self._scaled())

    def _draw(self) -> None:
        shape = self.node.bottoms[0].shape
        if not self.replaying or self.layer.mask.shape != shape:
            self.layer.mask = self.layer.draw(shape)
        np.copyto(self.drawn.floats, self.layer.mask.reshape(-1))

    def _scaled(self) -> Attributes:
        """What multiplies a product by the scale (which bfloat16 would round)."""
        return Attributes().append_eltwise(dnnl.LINEAR, self.layer.scale)

    def backward(self, builder: Builder) -> None:
        """Multiply the gradient by the same mask."""
        bottom, top = self.node.bottoms[0], self.node.tops[0]
        if not self.node.propagate_down[0]:
            return
        if not self.active:
            if top is not bottom:
                builder.share_gradient(bottom, top)
            return
        gradient = builder.gradient_source(top, self.mask.desc)
        make = builder.gradient_in_place if top is bottom else builder.gradient_result
        target = make(bottom, self.mask.desc)
        combine(builder, dnnl.BINARY_MUL, gradient, self.mask, target, self._scaled())
