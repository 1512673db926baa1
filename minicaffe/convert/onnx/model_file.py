"""The files of an ONNX model: one, or beyond 2 GB one with the graph and one with the weights."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np

from minicaffe.errors import require
from minicaffe.files import write_beside, write_together

if TYPE_CHECKING:
    from onnx import ModelProto, TensorProto

    from minicaffe.convert.onnx.export import Exported

#: Bytes that a protobuf message holds at most.
MOST = 2**31 - 1
#: Tensors of more bytes go into the file of weights, where there is one.
LARGE = 1024
#: Where tensors begin in that file: at multiples of a page, so that it can be mapped.
_PAGE = 4096
_PURPOSE = "writing ONNX"


def embedded(name: str, array: np.ndarray) -> TensorProto:
    """A tensor with its values."""
    numpy_helper = require("onnx.numpy_helper", extra="onnx", purpose=_PURPOSE)
    tensor: TensorProto = numpy_helper.from_array(array, name)
    return tensor


def reference(name: str, array: np.ndarray, location: str, offset: int = 0) -> TensorProto:
    """A tensor whose values are in another file.

    Args:
        name: the tensor's.
        array: its values.
        location: the file's name, in the model's folder.
        offset: where they begin there.
    """
    tensor = embedded(name, np.zeros(0, array.dtype))
    tensor.ClearField("raw_data")
    tensor.dims[:] = array.shape
    tensor.data_location = tensor.EXTERNAL
    for key, value in (("location", location), ("offset", offset), ("length", array.nbytes)):
        entry = tensor.external_data.add()
        entry.key, entry.value = key, str(value)
    return tensor


def complete(exported: Exported) -> ModelProto:
    """The ``ModelProto`` with the values of its initialisers; for less than 2 GB."""
    model = type(exported.model)()
    model.CopyFrom(exported.model)
    for name, array in exported.tensors.items():
        model.graph.initializer.append(embedded(name, array))
    return model


def save(exported: Exported, path: str, most: int = MOST) -> list[str]:
    """Write a model; returns the names of the files.

    Beyond ``most`` bytes the weights go into a file of their own, ``path`` with ".data" after it,
    which has to stay in the same folder.

    Raises:
        SnapshotError: a file cannot be written; what was there stays.
    """
    size = sum(array.nbytes for array in exported.tensors.values()) + exported.model.ByteSize()
    if size + (1 << 20) * (most == MOST) < most:  # room for what a message adds to each tensor
        with write_beside(path) as beside:
            beside.write_bytes(complete(exported).SerializeToString(deterministic=True))
        return [path]
    data = f"{path}.data"
    with write_together(data, path) as (weights, graph):
        model = type(exported.model)()
        model.CopyFrom(exported.model)
        with open(weights, "wb") as stream:
            for name, array in exported.tensors.items():
                if array.nbytes <= LARGE:
                    model.graph.initializer.append(embedded(name, array))
                    continue
                stream.write(bytes(-stream.tell() % _PAGE))
                place = stream.tell()
                np.ascontiguousarray(array).tofile(stream)
                location = os.path.basename(data)
                model.graph.initializer.append(reference(name, array, location, place))
        graph.write_bytes(model.SerializeToString(deterministic=True))
    return [path, data]
