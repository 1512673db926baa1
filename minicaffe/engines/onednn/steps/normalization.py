"""BatchNorm, with the Scale and ReLU that follow it, in one step; Scale and Bias."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from minicaffe.engines.jit.batch_statistics import BatchStatistics
from minicaffe.engines.onednn import dnnl
from minicaffe.engines.onednn.builder import Builder, Unsupported
from minicaffe.engines.onednn.channels import channel_moments, spoil
from minicaffe.engines.onednn.fusion import is_plain_relu, is_relu
from minicaffe.engines.onednn.primitive import Memory, MemoryDesc
from minicaffe.engines.onednn.steps import step_for, step_of
from minicaffe.engines.onednn.steps.affine import Affine
from minicaffe.engines.onednn.tensor import Call
from minicaffe.layers.sums import near

if TYPE_CHECKING:
    from minicaffe.net.node import Node


@step_for("BatchNorm")
class BatchNorm(Affine):
    """Batch normalisation, and the Scale and ReLU that work in place on its top."""

    saves_bottom = True
    folding_order = 0

    @classmethod
    def is_constant(cls, node: Node) -> bool:
        """With stored statistics, and without what oneDNN has not."""
        layer: Any = node.layer
        return layer.use_global_stats and not layer.beyond_caffe and layer.eps != 0

    @classmethod
    def can_fuse(cls, nodes: Sequence[Node], following: Node, training: bool) -> bool:
        """A Scale over the channels, and a ReLU after statistics of the batch, which tell of
        values that are no numbers (the primitive's ReLU would make them 0)."""
        if step_of(following) is Scale:
            return len(nodes) == 1 and Scale.is_constant(following)
        layer: Any = nodes[0].layer
        return not is_relu(nodes[-1]) and not layer.use_global_stats and is_plain_relu(following)

    def forward(self, builder: Builder) -> None:
        """One primitive, and the running statistics."""
        bottom = self.node.bottoms[0]
        if not 2 <= bottom.num_axes <= 5:
            raise Unsupported(f"{bottom.num_axes} axes, not 2 to 5")
        if self.layer.eps == 0:
            raise Unsupported("eps is 0, by which oneDNN divides beyond the last channel")
        if self.layer.beyond_caffe:
            raise Unsupported(f"oneDNN's batch normalisation has no {self.layer.beyond_caffe}")
        self.scale = next((node for node in self.nodes[1:] if step_of(node) is Scale), None)
        self.of_batch, self.eps = not self.layer.use_global_stats, float(self.layer.eps)
        super().forward(builder)
        if self.of_batch and self.relu is not None and self.kernels is None:
            builder.then(self._keep_not_numbers)

    def learned_memories(self, builder: Builder) -> dict[int, Memory]:
        """For statistics of the batch, a shift that takes in how far the mean is from the number
        near it that is subtracted."""
        learned = super().learned_memories(builder)
        self.offset = learned.get(dnnl.SHIFT)
        if self.of_batch:
            learned[dnnl.SHIFT] = Memory(MemoryDesc((self.node.bottoms[0].shape[1],)))
        return learned

    def prepare_statistics(self, builder: Builder) -> None:
        """The stored ones, or those of the batch, for every forward."""
        if self.kernels is not None:
            builder.then(self._measure_by_kernel(self.kernels.statistics))
            builder.once(self._count)
        elif self.of_batch:
            builder.then(self._measure)
            builder.once(self._count)
        else:
            builder.then(self._load_statistics)

    def _load_statistics(self) -> None:
        mean, variance = self.layer.stored_statistics()
        np.copyto(self.mean.floats, mean)
        np.copyto(self.variance.floats, variance)

    def _measure(self) -> None:
        mean, variance = channel_moments(self.source)
        with np.errstate(all="ignore"):
            self.mean.floats[...] = near(mean, variance, np.dtype(np.float32))
            self.variance.floats[...] = variance
            self.rest = mean - self.mean.floats
            offset = 0 if self.offset is None else self.offset.floats
            self.learned[dnnl.SHIFT].floats[...] = offset - self.rest * self.gain_of(
                self.nodes, self.inv_std()
            )
        self.measured = mean, variance

    def _measure_by_kernel(self, found: BatchStatistics) -> Call:
        """What measures; its results are where they will be."""
        count, source = found.channels, self.source
        self.mean = Memory(self.mean.desc, found.floats["about"])
        self.rest = found.doubles["rest"][:count]
        self.measured = found.doubles["mean"][:count], found.doubles["variance"][:count]
        scale, offset = self.learned.get(dnnl.SCALE), self.offset

        def measure() -> None:
            learned = (None if memory is None else memory.address for memory in (scale, offset))
            found.measure(source.address, *learned)

        return measure

    def _count(self) -> None:
        """The batch counts in the running statistics."""
        mean, variance = self.measured
        self.layer.update_stored(mean, variance, self.node.bottoms[0].count // mean.size)

    def _keep_not_numbers(self) -> None:
        """The primitive's ReLU makes 0 of what is no number."""
        read = [self.mean, self.variance, *self.learned.values()]
        if all(np.isfinite(memory.floats).all() for memory in read):
            return
        spoilt = np.isnan(self.mean.floats + self.variance.floats)
        for memory in self.learned.values():
            spoilt |= np.isnan(memory.floats)
        spoil(self.result, spoilt)

    def backward(self, builder: Builder) -> None:
        """Nothing where no gradient is asked for."""
        if self.node.propagate_down[0] or self.scale is not None:
            super().backward(builder)


@step_for("Scale")
class Scale(Affine):
    """A factor for each channel, and an offset: normalisation that divides by √(0 + 1)."""

    folding_order = 1
    #: The field of the layer's parameters.
    field: ClassVar[str] = "scale_param"

    @classmethod
    def is_constant(cls, node: Node) -> bool:
        """Whether the layer learns one number for each channel (axis 1)."""
        bottom, blobs = node.bottoms[0], node.layer.blobs
        if len(node.bottoms) > 1 or not 2 <= bottom.num_axes <= 5:
            return False
        axis = getattr(node.layer.param, cls.field).axis
        return bottom.axis(axis) == 1 and blobs[0].shape == bottom.shape[1:2]

    def forward(self, builder: Builder) -> None:
        if not self.is_constant(self.node):
            raise Unsupported("other operands than one learned number for each channel")
        self.scale = self.node
        super().forward(builder)


@step_for("Bias")
class Bias(Scale):
    """An offset for each channel."""

    folding_order = 2
    field = "bias_param"
    folded = None

    @property
    def arguments(self) -> tuple[int, ...]:
        """The only blob is the offset."""
        return (dnnl.SHIFT,)
