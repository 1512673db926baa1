"""What BatchNorm, Scale and Bias have in common: a factor and an offset for each channel, and the
sums that their gradients are made of."""

from __future__ import annotations

import ctypes
import functools
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from minicaffe.engines.jit.batch_statistics import BatchStatistics
from minicaffe.engines.jit.normalization import Normalization
from minicaffe.engines.onednn import dnnl
from minicaffe.engines.onednn.builder import Builder
from minicaffe.engines.onednn.channels import (
    channel_products,
    known_layout,
    normalization,
    rows_of,
)
from minicaffe.engines.onednn.fusion import (
    GradientBetween,
    Passed,
    PassedBits,
    fused_relu,
)
from minicaffe.engines.onednn.primitive import (
    Attributes,
    Memory,
    MemoryDesc,
    PrimitiveDesc,
    post_op_argument,
)
from minicaffe.engines.onednn.steps import Step
from minicaffe.engines.onednn.tensor import ParameterGradient, SavedSource
from minicaffe.syncedmem import aligned_zeros

if TYPE_CHECKING:
    from minicaffe.net.node import Node


#: The bytes of the longest vector.
_VECTOR = 64


class Affine(Step):
    """y = ReLU(γ · (x - mean) / sqrt(var + eps) + β), as far as the layers say so.

    oneDNN's primitive normalises with given statistics; all sums over channels are those of
    :mod:`~minicaffe.engines.onednn.channels`.

    Attributes:
        scale: the Scale (or Bias) layer's node, if there is one.
        eps: added to the variance.
    """

    scale: Node | None = None
    #: With variance 0. The other way round the channels with which oneDNN fills up its blocks,
    #: whose variance is 0, too, would be 0 / 0, and the next convolution's sums with them.
    eps = 1.0

    def prepare_statistics(self, builder: Builder) -> None:
        """Fill mean and variance, or append what does."""
        self.mean.floats[...] = 0
        self.variance.floats[...] = 0

    def forward(self, builder: Builder) -> None:
        self.relu = fused_relu(self.nodes)
        source = self.read(builder, needed=builder.training)
        self.source = builder.another_layout(source, known_layout(source.desc))
        self.saved = SavedSource(self.source, self.bottom.data_memory)
        if builder.training and self.saves_bottom and not self.kept:
            builder.then(self.saved.take)
        channels = self.bottom.shape[1]
        self.mean, self.variance = (Memory(MemoryDesc((channels,))) for _ in range(2))
        self.learned = self.learned_memories(builder)
        self.kernels = self._choose_kernels(builder)
        self.prepare_statistics(builder)
        if self.kernels is None:
            self._normalise_by_primitive(builder)
        else:
            self._normalise_by_kernel(builder, self.kernels)

    def _choose_kernels(self, builder: Builder) -> Normalization | None:
        """Kernels that are generated at run time, where the statistics are those of the batch.

        What a ReLU has let pass they tell with the bottom's gradient.
        """
        if not (self.of_batch and builder.training):
            return None
        if self.relu is not None and not self.node.propagate_down[0]:
            return None
        return normalization(self.source.desc, self.eps, relu=self.relu is not None)

    def _normalise_by_kernel(self, builder: Builder, kernels: Normalization) -> None:
        source, result = self.source, self.write(builder, self.source.desc)
        self.result = result
        builder.kernel(
            lambda: kernels.forward(source.address, result.address),
            {dnnl.SRC: source, dnnl.DST: result},
            "batch_normalization_forward/jit:generated",
        )

    def _normalise_by_primitive(self, builder: Builder) -> None:
        desc, flags = self.source.desc, ctypes.c_uint(self._flags())
        self.forward_pd = PrimitiveDesc(
            "batch_normalization_forward", builder.propagation, desc, desc, self.eps, flags
        )
        memories = {dnnl.SRC: self.source, dnnl.MEAN: self.mean, dnnl.VARIANCE: self.variance}
        memories.update(self.learned)
        self.result = self.write(builder, desc)
        memories[dnnl.DST] = self.result
        if self.relu is not None and builder.training:
            self.workspace = builder.own(self.forward_pd.desc("workspace"))
            memories[dnnl.WORKSPACE] = self.workspace
        builder.run(self.forward_pd, memories)

    @property
    def arguments(self) -> tuple[int, ...]:
        """For each blob of the Scale layer, the argument of its values."""
        return dnnl.SCALE, dnnl.SHIFT

    def _flags(self) -> int:
        flags = dnnl.USE_GLOBAL_STATS
        flags |= dnnl.USE_SCALE if dnnl.SCALE in self.learned else 0
        flags |= dnnl.USE_SHIFT if dnnl.SHIFT in self.learned else 0
        return flags | (dnnl.FUSE_NORM_RELU if self.relu is not None else 0)

    def learned_memories(self, builder: Builder) -> dict[int, Memory]:
        """What the Scale layer has learned, by the primitive's arguments."""
        if self.scale is None:
            return {}
        return {
            argument: builder.weights.source(blob, MemoryDesc(blob.shape))
            for argument, blob in zip(self.arguments, self.scale.layer.blobs, strict=False)
        }

    # ---------------------------------------------------------------- backward

    def backward(self, builder: Builder) -> None:
        """The gradients of the scale and the shift, and of the input."""
        desc, down = self.source.desc, self.node.propagate_down[0]
        gradient = builder.gradient_source(self.top, desc)
        after = self._hand_on()
        between = bool(after) and not (self.in_place and down)
        target: Memory | None = None
        passed: Passed | PassedBits | None = None
        workspace: dict[int, Memory] = {}
        if self.relu is not None and self.kernels is None:
            target = self.write_gradient(builder, desc) if down else builder.own(desc)
            passed, workspace = (
                self._pass_relu(builder, gradient, target),
                {dnnl.WORKSPACE: self.workspace},
            )
            gradient = target
        elif down:
            target = self.write_gradient(builder, desc)
        bits = None
        if between and self.relu is not None and self.kernels is not None:
            passed = bits = PassedBits(self.kernels, desc)
        self._differentiate(builder, gradient, target if down else None, self.nodes, bits)
        if between:
            scale = self.learned[dnnl.SCALE] if self.scale in after else None
            builder.kernel(GradientBetween(self.top, scale, passed), workspace)

    def backward_of(self, builder: Builder, node: Node) -> None:
        """That of the ReLU, of the scale, or of the normalisation."""
        bottom, top, desc = node.bottoms[0], node.tops[0], self.source.desc
        gradient, target = builder.gradient_source(top, desc), None
        if node.propagate_down[0]:
            make = builder.gradient_in_place if top is bottom else builder.gradient_result
            target = make(bottom, desc)
        if node is not self.relu:
            self._differentiate(builder, gradient, target, [node])
        elif target is not None and self.kernels is None:
            self._pass_relu(builder, gradient, target)
        elif target is not None and self.kernels is not None:
            kernels, source = self.kernels, self.saved.view(desc)
            builder.then(self.saved.choose)
            builder.kernel(
                lambda: kernels.pass_on(source.address, gradient.address, target.address),
                {dnnl.SRC: source, dnnl.DIFF_DST: gradient, dnnl.DIFF_SRC: target},
                "eltwise_backward/jit:generated",
            )

    def _differentiate(
        self,
        builder: Builder,
        gradient: Memory,
        target: Memory | None,
        layers: Sequence[Node],
        passed: PassedBits | None = None,
    ) -> None:
        """The gradients of the scale and the shift, and of the bottom, of some of the layers."""
        learned = self._parameter_gradients(builder) if self.scale in layers else []
        of_batch = self.of_batch and self.node in layers
        source = self.saved.view(self.source.desc)
        builder.then(self.saved.choose)
        for parameter in learned:
            builder.then(*parameter.before)
        factors = self._factors()
        numbers = [memory.buffer.view(np.float32) for memory in factors[:3]]
        if learned or of_batch:
            add_up = functools.partial(self._add_up, gradient, source, learned, factors, layers)
            if self.kernels is not None and layers is self.nodes:
                found = self.kernels.statistics
                add_up = functools.partial(self._add_up_by_kernel, gradient, source, learned, found)
                numbers = [found.floats[name] for name in ("factor", "slope", "remains")]
            builder.kernel(add_up, {dnnl.DIFF_DST: gradient, dnnl.SRC: source})
        else:
            builder.then(lambda: _fill(factors[0], self.gain_of(layers, self.inv_std())))
        for parameter in learned:
            builder.then(*parameter.after)
        if target is not None and of_batch and self.kernels is not None:
            operands = {dnnl.SRC: source, dnnl.DIFF_DST: gradient, dnnl.DIFF_SRC: target}
            relu = self.relu in layers
            self._input_gradient_by_kernel(builder, operands, numbers, passed, relu=relu)
        elif target is not None:
            self._input_gradient(builder, gradient, target, factors, of_batch=of_batch)
        if learned and self.folded is not None:
            builder.then(lambda: self._overwrite(learned[0].memory))

    def _factors(self) -> list[Memory]:
        """For each channel by what is multiplied, slope, rest and mean: see
        :meth:`_input_gradient`. A kernel's last vector may be longer."""
        flat = _without_places(self.source.desc)
        channels = self.node.bottoms[0].shape[1]
        one_each = MemoryDesc((1, channels, *[1] * (len(flat.shape) - 2)), block=flat.block)
        size = one_each.size + _VECTOR
        return [Memory(one_each, aligned_zeros(size, np.dtype(np.uint8))) for _ in range(4)]

    def _hand_on(self) -> list[Node]:
        """The layers after the first whose backward passes a gradient on to their bottom."""
        after = self.nodes[1:]
        stops = [i for i, node in enumerate(after, 1) if not node.propagate_down[0]]
        return after[max(stops, default=0) :]

    #: Whether mean and variance are those of the batch, and have gradients themselves.
    of_batch = False
    #: Whether Caffe's backward reads a copy that the forward has made, not the bottom.
    saves_bottom = False

    def _pass_relu(self, builder: Builder, gradient: Memory, target: Memory) -> Passed:
        """The gradient of what the ReLU has let pass: a normalisation that divides by √(0 + 1)."""
        desc, flags = self.source.desc, ctypes.c_uint(dnnl.USE_GLOBAL_STATS | dnnl.FUSE_NORM_RELU)
        forward = PrimitiveDesc(
            "batch_normalization_forward", dnnl.FORWARD_TRAINING, desc, desc, 1.0, flags
        )
        args = (dnnl.BACKWARD_DATA, desc, desc, desc, 1.0, flags, forward)
        pd = PrimitiveDesc("batch_normalization_backward", *args)
        zeros = Memory(self.mean.desc)
        memories = {
            dnnl.SRC: self.source, dnnl.MEAN: zeros, dnnl.VARIANCE: zeros,
            dnnl.WORKSPACE: self.workspace, dnnl.DIFF_DST: gradient, dnnl.DIFF_SRC: target,
        }  # fmt: skip
        builder.run(pd, memories)
        return Passed(pd, memories)

    def _input_gradient(
        self,
        builder: Builder,
        gradient: Memory,
        target: Memory,
        factors: Sequence[Memory],
        *,
        of_batch: bool,
    ) -> None:
        """dx = gain · (dy + slope · (x - mean) + rest), the middle for statistics of the batch."""
        desc, (gain, slope, rest, mean) = _without_places(self.source.desc), factors
        source = self.saved.view(desc)
        if desc is not self.source.desc:
            gradient, target = gradient.seen_as(desc), target.seen_as(desc)
        if not of_batch:
            pd = PrimitiveDesc("binary", dnnl.BINARY_MUL, desc, gain.desc, desc)
            builder.run(pd, {dnnl.SRC: gradient, dnnl.SRC_1: gain, dnnl.DST: target})
            return
        attributes = Attributes().append_binary(dnnl.BINARY_MUL, slope.desc)
        attributes.append_binary(dnnl.BINARY_ADD, rest.desc).append_binary(dnnl.BINARY_ADD, desc)
        attributes.append_binary(dnnl.BINARY_MUL, gain.desc)
        pd = PrimitiveDesc("binary", dnnl.BINARY_SUB, desc, mean.desc, desc, attributes=attributes)
        memories = {dnnl.SRC: source, dnnl.SRC_1: mean, dnnl.DST: target}
        for index, operand in enumerate((slope, rest, gradient, gain)):
            memories[post_op_argument(index, dnnl.SRC_1)] = operand
        builder.run(pd, memories)

    def _input_gradient_by_kernel(
        self,
        builder: Builder,
        operands: Mapping[int, Memory],
        numbers: Sequence[np.ndarray],
        passed: PassedBits | None,
        *,
        relu: bool,
    ) -> None:
        """dx as above, of what the ReLU has let pass where it is one of the layers."""
        kernels, bits = self.kernels, None if passed is None else passed.bits
        source, gradient, target = (
            operands[argument] for argument in (dnnl.SRC, dnnl.DIFF_DST, dnnl.DIFF_SRC)
        )

        def run() -> None:
            if kernels is not None:
                addresses = source.address, gradient.address, target.address
                kernels.backward(*addresses, numbers, relu=relu, passed=bits)

        builder.kernel(run, operands, "batch_normalization_backward/jit:generated")

    def inv_std(self) -> np.ndarray:
        """1 / √(var + eps) of each channel."""
        if self.kernels is not None:
            found: np.ndarray = self.kernels.statistics.doubles["inv"][: self.mean.floats.size]
            return found
        with np.errstate(all="ignore"):
            deviation: np.ndarray = np.sqrt(self.variance.floats.astype(np.float64) + self.eps)
            return 1 / deviation

    def gain_of(self, layers: Sequence[Node], inv_std: np.ndarray) -> np.ndarray:
        """By what some of the layers multiply: 1 / √(var + eps), γ, or both."""
        gain = inv_std if self.node in layers else np.ones(inv_std.size)
        if self.scale in layers and dnnl.SCALE in self.learned:
            with np.errstate(all="ignore"):
                gain = gain * self.learned[dnnl.SCALE].floats
        return gain

    def _add_up(
        self,
        gradient: Memory,
        source: Memory,
        learned: Sequence[ParameterGradient],
        factors: Sequence[Memory],
        layers: Sequence[Node],
    ) -> None:
        """What is needed of Σ dy and Σ dy · (x - mean), by channel."""
        inv_std = self.inv_std()
        about = self.mean.floats
        with np.errstate(all="ignore"):
            total, product = self._sums(gradient, source, relu=self.relu in layers)
            product -= self.rest * total
            count = self.node.bottoms[0].count // total.size
            slope = -inv_std * inv_std * product / count
            values = {dnnl.SCALE: inv_std * product, dnnl.SHIFT: total}
            for argument, parameter in zip(self.arguments, learned, strict=False):
                parameter.memory.floats[...] = values[argument]
            rest = -total / count - slope * self.rest
            for factor, value in zip(
                factors, (self.gain_of(layers, inv_std), slope, rest, about), strict=True
            ):
                _fill(factor, value)

    def _add_up_by_kernel(
        self,
        gradient: Memory,
        source: Memory,
        learned: Sequence[ParameterGradient],
        found: BatchStatistics,
    ) -> None:
        """The sums for all of the layers together."""
        scale = self.learned.get(dnnl.SCALE)
        gamma = None if scale is None else scale.address
        found.differentiate(*(gradient.address, source.address, gamma), relu=self.relu is not None)
        for name, parameter in zip(("dgamma", "dbeta"), learned, strict=False):
            parameter.memory.floats[...] = found.floats[name][: found.channels]

    def _sums(
        self, gradient: Memory, source: Memory, *, relu: bool
    ) -> tuple[np.ndarray, np.ndarray]:
        """Σ dy and Σ dy · (x - mean), by channel, where kernels compute a ReLU of what it has let
        pass."""
        channels = self.mean.floats.size
        if self.kernels is None:
            return channel_products(gradient, source, self.mean.floats)
        total, product = self.kernels.add_up(rows_of(gradient), rows_of(source), relu=relu)
        return total[:channels], product[:channels]

    #: What the mean is beyond :attr:`mean`, by channel.
    rest: np.ndarray | float = 0.0

    def _parameter_gradients(self, builder: Builder) -> list[ParameterGradient]:
        scale = self.scale
        if scale is None or not any(map(scale.layer.wants_gradient, range(len(scale.layer.blobs)))):
            return []
        gradients = []
        for index, blob in enumerate(scale.layer.blobs):
            added = scale.layer.wants_gradient(index) and not (index == 0 and self.folded)
            gradients.append(builder.weights.gradient(blob, MemoryDesc(blob.shape), wanted=added))
        return gradients

    @property
    def folded(self) -> tuple[int, ...] | None:
        """The bottom's shape as the Scale layer sees it, where Caffe does not add up a scale's
        gradient; else None."""
        if self.scale is None:
            return None
        layer: Any = self.scale.layer
        shape = self.scale.bottoms[0].shape
        folded = (shape[0], shape[1], math.prod(shape[2:]))
        return folded if layer.wants_gradient(0) and layer.overwrites(folded) else None

    def _overwrite(self, computed: Memory) -> None:
        """Take a scale's gradient in where Caffe does not add it up."""
        layer: Any = self.scale and self.scale.layer
        layer.add_gradient(computed.floats, self.folded)


def _fill(factor: Memory, values: np.ndarray) -> None:
    factor.buffer.view(np.float32)[: values.size] = values


def _without_places(desc: MemoryDesc) -> MemoryDesc:
    """The layout with two axes where the others have length 1: oneDNN 3.2 takes one number for
    each channel for a single one there, when it follows another operation."""
    if len(desc.shape) > 2 and math.prod(desc.shape[2:]) == 1 and desc.block in (0, 1):
        return MemoryDesc(desc.shape[:2], desc.dtype)
    return desc
