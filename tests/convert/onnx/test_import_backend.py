"""onnx's own test cases of its operators: each is computed equal, or refused."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pytest

pytest.importorskip("onnx", reason="needs the extra onnx")

import onnx.backend.test.case.node as node_cases
from onnx import ModelProto, NodeProto, helper, numpy_helper
from onnx.defs import onnx_opset_version

from minicaffe.convert.compare.net_side import fill
from minicaffe.convert.onnx import Imported, import_model
from minicaffe.errors import GraphError

#: The modules of cases that are run: those of the pools take seconds to make theirs.
MODULES = (
    "add", "argmax", "clip", "concat", "conv", "convtranspose", "depthtospace", "div", "elu",
    "expand", "flatten", "gather", "gemm", "globalaveragepool", "hardsigmoid", "hardswish",
    "leakyrelu", "logsoftmax", "lrn", "matmul", "max", "mul", "reducemean", "reducemin",
    "relu", "resize", "selu", "sigmoid", "slice", "softmax", "spacetodepth", "split", "squeeze",
    "sub", "sum", "tile", "transpose", "unsqueeze",
)  # fmt: skip


class Row(NamedTuple):
    """A case: its model, what it takes by name, and what it gives."""

    model: ModelProto
    inputs: dict[str, np.ndarray]
    outputs: list[np.ndarray]


def rows_of(module: str, monkeypatch: pytest.MonkeyPatch) -> list[Row]:
    """The module's cases of one operator alone, of arrays of numbers."""
    name, found = f"{node_cases.__name__}.{module}", []

    def expect(node: NodeProto, inputs: list, outputs: list, **options: Any) -> None:
        arrays = [*inputs, *outputs]
        numbers = all(isinstance(a, np.ndarray) and a.dtype.kind in "fiu" for a in arrays)
        if numbers and node.op_type.lower() == module:
            found.append(_row(node, inputs, outputs, options.get("opset_imports")))

    if importlib.util.find_spec(name) is None:
        pytest.skip("this onnx has no such cases")
    monkeypatch.setattr(node_cases, "expect", expect)  # which the module hands its cases to
    sys.modules.pop(name, None)
    with np.errstate(all="ignore"):
        importlib.import_module(name)
    return found


def _row(node: NodeProto, inputs: list[np.ndarray], outputs: list[np.ndarray], opsets: Any) -> Row:
    names = [name for name in node.input if name]
    results = [name for name in node.output if name]
    infos = [
        [helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(a.dtype), a.shape)
         for n, a in zip(part, arrays, strict=False)]
        for part, arrays in ((names, inputs), (results, outputs))
    ]  # fmt: skip
    graph = helper.make_graph([node], "case", *infos)
    opsets = opsets or [helper.make_opsetid("", onnx_opset_version())]
    model = helper.make_model(graph, opset_imports=opsets)
    return Row(model, dict(zip(names, inputs, strict=False)), outputs)


def imported(row: Row, names: list[str]) -> Imported:
    """The net, which takes these inputs; the others are constants."""
    model = ModelProto()
    model.CopyFrom(row.model)
    del model.graph.input[:]
    for info in row.model.graph.input:
        if info.name in names:
            model.graph.input.append(info)
        else:
            array = row.inputs[info.name]
            model.graph.initializer.append(numpy_helper.from_array(array, info.name))
    return import_model(model)


def ways(row: Row) -> Iterator[list[str]]:
    """All inputs at once; or the first alone, the others being parameters."""
    yield list(row.inputs)
    yield list(row.inputs)[:1]


@pytest.mark.parametrize("module", MODULES)
def test_cases_are_equal_or_refused(module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    equal = 0
    for row in rows_of(module, monkeypatch):
        for names in ways(row):
            try:
                net = imported(row, names).build(engine="numpy")
                break
            except GraphError:
                continue
        else:
            continue
        fill(net, {name: row.inputs[name].astype(np.float32) for name in names})
        net.forward_loss()
        for info, wanted in zip(row.model.graph.output, row.outputs, strict=False):
            found = net.blobs[info.name].data
            assert found.shape == wanted.shape
            np.testing.assert_allclose(found, wanted.astype(np.float32), 1e-3, 1e-5)
        equal += 1
    assert equal
