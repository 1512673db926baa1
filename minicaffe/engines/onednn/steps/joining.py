"""Layers that only bring blobs together or apart: Split, Eltwise, Concat, Input, Silence."""

from __future__ import annotations

from minicaffe.engines.onednn.builder import Builder, Unsupported
from minicaffe.engines.onednn.primitives import (
    BINARY_ADD,
    DST,
    MULTIPLE_SRC,
    SRC,
    SRC_1,
    Memory,
    Recipe,
    c_descs,
    c_floats,
)
from minicaffe.engines.onednn.steps import Step, step_for
from minicaffe.proto import caffe_pb2


def add_up(builder: Builder, memories: list[Memory], target: Memory) -> None:
    """target = Σ memories, all of one layout."""
    descs = [memory.desc for memory in memories]
    count = len(memories)
    if count == 2:
        recipe = Recipe("binary", BINARY_ADD, *descs, target.desc)
        builder.run(recipe, {SRC: memories[0], SRC_1: memories[1], DST: target})
        return
    recipe = Recipe("sum", target.desc, count, c_floats([1.0] * count), c_descs(descs))
    sources = {MULTIPLE_SRC + index: memory for index, memory in enumerate(memories)}
    builder.run(recipe, {**sources, DST: target})


@step_for("Split")
class Split(Step):
    """The tops share the bottom's memory; the bottom's gradient is the sum of the tops'."""

    def forward(self, builder: Builder) -> None:
        """Nothing to do."""

    def backward(self, builder: Builder) -> None:
        """Add up the gradients in the layout of the first."""
        if not self.node.propagate_down[0]:
            return
        first, *others = self.node.tops
        start = builder.gradient_source(first)
        rest = [builder.gradient_source(top, start.desc) for top in others]
        target = builder.gradient_result(self.node.bottoms[0], start.desc)
        add_up(builder, [start, *rest], target)


@step_for("Eltwise")
class Eltwise(Step):
    """SUM with coefficients 1; the gradient is the top's for every bottom."""

    def forward(self, builder: Builder) -> None:
        """Add up in the layout of the first bottom."""
        param = self.layer.param.eltwise_param
        if param.operation != caffe_pb2.EltwiseParameter.SUM or any(c != 1 for c in param.coeff):
            raise Unsupported("an operation other than the plain SUM")
        first, *others = self.node.bottoms
        start = builder.source(first)
        rest = [builder.source(one, start.desc) for one in others]
        add_up(builder, [start, *rest], builder.result(self.node.tops[0], start.desc))

    def backward(self, builder: Builder) -> None:
        """The top's gradient serves all bottoms."""
        for bottom, wanted in zip(self.node.bottoms, self.node.propagate_down, strict=True):
            if wanted:
                builder.share_gradient(bottom, self.node.tops[0])


@step_for("Input")
class Input(Step):
    """Its tops are filled by the caller."""

    def forward(self, builder: Builder) -> None:
        """Nothing to do."""

    def backward(self, builder: Builder) -> None:
        """Nothing to do."""
