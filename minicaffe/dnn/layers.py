"""A net's layers as OpenCV counts them: those of the prototxt from 1, after the net's input."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from minicaffe.arguments import shown
from minicaffe.blob import shape_text
from minicaffe.dnn.custom import OpenCVLayer
from minicaffe.errors import ArgumentError, ShapeError
from minicaffe.layers.common.inner_product import InnerProduct
from minicaffe.layers.data.input import Input
from minicaffe.net.net import Net

#: What OpenCV calls the layer that holds the inputs, number 0.
INPUT_NAME, INPUT_TYPE = "_input", "__NetInputLayer__"


class Layer:
    """A layer, as ``net.getLayer`` returns it.

    Attributes:
        name: in the prototxt.
        type: Caffe's name of its type.
    """

    def __init__(self, name: str, type: str, blobs: Sequence[np.ndarray]) -> None:
        self.name = name
        self.type = type
        self._blobs = tuple(blobs)

    def __repr__(self) -> str:
        return f"Layer({self.name!r}, {self.type!r})"

    @property
    def blobs(self) -> Sequence[np.ndarray]:
        """Its parameters: the net's own memory, so that what is written there counts.

        Those of one axis have a second one of length 1, as in OpenCV (InnerProduct's bias a first
        one). A list that is assigned is copied into them; where it has weights only, the bias
        becomes 0, as OpenCV computes without one then.
        """
        return self._blobs

    @blobs.setter
    def blobs(self, values: Sequence[np.ndarray]) -> None:
        given = [_numbers(value) for value in values]
        own = self._blobs
        fits = [value.size for value in given] == [blob.size for blob in own[: len(given)]]
        if not fits or (len(given) < len(own) and (len(given), len(own)) != (1, 2)):
            raise ShapeError(
                f"layer '{self.name}' ({self.type}) has parameters of the shapes "
                f"{_shapes(own)}, but the list has {_shapes(given)}"
            )
        for blob, value in zip(own, given, strict=False):
            blob[...] = value.reshape(blob.shape)
        for blob in own[len(given) :]:
            blob[...] = 0


def layer_of(net: Net, node: int) -> Layer:
    """OpenCV's view of a layer, by its number in the net."""
    layer = net.layers[node]
    place = 0 if isinstance(layer, InnerProduct) else 1
    blobs = [_two_axes(blob.data, place) for blob in layer.blobs]
    written = layer.written_type if isinstance(layer, OpenCVLayer) else layer.type
    return Layer(net.layer_names[node], written, blobs)


def numbered(net: Net, written: Sequence[str]) -> list[int]:
    """The numbers in the net of the layers that OpenCV counts: all but inputs and automatic splits.

    Args:
        net: the net.
        written: the names of the layers in its prototxt.
    """
    names = set(written)
    return [
        index
        for index, name in enumerate(net.layer_names)
        if name in names and not isinstance(net.layers[index], Input)
    ]


def _two_axes(values: np.ndarray, place: int) -> np.ndarray:
    """One axis made two, the one of length 1 at ``place``; others as they are."""
    return np.expand_dims(values, place) if values.ndim == 1 else values


def _numbers(value: object) -> np.ndarray:
    """An array of numbers.

    Raises:
        ArgumentError: it is something else.
    """
    array = np.asarray(value)
    if array.dtype.kind not in "uifb":
        raise ArgumentError(f"a blob is {shown(value)}, expected an array of numbers")
    return array


def _shapes(arrays: Sequence[np.ndarray]) -> str:
    return ", ".join(shape_text(array.shape) for array in arrays) or "none"
