"""ONNX models in half precision, whose inputs and outputs stay in single precision."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from minicaffe.convert.onnx.export import Exported
from minicaffe.convert.onnx.writers.activation import FLOAT
from minicaffe.errors import GraphError, require

if TYPE_CHECKING:
    from onnx import GraphProto, NodeProto, ValueInfoProto

#: ONNX's number of the type float16.
_HALF = 10
#: Operators of which some inputs are always of single precision, and which.
_SINGLE = {"Resize": (1, 2)}
#: Operators that have no half precision at all.
_NEVER = ("NonMaxSuppression",)


def halved(exported: Exported) -> Exported:
    """The model with weights and values in half precision.

    Its inputs and outputs stay float32; a Cast comes after the ones and before the others.

    Raises:
        GraphError: a weight is too large for half precision, or an operator has none; all at once.
    """
    model = type(exported.model)()
    model.CopyFrom(exported.model)
    graph = model.graph
    _refuse(exported, graph)
    kept = {
        node.input[index]
        for node in graph.node
        for index in _SINGLE.get(node.op_type, ())
        if index < len(node.input)
    }
    tensors = {
        name: array.astype(np.float16) if array.dtype == np.float32 and name not in kept else array
        for name, array in exported.tensors.items()
    }
    _retype(graph)
    _cast_ends(graph, exported)
    return replace(exported, model=model, tensors=tensors)


def _refuse(exported: Exported, graph: GraphProto) -> None:
    """Refuse what half precision cannot hold.

    Raises:
        GraphError: there is something.
    """
    largest = float(np.finfo(np.float16).max)
    limits = (np.inf, float(np.finfo(np.float32).max))  # what pads windows may become infinite
    wrong = [
        f"tensor '{name}' holds {np.abs(array).max():.6g}, half precision ends at {largest:g}"
        for name, array in exported.tensors.items()
        if array.dtype == np.float32
        and array.size
        and largest < np.abs(array).max()
        and np.abs(array).max() not in limits
    ]
    wrong += [
        f"node '{node.name}': {node.op_type} has no half precision; --until with what is before it"
        for node in graph.node
        if node.op_type in _NEVER
    ]
    if wrong:
        raise GraphError("; ".join(wrong))


def _retype(graph: GraphProto) -> None:
    """Make values and casts of a graph, and of the graphs in it, half what they were."""
    for info in (*graph.value_info, *graph.input, *graph.output):
        _retype_value(info)
    for node in graph.node:
        for attribute in node.attribute:
            if node.op_type == "Cast" and attribute.name == "to" and attribute.i == FLOAT:
                attribute.i = _HALF
            elif attribute.HasField("g"):
                _retype(attribute.g)


def _retype_value(info: ValueInfoProto) -> None:
    if info.type.tensor_type.elem_type == FLOAT:
        info.type.tensor_type.elem_type = _HALF


def _cast_ends(graph: GraphProto, exported: Exported) -> None:
    """Let the graph take and give single precision."""
    for info in (*graph.input, *graph.output):
        info.type.tensor_type.elem_type = FLOAT
    renamed = {name: f"{name}/half" for name in (*exported.inputs, *exported.outputs)}
    for node in graph.node:
        node.input[:] = [renamed.get(name, name) for name in node.input]
        node.output[:] = [renamed.get(name, name) for name in node.output]
    nodes = list(graph.node)
    del graph.node[:]
    graph.node.extend(_cast(name, renamed[name], _HALF) for name in exported.inputs)
    graph.node.extend(nodes)
    graph.node.extend(
        _cast(renamed[name], name, FLOAT) for name in exported.outputs if name in renamed
    )


def _cast(source: str, target: str, to: int) -> NodeProto:
    helper = require("onnx.helper", extra="onnx", purpose="writing ONNX")
    node: NodeProto = helper.make_node("Cast", [source], [target], name=f"{target}/Cast", to=to)
    return node
