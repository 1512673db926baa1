"""Reading ONNX files of any origin: whole, within bounds, with weights of their own folder only."""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING

import numpy as np

from minicaffe.convert.onnx.model import OnnxModel
from minicaffe.errors import DataError, Problem, require, visible
from minicaffe.errors.reading import cannot_read
from minicaffe.files import open_to_read
from minicaffe.proto.wire import WireError, check_messages

if TYPE_CHECKING:
    from onnx import ModelProto, TensorProto, TypeProto

_PURPOSE = "reading ONNX"
#: Messages in one file, at most: a value's every length is one.
_MOST_MESSAGES = 5_000_000
#: What checker and inliner take at once.
_MOST_CHECKED = 2**31 - 1


def load(path: str | os.PathLike[str]) -> OnnxModel:
    """The model of a file, with the weights that it has in files beside it.

    Functions of the model's own are replaced by what they consist of.

    Raises:
        DataError: the file cannot be read, is damaged or none of ONNX; weights are in a file that
            is not in its folder or has not so many bytes; all such weights at once.
        MissingExtraError: the package onnx is not installed.
    """
    path = os.fspath(path)
    onnx = require("onnx", extra="onnx", purpose=_PURPOSE)
    try:
        with open_to_read(path) as stream:
            data = stream.read()
    except OSError as reason:
        raise cannot_read(path, reason) from reason
    try:
        check_messages(memoryview(data), onnx.ModelProto.DESCRIPTOR, _MOST_MESSAGES, text=True)
        model = onnx.ModelProto.FromString(data)
    except WireError as reason:
        raise DataError(f"no ONNX model that makes sense: {reason}", path=path) from None
    except Exception as reason:  # protobuf has several kinds
        raise _damaged(reason, path) from None
    return from_proto(model, path)


def from_proto(model: ModelProto, path: str | None = None) -> OnnxModel:
    """The model of a ``ModelProto``; its messages are used, its weights are taken out.

    Args:
        model: the message.
        path: its file, in whose folder weights may be.

    Raises:
        DataError: as for :func:`load`.
    """
    onnx = require("onnx", extra="onnx", purpose=_PURPOSE)
    if not model.HasField("graph") or not model.graph.node:
        raise DataError("there is no graph in it: this is no ONNX model, or an empty one",
                        path=path)  # fmt: skip
    if model.graph.sparse_initializer:
        raise DataError("it has sparse initialisers; expected dense ones", path=path)
    tensors = _taken_out(model, path)
    try:
        _check(model, tensors)
        if model.functions:
            model = require("onnx.inliner", extra="onnx", purpose=_PURPOSE).inline_local_functions(
                model
            )
    except Exception as reason:  # onnx has several kinds, and so has its part in C++
        raise _damaged(reason, path) from None
    own = [info for info in model.graph.input if info.name not in tensors]
    for info in own:
        kind = info.type.WhichOneof("value")
        if kind != "tensor_type":
            raise DataError(
                f"input '{info.name}' is a {kind or 'value without a type'}; expected tensors",
                path=path,
            )
        if info.type.tensor_type.elem_type not in onnx.TensorProto.DataType.values():
            raise DataError(f"input '{info.name}' has an unknown type of numbers", path=path)
    shapes = {info.name: _dims(info.type.tensor_type) for info in own}
    outputs = [info.name for info in model.graph.output]
    return OnnxModel(model, tensors, list(shapes), outputs, shapes)


def _damaged(reason: Exception, path: str | None) -> DataError:
    told = str(reason).strip() or type(reason).__name__
    return DataError(f"this is no ONNX model, or it is damaged: {told[:400]}", path=path)


def _check(model: ModelProto, tensors: dict[str, np.ndarray]) -> None:
    """onnx's own checks: that every value is computed before it is read, once, with the attributes
    that its operator has. Weights count as inputs, so that they need not be there."""
    onnx = require("onnx", extra="onnx", purpose=_PURPOSE)
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    names = {info.name for info in copy.graph.input}
    for name, array in tensors.items():
        if name not in names:
            kind = onnx.helper.np_dtype_to_tensor_dtype(array.dtype)
            copy.graph.input.append(
                onnx.helper.make_tensor_value_info(name, kind, list(array.shape))
            )
    if copy.ByteSize() < _MOST_CHECKED:
        onnx.checker.check_model(copy)


def _dims(tensor: TypeProto.Tensor) -> list[int | str]:
    """The lengths, a word for one that is open."""
    dims: list[int | str] = []
    for axis, dim in enumerate(tensor.shape.dim):
        if dim.HasField("dim_value") and dim.dim_value >= 0:
            dims.append(int(dim.dim_value))
        else:
            dims.append(dim.dim_param or ("batch" if axis == 0 else f"axis {axis}"))
    return dims


# ------------------------------------------------------------------------------- weights


def _taken_out(model: ModelProto, path: str | None) -> dict[str, np.ndarray]:
    """The initialisers' values; they are no longer in the model then."""
    problems: list[Problem] = []
    tensors: dict[str, np.ndarray] = {}
    for tensor in model.graph.initializer:
        try:
            tensors[tensor.name] = tensor_values(tensor, path)
        except ValueError as reason:
            told = f"{path or 'model'}: initialiser '{tensor.name}': {reason}"
            problems.append(Problem(path, 0, 0, told, ""))
    if problems:
        error = DataError(visible(problems[0].message))
        error.problems = problems
        raise error
    del model.graph.initializer[:]
    return tensors


def tensor_values(tensor: TensorProto, path: str | None = None) -> np.ndarray:
    """The values of a tensor, those too that are in a file beside the model's.

    Raises:
        ValueError: there are not as many as its shape says; they are no numbers; its file is
            outside of the folder or too short.
    """
    onnx = require("onnx", extra="onnx", purpose=_PURPOSE)
    kinds = onnx.TensorProto
    if tensor.data_type not in kinds.DataType.values() or tensor.data_type in (
        kinds.UNDEFINED, kinds.STRING, kinds.COMPLEX64, kinds.COMPLEX128,
    ):  # fmt: skip
        raise ValueError("its type is none of numbers")
    shape = tuple(tensor.dims)
    if any(n < 0 for n in shape):
        raise ValueError(f"its shape is {list(shape)}")
    if tensor.data_location == kinds.EXTERNAL:
        return _external(tensor, path)
    try:
        return np.asarray(onnx.numpy_helper.to_array(tensor))
    except Exception as reason:  # numpy's, onnx's
        raise ValueError(f"its values do not fit its shape {list(shape)}: {reason}") from None


def _external(tensor: TensorProto, path: str | None) -> np.ndarray:
    """Values that are in another file of the model's folder."""
    onnx = require("onnx", extra="onnx", purpose=_PURPOSE)
    entries = {entry.key: entry.value for entry in tensor.external_data}
    location = entries.get("location", "")
    dtype = onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type)
    size = math.prod(tensor.dims) * dtype.itemsize
    try:
        offset, length = int(entries.get("offset") or 0), int(entries.get("length") or size)
    except ValueError:
        raise ValueError("offset and length of its values are no whole numbers") from None
    if offset < 0 or length != size:
        raise ValueError(f"{length} bytes at {offset} are said to have its {size} bytes")
    file = _beside(location, path)
    try:
        with open_to_read(file) as stream:
            there = os.fstat(stream.fileno()).st_size
            if offset + size > there:
                raise ValueError(
                    f"its {size} bytes begin at {offset} of '{location}', which has {there}"
                )
            return np.fromfile(stream, dtype, math.prod(tensor.dims), offset=offset).reshape(
                tuple(tensor.dims)
            )
    except OSError as reason:
        told = f"'{location}', which has its values, cannot be read: {reason.strerror or reason}"
        raise ValueError(told) from None


def _beside(location: str, path: str | None) -> str:
    """Where the file is; refused outside of the model's folder."""
    if path is None:
        raise ValueError(f"its values are in a file, '{location}'; give the model as a file, too")
    folder = os.path.realpath(os.path.dirname(os.path.abspath(path)))
    if not location or "\0" in location:
        raise ValueError("it does not say which file has its values")
    file = os.path.realpath(os.path.join(folder, location))
    if os.path.isabs(location) or os.path.commonpath([folder, file]) != folder:
        raise ValueError(
            f"its values are said to be in '{location}', which is outside of the model's folder"
        )
    return file
