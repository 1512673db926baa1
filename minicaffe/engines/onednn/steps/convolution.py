"""Convolution and InnerProduct, whose weights get compute copies in oneDNN's layouts."""

from __future__ import annotations

import math
from collections.abc import Sequence

from minicaffe.blob import Blob
from minicaffe.engines.onednn.builder import Builder, Unsupported
from minicaffe.engines.onednn.primitives import (
    BIAS,
    CONVOLUTION_DIRECT,
    DIFF_BIAS,
    DIFF_DST,
    DIFF_SRC,
    DIFF_WEIGHTS,
    DST,
    F32,
    FORWARD_INFERENCE,
    FORWARD_TRAINING,
    SRC,
    WEIGHTS,
    Attributes,
    Desc,
    Recipe,
)
from minicaffe.engines.onednn.steps import Step, step_for


class WeightedPass:
    """One bottom and top of a layer with weights (w) and perhaps biases (b).

    Subclasses say which primitive it is: ``kind`` and the arguments around the descriptors.
    """

    kind: str
    forward_head: tuple[int, ...] = ()  # after the propagation kind
    backward_head: tuple[int, ...] = ()

    def __init__(self, step: Step, bottom: Blob, top: Blob, weight_shape: Sequence[int]) -> None:
        self.step, self.bottom, self.top = step, bottom, top
        self.blobs = step.layer.blobs
        self.weight_shape = tuple(weight_shape)
        self.source_shape: tuple[int, ...] = bottom.shape
        self.top_shape: tuple[int, ...] = top.shape

    @property
    def geometry(self) -> tuple[list[int], ...]:
        """Strides, dilations and paddings, where the primitive takes them."""
        return ()

    @property
    def has_bias(self) -> bool:
        """Whether there is a bias to add."""
        return len(self.blobs) > 1

    def _bias_desc(self) -> Desc | None:
        return Desc((self.top_shape[1],)) if self.has_bias else None

    def forward(self, builder: Builder, attributes: Attributes | None = None) -> None:
        """Append the forward primitive and what brings its operands into their layouts."""
        weights = Desc(self.weight_shape, builder.options.storage, any_layout=True)
        kind = FORWARD_TRAINING if builder.training else FORWARD_INFERENCE
        self.recipe = Recipe(
            f"{self.kind}_forward",
            *(kind, *self.forward_head, builder.wish(self.source_shape), weights),
            *(self._bias_desc(), builder.wish(self.top_shape), *self.geometry),
            attributes=attributes,
        )
        self.source = builder.source(self.bottom, self.recipe.desc("src"))
        memories = {SRC: self.source}
        memories[WEIGHTS] = builder.weights.source(
            self.blobs[0], self.weight_shape, self.recipe.desc("weights")
        )
        if self.has_bias:
            memories[BIAS] = builder.weights.source(self.blobs[1], (self.top_shape[1],))
        memories[DST] = builder.result(self.top, self.recipe.desc("dst"))
        builder.run(self.recipe, memories)

    def backward(self, builder: Builder, want_bottom: bool) -> None:
        """Append the gradients of weights and biases, and of the bottom if wanted."""
        layer = self.step.layer
        if any(layer.wants_gradient(i) for i in range(len(self.blobs))):
            self._backward_weights(builder)
        if want_bottom:
            self._backward_bottom(builder)

    def _backward_weights(self, builder: Builder) -> None:
        layer = self.step.layer
        recipe = Recipe(
            f"{self.kind}_backward_weights",
            *(*self.backward_head, builder.wish(self.source_shape)),
            *(Desc(self.weight_shape, F32, any_layout=True), self._bias_desc()),
            *(builder.wish(self.top_shape), *self.geometry, self.recipe),
        )
        memories = {
            SRC: builder.another_layout(self.source, recipe.desc("src")),
            DIFF_DST: builder.gradient_source(self.top, recipe.desc("diff_dst")),
        }
        weights = builder.weights
        memories[DIFF_WEIGHTS], add = weights.gradient(
            self.blobs[0], self.weight_shape, recipe.desc("diff_weights")
        )
        later = add if layer.wants_gradient(0) else []
        if self.has_bias:
            shape = (self.top_shape[1],)
            memories[DIFF_BIAS], add = weights.gradient(self.blobs[1], shape, Desc(shape))
            later = later + (add if layer.wants_gradient(1) else [])
        builder.run(recipe, memories)
        builder.then(*later)

    def _backward_bottom(self, builder: Builder) -> None:
        recipe = Recipe(
            f"{self.kind}_backward_data",
            *(*self.backward_head, builder.wish(self.source_shape)),
            *(Desc(self.weight_shape, builder.options.storage, any_layout=True),),
            *(builder.wish(self.top_shape), *self.geometry, self.recipe),
        )
        weights = builder.weights.source(
            self.blobs[0], self.weight_shape, recipe.desc("weights")
        )
        memories = {
            WEIGHTS: weights,
            DIFF_DST: builder.gradient_source(self.top, recipe.desc("diff_dst")),
            DIFF_SRC: builder.gradient_result(self.bottom, recipe.desc("diff_src")),
        }
        builder.run(recipe, memories)


class ConvolutionPass(WeightedPass):
    """One image batch through the filters."""

    kind = "convolution"
    forward_head = backward_head = (CONVOLUTION_DIRECT,)

    @property
    def geometry(self) -> tuple[list[int], ...]:
        """oneDNN counts dilation from 0 and pads each side for itself."""
        geometry = self.step.layer.geometry
        dilations = [n - 1 for n in geometry.dilation]
        sizes = zip(self.top_shape[2:], geometry.stride, geometry.extent, self.bottom.shape[2:],
                    geometry.pad, strict=True)
        # Caffe's rounding can leave part of the image out; the far padding is then negative.
        far = [(n - 1) * s + e - size - p for n, s, e, size, p in sizes]
        return list(geometry.stride), dilations, list(geometry.pad), far


@step_for("Convolution")
class Convolution(Step):
    """Convolution of one to three spatial axes, with groups."""

    def forward(self, builder: Builder) -> None:
        """A pass for every bottom."""
        layer, bottom = self.layer, self.node.bottoms[0]
        spatial = len(layer.geometry.kernel)
        if layer.geometry.axis != 1 or not 1 <= spatial <= 3:
            raise Unsupported(f"{spatial} spatial axes behind axis {layer.geometry.axis}")
        shape = layer.blobs[0].shape
        if layer.group > 1:
            shape = (layer.group, shape[0] // layer.group, *shape[1:])
        self.passes = [
            ConvolutionPass(self, one, top, shape)
            for one, top in zip(self.node.bottoms, self.node.tops, strict=True)
        ]
        for one in self.passes:
            one.forward(builder)

    def backward(self, builder: Builder) -> None:
        """The gradients of every pass; those of the weights add up."""
        for one, wanted in zip(self.passes, self.node.propagate_down, strict=True):
            one.backward(builder, wanted)


class InnerProductPass(WeightedPass):
    """All features of every item through the weights."""

    kind = "inner_product"


@step_for("InnerProduct")
class InnerProduct(Step):
    """top = bottom · Wᵀ + b over all axes behind the first."""

    def forward(self, builder: Builder) -> None:
        """One pass; a 4-D bottom is taken in whatever layout it comes."""
        bottom, top = self.node.bottoms[0], self.node.tops[0]
        param = self.layer.param.inner_product_param
        if param.transpose or bottom.axis(param.axis) != 1:
            raise Unsupported("transpose or an axis other than 1")
        outputs = self.layer.blobs[0].shape[0]
        features = bottom.shape[1:] if 3 <= bottom.num_axes <= 5 else (math.prod(bottom.shape[1:]),)
        self.only = InnerProductPass(self, bottom, top, (outputs, *features))
        self.only.forward(builder)

    def backward(self, builder: Builder) -> None:
        """The gradients of weights, biases and bottom."""
        self.only.backward(builder, self.node.propagate_down[0])


