"""Every object of the library is destroyed, whatever interrupts its making."""

from __future__ import annotations

import gc
import sys
from collections import Counter
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from minicaffe.engines.onednn import dnnl
from minicaffe.engines.onednn.dnnl import Library
from minicaffe.engines.onednn.primitive import (
    Attributes,
    Memory,
    MemoryDesc,
    Primitive,
    PrimitiveDesc,
)

_OURS = ("onednn/dnnl.py", "onednn/primitive.py")


class Stopped(BaseException):
    """What comes between two bytecodes."""


class Handles:
    """Counts what the library makes and destroys, and stops Python at a bytecode.

    Attributes:
        alive: by the function that destroys it, how many objects there are.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.alive: Counter[str] = Counter()
        self._left = 0
        normal = Library.function

        def function(library: Library, name: str) -> Any:
            call = normal(library, name)
            kind = _kind(name)
            if kind is None:
                return call
            change = -1 if name.endswith("destroy") else 1

            def counted(*args: Any) -> int:
                status: int = call(*args)
                self.alive[kind] += change * (status == 0)
                return status

            return counted

        monkeypatch.setattr(Library, "function", function)

    def stopped(self, work: Callable[[], object], count: int) -> bool:
        """Whether ``work`` was stopped after so many bytecodes of the engine's files."""
        self._left = count
        before = sys.gettrace()
        sys.settrace(self._trace)
        try:
            work()
        except Stopped:
            return True
        finally:
            sys.settrace(before)
        return False

    def _trace(self, frame: FrameType, event: str, argument: object) -> Any:
        if not frame.f_code.co_filename.replace("\\", "/").endswith(_OURS):
            return None
        if frame.f_code.co_name == "_free":  # within a finalizer an exception is lost
            return None
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        if event == "opcode":
            self._left -= 1
            if self._left < 0:
                raise Stopped
        return self._trace


def _kind(name: str) -> str | None:
    if name.endswith("_primitive_desc_create"):
        return "primitive_desc"
    for kind in ("memory_desc", "memory", "primitive_attr", "post_ops", "primitive"):
        if name == f"{kind}_destroy" or name.startswith((f"{kind}_create", f"{kind}_clone")):
            return kind
    return "primitive_desc" if name == "primitive_desc_destroy" else None


def _memory() -> object:
    whole = Memory(MemoryDesc((2, 3)))
    return whole.seen_as(whole.desc.part((1, 3), (1, 0)))


def _attributes() -> object:
    return Attributes().append_eltwise(dnnl.RELU)


def _reorder() -> object:
    pd = PrimitiveDesc("reorder", MemoryDesc((2, 3)), MemoryDesc((2, 3), strides=(1, 2)))
    return pd.desc("src")


def _primitive() -> object:
    desc = MemoryDesc((2, 3))
    pd = PrimitiveDesc("reorder", desc, desc)
    memories = {dnnl.SRC: Memory(desc), dnnl.DST: Memory(desc)}
    return Primitive(pd, memories)


@pytest.mark.parametrize("make", [_memory, _attributes, _reorder, _primitive])
def test_an_exception_between_any_two_bytecodes_loses_no_handle(
    make: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    handles = Handles(monkeypatch)
    make()
    gc.collect()
    assert set(handles.alive.values()) == {0}
    count = 0
    while handles.stopped(make, count):
        count += 1
        assert set(handles.alive.values()) == {0}, count
    assert count > 30
