"""onnx's own test cases of its operators: each is computed equal, or refused."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pytest

pytest.importorskip("onnx", reason="needs the extra onnx")

import onnx.backend.test.case.node as node_cases
from onnx import ModelProto, numpy_helper

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
    """A case: its model, what it takes by name, what it gives, and how exactly."""

    model: ModelProto
    inputs: dict[str, np.ndarray]
    outputs: list[np.ndarray]
    rtol: float


def rows_of(module: str) -> list[Row]:
    """The module's cases of one operator alone, of arrays of numbers."""
    name = f"{node_cases.__name__}.{module}"
    if importlib.util.find_spec(name) is None:
        pytest.skip("this onnx has no such cases")
    with np.errstate(all="ignore"):
        importlib.import_module(name)  # which enters its cases
    found = []
    for case in node_cases._NodeTestCases:
        graph = case.model.graph
        arrays = [*case.data_sets[0][0], *case.data_sets[0][1]]
        numbers = all(isinstance(a, np.ndarray) and a.dtype.kind in "fiu" for a in arrays)
        if len(graph.node) == 1 and numbers and graph.node[0].op_type.lower() == module:
            names = [info.name for info in graph.input]
            inputs = dict(zip(names, case.data_sets[0][0], strict=False))
            found.append(Row(case.model, inputs, list(case.data_sets[0][1]), case.rtol))
    return found


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
def test_cases_are_equal_or_refused(module: str) -> None:
    equal = 0
    for row in rows_of(module):
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
            np.testing.assert_allclose(found, wanted.astype(np.float32), row.rtol, 1e-5)
        equal += 1
    assert equal
