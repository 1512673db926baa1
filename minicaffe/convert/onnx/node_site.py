"""An operator in its place in the model that is being read: what its reader works with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from minicaffe.convert.onnx.net_text import NetText, Written
from minicaffe.convert.onnx.site import Cannot, Shape
from minicaffe.convert.onnx.trace import Known
from minicaffe.proto import caffe_pb2

if TYPE_CHECKING:
    from onnx import AttributeProto, NodeProto


@dataclass
class Source:
    """The model that is being read, as far as readers ask for it.

    Attributes:
        nodes: its operators.
        opset: their version.
        known: what is known of the values; and with another batch, if that is open.
        names: what the layers of operators are to be called, by the operator's index.
        readers: the operators that read each value, by index.
        makers: the operator that makes each value, by index.
        outputs: the names of what the model gives.
    """

    nodes: Sequence[NodeProto]
    opset: int
    known: Known
    other: Known | None
    names: Sequence[str]
    readers: Mapping[str, list[int]]
    makers: Mapping[str, int]
    outputs: Sequence[str]

    def shape(self, value: str) -> Shape | None:
        """The lengths of a value's axes, None where one changes with the batch."""
        one = self.known.shape(value)
        two = one if self.other is None else self.other.shape(value)
        if one is None or two is None or len(one) != len(two):
            return None
        return tuple(a if a == b else None for a, b in zip(one, two, strict=True))

    def constant(self, value: str) -> np.ndarray | None:
        """The numbers of a value that depends on nothing, the batch included."""
        found = self.known.constants.get(value)
        if found is None or self.other is None:
            return found
        second = self.other.constants.get(value)
        same = second is not None and (found is second or _equal(found, second))
        return found if same else None

    def varies(self, value: str) -> bool:
        """Whether a value depends on the size of the batch alone."""
        return value in self.known.constants and self.constant(value) is None

    def row_of(self, value: str) -> np.ndarray | None:
        """What a value is for every item, if it is a constant but for the number of items."""
        if self.other is None or not self.varies(value):
            return None
        one, two = (known.constants.get(value) for known in (self.known, self.other))
        if one is None or two is None or not one.ndim or len(one) == len(two):
            return None
        rows = [*one, *two]
        return rows[0] if all(_equal(rows[0], row) for row in rows) else None


def _equal(one: np.ndarray, two: np.ndarray) -> bool:
    return one.shape == two.shape and one.tobytes() == two.tobytes()


class NodeSite:
    """One operator, its values being blobs of a net.

    Args:
        source: the model.
        text: the net.
        index: which of the model's operators.

    Attributes:
        node: the operator.
        name: what its layer is to be called.
        inputs: the names of its values; "" for one that is left out.
        outputs: the names of its results.
    """

    def __init__(self, source: Source, text: NetText, index: int) -> None:
        self.source, self.text, self.index = source, text, index
        self.node = source.nodes[index]
        self.name = source.names[index]
        self.inputs = list(self.node.input)
        self.outputs = list(self.node.output)
        self._attributes = {attribute.name: attribute for attribute in self.node.attribute}
        self._asked: set[str] = set()
        self._seen: set[int] = set()

    @property
    def opset(self) -> int:
        """The version of the operators."""
        return self.source.opset

    # ------------------------------------------------------------ what the operator says

    def integer(self, name: str, default: int) -> int:
        """An attribute that is a whole number."""
        found = self._attribute(name)
        return default if found is None else int(found.i)

    def number(self, name: str, default: float) -> float:
        """An attribute that is a number; as float32 has it, in few digits."""
        found = self._attribute(name)
        return default if found is None else float(str(np.float32(found.f)))

    def integers(self, name: str, default: Sequence[int]) -> list[int]:
        """An attribute that is a list of whole numbers."""
        found = self._attribute(name)
        return [int(n) for n in (default if found is None else found.ints)]

    def word(self, name: str, default: str) -> str:
        """An attribute that is a text."""
        found = self._attribute(name)
        return default if found is None else bytes(found.s).decode("utf-8", "replace")

    def words(self, name: str, default: Sequence[str]) -> list[str]:
        """An attribute that is a list of texts."""
        found = self._attribute(name)
        if found is None:
            return list(default)
        return [bytes(word).decode("utf-8", "replace") for word in found.strings]

    def _attribute(self, name: str) -> AttributeProto | None:
        self._asked.add(name)
        return self._attributes.get(name)

    def pass_over(self, *names: str) -> None:
        """Attributes that change nothing here, whatever they say."""
        self._asked.update(names)

    def has(self, index: int) -> bool:
        """Whether there is an input of this number."""
        self._seen.add(index)
        return index < len(self.inputs) and bool(self.inputs[index])

    def unasked(self) -> tuple[list[AttributeProto], list[int]]:
        """The attributes, and the inputs by number, that the reader has not asked for."""
        attributes = [found for name, found in self._attributes.items() if name not in self._asked]
        inputs = [n for n, name in enumerate(self.inputs) if name and n not in self._seen]
        return attributes, inputs

    def shape(self, index: int = 0) -> Shape:
        """The lengths of an input's axes.

        Raises:
            Cannot: they are not known before the model runs.
        """
        self._seen.add(index)
        return self._shape_of(self.inputs[index])

    def out_shape(self, index: int = 0) -> Shape:
        """The lengths of a result's axes, as :meth:`shape`."""
        return self._shape_of(self.outputs[index])

    def _shape_of(self, value: str) -> Shape:
        shape = self.source.shape(value)
        if shape is None:
            raise Cannot(
                f"the shape of '{value}' is not known before the model runs",
                "give the inputs' shapes: --shape",
            )
        for length in shape:
            bounded(length or 0, f"an axis of '{value}'")
        return shape

    def axis(self, default: int) -> int:
        """The attribute ``axis``, which is one of the first input's, counted from 0."""
        return self.integer("axis", default) % max(1, len(self.shape()))

    def constant(self, index: int) -> np.ndarray | None:
        """The numbers of an input that is constant; None for one that is not, or is not there."""
        return self.source.constant(self.inputs[index]) if self.has(index) else None

    def numbers(self, index: int, what: str) -> np.ndarray:
        """The numbers of an input that has to be constant.

        Args:
            index: of the input.
            what: it is, for the message.

        Raises:
            Cannot: it is not.
        """
        found = self.constant(index)
        if found is None:
            if self.has(index) and self.source.varies(self.inputs[index]):
                raise Cannot(f"its {what} depends on the size of the batch", FIX_BATCH)
            raise Cannot(f"its {what} is computed while the model runs; expected a constant")
        return found

    def list_of(self, name: str, index: int, default: Sequence[int] | None = None) -> list[int]:
        """Whole numbers that an attribute or, in later versions, an input has.

        Raises:
            Cannot: the input is no constant; neither is there and no ``default`` is given.
        """
        if name in self._attributes:
            return self.integers(name, ())
        if self.has(index):
            return [int(n) for n in self.numbers(index, name).reshape(-1)]
        if default is None:
            raise Cannot(f"it has no {name}")
        return list(default)

    def number_of(self, name: str, index: int, default: float) -> float:
        """A number that an attribute or, in later versions, an input has."""
        if name in self._attributes:
            return self.number(name, default)
        if self.has(index):
            return float(self.numbers(index, name).reshape(-1)[0])
        return default

    # ------------------------------------------------------------------- what is written

    def blob(self, index: int = 0) -> str:
        """The blob of an input; a constant becomes a Parameter layer.

        Raises:
            Cannot: it is a constant that depends on the size of the batch.
        """
        self._seen.add(index)
        return self.blob_of(self.inputs[index])

    def blob_of(self, value: str) -> str:
        """The blob of a value, as :meth:`blob`."""
        blob = self.text.blobs.get(value, value)
        if value not in self.source.known.constants or self.text.producer(blob) is not None:
            return blob
        array = self.source.constant(value)
        if array is None:
            return self._for_every_item(value)
        param = self.text.add("Parameter", value, [], [value], [array])
        param.parameter_param.shape.dim[:] = array.shape
        freeze(param, 1)
        return value

    def _for_every_item(self, value: str) -> str:
        """A constant that is the same for every item, such as a class token, of as many items as
        the net's input has: an InnerProduct of zeros, whose bias it is.

        Raises:
            Cannot: it depends on the size of the batch in another way.
        """
        row, inputs = (
            self.source.row_of(value),
            [
                written.param.top[0]
                for written in self.text.layers
                if written.param.HasField("input_param")
            ],
        )
        shapes = {name: self.source.shape(name) or () for name in inputs}
        open_inputs = [name for name, shape in shapes.items() if shape and shape[0] is None]
        if row is None or not open_inputs:
            raise Cannot(f"'{value}' depends on the size of the batch", FIX_BATCH)
        blob = open_inputs[0]

        def add(kind: str, what: str) -> caffe_pb2.LayerParameter:
            top = self.text.fresh(f"{value}/{what}")
            return self.text.add(kind, f"{value}/{what}", [blob], [top])

        if len(shapes[blob]) > 1:
            items = add("Reduction", "items")
            items.reduction_param.axis = 1
            blob = items.top[0]
        zeros = add("Power", "zeros")
        zeros.power_param.scale = 0
        blob = zeros.top[0]
        column = add("Reshape", "column")
        column.reshape_param.shape.dim[:] = [-1, 1]
        last = row.ndim == 1
        weights = [np.zeros((row.size, 1), np.float32), row.reshape(-1)]
        top = value if last else self.text.fresh(f"{value}/rows")
        rows = self.text.add("InnerProduct", f"{value}/rows", list(column.top), [top], weights)
        rows.inner_product_param.num_output = row.size
        freeze(rows, 1)
        if not last:
            shaped = self.text.add("Reshape", value, [top], [value])
            shaped.reshape_param.shape.dim[:] = [0, *row.shape]
        return value

    def layer(
        self,
        layer_type: str,
        bottoms: Sequence[str],
        *,
        weights: Sequence[np.ndarray] = (),
        suffix: str = "",
        out: int | None = 0,
    ) -> caffe_pb2.LayerParameter:
        """Append a layer of one top; returns it, to be given its settings.

        Args:
            layer_type: Caffe's name of its type.
            bottoms: blobs.
            weights: its parameters.
            suffix: what is after the operator's name in its own.
            out: which result the top is; None for a blob between.
        """
        wish = f"{self.name}/{suffix}" if suffix else self.name
        top = self.text.fresh(wish) if out is None else self.outputs[out]
        layer = self.text.add(layer_type, wish, bottoms, [top], weights)
        shared = [self._shared(array) for array in weights]
        if any(shared):
            for name in shared:
                layer.param.add(name=name) if name else layer.param.add()
        return layer

    def _shared(self, array: np.ndarray) -> str:
        """The name of the constant that an array is, if several operators read it; else "".

        A parameter of this name is shared by all layers that have it.
        """
        for name in self.inputs:
            if self.source.known.constants.get(name) is array:
                return name if len(self.source.readers[name]) > 1 else ""
        return ""

    def same(self, blob: str, out: int = 0) -> None:
        """A result that has the numbers and the shape of a blob."""
        self.text.blobs[self.outputs[out]] = blob

    # ------------------------------------------------------------------------ neighbours

    def maker(self, value: str, *op_types: str) -> NodeSite | None:
        """The operator that computes a value, if it is one of these types."""
        index = self.source.makers.get(value)
        if index is None or self.source.nodes[index].op_type not in op_types:
            return None
        return NodeSite(self.source, self.text, index)

    def written(self, blob: str) -> Written | None:
        """The layer that computes a blob."""
        return self.text.producer(blob)


def bounded(count: int, what: str) -> None:
    """Refuse constants of very many numbers, before they take memory.

    Raises:
        Cannot: there are more than 64 million.
    """
    if count > _MOST:
        raise Cannot(f"it would take {what} of {count} numbers")


def freeze(param: caffe_pb2.LayerParameter, count: int) -> None:
    """Let so many parameters of a layer stay as they are in training."""
    for _ in range(count):
        param.param.add(lr_mult=0, decay_mult=0)


#: Numbers in a constant that a reader makes.
_MOST = 2**26

#: What to do where the batch must not change.
FIX_BATCH = "give the size of the batch: --batch N"
