"""Convolution and Deconvolution, and what they share with InnerProduct: weights in layouts of
oneDNN's."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from minicaffe.blob import Blob
from minicaffe.engines.onednn import dnnl, heuristics
from minicaffe.engines.onednn.builder import Builder, Unsupported
from minicaffe.engines.onednn.channels import channel_total, summable
from minicaffe.engines.onednn.dnnl import Unimplemented, library
from minicaffe.engines.onednn.fusion import Folding, PostOps, backward_of_relu, can_fuse
from minicaffe.engines.onednn.primitive import (
    Attributes,
    Memory,
    MemoryDesc,
    PrimitiveDesc,
    row_major,
)
from minicaffe.engines.onednn.steps import Step, step_for

if TYPE_CHECKING:
    from minicaffe.net.node import Node

#: oneDNN adds up a bias's gradient one value after the other, in single precision: exact enough
#: for this many (images times positions).
FEW = 128


class WeightedPrimitive:
    """One bottom and top of a layer with weights (w) and perhaps biases (b).

    Subclasses say which primitive it is: ``kind`` and the arguments around the descriptors.

    Args:
        step: whose layer it runs.
        bottom, top: the blobs.
        weights: the weights' plain array as the primitive sees it.
        source_shape, top_shape: how it sees the blobs, where that is not their own shape;
            they are read and written in row-major order then.
        plain: read and write blobs and parameters in row-major order in any case.
    """

    kind: str
    head: tuple[int, ...] = ()  # before the descriptors
    _adds_up = False  # whether the bias's gradient is added up here
    exact_top = False  # leave the top in float32 whatever is stored otherwise

    def __init__(
        self,
        step: Step,
        bottom: Blob,
        top: Blob,
        weights: MemoryDesc,
        *,
        source_shape: Sequence[int] | None = None,
        top_shape: Sequence[int] | None = None,
        plain: bool = False,
    ) -> None:
        self.step, self.bottom, self.top = step, bottom, top
        self.blobs = step.layer.blobs
        self.weights = weights
        self.source_shape = tuple(source_shape or bottom.shape)
        self.top_shape = tuple(top_shape or top.shape)
        self.plain_weights = plain
        self.folding: Folding | None = None
        self.plain = plain or self.source_shape != bottom.shape or self.top_shape != top.shape

    @property
    def geometry(self) -> tuple[list[int], ...]:
        """Strides, dilations and paddings, where the primitive takes them."""
        return ()

    @property
    def _grouped(self) -> bool:
        return len(self.weights.shape) > len(self.source_shape)

    @property
    def one_group(self) -> tuple[int, ...]:
        """The shape of a group's weights, (outputs, inputs, …)."""
        return self.weights.shape[1:] if self._grouped else self.weights.shape

    # ---------------------------------------------------------------- descriptors

    @property
    def _bias(self) -> MemoryDesc | None:
        return MemoryDesc((self.top_shape[1],)) if self.biased else None

    @property
    def biased(self) -> bool:
        """Whether a bias is added: the layer's own, or an offset that is folded into it."""
        return len(self.blobs) > 1 or self.folding is not None

    def _wish(self, builder: Builder, shape: tuple[int, ...]) -> MemoryDesc:
        return MemoryDesc(shape, builder.storage) if self.plain else builder.wish(shape)

    def _top_wish(self, builder: Builder) -> MemoryDesc:
        if self.exact_top:
            return MemoryDesc(self.top_shape, dnnl.F32, any_layout=not self.plain)
        return self._wish(builder, self.top_shape)

    def _weights_wish(self, dtype: int) -> MemoryDesc:
        if self.plain_weights:
            return self.weights if dtype == dnnl.F32 else MemoryDesc(self.weights.shape, dtype)
        return MemoryDesc(self.weights.shape, dtype, any_layout=True)

    def _layout(self, desc: MemoryDesc, blob: Blob) -> MemoryDesc:
        """A primitive's descriptor as one of the blob's shape."""
        return MemoryDesc(blob.shape, desc.dtype) if self.plain else desc

    def _seen(self, memory: Memory, shape: tuple[int, ...]) -> Memory:
        desc = memory.desc
        return memory.seen_as(MemoryDesc(shape, desc.dtype)) if desc.shape != shape else memory

    def _pd(
        self, builder: Builder, way: str, *args: object, attributes: Attributes | None = None
    ) -> PrimitiveDesc:
        """A descriptor for the fastest implementation, which is not always the library's first one:
        products of matrices for a single channel each take 20 times as long.

        Raises:
            Unimplemented: there is nothing better in bfloat16.
        """
        pd = PrimitiveDesc(f"{self.kind}_{way}", *args, attributes=attributes)
        depthwise = self._grouped and self.one_group[:2] == (1, 1)
        if not depthwise:
            return pd
        pd = pd.skip_implementations("brg")
        if "brg" in pd.implementation and builder.storage != dnnl.F32:
            raise Unimplemented(f"oneDNN has only {pd.implementation} for single channels")
        return pd

    # ---------------------------------------------------------------- forward

    def forward(self, builder: Builder, post_ops: PostOps) -> None:
        """Append the forward primitive and what brings its operands into their layouts."""
        self.folding = post_ops.folding
        attributes = post_ops.attributes(lambda: self._forward_pd(builder, None).desc("dst"))
        self.forward_pd = self._forward_pd(builder, attributes)
        wanted = self._layout(self.forward_pd.desc("src"), self.bottom)
        self.source = self._seen(builder.source(self.bottom, wanted), self.source_shape)
        memories = {dnnl.SRC: self.source, **self._learned(builder), **post_ops.operands(builder)}
        self.result = builder.result(self.top, self._layout(self.forward_pd.desc("dst"), self.top))
        memories[dnnl.DST] = self._seen(self.result, self.top_shape)
        self._run(builder, memories, attributes)

    def _forward_pd(self, builder: Builder, attributes: Attributes | None) -> PrimitiveDesc:
        return self._pd(
            builder,
            "forward",
            *(builder.propagation, *self.head, self._wish(builder, self.source_shape)),
            *(self._weights_wish(builder.storage), self._bias),
            *(self._top_wish(builder), *self.geometry),
            attributes=attributes,
        )

    def _learned(self, builder: Builder) -> dict[int, Memory]:
        """Weights and biases for the forward."""
        layout, folding = self.forward_pd.desc("weights"), self.folding
        if folding is not None:
            home = Memory(self.weights, folding.weights)
            weights = builder.weights.computed(folding.memories, folding, home, layout)
            return {
                dnnl.WEIGHTS: weights,
                dnnl.BIAS: Memory(MemoryDesc(folding.bias.shape), folding.bias),
            }
        learned = {dnnl.WEIGHTS: builder.weights.source(self.blobs[0], self.weights, layout)}
        if self._bias is not None:
            learned[dnnl.BIAS] = builder.weights.source(self.blobs[1], self._bias)
        return learned

    def _run(
        self, builder: Builder, memories: dict[int, Memory], attributes: Attributes | None
    ) -> None:
        builder.run(self.forward_pd, memories)

    # ---------------------------------------------------------------- backward

    def backward(self, builder: Builder, want_bottom: bool) -> None:
        """Append the gradients of weights and biases, and of the bottom if wanted."""
        layer = self.step.layer
        if any(layer.wants_gradient(i) for i in range(len(self.blobs))):
            self.backward_weights(builder)
        if want_bottom:
            self.backward_bottom(builder)

    def _top_gradient(self, builder: Builder, desc: MemoryDesc) -> Memory:
        memory = builder.gradient_source(self.top, self._layout(desc, self.top))
        return self._seen(memory, self.top_shape)

    def backward_weights(self, builder: Builder) -> None:
        layer = self.step.layer
        self._adds_up = self.biased and math.prod(self.top_shape) > FEW * self.top_shape[1]
        pd = self._weights_pd(builder)
        if self._adds_up and not summable(pd.desc("diff_dst")):
            self._adds_up = False
            pd = self._weights_pd(builder)
        if builder.storage != dnnl.F32 and pd.by_gemm and self.geometry:
            with builder.storing(dnnl.F32):
                exact = self._weights_pd(builder)
            pd = pd if exact.by_gemm else exact  # several times as fast
        memories = {
            dnnl.SRC: builder.another_layout(self.source, pd.desc("src")),
            dnnl.DIFF_DST: self._top_gradient(builder, pd.desc("diff_dst")),
        }
        operands = [(dnnl.DIFF_WEIGHTS, self.weights, pd.desc("diff_weights"))]
        if self._primitives_bias is not None:
            operands.append((dnnl.DIFF_BIAS, self._primitives_bias, self._primitives_bias))
        gradients = []
        for index, (argument, view, desc) in enumerate(operands):
            wanted = layer.wants_gradient(index)
            gradient = builder.weights.gradient(self.blobs[index], view, desc, wanted=wanted)
            memories[argument] = gradient.memory
            gradients.append(gradient)
        builder.run(pd, memories, gradients)
        if self._adds_up and layer.wants_gradient(1):
            self.backward_bias(builder, memories[dnnl.DIFF_DST])

    def backward_bias(self, builder: Builder, top_gradient: Memory) -> None:
        """Add up the top's gradient with the precision that long sums need."""
        gradient = builder.weights.gradient(self.blobs[1], MemoryDesc((self.top_shape[1],)))

        def add_up() -> None:
            gradient.memory.floats[...] = channel_total(top_gradient)

        builder.then(*gradient.before, add_up, *gradient.after)

    @property
    def _primitives_bias(self) -> MemoryDesc | None:
        """The bias of the primitive for the weights' gradient, if that adds up its gradient."""
        return None if self._adds_up else self._bias

    def _weights_pd(self, builder: Builder) -> PrimitiveDesc:
        return self._pd(
            builder,
            "backward_weights",
            *(*self.head, self._wish(builder, self.source_shape)),
            *(self._weights_wish(dnnl.F32), self._primitives_bias),
            *(self._wish(builder, self.top_shape), *self.geometry, self.forward_pd),
        )

    def backward_bottom(self, builder: Builder) -> None:
        pd = self._pd(
            builder,
            "backward_data",
            *(*self.head, self._wish(builder, self.source_shape)),
            *(self._weights_wish(builder.storage),),
            *(self._wish(builder, self.top_shape), *self.geometry, self.forward_pd),
        )
        weights = builder.weights.source(self.blobs[0], self.weights, pd.desc("weights"))
        gradient = self._top_gradient(builder, pd.desc("diff_dst"))
        target = builder.gradient_result(
            self.bottom, self._layout(pd.desc("diff_src"), self.bottom)
        )
        target = self._seen(target, self.source_shape)
        builder.run(pd, {dnnl.WEIGHTS: weights, dnnl.DIFF_DST: gradient, dnnl.DIFF_SRC: target})


class ConvolutionPrimitive(WeightedPrimitive):
    """One image batch through the filters."""

    kind = "convolution"
    head: tuple[int, ...] = (dnnl.CONVOLUTION_DIRECT,)
    chooses = True  # whether the rules of heuristics.py are for it

    @property
    def geometry(self) -> tuple[list[int], ...]:
        """oneDNN counts dilation from 0 and pads each side for itself."""
        geometry = self.step.layer.geometry
        dilations = [n - 1 for n in geometry.dilation]
        return list(geometry.stride), dilations, list(geometry.pad), self._far_padding()

    def _wish(self, builder: Builder, shape: tuple[int, ...]) -> MemoryDesc:
        last = self.chooses and builder.training and not self.plain and library().has_avx512
        if last and heuristics.channels_last(self.one_group, self.top_shape):
            return MemoryDesc(shape, builder.storage, block=0)
        return super()._wish(builder, shape)

    def _pd(
        self, builder: Builder, way: str, *args: object, attributes: Attributes | None = None
    ) -> PrimitiveDesc:
        pd = super()._pd(builder, way, *args, attributes=attributes)
        if not self.chooses:
            return pd
        other = pd.skip_implementations(
            *heuristics.slower_words(way, self.one_group, self.top_shape)
        )
        return other if other.implementation.startswith("jit") else pd

    def _far_padding(self) -> list[int]:
        """Caffe's division can leave a border out (oneDNN's too), or look beyond the padding."""
        geometry = self.step.layer.geometry
        sizes = zip(self.top_shape[2:], geometry.stride, geometry.extent, self.source_shape[2:],
                    geometry.pad, strict=True)  # fmt: skip
        return [max(0, (n - 1) * s + e - size - p) for n, s, e, size, p in sizes]


class DeconvolutionPrimitive(ConvolutionPrimitive):
    """One image batch through the filters, backwards."""

    kind = "deconvolution"
    head = (dnnl.DECONVOLUTION_DIRECT,)
    chooses = False

    def _wish(self, builder: Builder, shape: tuple[int, ...]) -> MemoryDesc:
        if self.top_shape[-1] > heuristics.LONG_ROW:
            return MemoryDesc(shape, builder.storage)
        return super()._wish(builder, shape)

    def _far_padding(self) -> list[int]:
        return list(self.step.layer.geometry.pad)


@step_for("Convolution")
class Convolution(Step):
    """Convolution of one to three spatial axes, with groups, and what follows."""

    @classmethod
    def can_fuse(cls, nodes: Sequence[Node], following: Node, training: bool) -> bool:
        """What a weighted layer's primitive can do besides."""
        return can_fuse(nodes, following, training=training)

    def forward(self, builder: Builder) -> None:
        """A pass for every bottom."""
        geometry = self.layer.geometry
        spatial = len(geometry.kernel)
        if geometry.axis != 1 or not 1 <= spatial <= 3:
            raise Unsupported(
                f"{spatial} spatial axes after axis {geometry.axis}, not 1 to 3 after axis 1"
            )
        weights = self._weights()
        post_ops = PostOps(self.nodes)
        tops = self.nodes[-1].tops if len(self.nodes) > 1 else self.node.tops
        self.passes = [
            self.primitive_class(builder, top)(self, bottom, top, weights)
            for bottom, top in zip(self.node.bottoms, tops, strict=True)
        ]
        for way in self.passes:
            way.forward(builder, post_ops)

    def primitive_class(self, builder: Builder, top: Blob) -> type[ConvolutionPrimitive]:
        """What runs one bottom and top."""
        from minicaffe.engines.onednn.steps import winograd  # which builds on what is above

        suits = winograd.suits_winograd(self, top, builder)
        return winograd.WinogradConvolution if suits else ConvolutionPrimitive

    def _weights(self) -> MemoryDesc:
        """The weights as (outputs, inputs, …), or (group, outputs, inputs, …)."""
        shape, group = self.layer.blobs[0].shape, self.layer.group
        if group > 1:
            shape = (group, shape[0] // group, *shape[1:])
        return MemoryDesc(shape)

    def backward_of(self, builder: Builder, node: Node) -> None:
        """The gradients of every pass; those of the weights add up. Or the ReLU's."""
        if node is not self.node:
            backward_of_relu(builder, node, self.passes[0].result)
            return
        for way, wanted in zip(self.passes, self.node.propagate_down, strict=True):
            way.backward(builder, wanted)


@step_for("Deconvolution")
class Deconvolution(Convolution):
    """Convolution with the roles of bottom and top exchanged."""

    def primitive_class(self, builder: Builder, top: Blob) -> type[ConvolutionPrimitive]:
        return DeconvolutionPrimitive

    def _weights(self) -> MemoryDesc:
        """Caffe stores inputs before outputs, oneDNN looks at them the other way round."""
        inputs, outputs, *kernel = self.layer.blobs[0].shape
        group = self.layer.group
        shape = (group, inputs // group, outputs, *kernel)
        strides = row_major(shape)
        order = [0, 2, 1, *range(3, len(shape))]
        if group == 1:
            del order[0]
        return MemoryDesc([shape[i] for i in order], strides=[strides[i] for i in order])
