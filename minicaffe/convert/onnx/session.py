"""ONNX models run by onnxruntime, all of whose values can be looked at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from minicaffe.convert.onnx.model_file import LARGE, embedded, reference
from minicaffe.errors import GraphError, require
from minicaffe.threads import thread_count

if TYPE_CHECKING:
    from onnx import ModelProto
    from onnxruntime import InferenceSession

PURPOSE = "running ONNX models"


class Runner:
    """Runs a model.

    Args:
        model: the ``ModelProto``, with the values of its initialisers or without those of
            ``tensors``.
        tensors: values of initialisers, by name.
        looked_at: the names of the values to return; the model's outputs by default.

    Raises:
        GraphError: the runtime does not take the model; with its reason.
    """

    def __init__(
        self,
        model: ModelProto,
        tensors: Mapping[str, np.ndarray] | None = None,
        looked_at: Sequence[str] | None = None,
    ) -> None:
        ort = require("onnxruntime", extra="onnx", purpose=PURPOSE)
        options = ort.SessionOptions()
        options.intra_op_num_threads = thread_count()
        options.log_severity_level = 3  # errors only
        given = dict(tensors or {})
        large = {name: array for name, array in given.items() if array.nbytes > LARGE}
        self._arrays = [ort.OrtValue.ortvalue_from_numpy(array) for array in large.values()]
        if large:  # they are not copied into a message first, which holds 2 GB at most
            options.add_external_initializers(list(large), self._arrays)
        content = _with_outputs(model, given, looked_at)
        try:
            self._session: InferenceSession = ort.InferenceSession(
                content, options, providers=["CPUExecutionProvider"]
            )
        except Exception as reason:  # onnxruntime has a class of its own for each kind
            raise GraphError(f"onnxruntime does not take the model: {reason}") from None
        self.inputs = {info.name: info.shape for info in self._session.get_inputs()}
        self._types = {info.name: _numpy_type(info.type) for info in self._session.get_inputs()}
        self.outputs = [info.name for info in self._session.get_outputs()]

    def run(self, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The values by name. Inputs become numbers of the types that the model takes.

        Raises:
            GraphError: the runtime refuses the arrays; with its reason.
        """
        try:
            given = {k: np.asarray(v, self._types.get(k)) for k, v in arrays.items()}
            results = self._session.run(None, given)
        except Exception as reason:  # as above
            raise GraphError(f"onnxruntime cannot run the model: {reason}") from None
        return dict(zip(self.outputs, results, strict=True))


def _numpy_type(text: str) -> np.dtype | None:
    """What onnxruntime calls ``tensor(int64)``; None for what is no array of numbers."""
    name = text.removeprefix("tensor(").removesuffix(")")
    names = {"float": "float32", "double": "float64", "bool": "bool"}
    try:
        return np.dtype(names.get(name, name))
    except TypeError:
        return None


def _with_outputs(
    model: ModelProto, tensors: Mapping[str, np.ndarray], looked_at: Sequence[str] | None
) -> bytes:
    """The model as bytes, with references in place of large tensors, and with these outputs."""
    helper = require("onnx.helper", extra="onnx", purpose=PURPOSE)
    copy = type(model)()
    copy.CopyFrom(model)
    for name, array in tensors.items():
        large = array.nbytes > LARGE
        copy.graph.initializer.append(
            reference(name, array, name) if large else embedded(name, array)
        )
    if looked_at is not None:
        outputs = {info.name: info for info in copy.graph.output}
        del copy.graph.output[:]
        for name in looked_at:
            info = outputs.get(name) or helper.make_empty_tensor_value_info(name)
            copy.graph.output.append(info)
    return bytes(copy.SerializeToString())
