"""What is known of a graph's values before it runs: their shapes, and those that are constant.

onnx infers the shapes operator by operator, and its reference implementation computes what only
depends on constants and shapes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from minicaffe.convert.onnx.load import tensor_values
from minicaffe.errors import require

if TYPE_CHECKING:
    from onnx import NodeProto, TypeProto

_PURPOSE = "reading ONNX"
#: Numbers in a constant that is computed, at most.
_MOST = 2**24
#: Constants of more numbers have no part in what a shape is.
_SMALL = 1024
#: Names of ONNX's own operators' domain.
OWN_DOMAINS = ("", "ai.onnx")
#: Operators whose result has the first input's shape, and of which onnx does not infer it.
_LIKE_THE_INPUT = frozenset({"GroupNormalization"})
#: Operators that give something else every time.
_RANDOM = frozenset(
    {"RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike", "Multinomial",
     "Bernoulli"}
)  # fmt: skip


@dataclass
class Known:
    """What is known of the values.

    Attributes:
        types: of each value, onnx's ``TypeProto``.
        constants: those that do not depend on the inputs' numbers.
        faults: by node's index, why its shapes do not fit together.
    """

    types: dict[str, TypeProto] = field(default_factory=dict)
    constants: dict[str, np.ndarray] = field(default_factory=dict)
    faults: dict[int, str] = field(default_factory=dict)

    def shape(self, name: str) -> tuple[int, ...] | None:
        """The lengths of a value's axes; None where they are not known."""
        if name in self.constants:
            return self.constants[name].shape
        kind = self.types.get(name)
        if kind is None or not kind.tensor_type.HasField("shape"):
            return None
        dims = kind.tensor_type.shape.dim
        if not all(dim.HasField("dim_value") for dim in dims):
            return None
        return tuple(int(dim.dim_value) for dim in dims)


def trace(
    nodes: Sequence[NodeProto],
    tensors: Mapping[str, np.ndarray],
    inputs: Mapping[str, tuple[int, Sequence[int]]],
    opset: int,
) -> Known:
    """Follow shapes and constants through a graph.

    Args:
        nodes: in an order in which every value is computed before it is read.
        tensors: the initialisers.
        inputs: onnx's number of the type and the shape of each input.
        opset: the version of the operators.
    """
    return _Tracer(tensors, inputs, opset).run(nodes)


class _Tracer:
    def __init__(
        self,
        tensors: Mapping[str, np.ndarray],
        inputs: Mapping[str, tuple[int, Sequence[int]]],
        opset: int,
    ) -> None:
        self.onnx = require("onnx", extra="onnx", purpose=_PURPOSE)
        self.opset = opset
        self.opsets = [self.onnx.helper.make_opsetid("", opset)]
        self.known = Known()
        for name, (kind, shape) in inputs.items():
            self.known.types[name] = self.onnx.helper.make_tensor_type_proto(kind, list(shape))
        for name, array in tensors.items():
            self._add(name, array)

    def run(self, nodes: Sequence[NodeProto]) -> Known:
        for index, node in enumerate(nodes):
            if node.domain in OWN_DOMAINS:
                self._node(index, node)
        return self.known

    def _add(self, name: str, array: np.ndarray) -> None:
        kind = self.onnx.helper.np_dtype_to_tensor_dtype(array.dtype)
        self.known.constants[name] = array
        self.known.types[name] = self.onnx.helper.make_tensor_type_proto(kind, list(array.shape))

    def _node(self, index: int, node: NodeProto) -> None:
        if node.op_type == "Constant":
            self._constant(index, node)
            return
        shape = self.known.shape(node.input[0]) if node.input else None
        if node.op_type in ("Shape", "Size") and shape is not None:
            self._add(node.output[0], _of_shape(node, shape))
            return
        if not all(name in self.known.types for name in node.input if name):
            return
        if not self._infer(index, node):
            return
        constant = all(name in self.known.constants for name in node.input if name)
        inner = any(attribute.HasField("g") or attribute.graphs for attribute in node.attribute)
        if constant and not inner and node.op_type not in _RANDOM:
            self._compute(index, node)

    def _constant(self, index: int, node: NodeProto) -> None:
        (attribute,) = node.attribute[:1] or (None,)
        if attribute is None:
            return
        try:
            value = self.onnx.helper.get_attribute_value(attribute)
            if attribute.name == "value":
                array = tensor_values(value)
            elif attribute.name in ("value_float", "value_floats"):
                array = np.asarray(value, np.float32)
            elif attribute.name in ("value_int", "value_ints"):
                array = np.asarray(value, np.int64)
            else:
                return
        except ValueError as reason:
            self.known.faults[index] = str(reason)
            return
        self._add(node.output[0], array)

    def _infer(self, index: int, node: NodeProto) -> bool:
        """Note the types of the results; False where nothing is known of them."""
        known = self.known
        try:
            schema = self.onnx.defs.get_schema(node.op_type, self.opset, "")
        except Exception:  # there is no such operator: its reader will be missing, too
            return False
        types = {name: known.types[name] for name in node.input if name}
        data = {
            name: self.onnx.numpy_helper.from_array(known.constants[name], name)
            for name in types
            if name in known.constants and known.constants[name].size <= _SMALL
        }
        try:
            found = self.onnx.shape_inference.infer_node_outputs(
                schema, node, types, data, opset_imports=self.opsets
            )
        except Exception as reason:  # of onnx's part in C++
            known.faults[index] = str(reason).strip().split("\n")[-1]
            return False
        known.types.update({name: kind for name, kind in found.items() if name})
        if node.op_type in _LIKE_THE_INPUT and known.shape(node.output[0]) is None:
            known.types[node.output[0]] = known.types[node.input[0]]
        return bool(found)

    def _compute(self, index: int, node: NodeProto) -> None:
        """The results, if they are not too large; unknown sizes are too large."""
        sizes = [self.known.shape(name) for name in node.output if name]
        if any(shape is None or math.prod(shape) > _MOST for shape in sizes):
            return
        reference = require("onnx.reference", extra="onnx", purpose=_PURPOSE)
        names = [name for name in node.input if name]
        graph = self.onnx.helper.make_graph(
            [node], "one",
            [self.onnx.helper.make_value_info(name, self.known.types[name]) for name in
             dict.fromkeys(names)],
            [self.onnx.helper.make_value_info(name, self.known.types.get(name))
             for name in node.output if name],
        )  # fmt: skip
        model = self.onnx.helper.make_model(graph, opset_imports=self.opsets)
        try:
            with np.errstate(all="ignore"):
                run = reference.ReferenceEvaluator(model)
                results = run.run(None, {name: self.known.constants[name] for name in names})
        except Exception:  # nothing is lost: the operator counts as one that is not constant
            return
        for name, array in zip([name for name in node.output if name], results, strict=False):
            if isinstance(array, np.ndarray | np.generic):
                self._add(name, np.asarray(array))


def _of_shape(node: NodeProto, shape: tuple[int, ...]) -> np.ndarray:
    """What Shape and Size give."""
    if node.op_type == "Size":
        return np.asarray(math.prod(shape), np.int64)
    limits = {attribute.name: attribute.i for attribute in node.attribute}
    part = slice(limits.get("start", 0), limits.get("end", len(shape)))
    return np.asarray(shape[part], np.int64)
