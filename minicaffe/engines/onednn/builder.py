"""What steps are built with: the blobs' homes, and the calls that run them."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from minicaffe.blob import Blob
from minicaffe.engines.onednn import dnnl
from minicaffe.engines.onednn.primitive import Memory, MemoryDesc, Primitive, PrimitiveDesc, reorder
from minicaffe.engines.onednn.tensor import (
    Call,
    KernelCall,
    ParameterGradient,
    Tensor,
    Weights,
)
from minicaffe.syncedmem import SyncedMemory

if TYPE_CHECKING:
    from minicaffe.net.node import Node


class Unsupported(Exception):
    """A layer in a configuration that oneDNN does not do; the message says why."""


@dataclass(frozen=True)
class Purpose:
    """What a plan is compiled for.

    Attributes:
        training: gradients are asked for.
        fuse: one primitive may do the work of several layers.
        share: blobs between inputs and outputs may use each other's memory.
        winograd: convolutions may be computed with fewer products.
    """

    training: bool
    fuse: bool
    share: bool
    winograd: bool = False


@dataclass
class Calls:
    """What a step does in one direction.

    Attributes:
        run: the calls, in order.
        once: those of them that draw or count: they are not made again of the same values.
        reads, writes: the versions of blobs that they take from other steps and make.
        asked: versions that a layer's numpy self asks for.
        own: memories besides blobs and parameters; only primitives of this step use them.
    """

    run: list[Call] = field(default_factory=list)
    once: list[Call] = field(default_factory=list)
    reads: list[Tensor] = field(default_factory=list)
    writes: list[Tensor] = field(default_factory=list)
    asked: list[Tensor] = field(default_factory=list)
    own: list[Memory] = field(default_factory=list)


class Versions:
    """The current version of every blob's values (or of their gradients)."""

    def __init__(self) -> None:
        self.tensors: dict[SyncedMemory, Tensor] = {}
        self._replaced: list[tuple[SyncedMemory, Tensor | None]] = []  # by the current step

    def of(self, memory: SyncedMemory, shape: Sequence[int]) -> Tensor:
        """The current version; a plain one for what no step has computed."""
        if memory not in self.tensors:
            self.tensors[memory] = Tensor(memory, shape)
        return self.tensors[memory]

    def replace(self, tensor: Tensor) -> Tensor:
        """Make this one the current version."""
        before = self.tensors.get(tensor.memory)
        self._replaced.append((tensor.memory, before))
        if before is not None:
            before.superseded = True
        self.tensors[tensor.memory] = tensor
        return tensor

    def overwrite(self, memory: SyncedMemory) -> None:
        """A layer that is no step of these writes the next version."""
        if memory in self.tensors:
            self.tensors[memory].superseded = True

    def keep(self) -> None:
        """A step is complete."""
        self._replaced.clear()

    def forget(self) -> None:
        """Take back what the current step has replaced."""
        while self._replaced:
            memory, before = self._replaced.pop()
            if before is None:
                del self.tensors[memory]
            else:
                before.superseded = False
                self.tensors[memory] = before


class Builder:
    """Hands out the memories that a step's primitives read and write.

    Args:
        purpose: of the plan; when that is training, steps keep what the gradients need.
        wanted: data type of activations and of the weights' compute copies.
        looked_at: memories that steps must not leave unfilled, as a program reads them.
        given: gradients that others than steps may write before a backward: those of the net's
            outputs, and of blobs that layers elsewhere read.
        crowded: memories each of whose versions needs a home of its own, as a backward reads
            what later layers would overwrite.

    Attributes:
        by_parts: the backward that is built may run in parts, between which programs read and
            write gradients.
        untouched: gradients that no step writes, and that no program has asked for so far: they are
            taken to be 0.
        storage: data type in which the current step reads and writes; what it reads in
            another one is reordered.
        block: the order in which the current step reads and computes, as in :class:`MemoryDesc`,
            where it has none of its own to insist on; None for that of the layers before.
        winograd: the threads for convolutions with fewer products; None where there are to be
            none.
    """

    def __init__(
        self,
        purpose: Purpose,
        wanted: int,
        looked_at: Container[SyncedMemory] = (),
        given: Container[SyncedMemory] = (),
        crowded: Container[SyncedMemory] = (),
    ) -> None:
        self.training, self.by_parts = purpose.training, False
        self._fuse, self._wanted = purpose.fuse, wanted
        self.winograd = dnnl.library().team if purpose.winograd else None
        self._looked_at, self._given, self._crowded = looked_at, given, crowded
        self.storage = wanted
        self.block: int | None = None
        self.calls = Calls()
        self.values = Versions()
        self.gradients = Versions()
        self.untouched: list[SyncedMemory] = []
        self.weights = Weights(self)
        self._copied: list[Tensor] = []  # by the current step

    @property
    def propagation(self) -> int:
        """The propagation kind of forward primitives."""
        return dnnl.FORWARD_TRAINING if self.training else dnnl.FORWARD_INFERENCE

    # ------------------------------------------------------------------ lists

    def begin(self, storage: int | None = None, block: int | None = None) -> None:
        """Start the list of another step, which may ask for a data type and an order of its own."""
        self.storage = self._wanted if storage is None else storage
        self.block = block
        self.calls = Calls()

    def begin_backward(self, *, by_parts: bool = False) -> None:
        """Start with the gradients, all of them; perhaps not for the first time."""
        self.by_parts = by_parts
        self.gradients = Versions()
        self.untouched = []
        self.weights.begin_backward()

    @contextmanager
    def storing(self, dtype: int) -> Iterator[None]:
        """Within, the step reads and writes in this data type."""
        before, self.storage = self.storage, dtype
        try:
            yield
        finally:
            self.storage = before

    def versions(self, nodes: Sequence[Node]) -> dict[Blob, Tensor]:
        """The current versions of what these layers read of others."""
        found: dict[Blob, Tensor] = {}
        made: set[Blob] = set()
        for node in nodes:
            for blob in node.bottoms:
                if blob not in made:
                    found[blob] = self.values.of(blob.data_memory, blob.shape)
            made.update(node.tops)
        return found

    def forget(self) -> None:
        """The current step cannot be built so: take back what it has been given."""
        self.values.forget()
        while self._copied:
            self._copied.pop().copies.pop()
        self.weights.forget()

    def end(self) -> Calls:
        """The step's list, complete: what it computed is marked as the newest."""
        self.values.keep()
        self.gradients.keep()
        self.weights.keep()
        self._copied.clear()
        self.calls.run += [tensor.mark_newest for tensor in self.calls.writes]
        return self.calls

    def then(self, *calls: Call) -> None:
        """Let these run after what the step runs so far."""
        self.calls.run += calls

    def once(self, call: Call) -> None:
        """Append a call that draws or counts."""
        self.calls.run.append(call)
        self.calls.once.append(call)

    def run(
        self,
        pd: PrimitiveDesc,
        memories: dict[int, Memory],
        gradients: Sequence[ParameterGradient] = (),
    ) -> None:
        """Append a primitive, which may compute gradients of parameters."""
        for gradient in gradients:
            self.then(*gradient.before)
        self.then(Primitive(pd, memories))
        for gradient in gradients:
            self.then(*gradient.after)

    def kernel(self, call: Call, memories: Mapping[int, Memory], name: str = "") -> None:
        """Append a call that is no primitive; see :class:`KernelCall`."""
        self.then(KernelCall(call, memories, name))

    def hides(self, node: Node, following: Node) -> bool:
        """Whether only the following node sees what the node makes."""
        if not self._fuse or len(node.tops) != 1 or len(following.tops) != 1:
            return False
        blob, memory = node.tops[0], node.tops[0].data_memory
        if blob not in following.bottoms:
            return False
        if following.tops[0] is blob:
            return True
        return not (self.training or memory.exported or memory in self._looked_at)

    # ------------------------------------------------------------------ blobs

    def wish(self, shape: Sequence[int]) -> MemoryDesc:
        """A descriptor of activations whose layout the primitive shall choose, where it may."""
        if self.block is not None:
            return self._ordered(shape)
        return MemoryDesc(shape, self.storage, any_layout=True)

    def _ordered(self, shape: Sequence[int]) -> MemoryDesc:
        """A descriptor of activations in the order of this step; row-major without places."""
        block = self.block if self.block in dnnl.FORMATS.get(len(shape), {}) else None
        return MemoryDesc(shape, self.storage, block=block)

    def source(self, blob: Blob, desc: MemoryDesc | None = None) -> Memory:
        """The blob's values, reordered where ``desc`` is another layout than they have."""
        return self._read(self.values, blob.data_memory, blob.shape, desc)

    def gradient_source(self, blob: Blob, desc: MemoryDesc | None = None) -> Memory:
        """The blob's gradient, reordered where ``desc`` is another layout."""
        return self._read(self.gradients, blob.diff_memory, blob.shape, desc)

    def _read(
        self,
        versions: Versions,
        memory: SyncedMemory,
        shape: tuple[int, ...],
        desc: MemoryDesc | None,
    ) -> Memory:
        tensor = self._current(versions, memory, shape)
        self.calls.reads.append(tensor)
        if desc is None and self.block is not None:
            desc = self._ordered(shape)
        elif desc is None:
            desc = tensor.home.desc.stored_as(self.storage)
        if versions is self.values and tensor.is_plain and memory in self._crowded:
            return self._copy_of(tensor, desc)
        copy, primitive = tensor.add_copy(desc)
        if primitive is not None:
            self._copied.append(tensor)
            if tensor.is_plain and tensor not in self.calls.writes:
                self.then(tensor.bring_out)  # an input that the last forward has overwritten
            self.then(primitive)
        return copy

    def _copy_of(self, tensor: Tensor, desc: MemoryDesc) -> Memory:
        """Values of a plain array that will hold others by the time of the backward."""
        self.then(tensor.bring_out)
        copy = self.own(desc)
        self.then(reorder(tensor.home, copy))
        return copy

    def _current(self, versions: Versions, memory: SyncedMemory, shape: tuple[int, ...]) -> Tensor:
        """The version to read; a plain one where the blob is seen with another shape (through
        Reshape or Flatten), as only row-major order is the same for both."""
        tensor = versions.of(memory, shape)
        if tensor.shape != shape:
            if not tensor.is_plain:
                self.calls.asked.append(tensor)
                self.then(tensor.bring_out)
            tensor = versions.replace(Tensor(memory, shape))
        return tensor

    def kept_source(self, blob: Blob) -> Memory:
        """The blob's values where they stay although the step writes its result into the same
        blob; a copy if they are in the plain array, which shows the result then."""
        source = self.source(blob)
        tensor = self.values.of(blob.data_memory, blob.shape)
        if not tensor.is_plain or source is not tensor.home:
            return source
        copy = self.own(source.desc)
        self.then(reorder(source, copy))
        return copy

    def own(self, desc: MemoryDesc) -> Memory:
        """A memory that only the step's primitives use, from the first of them in a pass
        forward and backward to the last: before and after, others may have its bytes."""
        memory = Memory(desc)
        self.calls.own.append(memory)
        return memory

    def result(self, blob: Blob, desc: MemoryDesc) -> Memory:
        """Where a step writes the blob's values."""
        apart = blob.data_memory in self._crowded
        tensor = Tensor(blob.data_memory, blob.shape, desc, apart=apart)
        return self._write(self.values, tensor)

    def gradient_result(self, blob: Blob, desc: MemoryDesc) -> Memory:
        """Where a step writes the blob's gradient."""
        return self._write(self.gradients, Tensor(blob.diff_memory, blob.shape, desc))

    def in_place(self, blob: Blob, desc: MemoryDesc) -> Memory:
        """The home of the blob's values, which the step overwrites; another one where it is
        shared or of another layout."""
        tensor = self.values.of(blob.data_memory, blob.shape)
        crowded = blob.data_memory in self._crowded
        if tensor.shared or crowded or tensor.home.desc != desc:
            return self.result(blob, desc)
        return self._write(self.values, tensor.overwritten())

    def gradient_in_place(self, blob: Blob, desc: MemoryDesc) -> Memory:
        """The home of the blob's gradient, which the step overwrites; another one where it
        is shared or of another layout."""
        tensor = self.gradients.of(blob.diff_memory, blob.shape)
        if tensor.shared or tensor.home.desc != desc:
            return self.gradient_result(blob, desc)
        return self._write(self.gradients, tensor.overwritten())

    def share_gradient(self, bottom: Blob, top: Blob) -> None:
        """The bottom's gradient is the top's: one home for both, or a copy where a program's
        writing into one would change the other, in the plain array or in what a step loads."""
        of_top = self._current(self.gradients, top.diff_memory, top.shape)
        if bottom.diff_memory is top.diff_memory:
            self.calls.reads.append(of_top)
        elif not (of_top.is_plain or self.by_parts):
            self.calls.reads.append(of_top)
            self._write(self.gradients, of_top.shared_with(bottom.diff_memory))
        else:
            source = self.gradient_source(top)
            self.then(reorder(source, self.gradient_result(bottom, source.desc)))

    def has_gradient(self, blob: Blob) -> bool:
        """Whether a step writes the blob's gradient, or a program may have."""
        memory = blob.diff_memory
        if memory in self.gradients.tensors or memory.allocated or memory in self._given:
            return True
        self.untouched.append(memory)
        return False

    def _write(self, versions: Versions, tensor: Tensor) -> Memory:
        self.calls.writes.append(versions.replace(tensor))
        return tensor.home

    def read_by_numpy(self, blobs: Sequence[Blob], *, gradients: bool = False) -> None:
        """Note that the values of these blobs will be asked for through their arrays."""
        versions = self.gradients if gradients else self.values
        for blob in blobs:
            memory = blob.diff_memory if gradients else blob.data_memory
            if memory in versions.tensors:  # else nothing but the array holds them
                self.calls.asked.append(versions.tensors[memory])

    def backward_by_numpy(self, node: Node) -> None:
        """Append a layer's own backward, which may look at all of its blobs."""
        self.read_by_numpy([*node.bottoms, *node.tops])
        self.read_by_numpy(node.tops, gradients=True)
        self.then(node.backward)
        wanted = zip(node.bottoms, node.propagate_down, strict=True)
        self.written_by_numpy([blob for blob, down in wanted if down], gradients=True)

    def written_by_numpy(self, blobs: Sequence[Blob], *, gradients: bool = False) -> None:
        """Note that the plain arrays of these blobs will hold the newest values."""
        for blob in blobs:
            memory = blob.diff_memory if gradients else blob.data_memory
            self._write(self.gradients if gradients else self.values, Tensor(memory, blob.shape))

    def another_layout(self, memory: Memory, desc: MemoryDesc) -> Memory:
        """What a step read in its forward, in the layout that its backward wants."""
        if memory.desc == desc:
            return memory
        copy = self.own(desc)
        self.then(reorder(memory, copy))
        return copy
