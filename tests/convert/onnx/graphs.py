"""Small ONNX models, written by onnx's helpers, and their nets compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper, shape_inference

from minicaffe.convert.onnx import Imported, import_model, verify


def model_of(
    nodes: Sequence[NodeProto],
    inputs: Mapping[str, Sequence[int | str]],
    outputs: Sequence[str] = ("y",),
    *,
    opset: int = 17,
    **tensors: np.ndarray,
) -> ModelProto:
    """A model of float inputs of these shapes, a word being an open length."""
    infos = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
        for name, shape in inputs.items()
    ]
    graph = helper.make_graph(
        nodes,
        "graph",
        infos,
        [helper.make_empty_tensor_value_info(name) for name in outputs],
        [numpy_helper.from_array(array, name) for name, array in tensors.items()],
    )
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8 if opset < 22 else 10
    )
    model = shape_inference.infer_shapes(model, data_prop=True)  # what the outputs are
    for info in model.graph.output:
        if info.type.WhichOneof("value") is None:  # onnx does not know GroupNormalization's
            info.type.CopyFrom(model.graph.input[0].type)
    return model


def proved(model: ModelProto, shapes: Mapping[str, Sequence[int]] | None = None) -> Imported:
    """The net of a model, found equal to it at every value: by both engines, on two inputs."""
    imported = import_model(model, shapes=shapes)
    found = verify(imported.source, imported.build(engine="numpy"), tolerances=(2e-5, 2e-5))
    assert found.good, found.worst
    assert found.layers
    return imported


def types(imported: Imported) -> list[str]:
    """The types of the net's layers, without the inputs."""
    return [layer.type for layer in imported.param.layer if layer.type != "Input"]
