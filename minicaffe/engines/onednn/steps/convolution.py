"""Convolution and Deconvolution."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from minicaffe.engines.onednn import dnnl, heuristics
from minicaffe.engines.onednn.builder import Builder, Unsupported
from minicaffe.engines.onednn.dnnl import library
from minicaffe.engines.onednn.fusion import FusedReLU, PostOps, can_fuse
from minicaffe.engines.onednn.primitive import (
    Attributes,
    MemoryDesc,
    PrimitiveDesc,
    row_major,
)
from minicaffe.engines.onednn.steps import Step, step_for
from minicaffe.engines.onednn.steps.conv_base import WeightedPrimitive

if TYPE_CHECKING:
    from minicaffe.net.node import Node


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
            return MemoryDesc(shape, builder.storage, tag=dict(dnnl.FORMATS[len(shape)])[0])
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

    def _far_padding(self) -> list[int]:
        return list(self.step.layer.geometry.pad)


@step_for("Convolution")
class Convolution(Step):
    """Convolution of one to three spatial axes, with groups, and what follows."""

    kind: type[ConvolutionPrimitive] = ConvolutionPrimitive

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
                f"{spatial} spatial axes behind axis {geometry.axis}, not 1 to 3 behind axis 1"
            )
        weights = self._weights()
        self.relu, tail = FusedReLU(self.nodes), PostOps(self.nodes)
        tops = self.nodes[-1].tops if len(self.nodes) > 1 else self.node.tops
        self.passes = [
            self.kind(self, one, top, weights)
            for one, top in zip(self.node.bottoms, tops, strict=True)
        ]
        for one in self.passes:
            one.forward(builder, tail)

    def _weights(self) -> MemoryDesc:
        """The weights as (outputs, inputs, …), or (group, outputs, inputs, …)."""
        shape, group = self.layer.blobs[0].shape, self.layer.group
        if group > 1:
            shape = (group, shape[0] // group, *shape[1:])
        return MemoryDesc(shape)

    def backward(self, builder: Builder) -> None:
        """The gradients of every pass; those of the weights add up."""
        self.relu.backward(builder, self.node.tops[0], self.passes[0].result)
        for one, wanted in zip(self.passes, self.node.propagate_down, strict=True):
            one.backward(builder, wanted)


@step_for("Deconvolution")
class Deconvolution(Convolution):
    """The same with the roles of bottom and top exchanged."""

    kind = DeconvolutionPrimitive

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
