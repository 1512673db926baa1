"""BatchNorm, with the Scale and ReLU that follow it, as one primitive."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence

import numpy as np

from minicaffe.engines.onednn.builder import Builder, Unsupported
from minicaffe.engines.onednn.primitives import (
    BACKWARD,
    DIFF_DST,
    DIFF_SCALE,
    DIFF_SHIFT,
    DIFF_SRC,
    DST,
    F32,
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
from minicaffe.node import Node


@step_for("BatchNorm")
class BatchNorm(Step):
    """y = ReLU(γ · (x - mean) / sqrt(var + eps) + β), as far as these layers follow."""

    fuses = ("Scale", "ReLU")

    @classmethod
    def can_fuse(cls, nodes: Sequence[Node], following: Node) -> bool:
        """A Scale over the channels; a ReLU without slope that works in place."""
        param = following.layer.param
        if following.layer.type == "ReLU":
            in_place = following.tops[0] is following.bottoms[0]
            return in_place and param.relu_param.negative_slope == 0
        scale = param.scale_param
        axis = following.bottoms[0].axis(scale.axis)
        return axis == 1 and following.layer.blobs[0].shape == following.bottoms[0].shape[1:2]

    def forward(self, builder: Builder) -> None:
        """One batch normalisation primitive, and the running statistics."""
        bottom, top = self.node.bottoms[0], self.nodes[-1].tops[0]
        if bottom.num_axes < 2:
            raise Unsupported("an input without channel axis")
        self._split_nodes()
        source = builder.source(bottom)
        channels = bottom.shape[1]
        self.eps = float(self.layer.param.batch_norm_param.eps)
        self.flags = ctypes.c_uint(self._flags())
        kind = FORWARD_TRAINING if builder.training else FORWARD_INFERENCE
        self.recipe = Recipe(
            "batch_normalization_forward", kind, source.desc, source.desc, self.eps, self.flags
        )
        in_place = top is bottom
        self.mean, self.variance = (Memory(Desc((channels,))) for _ in range(2))
        memories = {SRC: source, MEAN: self.mean, VARIANCE: self.variance}
        memories[DST] = builder.result(top, source.desc, apart=in_place)
        memories.update(self._scale_memories(builder))
        if self.relu is not None and builder.training:
            self.workspace = memories[WORKSPACE] = Memory(self.recipe.desc("workspace"))
        if self.layer.use_global_stats:
            builder.then(self._load_statistics)
        builder.run(self.recipe, memories)
        if not self.layer.use_global_stats:
            builder.then(self._update_statistics)
        self.source = source

    def _split_nodes(self) -> None:
        rest = {node.layer.type: node for node in self.nodes[1:]}
        self.scale, self.relu = rest.get("Scale"), rest.get("ReLU")

    def _flags(self) -> int:
        flags = USE_GLOBAL_STATS if self.layer.use_global_stats else 0
        if self.scale is not None:
            flags |= USE_SCALE
            if len(self.scale.layer.blobs) > 1:
                flags |= USE_SHIFT
        return flags | (FUSE_NORM_RELU if self.relu is not None else 0)

    def _scale_memories(self, builder: Builder) -> dict[int, Memory]:
        blobs = self.scale.layer.blobs if self.scale is not None else []
        return {
            argument: builder.weights.source(blob, blob.shape)
            for argument, blob in zip((SCALE, SHIFT), blobs, strict=False)
        }

    def _floats(self, memory: Memory) -> np.ndarray:
        channels = self.node.bottoms[0].shape[1]
        return memory.buffer.view(np.float32)[:channels]

    def _load_statistics(self) -> None:
        mean, variance = self.layer.global_statistics()
        self._floats(self.mean)[...] = mean
        self._floats(self.variance)[...] = variance

    def _update_statistics(self) -> None:
        bottom = self.node.bottoms[0]
        self.layer.update_statistics(
            self._floats(self.mean), self._floats(self.variance), bottom.count // bottom.shape[1]
        )

    def backward(self, builder: Builder) -> None:
        """One primitive for the gradients of the input, the scale and the shift."""
        bottom, top = self.node.bottoms[0], self.nodes[-1].tops[0]
        desc = self.source.desc
        recipe = Recipe(
            "batch_normalization_backward",
            *(BACKWARD, desc, desc, desc, self.eps, self.flags, self.recipe),
        )
        memories = {
            SRC: self.source,
            MEAN: self.mean,
            VARIANCE: self.variance,
            DIFF_DST: builder.gradient_source(top, desc),
            DIFF_SRC: builder.gradient_result(bottom, desc),
        }
        if self.relu is not None:
            memories[WORKSPACE] = self.workspace
        later = []
        blobs = self.scale.layer.blobs if self.scale is not None else []
        for index, (argument, into, blob) in enumerate(
            zip((SCALE, SHIFT), (DIFF_SCALE, DIFF_SHIFT), blobs, strict=False)
        ):
            if argument == SCALE:  # the primitive refuses SHIFT here
                memories[argument] = builder.weights.source(blob, blob.shape)
            memories[into], add = builder.weights.gradient(blob, blob.shape, Desc(blob.shape, F32))
            if self.scale is not None and self.scale.layer.wants_gradient(index):
                later += add
        builder.run(recipe, memories)
        builder.then(*later)
