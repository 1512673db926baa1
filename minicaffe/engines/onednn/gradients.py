"""How the gradients of parameters get into ``diff``."""

from __future__ import annotations

from collections.abc import Sequence

from minicaffe.blob import Blob
from minicaffe.engines.onednn import dnnl
from minicaffe.engines.onednn.primitive import Memory, MemoryDesc, Primitive, PrimitiveDesc, reorder
from minicaffe.engines.onednn.tensors import Call
from minicaffe.syncedmem import ZEROS, aligned_zeros


class ParameterGradient:
    """A parameter's gradient on its way from a primitive into ``diff``, to which it is added.

    While nobody has written into ``diff`` since it was cleared, it is computed right there:
    nothing is filled with zeros, and nothing added to them.

    Args:
        blob: the parameter.
        view: its plain array as the primitive's operand.
        apart: what the primitive computes in, where it chooses another layout.
        wanted: False leaves ``diff`` alone.

    Attributes:
        memory: where the primitive writes.
    """

    def __init__(self, blob: Blob, view: MemoryDesc, apart: Memory | None, wanted: bool) -> None:
        self._diff = blob.diff_memory
        self._plain = self._diff.plain[: blob.count]
        self._apart = aligned_zeros(blob.count, self._plain.dtype)  # no memory until it is used
        self._result = Memory(view, self._apart)
        self._direct = False
        self.wanted = wanted
        self.memory = self._result if apart is None else apart
        self._moving: list[Call] = []
        if apart is not None and wanted:
            self._moving.append(reorder(self.memory, self._result))
        flat = MemoryDesc((blob.count,))
        total = Memory(flat, self._plain)
        operands = {dnnl.SRC: total, dnnl.SRC_1: Memory(flat, self._apart), dnnl.DST: total}
        self._add = Primitive(PrimitiveDesc("binary", dnnl.BINARY_ADD, flat, flat, flat), operands)

    @property
    def before(self) -> Sequence[Call]:
        """What to call before the primitive."""
        return [self._choose] if self.wanted else []

    @property
    def after(self) -> Sequence[Call]:
        """What to call after it."""
        return [*self._moving, self._settle] if self.wanted else []

    def _choose(self) -> None:
        self._direct = self._diff.newer is ZEROS
        target = self._plain if self._direct else self._apart
        if self._result.buffer is not target:
            self._result.moved(target)

    def _settle(self) -> None:
        if self._direct:
            self._diff.newer = None
            self._diff.version += 1
        else:
            _ = self._diff.array
            self._add()
