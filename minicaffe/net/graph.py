"""A net as layers that are wired to values, where a name may stand for several in turn.

In prototxt a blob's name can mean one value after another (every layer in place makes a new
one). To take layers out safely, each value is an object of its own here; names are only
settled when the net is written down again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from minicaffe.proto import caffe_pb2


@dataclass(eq=False)
class Value:
    """What one layer writes.

    Attributes:
        name: of the blob that holds it.
        maker: the layer; None only while it is being made.
    """

    name: str
    maker: Part | None = None


@dataclass(eq=False)
class Part:
    """A layer and the values it reads and writes."""

    param: Any
    reads: list[Value] = field(default_factory=list)
    writes: list[Value] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The layer's name."""
        return self.param.name

    @property
    def type(self) -> str:
        """The layer's type."""
        return self.param.type

    def add_top(self, name: str) -> Value:
        """Let the layer write another value."""
        value = Value(name, self)
        self.writes.append(value)
        return value


class Wiring:
    """The layers of a net, in order, without values that stand in its text.

    Args:
        param: a ``NetParameter``, filtered for one phase; it is left alone.

    Attributes:
        parts: the layers.
        outputs: values whose names must stay; at first those that nothing reads.
    """

    def __init__(self, param: Any) -> None:
        self._head = caffe_pb2.NetParameter()
        self._head.CopyFrom(param)
        del self._head.layer[:]
        self.parts: list[Part] = []
        current: dict[str, Value] = {}
        for layer in param.layer:
            part = Part(caffe_pb2.LayerParameter())
            part.param.CopyFrom(layer)
            del part.param.blobs[:]  # whoever changes a net has its values elsewhere
            part.reads = [current[name] for name in layer.bottom]
            for name in layer.top:
                current[name] = part.add_top(name)
            self.parts.append(part)
        read = {value for part in self.parts for value in part.reads}
        self.outputs = [v for part in self.parts for v in part.writes if v not in read]

    def readers(self, value: Value) -> list[Part]:
        """The layers that read a value, in order."""
        return [part for part in self.parts if value in part.reads]

    def keep(self, wanted: list[Value]) -> list[Part]:
        """Make these the outputs and drop what they do not need; returns the dropped layers."""
        needed: set[Part] = set()
        open_ends = list(wanted)
        while open_ends:
            maker = open_ends.pop().maker
            if maker is not None and maker not in needed:
                needed.add(maker)
                open_ends += maker.reads
        dropped = [part for part in self.parts if part not in needed]
        self.parts = [part for part in self.parts if part in needed]
        self.outputs = list(wanted)
        return dropped

    def bypass(self, part: Part, *, rename: bool = True) -> bool:
        """Take out a layer; those that read its tops read its only bottom instead.

        Args:
            part: the layer.
            rename: give the bottom the top's name where nobody else reads it, because it now
                holds what the top held.

        Returns:
            Whether that was possible; not when an input would have to be an output, or one
            value two outputs.
        """
        if not self.can_bypass(part):
            return False
        (source,) = part.reads
        alone = self.readers(source) == [part] and not self._is_input(source)
        for value in part.writes:
            if alone and (value in self.outputs or (rename and len(part.writes) == 1)):
                source.name = value.name
            for reader in self.readers(value):
                reader.reads = [source if one is value else one for one in reader.reads]
            self.outputs = [source if one is value else one for one in self.outputs]
        self.parts.remove(part)
        return True

    def can_bypass(self, part: Part) -> bool:
        """Whether :meth:`bypass` is possible."""
        if len(part.reads) != 1:
            return False
        (source,) = part.reads
        ends = [value for value in part.writes if value in self.outputs]
        if not ends:
            return True
        alone = self.readers(source) == [part] and not self._is_input(source)
        return len(ends) == 1 and alone and source not in self.outputs

    def _is_input(self, value: Value) -> bool:
        return value.maker is not None and not value.maker.reads

    def to_param(self) -> Any:
        """The net as a ``NetParameter``; values that get in each other's way are renamed."""
        while (clash := self._clash()) is not None:
            taken = {value.name for part in self.parts for value in part.writes}
            number = 2
            while f"{clash.name}_{number}" in taken:
                number += 1
            clash.name = f"{clash.name}_{number}"
        param = caffe_pb2.NetParameter()
        param.CopyFrom(self._head)
        for part in self.parts:
            layer = param.layer.add()
            layer.CopyFrom(part.param)
            layer.bottom[:] = [value.name for value in part.reads]
            layer.top[:] = [value.name for value in part.writes]
        return param

    def _clash(self) -> Value | None:
        """A value whose name, where somebody reads it, already stands for another one."""
        current: dict[str, Value] = {}
        for part in self.parts:
            for value in part.reads:
                if current[value.name] is not value:
                    return self._to_rename(value, current[value.name])
            current.update((value.name, value) for value in part.writes)
        for value in self.outputs:
            if current[value.name] is not value:
                return self._to_rename(value, current[value.name])
        return None

    def _to_rename(self, value: Value, other: Value) -> Value:
        fixed = other in self.outputs or self._is_input(other)
        return value if fixed else other
