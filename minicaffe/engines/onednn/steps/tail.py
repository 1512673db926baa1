"""What a weighted layer's primitive does besides: the layers behind it, folded in or fused.

With constant statistics (the TEST phase) a BatchNorm, a Scale and a Bias become part of the
weights; an activation and the sum with another branch follow within the same primitive::

    y = act(W' · x + b' + other)      W' = factor · W      b' = factor · b + offset

(Ioffe & Szegedy 2015, algorithm 2, line 11; :mod:`minicaffe.layers.folding`.)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from minicaffe.engines.onednn import dnnl
from minicaffe.engines.onednn.builder import Builder
from minicaffe.engines.onednn.primitive import (
    Attributes,
    Memory,
    MemoryDesc,
    keeping_not_numbers,
    post_op_argument,
)
from minicaffe.engines.onednn.steps import step_class
from minicaffe.engines.onednn.steps.activations import Activation
from minicaffe.engines.onednn.steps.fused import adds_two, is_simple_relu
from minicaffe.engines.onednn.steps.normalization import scales_channels
from minicaffe.layers.folding import fold_into_previous
from minicaffe.net.node import Node
from minicaffe.syncedmem import SyncedMemory, aligned_zeros, only_read

_CONSTANTS = ("BatchNorm", "Scale", "Bias")
_SUM = "Eltwise"


def takes(nodes: Sequence[Node], following: Node, *, training: bool, sums: bool = True) -> bool:
    """Whether the layer that follows can become part of the first one's primitive.

    Args:
        nodes: the weighted layer and what was taken before.
        following: the layer that alone reads what they make.
        training: gradients are wanted; only a ReLU in place is exact then.
        sums: the primitive can add another blob.
    """
    if training:
        return len(nodes) == 1 and following.layer.type == "ReLU" and is_simple_relu(following)
    before = [node.layer.type for node in nodes[1:]]
    kind = following.layer.type
    if kind in _CONSTANTS:
        in_order = all(_CONSTANTS.index(one) < _CONSTANTS.index(kind) for one in before
                       if one in _CONSTANTS)  # fmt: skip
        return in_order and set(before) <= set(_CONSTANTS) and _is_constant(following)
    if kind == _SUM:
        return sums and _SUM not in before and adds_two(following)
    return _activates(following) and (not before or before[-1] in (*_CONSTANTS, _SUM))


def _is_constant(node: Node) -> bool:
    if node.layer.type != "BatchNorm":
        return scales_channels(node)
    layer: Any = node.layer
    return layer.use_global_stats and not layer.beyond_caffe


def _activates(node: Node) -> bool:
    """An elementwise function without anything within it, or a PReLU."""
    step = _as_activation(node)
    if step is None:
        return node.layer.type == "PReLU"
    return step.inner == (1.0, 0.0)


def _as_activation(node: Node) -> Activation | None:
    cls = step_class(node.layer.type)
    return cls([node]) if cls is not None and issubclass(cls, Activation) else None


class Folding:
    """Weights and biases of a layer with the constants behind it folded in; a call computes
    them anew.

    Args:
        layer: the weighted layer.
        constants: the BatchNorm, Scale and Bias nodes behind it.

    Attributes:
        weights, bias: the results, flat, in the order of the layer's own.
        memories: those of all parameters that they are made of.
    """

    def __init__(self, layer: Any, constants: Sequence[Node]) -> None:
        self._layer, self._constants = layer, constants
        blobs = [*layer.blobs, *(blob for node in constants for blob in node.layer.blobs)]
        self.memories: list[SyncedMemory] = [blob.data_memory for blob in blobs]
        self.weights = aligned_zeros(layer.blobs[0].count, np.dtype(np.float32))
        self.bias = aligned_zeros(constants[0].bottoms[0].shape[1], np.dtype(np.float32))

    def __call__(self) -> None:
        """Compute."""
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
            assert affine is not None, node.name  # see _is_constant
            by, plus = affine
            factor, offset = by * factor, by * offset + plus
        return factor, offset


class Tail:
    """The layers behind a weighted layer that its primitive takes along.

    Args:
        nodes: the weighted layer and those behind it, as :func:`takes` has chosen them.
    """

    def __init__(self, nodes: Sequence[Node]) -> None:
        constants = [node for node in nodes[1:] if node.layer.type in _CONSTANTS]
        self.folding = Folding(nodes[0].layer, constants) if constants else None
        self._behind = [node for node in nodes[1:] if node not in constants]
        self.adds = any(node.layer.type == _SUM for node in self._behind)
        self._made = [node.tops[0] for node in nodes[:-1]]
        self._layout: MemoryDesc | None = None

    def attributes(self, layout: MemoryDesc | None = None) -> Attributes | None:
        """What makes a primitive do the rest.

        Args:
            layout: in which another blob's values are added.
        """
        self._layout = layout
        if not self._behind:
            return None
        attributes = Attributes()
        for node in self._behind:
            if node.layer.type == _SUM:
                assert layout is not None
                attributes.then_binary(dnnl.BINARY_ADD, layout)
            elif node.layer.type == "PReLU":
                attributes.then_prelu(by_channel=node.layer.blobs[0].count > 1)
            else:
                step = _as_activation(node)
                assert step is not None
                attributes.then_eltwise(*keeping_not_numbers(step.algorithm, *step.numbers))
        return attributes

    def operands(self, builder: Builder) -> dict[int, Memory]:
        """What the attributes read, by argument."""
        found = {}
        for index, node in enumerate(self._behind):
            if node.layer.type == _SUM:
                (other,) = (blob for blob in node.bottoms if blob not in self._made)
                memory = builder.source(other, self._layout)
                found[post_op_argument(index, dnnl.SRC_1)] = memory
            elif node.layer.type == "PReLU":
                slopes = node.layer.blobs[0]
                memory = builder.weights.source(slopes, MemoryDesc((slopes.count,)))
                found[post_op_argument(index, dnnl.WEIGHTS)] = memory
        return found
