"""The learned parameters of a net: who owns them, how fast they learn, where they live."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import TYPE_CHECKING, Protocol, TypeAlias, Union

import numpy as np

from minicaffe.blob import Blob, shape_text
from minicaffe.errors import GraphError, ShapeError
from minicaffe.net.node import Node
from minicaffe.proto import caffe_pb2
from minicaffe.syncedmem import ALIGNMENT, SyncedMemory, aligned_zeros

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, DTypeLike
    from torch import Tensor

#: What an update computes with: arrays of one namespace, which is numpy, or torch.
Array: TypeAlias = Union[np.ndarray, "Tensor"]


@dataclass(eq=False)
class LearnableParam:
    """A parameter blob of the layer that owns it.

    Attributes:
        lr_mult, decay_mult: factors on the solver's learning rate and weight decay.
        layer_name, index: the owner, and which of its blobs this is.
        name: the ``param { name }`` under which others share it; mostly empty.
        slice: its place in the net's arena.
    """

    blob: Blob
    layer_name: str
    index: int
    name: str = ""
    lr_mult: float = 1.0
    decay_mult: float = 1.0
    has_lr_mult: bool = False
    has_decay_mult: bool = False
    slice: slice = field(default_factory=lambda: slice(0, 0))


class FlatArrays(Protocol):
    """Parameters, gradients and histories in flat arrays of one layout, wherever these are.

    Attributes:
        xp: the namespace of functions on the arrays: numpy, or one with the same names.
        size: how many elements each of them has.
    """

    xp: ModuleType
    size: int

    @property
    def data(self) -> Array:
        """All values, to be changed in place."""

    @property
    def diff(self) -> Array:
        """All gradients, to be changed in place."""

    def array_of(self, memory: SyncedMemory) -> Array:
        """A history's newest values, to be changed in place."""

    def empty(self, size: int) -> Array:
        """An array of a length, for intermediate results."""

    def synchronise(self) -> None:
        """Bring the newest values and gradients here, wherever an engine or a program has them."""

    def values_of(self, param: LearnableParam) -> Array:
        """A parameter's values, flat; where another net's lie, if it shares them."""

    def is_home(self, param: LearnableParam) -> bool:
        """Whether a parameter's values lie in ``data``."""

    def written(self, histories: Iterable[SyncedMemory]) -> None:
        """Values, gradients and histories have been changed."""


class ParamArena:
    """All learnable parameters side by side in flat memory, values and gradients alike.

    An update, a norm or an all-reduce is then a few passes over ``data`` and ``diff``. Ask for
    them again before writing: asking is what tells engines to look at the values again.
    Every parameter begins on a cache line; the gaps hold zeros.
    """

    xp: ModuleType = np

    def __init__(self, params: Sequence[LearnableParam], dtype: DTypeLike) -> None:
        self.dtype = np.dtype(dtype)
        self._params = params
        step = ALIGNMENT // self.dtype.itemsize
        self.size = 0
        for param in params:
            param.slice = slice(self.size, self.size + param.blob.count)
            self.size += -(-param.blob.count // step) * step
        self._data = self.like()
        self._diff = self.like()
        for param in params:
            param.blob.data_memory.move_to(self._data[param.slice])
            param.blob.diff_memory.move_to(self._diff[param.slice])
        #: The same arrays on a device, where an engine computes there.
        self.mirror: FlatArrays | None = None
        self._data_memories = [param.blob.data_memory for param in params]
        self._diff_memories = [param.blob.diff_memory for param in params]
        self._starts = [param.slice.start for param in params]

    @property
    def data(self) -> np.ndarray:
        """All values, flat; to read or write."""
        for memory in self._data_memories:
            _ = memory.array
        return self._data

    @data.setter
    def data(self, values: ArrayLike) -> None:
        self.data[...] = values

    @property
    def diff(self) -> np.ndarray:
        """All gradients, flat; to read or write."""
        for memory in self._diff_memories:
            _ = memory.array
        return self._diff

    @diff.setter
    def diff(self, values: ArrayLike) -> None:
        self.diff[...] = values

    def diff_part(self, where: slice) -> np.ndarray:
        """The gradients of neighbours, flat; to read or write. Others are not waited for."""
        low = bisect_right(self._starts, where.start) - 1
        for memory in self._diff_memories[low : bisect_left(self._starts, where.stop)]:
            _ = memory.array
        return self._diff[where]

    def like(self) -> np.ndarray:
        """A flat array of zeros of the same layout."""
        return aligned_zeros(self.size, self.dtype)

    def history(self) -> SyncedMemory:
        """Memory of the same layout, for what an update remembers."""
        return SyncedMemory(self.size, self.dtype)

    def array_of(self, memory: SyncedMemory) -> np.ndarray:
        """A history's array, to be changed in place."""
        return memory.array

    def empty(self, size: int) -> np.ndarray:
        """An array of a length, for intermediate results."""
        return np.empty(size, self.dtype)

    def synchronise(self) -> None:
        """Get the newest gradients and values from whatever memory an engine keeps."""
        for param in self._params:
            for memory in (param.blob.diff_memory, param.blob.data_memory):
                _ = memory.array  # asking for it is what brings the newest values

    def values_of(self, param: LearnableParam) -> np.ndarray:
        """A parameter's values, flat; where another net's lie, if it shares them."""
        return param.blob.data_memory.raw[: param.blob.count]

    def is_home(self, param: LearnableParam) -> bool:
        """Whether a parameter's values lie in ``data``."""
        return param.blob.data_memory.raw.ctypes.data == self._data[param.slice].ctypes.data

    def written(self, histories: Iterable[SyncedMemory]) -> None:
        """The arrays are what everyone reads."""


class ParamTable:
    """Collects the parameters of one layer after another; resolves sharing by name."""

    def __init__(self) -> None:
        self.learnable: list[LearnableParam] = []
        #: For every (layer, index) that shares: the owner.
        self.shared: dict[tuple[str, int], LearnableParam] = {}
        self._by_name: dict[str, LearnableParam] = {}

    def add_layer(self, node: Node) -> bool:
        """Take in a layer's parameter blobs; returns whether any of them learns.

        Raises:
            GraphError: more ``param`` blocks than blobs, or multipliers that contradict
                those of the owner.
            ShapeError: a shared parameter has another shape than its owner's.
        """
        layer = node.layer
        specs = layer.param.param
        if len(specs) > len(layer.blobs):
            raise GraphError(
                f"{len(specs)} param blocks, but the layer has only "
                f"{len(layer.blobs)} parameter blob(s)"
            )
        default = caffe_pb2.ParamSpec()
        for index, blob in enumerate(layer.blobs):
            spec = specs[index] if index < len(specs) else default
            layer.param_propagate_down.append(spec.lr_mult != 0)
            owner = self._by_name.get(spec.name) if spec.name else None
            if owner is None:
                self._own(node, index, blob, spec)
            else:
                self._share(node, index, blob, spec, owner)
        return any(layer.param_propagate_down)

    def _own(self, node: Node, index: int, blob: Blob, spec: caffe_pb2.ParamSpec) -> None:
        param = LearnableParam(
            blob=blob,
            layer_name=node.name,
            index=index,
            name=spec.name,
            lr_mult=spec.lr_mult,
            decay_mult=spec.decay_mult,
            has_lr_mult=spec.HasField("lr_mult"),
            has_decay_mult=spec.HasField("decay_mult"),
        )
        self.learnable.append(param)
        if spec.name:
            self._by_name[spec.name] = param

    def _share(
        self,
        node: Node,
        index: int,
        blob: Blob,
        spec: caffe_pb2.ParamSpec,
        owner: LearnableParam,
    ) -> None:
        permissive = spec.share_mode == caffe_pb2.ParamSpec.PERMISSIVE
        same = blob.count == owner.blob.count if permissive else blob.shape == owner.blob.shape
        if not same:
            raise ShapeError(
                f"cannot share param '{spec.name}' of layer '{owner.layer_name}': its shape is "
                f"{shape_text(owner.blob.shape)}, this layer's is {shape_text(blob.shape)}"
                + ("" if permissive else "; share_mode: PERMISSIVE asks only for equal counts")
            )
        for mult in ("lr_mult", "decay_mult"):
            if not spec.HasField(mult):
                continue
            value = getattr(spec, mult)
            if getattr(owner, f"has_{mult}") and value != getattr(owner, mult):
                raise GraphError(
                    f"shared param '{spec.name}' has {mult} {value:g}, but its owner, layer "
                    f"'{owner.layer_name}', has {getattr(owner, mult):g}"
                )
            setattr(owner, mult, value)
            setattr(owner, f"has_{mult}", True)
        blob.share_data(owner.blob)
        blob.share_diff(owner.blob)
        self.shared[node.name, index] = owner


def share_parameters(nodes: Sequence[Node], others: Sequence[Node]) -> None:
    """Let layers use the values of the parameters of another net's layers of the same name.

    Raises:
        ShapeError: such a layer has other numbers or shapes of parameters.
    """
    first = {node.name: node for node in reversed(nodes)}
    for other in others:
        node = first.get(other.name)
        if node is None:
            continue
        have = [blob.shape for blob in node.layer.blobs]
        want = [blob.shape for blob in other.layer.blobs]
        if have != want:
            with node.located():
                raise ShapeError(f"cannot share parameters of shapes {want}; here they are {have}")
        for blob, source in zip(node.layer.blobs, other.layer.blobs, strict=True):
            blob.share_data(source)
