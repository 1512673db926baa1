"""Nets from files and from memory, as OpenCV reads them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np

from minicaffe.arguments import file_name, shown
from minicaffe.dnn.custom import with_custom_layers
from minicaffe.dnn.net import Net
from minicaffe.errors import ArgumentError, PrototxtError
from minicaffe.net.given import net_parameter
from minicaffe.net.net import TEST
from minicaffe.net.net import Net as CaffeNet
from minicaffe.proto import caffe_pb2
from minicaffe.proto.io import map_binary
from minicaffe.proto.text_format import parse
from minicaffe.weights.caffemodel import StoredLayer, load_buffer, stored_layers
from minicaffe.weights.hdf5 import is_hdf5

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from minicaffe.options import NetKeywords

#: The contents of a file.
Buffer = bytes | bytearray | memoryview | np.ndarray
#: A file's name, or its contents.
Source = str | os.PathLike[str] | Buffer

#: What messages call buffers.
_PROTOTXT, _WEIGHTS = "<prototxt>", "<caffemodel>"


def readNetFromCaffe(
    prototxt: Source | None = None,
    caffeModel: Source | None = None,
    *,
    bufferProto: Buffer | None = None,
    bufferModel: Buffer | None = None,
    **options: Unpack[NetKeywords],
) -> Net:
    """A net from a prototxt and its weights.

    Args:
        prototxt, caffeModel: files by name, or their contents as bytes or an array of uint8.
            Without weights the net has its fillers' values.
        bufferProto, bufferModel: OpenCV's names of contents.
        options: what :class:`minicaffe.Net` takes besides, such as ``dialect``; Python layers
            do not run unless ``allow_python_layers=True``.

    Raises:
        PrototxtError: the text has mistakes, all of them told.
        GraphError: layers do not fit together.
        SnapshotError: the weights cannot be read, or do not fit.
        ArgumentError: neither a name nor contents.
    """
    text = bufferProto if prototxt is None else prototxt
    weights = bufferModel if caffeModel is None else caffeModel
    if text is None:
        raise ArgumentError("the prototxt is missing: give a file's name, or its contents")
    settings: NetKeywords = {"allow_python_layers": False, "keep": "outputs"}
    settings["path"] = _PROTOTXT if _contents(text) is not None else file_name(text, "prototxt")
    settings.update(options)
    given = weights is not None and not (isinstance(weights, str) and not weights)
    param = with_custom_layers(_parameter(text), lambda: _stored(weights) if given else [])
    net = CaffeNet(param, TEST, **settings)
    if given:
        data = _contents(weights)
        if data is None:
            net.copy_from(file_name(weights, "caffeModel"))
        else:
            load_buffer(net, data, _WEIGHTS)
    return Net(net, param)


def _stored(weights: object) -> list[StoredLayer]:
    """The layers of a .caffemodel, by name or its contents."""
    data = _contents(weights)
    if data is not None:
        return stored_layers(memoryview(data), _WEIGHTS)
    path = file_name(weights, "caffeModel")
    return [] if is_hdf5(path) else stored_layers(map_binary(path).view, path)


def readNet(
    model: str,
    config: Source = "",
    framework: Source = "",
    **options: Unpack[NetKeywords],
) -> Net:
    """A net from two files, in any order; the endings say which is which.

    Args:
        model: the .caffemodel; or ``"caffe"``, with the contents of both files after it.
        config: the .prototxt.
        framework: ``"caffe"``, or nothing.
        options: as :func:`readNetFromCaffe` takes them.

    Raises:
        ArgumentError: no prototxt is among them: minicaffe reads nets of no other framework.
        MinicaffeError: as :func:`readNetFromCaffe`.
    """
    contents = _contents(config)
    if contents is not None:  # readNet("caffe", bufferModel, bufferConfig)
        if model.lower() != "caffe":
            raise ArgumentError(f"the framework is {shown(model)}, minicaffe reads 'caffe' only")
        return readNetFromCaffe(framework, contents, **options)
    if framework and str(framework).lower() != "caffe":
        raise ArgumentError(f"the framework is {shown(framework)}, minicaffe reads 'caffe' only")
    names = [file_name(name, "a file") for name in (model, config) if name]
    text = [name for name in names if name.endswith((".prototxt", ".pt", ".txt"))]
    weights = [name for name in names if name not in text]
    if len(text) != 1 or len(weights) > 1:
        raise ArgumentError(
            f"the files {', '.join(names)}: expected a .prototxt and a .caffemodel; minicaffe "
            "reads nets of Caffe only"
        )
    return readNetFromCaffe(text[0], weights[0] if weights else None, **options)


def _parameter(source: Source) -> caffe_pb2.NetParameter:
    contents = _contents(source)
    if contents is None:
        return net_parameter(file_name(source, "prototxt"), None)[0]
    param = caffe_pb2.NetParameter()
    parse(contents, param, _PROTOTXT)
    if not param.ListFields():
        raise PrototxtError("it is empty; a net in prototxt is expected", path=_PROTOTXT)
    return net_parameter(param, _PROTOTXT)[0]


def _contents(source: object) -> bytes | None:
    """The bytes of a buffer; None for what may be a file's name."""
    if isinstance(source, bytes | bytearray | memoryview):
        return bytes(source)
    if isinstance(source, np.ndarray):
        if source.dtype.itemsize != 1:
            raise ArgumentError(f"a buffer of {source.dtype} is given, expected uint8")
        return source.tobytes()
    return None
