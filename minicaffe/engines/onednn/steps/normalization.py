"""BatchNorm, with the Scale and ReLU that follow it, as one primitive; Scale and Bias alone."""

from __future__ import annotations

import ctypes
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from minicaffe.blob import Blob
from minicaffe.engines.onednn.builder import Builder, Unsupported
from minicaffe.engines.onednn.gradients import ParameterGradient
from minicaffe.engines.onednn.primitives import (
    BACKWARD,
    DIFF_DST,
    DIFF_SCALE,
    DIFF_SHIFT,
    DIFF_SRC,
    DST,
    FORWARD_INFERENCE,
    FORWARD_TRAINING,
    FUSE_NORM_RELU,
    MEAN,
    SCALE,
    SHIFT,
    SRC,
    USE_GLOBAL_STATS,
    USE_SCALE,
    USE_SHIFT,
    VARIANCE,
    WORKSPACE,
    Desc,
    Memory,
    Recipe,
)
from minicaffe.engines.onednn.steps import Step, step_for
from minicaffe.engines.onednn.steps.fused import is_simple_relu, slope_of
from minicaffe.memory import EngineCopy, only_read
from minicaffe.node import Node


def is_plain_relu(node: Node) -> bool:
    """A ReLU without slope, which the primitive of batch normalisation takes."""
    return is_simple_relu(node) and slope_of(node) == 0


def scales_channels(node: Node) -> bool:
    """Whether a Scale or Bias layer learns one number for each channel (axis 1)."""
    bottom, blobs = node.bottoms[0], node.layer.blobs
    if len(node.bottoms) > 1 or not 2 <= bottom.num_axes <= 5:
        return False
    param = node.layer.param
    axis = (param.scale_param if node.layer.type == "Scale" else param.bias_param).axis
    return bottom.axis(axis) == 1 and blobs[0].shape == bottom.shape[1:2]


class GradientBetween:
    """The gradient of a normalisation's own top, on which Scale and ReLU work in place.

    The primitive passes over it; in the blob stands that of the last layer's top. Whoever asks
    gets it computed from that one.

    Args:
        blob: the top.
        nodes: the layers that work on it in place.
    """

    def __init__(self, blob: Blob, nodes: Sequence[Node]) -> None:
        self._blob, self._nodes = blob, nodes
        self._last: EngineCopy | None = None

    def __call__(self) -> None:
        memory = self._blob.diff_memory
        self._last, memory.newer = memory.newer, self
        if memory.held:
            _ = memory.array

    def write_to(self, array: np.ndarray) -> None:
        """Compute it (what :class:`SyncedMemory` asks for)."""
        if self._last is not None:
            self._last.write_to(array)
        diff = array[: self._blob.count].reshape(self._blob.shape)
        for node in reversed(self._nodes):
            memories = [blob.data_memory for blob in (self._blob, *node.layer.blobs)]
            with only_read(memories):
                if node.layer.type == "ReLU":
                    diff *= self._blob.data > 0
                elif node.layer.type == "Scale":
                    scale = node.layer.blobs[0].data
                    diff *= scale.reshape(-1, *[1] * (diff.ndim - 2))


class Affine(Step):
    """y = ReLU(γ · (x - mean) / sqrt(var + eps) + β), as far as the layers say so.

    Attributes:
        scale: the Scale (or Bias) layer's node, if there is one.
        use_given: mean and variance are given, not the batch's.
        eps: added to the variance.
    """

    scale: Node | None = None
    use_given = True
    #: With variance 0. The other way round the channels with which oneDNN fills up its blocks,
    #: whose variance is 0, too, would be 0 / 0, and the next convolution's sums with them.
    eps = 1.0

    def prepare_statistics(self, builder: Builder) -> None:
        """Fill mean and variance where they are given, or append what does."""
        self.mean.floats[...] = 0
        self.variance.floats[...] = 0

    def forward(self, builder: Builder) -> None:
        """One batch normalisation primitive."""
        bottom, top = self.node.bottoms[0], self.nodes[-1].tops[0]
        last = self.nodes[-1]
        self.relu = last if len(self.nodes) > 1 and last.layer.type == "ReLU" else None
        keep = bottom is top and builder.training
        self.source = builder.kept_source(bottom) if keep else builder.source(bottom)
        desc = self.source.desc
        self.flags = ctypes.c_uint(self._flags())
        inference = self.use_given and not builder.training
        kind = FORWARD_INFERENCE if inference else FORWARD_TRAINING
        self.recipe = Recipe("batch_normalization_forward", kind, desc, desc, self.eps, self.flags)
        channels = bottom.shape[1]
        self.mean, self.variance = (Memory(Desc((channels,))) for _ in range(2))
        self.prepare_statistics(builder)
        memories = {SRC: self.source, MEAN: self.mean, VARIANCE: self.variance}
        over = bottom is top and not keep
        memories[DST] = builder.in_place(top, desc) if over else builder.result(top, desc)
        memories.update(self._learned(builder))
        if self.relu is not None and kind == FORWARD_TRAINING:
            self.workspace = memories[WORKSPACE] = builder.own(self.recipe.desc("workspace"))
        builder.run(self.recipe, memories)

    @property
    def arguments(self) -> tuple[tuple[int, int], ...]:
        """For each blob of the Scale layer, the arguments of its values and its gradient."""
        return (SCALE, DIFF_SCALE), (SHIFT, DIFF_SHIFT)

    def _flags(self) -> int:
        flags = USE_GLOBAL_STATS if self.use_given else 0
        if self.scale is not None:
            given = [values for values, _ in self.arguments[: len(self.scale.layer.blobs)]]
            flags |= USE_SCALE if SCALE in given else 0
            flags |= USE_SHIFT if SHIFT in given else 0
        return flags | (FUSE_NORM_RELU if self.relu is not None else 0)

    def _learned(self, builder: Builder) -> dict[int, Memory]:
        if self.scale is None:
            return {}
        return {
            values: builder.weights.source(blob, Desc(blob.shape))
            for (values, _), blob in zip(self.arguments, self.scale.layer.blobs, strict=False)
        }

    def backward(self, builder: Builder) -> None:
        """One primitive for the gradients of the input, the scale and the shift."""
        bottom, top = self.node.bottoms[0], self.nodes[-1].tops[0]
        desc, down = self.source.desc, self.node.propagate_down[0]
        recipe = Recipe(
            "batch_normalization_backward",
            *(BACKWARD, desc, desc, desc, self.eps, self.flags, self.recipe),
        )
        memories = {
            SRC: self.source,
            MEAN: self.mean,
            VARIANCE: self.variance,
            DIFF_DST: builder.gradient_source(top, desc),
        }
        make = builder.gradient_in_place if top is bottom else builder.gradient_result
        memories[DIFF_SRC] = make(bottom, desc) if down else builder.own(desc)
        if self.relu is not None:
            memories[WORKSPACE] = self.workspace
        gradients = []
        if self.scale is not None:
            # the primitive refuses SHIFT here
            memories.update({k: v for k, v in self._learned(builder).items() if k == SCALE})
            gradients = self._parameter_gradients(self.scale, builder)
            arguments = [gradient for _, gradient in self.arguments]
            memories.update(zip(arguments, (one.memory for one in gradients), strict=False))
        builder.run(recipe, memories, gradients)
        if top is not bottom and len(self.nodes) > 1:
            builder.then(GradientBetween(top, self.nodes[1:]))
        if gradients and self._folded is not None:
            builder.then(lambda: self._overwrite(gradients[0].memory))

    def _parameter_gradients(self, scale: Node, builder: Builder) -> list[ParameterGradient]:
        gradients = []
        for index, blob in enumerate(scale.layer.blobs):
            added = scale.layer.wants_gradient(index) and not (index == 0 and self._folded)
            gradients.append(builder.weights.gradient(blob, Desc(blob.shape), wanted=added))
        return gradients

    @property
    def _folded(self) -> tuple[int, ...] | None:
        """The bottom's shape as the Scale layer sees it, where Caffe does not add up a scale's
        gradient; else None."""
        if self.scale is None or self.scale.layer.type != "Scale":
            return None
        layer: Any = self.scale.layer
        shape = self.scale.bottoms[0].shape
        folded = (shape[0], shape[1], math.prod(shape[2:]))
        return folded if layer.wants_gradient(0) and layer.overwrites(folded) else None

    def _overwrite(self, computed: Memory) -> None:
        """Take a scale's gradient in where Caffe does not add it up."""
        layer: Any = self.scale and self.scale.layer
        layer.add_gradient(computed.floats, self._folded)


@step_for("BatchNorm")
class BatchNorm(Affine):
    """Batch normalisation, and the Scale and ReLU that work in place on its top."""

    @classmethod
    def takes(cls, nodes: Sequence[Node], following: Node, training: bool) -> bool:
        """A Scale over the channels, and a ReLU."""
        if following.layer.type == "Scale":
            return len(nodes) == 1 and scales_channels(following)
        return nodes[-1].layer.type != "ReLU" and is_plain_relu(following)

    def forward(self, builder: Builder) -> None:
        """One primitive, and the running statistics."""
        bottom = self.node.bottoms[0]
        if not 2 <= bottom.num_axes <= 5:
            raise Unsupported(f"{bottom.num_axes} axes, not 2 to 5")
        if self.layer.eps == 0:
            raise Unsupported("eps is 0, by which oneDNN divides beyond the last channel")
        if self.layer.beyond_caffe:
            raise Unsupported(f"oneDNN's batch normalisation has no {self.layer.beyond_caffe}")
        rest = {node.layer.type: node for node in self.nodes[1:]}
        self.scale = rest.get("Scale")
        self.use_given, self.eps = self.layer.use_global_stats, float(self.layer.eps)
        super().forward(builder)
        if not self.use_given:
            values = bottom.count // bottom.shape[1]
            builder.then(lambda: self._update_statistics(values))

    def prepare_statistics(self, builder: Builder) -> None:
        """The stored ones, anew for every forward."""
        if self.use_given:
            builder.then(self._load_statistics)

    def _load_statistics(self) -> None:
        mean, variance = self.layer.stored_statistics()
        np.copyto(self.mean.floats, mean)
        np.copyto(self.variance.floats, variance)

    def _update_statistics(self, values: int) -> None:
        if not self.replaying:
            self.layer.update_stored(self.mean.floats, self.variance.floats, values)

    def backward(self, builder: Builder) -> None:
        """Nothing where nobody asks for a gradient."""
        if self.node.propagate_down[0] or self.scale is not None:
            super().backward(builder)


@step_for("Scale")
class Scale(Affine):
    """A factor for each channel, and an offset: normalisation that divides by √(0 + 1)."""

    @classmethod
    def takes(cls, nodes: Sequence[Node], following: Node, training: bool) -> bool:
        """A ReLU."""
        return len(nodes) == 1 and is_plain_relu(following)

    def forward(self, builder: Builder) -> None:
        """One primitive."""
        if not scales_channels(self.node):
            raise Unsupported("other operands than one learned number for each channel")
        self.scale = self.node
        super().forward(builder)


@step_for("Bias")
class Bias(Scale):
    """An offset for each channel."""

    @property
    def arguments(self) -> tuple[tuple[int, int], ...]:
        """The only blob is the offset."""
        return ((SHIFT, DIFF_SHIFT),)
