"""The layers of a net as a graph of values, in which a name may mean several in turn.

In prototxt a blob's name can mean one value after another (every layer in place makes a new
one). To take layers out safely, each value is an object of its own here; names are settled when
the net is written back as a message.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from minicaffe.errors import GraphError
from minicaffe.proto import caffe_pb2


@dataclass(eq=False)
class Value:
    """What one layer computes.

    Attributes:
        name: of the blob that holds it.
        producer: the layer that computes it.
    """

    name: str
    producer: LayerRef


@dataclass(eq=False)
class LayerRef:
    """A layer with the values that it reads (bottoms) and computes (tops)."""

    param: caffe_pb2.LayerParameter
    bottoms: list[Value] = field(default_factory=list)
    tops: list[Value] = field(default_factory=list)

    @property
    def name(self) -> str:
        """Of the layer, as in its ``LayerParameter``."""
        return self.param.name

    @property
    def type(self) -> str:
        """Of the layer, such as "Convolution"."""
        return self.param.type

    def add_top(self, name: str) -> Value:
        """Let the layer compute another value, held by the blob ``name``."""
        value = Value(name, self)
        self.tops.append(value)
        return value


class LayerGraph:
    """The layers of a net in order, without the weights that its message may hold.

    Args:
        param: a ``NetParameter``, filtered for one phase; it is left alone.

    Attributes:
        layers: a :class:`LayerRef` for each.
        outputs: values whose names must stay; at first those that nothing reads.
    """

    def __init__(self, param: caffe_pb2.NetParameter) -> None:
        self._head = caffe_pb2.NetParameter()
        self._head.CopyFrom(param)
        del self._head.layer[:]
        self.layers: list[LayerRef] = []
        current: dict[str, Value] = {}
        for given in param.layer:
            layer = LayerRef(caffe_pb2.LayerParameter())
            layer.param.CopyFrom(given)
            del layer.param.blobs[:]  # the weights of a net that is changed are kept elsewhere
            layer.bottoms = [current[name] for name in given.bottom]
            for name in given.top:
                current[name] = layer.add_top(name)
            self.layers.append(layer)
        read = {value for layer in self.layers for value in layer.bottoms}
        self.outputs = [v for layer in self.layers for v in layer.tops if v not in read]

    def readers(self, value: Value) -> list[LayerRef]:
        """The layers that read a value, in order."""
        return [layer for layer in self.layers if value in layer.bottoms]

    def keep(self, wanted: list[Value]) -> list[LayerRef]:
        """Make these the outputs and drop what they do not need; returns the dropped layers."""
        needed: set[LayerRef] = set()
        open_ends = list(wanted)
        while open_ends:
            producer = open_ends.pop().producer
            if producer not in needed:
                needed.add(producer)
                open_ends += producer.bottoms
        dropped = [layer for layer in self.layers if layer not in needed]
        self.layers = [layer for layer in self.layers if layer in needed]
        self.outputs = list(wanted)
        return dropped

    def give_out(self, value: Value) -> None:
        """Let an output that layers read be one of the net's, too: a Split with one top has its
        name then, and they read what is before it, called ``name/value``.

        Args:
            value: one of ``outputs``; what nothing reads stays as it is.

        Raises:
            GraphError: it has the name of an input.
        """
        if not self.readers(value):
            return
        alike = [v for layer in self.layers for v in layer.tops if v.name == value.name]
        if any(self._is_input(own) for own in alike):
            raise GraphError(
                f"'{value.name}' is an input that layers read, and can be no output as well; "
                "leave it out"
            )
        split = LayerRef(caffe_pb2.LayerParameter(type="Split"), [value])
        self.outputs = [split.add_top(v.name) if v is value else v for v in self.outputs]
        split.param.name = self._unused(f"{value.name}/split", [own.name for own in self.layers])
        names = [v.name for layer in self.layers for v in layer.tops]
        name = self._unused(f"{value.name}/value", names)
        for own in alike:
            own.name = name
        self.layers.insert(self.layers.index(value.producer) + 1, split)

    @staticmethod
    def _unused(wish: str, taken: Collection[str]) -> str:
        name, number = wish, 2
        while name in taken:
            name, number = f"{wish}_{number}", number + 1
        return name

    def bypass(self, layer: LayerRef, *, rename: bool = True) -> bool:
        """Take out a layer; those that read its tops read its only bottom instead.

        Args:
            layer: the layer.
            rename: give the bottom the top's name where no other layer reads it, because it now
                holds what the top held.

        Returns:
            Whether that was possible; not when an input would have to be an output, or one
            value two outputs.
        """
        if not self.can_bypass(layer):
            return False
        (source,) = layer.bottoms
        alone = self.readers(source) == [layer] and not self._is_input(source)
        for value in layer.tops:
            if alone and (value in self.outputs or (rename and len(layer.tops) == 1)):
                source.name = value.name
            for reader in self.readers(value):
                reader.bottoms = [source if v is value else v for v in reader.bottoms]
            self.outputs = [source if v is value else v for v in self.outputs]
        self.layers.remove(layer)
        return True

    def can_bypass(self, layer: LayerRef) -> bool:
        """Whether :meth:`bypass` would take the layer out."""
        if len(layer.bottoms) != 1:
            return False
        (source,) = layer.bottoms
        ends = [value for value in layer.tops if value in self.outputs]
        if not ends:
            return True
        alone = self.readers(source) == [layer] and not self._is_input(source)
        return len(ends) == 1 and alone and source not in self.outputs

    def _is_input(self, value: Value) -> bool:
        return not value.producer.bottoms

    def to_param(self) -> caffe_pb2.NetParameter:
        """The net as a ``NetParameter``; values that get in each other's way are renamed."""
        while (clash := self._clash()) is not None:
            taken = {value.name for layer in self.layers for value in layer.tops}
            number = 2
            while f"{clash.name}_{number}" in taken:
                number += 1
            clash.name = f"{clash.name}_{number}"
        param = caffe_pb2.NetParameter()
        param.CopyFrom(self._head)
        for layer in self.layers:
            written = param.layer.add()
            written.CopyFrom(layer.param)
            written.bottom[:] = [value.name for value in layer.bottoms]
            written.top[:] = [value.name for value in layer.tops]
        return param

    def _clash(self) -> Value | None:
        """A value whose name, where it is read, already means another one."""
        current: dict[str, Value] = {}
        for layer in self.layers:
            for value in layer.bottoms:
                if current[value.name] is not value:
                    return self._to_rename(value, current[value.name])
            current.update((value.name, value) for value in layer.tops)
        for value in self.outputs:
            if current[value.name] is not value:
                return self._to_rename(value, current[value.name])
        return None

    def _to_rename(self, value: Value, other: Value) -> Value:
        fixed = other in self.outputs or self._is_input(other)
        return value if fixed else other
