"""Several layers as one primitive: what may be fused, how, and what is then left unfilled.

With constant statistics (the TEST phase) a BatchNorm, a Scale and a Bias become part of the
weights; an activation and the sum with another branch follow within the same primitive, as its
post-ops::

    y = act(W' · x + b' + other)      W' = factor · W      b' = factor · b + offset

(Ioffe & Szegedy 2015, algorithm 2, line 11; :mod:`minicaffe.layers.folding`.) A blob between two
layers that run as one step is computed when a program asks for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from minicaffe.blob import Blob
from minicaffe.engines.jit.normalization import Normalization
from minicaffe.engines.onednn import dnnl
from minicaffe.engines.onednn.builder import Builder, Unsupported
from minicaffe.engines.onednn.dnnl import Failed
from minicaffe.engines.onednn.primitive import (
    Attributes,
    Memory,
    MemoryDesc,
    Primitive,
    PrimitiveDesc,
    keeping_not_numbers,
    plain,
    post_op_argument,
    reorder,
)
from minicaffe.engines.onednn.steps import step_of
from minicaffe.engines.onednn.steps.activation import Activation, PReLU, ReLU
from minicaffe.engines.onednn.tensor import SavedSource, Tensor
from minicaffe.layer import Layer
from minicaffe.layers.folding import fold_into_previous
from minicaffe.syncedmem import (
    EngineCopy,
    Snapshot,
    SyncedHead,
    SyncedMemory,
    aligned_zeros,
    only_read,
)

if TYPE_CHECKING:
    from minicaffe.net.node import Node


def is_relu(node: Node) -> bool:
    """Whether oneDNN runs it as a ReLU."""
    return issubclass(step_of(node), ReLU)


def is_simple_relu(node: Node) -> bool:
    """Whether it is a ReLU that tells by its top what to do with a gradient."""
    return is_relu(node) and slope_of(node) >= 0


def adds_two(node: Node) -> bool:
    """Whether an Eltwise is the plain sum of two different blobs."""
    param = node.layer.param.eltwise_param
    plain = param.operation == param.SUM and all(factor == 1 for factor in param.coeff)
    two = len(node.bottoms) == 2 and node.bottoms[0] is not node.bottoms[1]
    return plain and two and not node.in_place


def slope_of(node: Node) -> float:
    """The negative slope of a ReLU layer."""
    return float(node.layer.param.relu_param.negative_slope)


def is_plain_relu(node: Node) -> bool:
    """A ReLU without slope, which the primitive of batch normalisation takes."""
    return is_simple_relu(node) and slope_of(node) == 0


def fused_relu(nodes: Sequence[Node]) -> Node | None:
    """The ReLU that ends a step of several layers, if there is one."""
    return nodes[-1] if len(nodes) > 1 and is_relu(nodes[-1]) else None


def backward_of_relu(builder: Builder, node: Node, values: Memory) -> None:
    """Append what turns the gradient of a fused ReLU's top into that of its bottom, the same
    blob's."""
    blob, desc, slope = node.tops[0], values.desc, slope_of(node)
    forward = PrimitiveDesc(
        "eltwise_forward",
        *(dnnl.FORWARD_TRAINING, dnnl.RELU_FROM_DST, desc, desc, slope, 0.0),
    )
    backward = PrimitiveDesc(
        "eltwise_backward", *(dnnl.RELU_FROM_DST, desc, desc, desc, slope, 0.0, forward)
    )
    gradient = builder.gradient_source(blob, desc)
    target = builder.gradient_in_place(blob, desc)
    builder.run(backward, {dnnl.DST: values, dnnl.DIFF_DST: gradient, dnnl.DIFF_SRC: target})


class Passed:
    """What a normalisation's ReLU has let pass, for the time after the next forward.

    Args:
        backward: the primitive's descriptor, whose result is the gradient or 0.
        memories: its operands; the workspace says which.
    """

    def __init__(self, backward: PrimitiveDesc, memories: Mapping[int, Memory]) -> None:
        self._backward, self._memories = backward, memories
        self._kept = Memory(memories[dnnl.WORKSPACE].desc)

    def keep(self) -> None:
        """Copy the workspace, a bit or a byte for each value."""
        np.copyto(self._kept.buffer, self._memories[dnnl.WORKSPACE].buffer)

    def pass_on(self, gradient: np.ndarray) -> None:
        """Make 0 of what was not let pass, in an array."""
        outside = plain(gradient.reshape(-1), gradient.shape)
        given, result = (Memory(self._memories[dnnl.DIFF_DST].desc) for _ in range(2))
        operands = {dnnl.WORKSPACE: self._kept, dnnl.DIFF_DST: given, dnnl.DIFF_SRC: result}
        reorder(outside, given)()
        Primitive(self._backward, {**self._memories, **operands})()
        reorder(result, outside)()


class PassedBits:
    """What a normalisation's ReLU has let pass, as its kernel has written it with the gradient.

    Args:
        kernels: the normalisation's.
        desc: the layout of the gradient.

    Attributes:
        bits: where the kernel writes; the next backward does so again.
    """

    def __init__(self, kernels: Normalization, desc: MemoryDesc) -> None:
        self._kernels, self._desc = kernels, desc
        self.bits = np.zeros(kernels.passed_size, np.uint8)

    def keep(self) -> None:
        """Nothing: forwards leave the bits alone."""

    def pass_on(self, gradient: np.ndarray) -> None:
        """Make 0 of what was not let pass, in an array."""
        outside, given = plain(gradient.reshape(-1), gradient.shape), Memory(self._desc)
        reorder(outside, given)()
        given.elements[~self._kernels.elements_passed(self.bits)] = 0
        reorder(given, outside)()


class GradientBetween(EngineCopy):
    """The gradient of a normalisation's own top, on which Scale and ReLU work in place.

    The primitive passes over it; the blob holds that of the last layer's top. A program that asks
    gets it computed from that one, and from what Scale and ReLU were in this backward.

    Args:
        blob: the top.
        scale: the factors by channel that a Scale learns, where it hands a gradient on.
        passed: what the ReLU lets pass, if there is one.
    """

    def __init__(
        self, blob: Blob, scale: Memory | None, passed: Passed | PassedBits | None
    ) -> None:
        self._blob, self._scale, self._passed = blob, scale, passed
        self._last: EngineCopy | None = None
        self._factors = np.ones(1, np.float32)

    def __call__(self) -> None:
        if self._passed is not None:
            self._passed.keep()
        if self._scale is not None:
            self._factors = self._scale.floats.copy()
        memory = self._blob.diff_memory
        self._last = memory.engine_copy
        memory.set_head(self)
        if memory.exported:
            _ = memory.array

    def write_to(self, array: np.ndarray) -> None:
        """Compute it (what :class:`SyncedMemory` asks for)."""
        if self._last is not None:
            self._last.write_to(array)
        diff = array[: self._blob.count].reshape(self._blob.shape)
        if self._passed is not None:
            self._passed.pass_on(diff)
        diff *= self._factors.reshape(-1, *[1] * (diff.ndim - 2))


def can_fuse(nodes: Sequence[Node], following: Node, *, training: bool, sums: bool = True) -> bool:
    """Whether the layer that follows can become part of the first one's primitive.

    Args:
        nodes: the weighted layer and what was taken before.
        following: the layer that alone reads what they make.
        training: gradients are wanted; only a ReLU in place is exact then.
        sums: the primitive can add another blob.
    """
    if training:
        return len(nodes) == 1 and is_simple_relu(following)
    before, cls = [step_of(node) for node in nodes[1:]], step_of(following)
    place = cls.folding_order
    if place is not None:
        places = [step.folding_order for step in before]
        in_order = all(earlier is not None and earlier < place for earlier in places)
        return in_order and cls.is_constant(following)
    if cls.adds:
        return sums and not any(step.adds for step in before) and adds_two(following)
    ends = not before or before[-1].folding_order is not None or before[-1].adds
    return ends and _activates(following)


def _activates(node: Node) -> bool:
    """An elementwise function that oneDNN has, without anything within it, or a PReLU."""
    cls = step_of(node)
    if not issubclass(cls, Activation):
        return issubclass(cls, PReLU)
    if cls.stays_alone:
        return False
    step = cls([node])
    with suppress(Unsupported):
        step.check()
        return step.inner == (1.0, 0.0)
    return False


class Folding:
    """Weights and biases of a layer with the constants after it folded in; a call computes
    them again.

    Args:
        layer: the weighted layer.
        constants: the BatchNorm, Scale and Bias nodes after it.

    Attributes:
        weights, bias: the results, flat, in the order of the layer's own.
        memories: those of all parameters that they are made of.
    """

    def __init__(self, layer: Layer, constants: Sequence[Node]) -> None:
        self._layer, self._constants = layer, constants
        blobs = [*layer.blobs, *(blob for node in constants for blob in node.layer.blobs)]
        self.memories: list[SyncedMemory] = [blob.data_memory for blob in blobs]
        self.weights = aligned_zeros(layer.blobs[0].count, np.dtype(np.float32))
        self.bias = aligned_zeros(constants[0].bottoms[0].shape[1], np.dtype(np.float32))

    def __call__(self) -> None:
        layer = self._layer
        axis, groups = layer.weight_outputs
        with only_read(self.memories):
            factor, offset = self._affine()
            blobs = layer.blobs
            bias = blobs[1].data.reshape(-1) if len(blobs) > 1 else None
            weights, bias = fold_into_previous(
                blobs[0].data, bias, factor, offset, axis=axis, groups=groups
            )
        np.copyto(self.weights, weights.reshape(-1))
        np.copyto(self.bias, bias)

    def _affine(self) -> tuple[np.ndarray, np.ndarray]:
        """By what the constants multiply every channel, and what they add, float64."""
        factor, offset = np.ones(self.bias.size), np.zeros(self.bias.size)
        for node in self._constants:
            affine = node.layer.channel_affine(node.bottoms[0])
            if affine is None:
                raise Failed(f"layer '{node.name}' has no factors that weights could take in")
            by, plus = affine
            factor, offset = by * factor, by * offset + plus
        return factor, offset


class SumAndReLU(NamedTuple):
    """What follows a weighted layer: the sum with another blob, a ReLU without slope, or both."""

    adds: bool
    relu: bool


class PostOps:
    """The layers after a weighted layer that its primitive computes as well.

    Args:
        nodes: the weighted layer and those after it, as :func:`can_fuse` has chosen them.
    """

    def __init__(self, nodes: Sequence[Node]) -> None:
        constants = [node for node in nodes[1:] if step_of(node).folding_order is not None]
        self.folding = Folding(nodes[0].layer, constants) if constants else None
        self._after = [node for node in nodes[1:] if node not in constants]
        self.adds = any(step_of(node).adds for node in self._after)
        self._made = [node.tops[0] for node in nodes[:-1]]
        self._layout: MemoryDesc | None = None

    def attributes(self, find_layout: Callable[[], MemoryDesc]) -> Attributes | None:
        """What makes a primitive do the rest.

        Args:
            find_layout: tells in which layout another blob's values are added.
        """
        if not self._after:
            return None
        attributes = Attributes()
        for node in self._after:
            cls = step_of(node)
            if cls.adds:
                self._layout = find_layout()
                attributes.append_binary(dnnl.BINARY_ADD, self._layout)
            elif issubclass(cls, Activation):
                step = cls([node])
                attributes.append_eltwise(*keeping_not_numbers(step.algorithm, *step.numbers))
            else:
                attributes.append_prelu(by_channel=node.layer.blobs[0].count > 1)
        return attributes

    @property
    def sum_and_relu(self) -> SumAndReLU | None:
        """What follows, if it is no more than these two."""
        rest = [node for node in self._after if not step_of(node).adds]
        if self.adds and not step_of(self._after[0]).adds:
            return None
        if not rest:
            return SumAndReLU(self.adds, relu=False)
        return SumAndReLU(self.adds, relu=True) if [*map(is_plain_relu, rest)] == [True] else None

    def added(self, builder: Builder, layout: MemoryDesc | None) -> Memory:
        """The other blob's values, in this layout."""
        (node,) = (node for node in self._after if step_of(node).adds)
        (other,) = (blob for blob in node.bottoms if blob not in self._made)
        return builder.source(other, layout)

    def operands(self, builder: Builder) -> dict[int, Memory]:
        """What the attributes read, by argument."""
        found = {}
        for index, node in enumerate(self._after):
            if step_of(node).adds:
                memory = self.added(builder, self._layout)
                found[post_op_argument(index, dnnl.SRC_1)] = memory
            elif issubclass(step_of(node), PReLU):
                slopes = node.layer.blobs[0]
                memory = builder.weights.source(slopes, MemoryDesc((slopes.count,)))
                found[post_op_argument(index, dnnl.WEIGHTS)] = memory
        return found


class Source(SavedSource):
    """A blob's values as a step read them, for the time when they are needed once more.

    By then a program or another layer may have written others into the plain array, or a step
    loaded such into the version's home.

    Args:
        tensor: the version.
    """

    def __init__(self, tensor: Tensor) -> None:
        super().__init__(tensor.home, tensor.memory)
        self._tensor = tensor
        tensor.shared = True  # no later layer overwrites its home

    def take(self) -> None:
        super().take()
        if self._tensor.is_plain:  # which other layers overwrite
            self.keep()

    def blob(self) -> Blob:
        """A blob of its own that holds them."""
        blob = Blob(self._tensor.shape)
        then = Memory(self._tensor.home.desc, self.values)
        reorder(then, plain(blob.data.reshape(-1), blob.shape))()
        return blob


class LazyBlob(EngineCopy):
    """The values of a blob between layers that run as one step, in the place of an array.

    A program that asks for the blob's array gets what the layers' numpy selves compute of what
    the step has read, and with the parameters of then; nothing else of the net changes by that.

    Args:
        blob: the blob.
        nodes: the layers of the step up to the last one that fills the blob.
        sources: what the step reads.
        parameters: what the layers have learned, by memory.
        looked_at: takes the memory in, so that the next plan fills it.
    """

    head = SyncedHead.LAZY

    def __init__(
        self,
        blob: Blob,
        nodes: Sequence[Node],
        sources: Mapping[Blob, Source],
        parameters: Mapping[SyncedMemory, Snapshot],
        looked_at: set[SyncedMemory],
    ) -> None:
        self.memory = blob.data_memory
        self._blob, self._nodes, self._sources, self._looked_at = blob, nodes, sources, looked_at
        self._parameters = parameters

    def keep(self) -> None:
        """Copy what it is computed of, if it may yet be asked for, as other steps are to run."""
        if self.memory.engine_copy is self:
            for source in self._sources.values():
                source.keep()

    def mark_newest(self) -> None:
        """Say that the layers have run, though none has filled the blob."""
        for snapshot in self._parameters.values():
            snapshot.take()
        self.memory.set_head(self)

    def write_to(self, array: np.ndarray) -> None:
        """Fill the array (what :class:`SyncedMemory` asks for)."""
        self._looked_at.add(self.memory)
        values = {blob: source.blob() for blob, source in self._sources.items()}
        for blob, copy in values.items():
            copy.reshape(*blob.shape)  # its memory may be shared by a blob of another shape
        with np.errstate(all="ignore"):
            for node in self._nodes:
                bottoms = [values[blob] for blob in node.bottoms]
                for top in node.tops:
                    if top not in node.bottoms:
                        values[top] = Blob(top.shape)
                then = [self._parameters[blob.data_memory].values for blob in node.layer.blobs]
                node.forward_apart(bottoms, [values[top] for top in node.tops], then)
        result = values[self._blob]
        np.copyto(array[: result.count], result.data.reshape(-1))


def lazy_blobs(
    nodes: Sequence[Node], sources: Mapping[Blob, Source], looked_at: set[SyncedMemory]
) -> list[LazyBlob]:
    """What the step that covers these nodes leaves unfilled."""
    filled = nodes[-1].tops[0].data_memory
    last = {node.tops[0]: index for index, node in enumerate(nodes[:-1])}
    memories = [blob.data_memory for node in nodes for blob in node.layer.blobs]
    parameters = {memory: Snapshot(memory) for memory in memories}
    return [
        LazyBlob(blob, nodes[: index + 1], sources, parameters, looked_at)
        for blob, index in last.items()
        if blob.data_memory is not filled
    ]
