"""Layers that bring blobs together or apart (Split, Eltwise, Axpy, Concat, Slice), and those that
compute nothing (Input, Silence, Flatten, Reshape).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import TYPE_CHECKING

from minicaffe.blob import Blob
from minicaffe.engines.onednn import dnnl
from minicaffe.engines.onednn.builder import Builder, Unsupported
from minicaffe.engines.onednn.fusion import (
    adds_two,
    backward_of_relu,
    fused_relu,
    is_simple_relu,
    slope_of,
)
from minicaffe.engines.onednn.primitive import (
    Attributes,
    Memory,
    MemoryDesc,
    PrimitiveDesc,
    keeping_not_numbers,
    post_op_argument,
    reorder,
)
from minicaffe.engines.onednn.steps import Step, step_for
from minicaffe.engines.onednn.steps.activation import linear
from minicaffe.engines.onednn.tensor import SavedSource
from minicaffe.proto import caffe_pb2

if TYPE_CHECKING:
    from minicaffe.net.node import Node

_OPERATIONS = caffe_pb2.EltwiseParameter


def combine(
    builder: Builder,
    operation: int,
    left: Memory,
    right: Memory,
    target: Memory,
    attributes: Attributes | None = None,
) -> None:
    """Append target = left operation right, all of one layout."""
    pd = PrimitiveDesc(
        "binary", operation, left.desc, right.desc, target.desc, attributes=attributes
    )
    builder.run(pd, {dnnl.SRC: left, dnnl.SRC_1: right, dnnl.DST: target})


def add_up(
    builder: Builder,
    memories: list[Memory],
    target: Memory,
    factors: Sequence[float] = (),
    attributes: Attributes | None = None,
) -> None:
    """Append target = Σ factor · memory, all of one layout; the factors are 1 by default.

    bfloat16 is added up in float32 and rounded once.
    """
    rounds = target.desc.dtype != dnnl.F32 and len(memories) > 2
    if all(factor == 1 for factor in factors) and not rounds:  # faster than the primitive "sum"
        left = memories[0]
        for right in memories[1:]:
            combine(builder, dnnl.BINARY_ADD, left, right, target, attributes)
            left = target
        return
    descs = [memory.desc for memory in memories]
    factors = list(factors) or [1.0] * len(memories)
    pd = PrimitiveDesc("sum", target.desc, len(memories), factors, descs)
    builder.run(pd, {**numbered(memories), dnnl.DST: target})


def numbered(memories: Sequence[Memory]) -> dict[int, Memory]:
    """The sources of a primitive that takes any number, by the library's numbers for them."""
    if len(memories) > dnnl.MOST_SOURCES:
        raise Unsupported(f"more than {dnnl.MOST_SOURCES} bottoms")
    return {dnnl.MULTIPLE_SRC + index: memory for index, memory in enumerate(memories)}


@step_for("Split")
class Split(Step):
    """The tops share the bottom's memory; the bottom's gradient is the sum of the tops'."""

    def forward(self, builder: Builder) -> None:
        self.layer.forward(self.node.bottoms, self.node.tops)

    def backward(self, builder: Builder) -> None:
        """Add up, in the layout of the first, the gradients of those that have one."""
        if not self.node.propagate_down[0]:
            return
        bottom = self.node.bottoms[0]
        tops = [top for top in self.node.tops if builder.has_gradient(top)] or self.node.tops
        if len(tops) == 1:
            builder.share_gradient(bottom, tops[0])
            return
        start = builder.gradient_source(tops[0])
        rest = [builder.gradient_source(top, start.desc) for top in tops[1:]]
        add_up(builder, [start, *rest], builder.gradient_result(bottom, start.desc))


@step_for("Eltwise")
class Eltwise(Step):
    """SUM, PROD and MAX; a ReLU after a plain SUM of two."""

    adds = True

    @classmethod
    def can_fuse(cls, nodes: Sequence[Node], following: Node, training: bool) -> bool:
        """A ReLU after a sum of two."""
        return len(nodes) == 1 and adds_two(nodes[0]) and is_simple_relu(following)

    def forward(self, builder: Builder) -> None:
        """In the layout of the first bottom."""
        param = self.layer.param.eltwise_param
        self.operation, count = param.operation, len(self.node.bottoms)
        self.factors = list(param.coeff) or [1.0] * count
        if self.operation == _OPERATIONS.MAX and count > 2:
            raise Unsupported("MAX of more than two")
        if self.node.in_place:
            raise Unsupported("in place")
        relu, after = fused_relu(self.nodes), None
        if relu is not None:
            after = Attributes().append_eltwise(*keeping_not_numbers(dnnl.RELU, slope_of(relu)))
        first, *others = self.node.bottoms
        start = builder.source(first)
        self.sources = [start, *(builder.source(other, start.desc) for other in others)]
        self.result = target = builder.result(self.top, start.desc)
        if self.operation == _OPERATIONS.SUM:
            add_up(builder, self.sources, target, self.factors, after)
            return
        operation = dnnl.BINARY_MAX if self.operation == _OPERATIONS.MAX else dnnl.BINARY_MUL
        self._chain(builder, operation, self.sources, target)
        if builder.training and self.operation == _OPERATIONS.MAX:  # Caffe keeps who has won
            pairs = zip(self.sources, self.node.bottoms, strict=True)
            self.saved = [SavedSource(source, blob.data_memory) for source, blob in pairs]
            builder.then(*(saved.take for saved in self.saved))

    def _chain(self, builder: Builder, operation: int, parts: list[Memory], target: Memory) -> None:
        left = parts[0]
        for right in parts[1:]:
            combine(builder, operation, left, right, target)
            left = target

    def backward_of(self, builder: Builder, node: Node) -> None:
        """SUM hands the top's gradient on; the others multiply it. Or the ReLU's."""
        top = self.node.tops[0]
        if node is not self.node:
            backward_of_relu(builder, node, self.result)
            return
        for index, wanted in enumerate(self.node.propagate_down):
            if not wanted:
                continue
            bottom = self.node.bottoms[index]
            if self.operation == _OPERATIONS.SUM and self.factors[index] == 1:
                builder.share_gradient(bottom, top)
                continue
            desc = self.sources[0].desc
            gradient = builder.gradient_source(top, desc)
            target = builder.gradient_result(bottom, desc)
            if self.operation == _OPERATIONS.SUM:
                linear(builder, gradient, target, self.factors[index], 0.0)
            else:
                self._factor(builder, index, target)
                combine(builder, dnnl.BINARY_MUL, target, gradient, target)

    def _factor(self, builder: Builder, index: int, target: Memory) -> None:
        """By what the top's gradient is multiplied for one bottom."""
        source = self.sources[index]
        if self.operation == _OPERATIONS.MAX:  # the second one wins unless the first is larger
            first, second = (saved.view(source.desc) for saved in self.saved)
            builder.then(*(saved.choose for saved in self.saved))
            combine(builder, dnnl.BINARY_GT, first, second, target)
            if index:
                linear(builder, target, target, -1.0, 1.0)
            return
        if not self.layer.param.eltwise_param.stable_prod_grad:
            combine(builder, dnnl.BINARY_DIV, self.result, source, target)
            return
        others = [source for number, source in enumerate(self.sources) if number != index]
        if len(others) == 1:
            linear(builder, others[0], target, 1.0, 0.0)
        self._chain(builder, dnnl.BINARY_MUL, others, target)


@step_for("Axpy")
class Axpy(Step):
    """z = a · x + y with one a for each channel of each item."""

    def forward(self, builder: Builder) -> None:
        """A product, and the sum as its post-op, in the layout of x."""
        factor, x, y = self.node.bottoms
        if x.num_axes > 5:
            raise Unsupported(f"{x.num_axes} axes, not up to 5")
        if builder.training and self.node.kept_bottoms:
            raise Unsupported("a later layer overwrites its bottom")
        self.source = builder.source(x)
        desc = self.source.desc
        self.factor = self._one_each(builder, factor, desc)
        attributes = Attributes().append_binary(dnnl.BINARY_ADD, desc)
        pd = PrimitiveDesc(
            "binary", dnnl.BINARY_MUL, desc, self.factor.desc, desc, attributes=attributes
        )
        memories = {dnnl.SRC: self.source, dnnl.SRC_1: self.factor}
        memories[post_op_argument(0, dnnl.SRC_1)] = builder.source(y, desc)
        memories[dnnl.DST] = builder.result(self.node.tops[0], desc)
        builder.run(pd, memories)

    def _one_each(self, builder: Builder, factor: Blob, desc: MemoryDesc) -> Memory:
        """The factors in the layout of what they multiply, where the other axes have length 1."""
        dtype, ones = desc.dtype, [1] * (len(desc.shape) - 2)
        shape = (*factor.shape[:2], *ones)
        if factor.shape == shape:
            return builder.source(factor, MemoryDesc(shape, dtype, block=desc.block))
        given = builder.source(factor, MemoryDesc(factor.shape, dtype))
        wanted = MemoryDesc(shape, dtype, block=desc.block)
        return builder.another_layout(given.seen_as(MemoryDesc(shape, dtype)), wanted)

    def backward(self, builder: Builder) -> None:
        """dx is a product, dy is dz. With da, sums over pixels, all are the layer's own."""
        (_, x, y), wanted = self.node.bottoms, self.node.propagate_down
        top, desc = self.node.tops[0], self.source.desc
        if wanted[0]:
            builder.backward_by_numpy(self.node)
            return
        if wanted[1]:
            gradient = builder.gradient_source(top, desc)
            target = builder.gradient_result(x, desc)
            combine(builder, dnnl.BINARY_MUL, gradient, self.factor, target)
        if wanted[2]:
            builder.share_gradient(y, top)


class Parts(Step):
    """The parts of one whole along an axis."""

    def cut_desc(self, desc: MemoryDesc, parts: Sequence[Blob]) -> MemoryDesc:
        """The layout, or row-major where the parts cannot be cut out of it."""
        block, lengths = desc.block, [part.shape[self.layer.axis] for part in parts]
        if block and block > 1 and self.layer.axis == 1 and any(n % block for n in lengths):
            block = None
        return MemoryDesc(desc.shape, desc.dtype, block=block)

    def pieces(self, whole: Memory, parts: Sequence[Blob]) -> list[Memory]:
        """The memories of the parts within that of the whole."""
        axis, axes = self.layer.axis, len(whole.desc.shape)
        starts = accumulate((part.shape[axis] for part in parts[:-1]), initial=0)
        return [
            whole.seen_as(
                whole.desc.part(part.shape, [start if i == axis else 0 for i in range(axes)])
            )
            for part, start in zip(parts, starts, strict=True)
        ]


@step_for("Concat")
class Concat(Parts):
    """The bottoms one after the other along an axis."""

    def forward(self, builder: Builder) -> None:
        """One primitive in the layout of the longest bottom; nothing for a single one."""
        bottoms, top = self.node.bottoms, self.node.tops[0]
        if len(bottoms) == 1:
            self.layer.forward(bottoms, self.node.tops)
            return
        longest = max(bottoms, key=lambda blob: blob.count)
        common = self.cut_desc(builder.source(longest).desc, bottoms)
        block = common.block
        descs = [MemoryDesc(blob.shape, common.dtype, block=block) for blob in bottoms]
        sources = [builder.source(blob, desc) for blob, desc in zip(bottoms, descs, strict=True)]
        desc = MemoryDesc(top.shape, common.dtype, block=block)
        pd = PrimitiveDesc("concat", desc, len(descs), self.layer.axis, descs)
        memories = numbered(sources)
        memories[dnnl.DST] = builder.result(top, desc)
        builder.run(pd, memories)
        self.descs, self.top_desc = descs, desc

    def backward(self, builder: Builder) -> None:
        """Copy each bottom's part out of the top's gradient."""
        bottoms, wanted = self.node.bottoms, self.node.propagate_down
        if len(bottoms) == 1 or not any(wanted):
            return
        whole = builder.gradient_source(self.node.tops[0], self.top_desc)
        pieces = self.pieces(whole, bottoms)
        for blob, down, piece, desc in zip(bottoms, wanted, pieces, self.descs, strict=True):
            if down:
                builder.then(reorder(piece, builder.gradient_result(blob, desc)))


@step_for("Slice")
class Slice(Parts):
    """The bottom in parts along an axis."""

    def forward(self, builder: Builder) -> None:
        """Copy each part out; nothing for a single one."""
        bottom, tops = self.node.bottoms[0], self.node.tops
        if len(tops) == 1:
            self.layer.forward(self.node.bottoms, tops)
            return
        self.desc = self.cut_desc(builder.source(bottom).desc, tops)
        whole = builder.source(bottom, self.desc)
        for top, piece in zip(tops, self.pieces(whole, tops), strict=True):
            desc = MemoryDesc(top.shape, self.desc.dtype, block=self.desc.block)
            builder.then(reorder(piece, builder.result(top, desc)))

    def backward(self, builder: Builder) -> None:
        """Copy each part's gradient into the whole's."""
        tops = self.node.tops
        if len(tops) == 1 or not self.node.propagate_down[0]:
            return
        gradients = [builder.gradient_source(top) for top in tops]
        whole = builder.gradient_result(self.node.bottoms[0], self.desc)
        for gradient, piece in zip(gradients, self.pieces(whole, tops), strict=True):
            builder.then(reorder(gradient, piece))


@step_for("Input")
class Input(Step):
    """Nothing to run: the caller fills its tops."""

    def forward(self, builder: Builder) -> None:
        pass

    def backward(self, builder: Builder) -> None:
        pass


@step_for("Silence")
class Silence(Input):
    """Reads nothing; the layer itself writes its bottoms' gradients, which are 0."""

    def backward(self, builder: Builder) -> None:
        builder.backward_by_numpy(self.node)


@step_for("Reshape")
@step_for("Flatten")
class Flatten(Input):
    """The top is the bottom's memory in another shape: who reads it sees to the order."""

    def forward(self, builder: Builder) -> None:
        self.layer.forward(self.node.bottoms, self.node.tops)
