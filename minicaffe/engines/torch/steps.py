"""How a plan runs one layer: by a function, by sharing memory, or as its numpy self."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import torch
from torch import Tensor

from minicaffe.blob import Blob
from minicaffe.engines.torch.copies import (
    DeviceCopy,
    copy_of,
    load,
    newest_copy,
    settle,
    store,
)
from minicaffe.engines.torch.functions import Function, entry_of
from minicaffe.engines.torch.precision import Precision
from minicaffe.layer import Layer
from minicaffe.layers.activation.scale import Scale
from minicaffe.layers.normalization.batch_norm import BatchNorm
from minicaffe.layers.recurrent.recurrent_layer import Recurrent
from minicaffe.layers.utility.split import has_diff
from minicaffe.layers.vision.base_conv_layer import ConvolutionBase
from minicaffe.proto import caffe_pb2
from minicaffe.syncedmem import SyncedHead, only_read

if TYPE_CHECKING:
    from minicaffe.net.node import Node


class Step(Protocol):
    """Runs one layer.

    Attributes:
        forgets: it need not keep anything for a backward: its forward will run again before.
    """

    forgets: bool

    def forward(self) -> list[Tensor | float]:
        """Fill the tops; returns what the layer adds to the loss, number by number."""

    def backward(self) -> None:
        """Fill the bottoms' diffs, add to the parameters'."""

    def describe(self) -> str:
        """What runs the layer."""


def step_of(node: Node, device: torch.device, precision: Precision, *, learns: bool) -> Step:
    """What runs a layer.

    Args:
        node: the layer in its place.
        device: where functions compute.
        precision: how they do.
        learns: whether gradients are asked for: what they need is kept by every forward.
    """
    entry = entry_of(node.layer)
    if entry is None:
        return NumpyStep(node, f"there is no function for {node.layer.type}")
    reason = entry.unless(node.layer)
    if reason:
        return NumpyStep(node, reason)
    return FunctionStep(node, entry.function, device, precision, learns=learns)


# ------------------------------------------------------------------ numpy


class NumpyStep:
    """Runs a layer as its numpy self; its blobs' values are brought to the arrays and back."""

    def __init__(self, node: Node, reason: str) -> None:
        self._node, self._reason, self.forgets = node, reason, False

    def forward(self) -> list[Tensor | float]:
        with self._reading():
            return [self._node.forward()]

    def backward(self) -> None:
        with self._reading():
            self._node.backward()

    def _reading(self) -> AbstractContextManager[None]:
        """Within, the layer does not write into its bottoms; a program's own layer might."""
        ours = [] if self._node.foreign or self._node.in_place else self._node.bottoms
        return only_read([blob.data_memory for blob in ours])

    def describe(self) -> str:
        return f"numpy, {self._reason}"


# ------------------------------------------------------------------ functions


@dataclass
class Record:
    """What a forward has left for the gradients.

    Attributes:
        bottoms, params: what the function took; those that want a gradient are autograd's leaves.
        tops: what it gave; None where it has to be computed again, with autograd.
        stores: how often layers had stored values in the bottoms' memories.
        changes: how often the parameters' copies had been changed, by which later changes show.
    """

    bottoms: list[Tensor]
    params: list[Tensor]
    tops: list[Tensor] | None
    stores: list[int]
    changes: list[int] = field(default_factory=list)


class FunctionStep:
    """Runs a layer by its function; the gradients are autograd's of this layer alone.

    Args:
        node: the layer in its place.
        function: what computes its tops.
        device, precision: where, and how precisely.
        learns: see :func:`step_of`.
    """

    def __init__(
        self,
        node: Node,
        function: Function[Layer],
        device: torch.device,
        precision: Precision,
        *,
        learns: bool,
    ) -> None:
        self._node, self._function = node, function
        self._device, self._precision = device, precision
        self._turns = isinstance(node.layer, ConvolutionBase)
        self._learns, self.forgets = learns, False
        self._record: Record | None = None

    def describe(self) -> str:
        return f"torch, {getattr(self._function, '__name__', 'function')}"

    # -------------------------------------------------------------- forward

    def forward(self) -> list[Tensor | float]:
        node = self._node
        if node.layer.reshapes_always:
            node.reshape()
        else:
            node.reshape_if_needed()
        if shares_memory(node):
            node.layer.forward(node.bottoms, node.tops)
            return self._losses()
        self._record = None  # its memory is free before other is taken
        record = self._inputs()
        keep = self._learns or not node.layer.repeatable
        tops = self._apply(record, gradients=keep and node.need_backward)
        for blob, top in zip(node.tops, tops, strict=True):
            store(blob.data_memory, top)
        self._record = None if self.forgets else record
        return self._losses()

    def _inputs(self) -> Record:
        """The newest values of bottoms and parameters, as leaves where a gradient is wanted."""
        node, layer = self._node, self._node.layer
        wanted = node.propagate_down if node.need_backward else [False] * len(node.bottoms)
        bottoms = [
            self._laid_out(self._values(blob)).detach().requires_grad_(want)
            for blob, want in zip(node.bottoms, wanted, strict=True)
        ]
        copies = [self._copy(blob) for blob in layer.blobs]
        params = []
        for index, (blob, copy) in enumerate(zip(layer.blobs, copies, strict=True)):
            values = copy.tensor.reshape(-1)[: blob.count].reshape(blob.shape).detach()
            if isinstance(layer, Recurrent):
                values = values.clone()  # gradients are of these; they cannot be computed again
            params.append(values.requires_grad_(node.need_backward and layer.wants_gradient(index)))
        stores = [self._copy(blob).stores for blob in node.bottoms]
        return Record(bottoms, params, None, stores, [copy.changes for copy in copies])

    def _laid_out(self, x: Tensor) -> Tensor:
        return self._precision.laid_out(x) if self._turns else x

    def _apply(self, record: Record, *, gradients: bool) -> list[Tensor]:
        """Compute the tops; what is not repeatable may have changed its parameters by that."""
        layer, params = self._node.layer, record.params
        with torch.set_grad_enabled(gradients), self._precision.storage():
            tops = self._function(layer, record.bottoms, params, layer.phase == caffe_pb2.TRAIN)
        for blob in [] if layer.repeatable else layer.blobs:
            copy = copy_of(blob.data_memory, self._device)
            if copy is not None:
                settle(blob.data_memory, copy)
        record.tops = tops if gradients else None
        return tops

    def _copy(self, blob: Blob) -> DeviceCopy:
        """A blob's values on the device, brought up to date."""
        return newest_copy(blob.data_memory, blob.count, self._device)

    def _losses(self) -> list[Tensor | float]:
        """Σ top · weight of each top that counts in the loss."""
        return [(self._values(top) * self._gradient(top)).sum() for top in self._node.losses]

    def _values(self, blob: Blob) -> Tensor:
        return load(blob.data_memory, blob.shape, self._device)

    def _gradient(self, blob: Blob) -> Tensor:
        return load(blob.diff_memory, blob.shape, self._device)

    # -------------------------------------------------------------- backward

    def backward(self) -> None:
        node = self._node
        if shares_memory(node):
            self._backward_of_view()
        else:
            self._differentiate(self._fresh())

    def _backward_of_view(self) -> None:
        """A view's diff is its bottom's; a Split's, and a Parameter's, are to be added up."""
        node = self._node
        if any(top.diff_memory is blob.diff_memory for top in node.tops for blob in node.bottoms):
            return
        parts = [self._gradient(top) for top in node.tops if has_diff(top)]
        if not node.bottoms:
            for part in parts:
                self._accumulate(0, part)
        elif node.propagate_down[0]:
            bottom = node.bottoms[0]
            zeros = [] if parts else [torch.zeros_like(self._values(bottom))]
            store(bottom.diff_memory, functools.reduce(torch.add, parts + zeros))

    def _fresh(self) -> Record:
        """The record of the last forward; computed again of what a program has written since.

        Layers whose gradient reads its bottoms, or parameters, read them as they are now.
        """
        record, layer = self._record, self._node.layer
        if record is None:
            raise LookupError("it has not run forward")
        if not layer.repeatable:
            return record
        changed = self._written_since(record)
        changes = [self._copy(blob).changes for blob in layer.blobs]
        stale = changes != record.changes and not isinstance(layer, BatchNorm)
        if record.tops is None or changed or stale:
            renewed = self._inputs()
            for index in {*range(len(record.bottoms))} - changed:
                wanted = renewed.bottoms[index].requires_grad
                renewed.bottoms[index] = record.bottoms[index].detach().requires_grad_(wanted)
            self._apply(renewed, gradients=True)
            self._record = record = renewed
        return record

    def _written_since(self, record: Record) -> set[int]:
        """The numbers of the bottoms that a program has written into since the forward."""
        if "bottoms" not in self._node.layer.backward_reads:
            return set()
        return {index for index in range(len(record.bottoms)) if self._differs(index, record)}

    def _differs(self, index: int, record: Record) -> bool:
        """Whether a program has written other values into a bottom than the forward has read."""
        node, then = self._node, record.bottoms[index]
        if index in node.kept_bottoms:
            return False
        blob, own = node.bottoms[index], 0
        if node.layer.reads_signs and blob in node.tops:
            # a ReLU in place takes the sign of its top for that of its bottom
            then, own = (record.tops or record.bottoms)[0], 1
        if self._copy(blob).stores != record.stores[index] + own:
            return False  # another layer has overwritten it since
        now = self._values(blob)
        return now.data_ptr() != then.data_ptr() and not torch.equal(now, then)

    def _differentiate(self, record: Record) -> None:
        node = self._node
        leaves = [leaf for leaf in (*record.bottoms, *record.params) if leaf.requires_grad]
        pairs = [
            (top, self._gradient(blob).to(top.dtype))
            for blob, top in zip(node.tops, record.tops or (), strict=True)
            if top.requires_grad
        ]
        found: Sequence[Tensor | None] = [None] * len(leaves)
        if pairs and leaves:
            outputs, gradients = zip(*pairs, strict=True)
            found = torch.autograd.grad(
                outputs, leaves, gradients, retain_graph=True, allow_unused=True
            )
        gradients_of = dict(zip(map(id, leaves), found, strict=True))
        self._without_gradient([gradients_of.get(id(leaf)) for leaf in record.bottoms])
        for index, leaf in enumerate(record.params):
            gradient = gradients_of.get(id(leaf))
            if gradient is not None:
                self._accumulate(index, gradient)
        for blob, leaf in zip(node.bottoms, record.bottoms, strict=True):
            gradient = gradients_of.get(id(leaf))
            if gradient is not None:
                store(blob.diff_memory, gradient)

    def _without_gradient(self, gradients: Sequence[Tensor | None]) -> None:
        """What the function has no gradient for, such as labels, the layer refuses or clears."""
        node = self._node
        missing = [
            wanted and gradient is None
            for wanted, gradient in zip(node.propagate_down, gradients, strict=True)
        ]
        if any(missing):
            layer = node.layer
            if isinstance(layer, Recurrent):  # the states before the first step
                layer.without_gradient(missing, node.bottoms)
            else:
                layer.backward(node.tops, missing, node.bottoms)

    def _accumulate(self, index: int, gradient: Tensor) -> None:
        """Add to a parameter's gradient; the first one after ``clear_param_diffs`` replaces it."""
        blob = self._node.layer.blobs[index]
        memory = blob.diff_memory
        if memory.head not in (SyncedHead.CLEARED, SyncedHead.UNINITIALIZED):
            before = self._gradient(blob)
            if not self._overwrites(index, before):
                copy = copy_of(memory, self._device)
                if copy is not None and copy.fixed:
                    before.add_(gradient.reshape(blob.shape))
                    settle(memory, copy)
                    return
                gradient = before + gradient.reshape(blob.shape)
        store(memory, gradient)

    def _overwrites(self, index: int, before: Tensor) -> bool:
        """Whether a parameter's gradient replaces the one before it, as a Scale's may."""
        layer, bottoms = self._node.layer, self._node.bottoms
        if not isinstance(layer, Scale) or index or len(bottoms) > 1:
            return False
        folded = layer.folded(bottoms[0].shape)
        return layer.replaces_gradient(folded, lambda: bool(before.any()))


def shares_memory(node: Node) -> bool:
    """Whether all tops are views of the bottoms', or parameters', memory: nothing is computed."""
    given = {blob.data_memory for blob in (*node.bottoms, *node.layer.blobs)}
    return bool(node.tops) and all(
        top.data_memory in given and top not in node.bottoms for top in node.tops
    )
