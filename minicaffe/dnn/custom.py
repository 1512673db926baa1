"""Layers that a program brings along: OpenCV's ``cv2.dnn_registerLayer``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import ClassVar, Protocol

import numpy as np
from google.protobuf.message import Message

from minicaffe.arguments import shown
from minicaffe.blob import shape_text
from minicaffe.errors import ArgumentError, GraphError, ShapeError
from minicaffe.layer import Blobs, Layer, register
from minicaffe.layers.utility.python import users_code
from minicaffe.proto import caffe_pb2
from minicaffe.proto.wire import is_repeated
from minicaffe.weights.blob_proto import blob_proto, shape_of
from minicaffe.weights.caffemodel import StoredLayer

#: What OpenCV's importer makes of a field: a number, a text, or several of them.
Value = int | float | str | tuple[int | float | str, ...]


class CustomLayer(Protocol):
    """What a program's class has."""

    def getMemoryShapes(self, inputs: list[tuple[int, ...]]) -> Sequence[Sequence[int]]:
        """The outputs' shapes, of the inputs'."""

    def forward(self, inputs: tuple[np.ndarray, ...]) -> Sequence[np.ndarray]:
        """The outputs' values."""


#: A class, called with the layer's fields by name, and its parameters.
Maker = Callable[[dict[str, Value], list[np.ndarray]], CustomLayer]


class OpenCVLayer(Layer):
    """Runs a program's class, which :func:`registerLayer` has taken.

    Attributes:
        written_type: the type in the prototxt; the net has a name of its own for the class.
        make: the program's class, in a tuple so that it is no method.

    Raises:
        PythonLayerError: the class raised something.
        ShapeError: its outputs have other shapes than it says.
    """

    in_place = False
    written_type: ClassVar[str]
    make: ClassVar[tuple[Maker]]

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        for proto in self.param.blobs:
            self.blobs.add_blob(*shape_of(proto))
        values = [blob.data for blob in self.blobs]
        with self._users_code("__init__"):
            self._own = self.make[0](fields_of(self.param), values)

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        with self._users_code("getMemoryShapes"):
            found = self._own.getMemoryShapes([blob.shape for blob in bottom])
            shapes = [tuple(map(int, shape)) for shape in found]
        if len(shapes) < len(top):
            raise GraphError(
                f"getMemoryShapes() of the class for '{self.written_type}' returned "
                f"{len(shapes)} shape(s), expected one for each of {len(top)} top(s)"
            )
        for blob, shape in zip(top, shapes, strict=False):
            blob.reshape(*shape)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        with self._users_code("forward"):
            found = [np.asarray(values) for values in self._own.forward(
                tuple(blob.data for blob in bottom)
            )]  # fmt: skip
        shapes = [values.shape for values in found[: len(top)]]
        if shapes != [blob.shape for blob in top]:
            raise ShapeError(
                f"forward() of the class for '{self.written_type}' returned "
                f"{', '.join(map(shape_text, shapes)) or 'nothing'}; getMemoryShapes() said "
                f"{', '.join(shape_text(blob.shape) for blob in top)}"
            )
        for blob, values in zip(top, found, strict=False):
            blob.data[...] = values

    def _users_code(self, method: str) -> AbstractContextManager[None]:
        """Runs a method of the class."""
        return users_code(f"{method}() of the class for '{self.written_type}'")


#: Layers by a program's class, and those of each type, the newest last: both of the whole process,
#: as OpenCV's are.
_made: dict[tuple[str, Maker], type[OpenCVLayer]] = {}
_registered: dict[str, list[type[OpenCVLayer]]] = {}


def registerLayer(type: str, layerClass: Maker) -> None:
    """Let a program's class run layers of a type in the nets that are read from now on.

    Args:
        type: of the layer in the prototxt; one that minicaffe has is run by the class, too.
        layerClass: is called with a dict of the layer's fields (``{"axis": 2, "offset": (1, 2)}``)
            and the list of its parameters; has ``getMemoryShapes(inputs)``, which returns the
            outputs' shapes, and ``forward(inputs)``, which returns their values.

    Raises:
        ArgumentError: it is no such class.
    """
    missing = [name for name in ("getMemoryShapes", "forward") if not hasattr(layerClass, name)]
    if not isinstance(type, str) or not callable(layerClass) or missing:
        hint = f" (it has no {missing[0]})" if missing else ""
        raise ArgumentError(
            f"registerLayer({shown(type)}, {shown(layerClass)}): expected a layer type, and a "
            f"class with the methods getMemoryShapes(inputs) and forward(inputs){hint}"
        )
    if (type, layerClass) not in _made:
        _made[type, layerClass] = _layer_class(type, layerClass)
    _registered.setdefault(type, []).append(_made[type, layerClass])


def unregisterLayer(type: str) -> None:
    """Take back the newest class of a type; nets that were read with it keep it."""
    if _registered.get(type):
        _registered[type].pop()


def with_custom_layers(
    param: caffe_pb2.NetParameter, stored: Callable[[], Sequence[StoredLayer]]
) -> caffe_pb2.NetParameter:
    """The net with each layer of a registered type given to the program's class.

    Args:
        param: the net.
        stored: reads the layers of its weights, whose blobs become the class's parameters.

    Returns:
        ``param`` itself, where there is no such layer.
    """
    if not any(_registered.get(layer.type) for layer in param.layer):
        return param
    changed = caffe_pb2.NetParameter()
    changed.CopyFrom(param)
    blobs = {layer.name: layer.blobs for layer in stored()}
    for layer in changed.layer:
        if not _registered.get(layer.type):
            continue
        layer.type = _registered[layer.type][-1].type
        if not layer.blobs:  # of this shape; their values come with those of all layers
            shapes = [shape_of(blob.header) for blob in blobs.get(layer.name, ())]
            layer.blobs.extend(blob_proto(np.zeros(shape, np.float32)) for shape in shapes)
    return changed


def _layer_class(written: str, make: Maker) -> type[OpenCVLayer]:
    """The layer of a program's class, under a name that no prototxt has."""
    own = {"written_type": written, "make": (make,), "__module__": getattr(make, "__module__", "")}
    return register(f"{written} #{len(_made) + 1}")(type(written, (OpenCVLayer,), own))


def fields_of(param: caffe_pb2.LayerParameter) -> dict[str, Value]:
    """A layer's settings as OpenCV hands them to a class: the fields of its messages, flat.

    Repeated fields are tuples, or their value where there is one; enums are their names, bools 0
    and 1.
    """
    found: dict[str, Value] = {}
    own = {"python_param", "transform_param"}
    for field, value in param.ListFields():
        if field.name.endswith("_param") and field.name not in own:
            _flatten(value, found)
    return found


def _flatten(message: Message, found: dict[str, Value]) -> None:
    for field, value in message.ListFields():
        values = list(value) if is_repeated(field) else [value]
        if field.message_type is not None:
            for inner in values:
                _flatten(inner, found)
            continue
        if field.enum_type is not None:
            names = field.enum_type.values_by_number
            values = [names[number].name for number in values]
        plain = [int(item) if isinstance(item, bool) else item for item in values]
        found[field.name] = plain[0] if len(plain) == 1 else tuple(plain)
