"""A net's layers as OpenCV counts them: those of the prototxt from 1, after the net's input."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from minicaffe.layers.common.inner_product import InnerProduct
from minicaffe.layers.data.input import Input
from minicaffe.net.net import Net

#: What OpenCV calls the layer that holds the inputs, number 0.
INPUT_NAME, INPUT_TYPE = "_input", "__NetInputLayer__"


@dataclass(frozen=True)
class Layer:
    """A layer, as ``net.getLayer`` returns it.

    Attributes:
        name: in the prototxt.
        type: Caffe's name of its type.
        blobs: its parameters: the net's own memory, so that what is written there counts. Those of
            one axis have a second one of length 1, as in OpenCV (InnerProduct's bias a first one).
    """

    name: str
    type: str
    blobs: Sequence[np.ndarray] = field(repr=False)


def layer_of(net: Net, node: int) -> Layer:
    """OpenCV's view of a layer, by its number in the net."""
    layer = net.layers[node]
    place = 0 if isinstance(layer, InnerProduct) else 1
    blobs = [_two_axes(blob.data, place) for blob in layer.blobs]
    return Layer(net.layer_names[node], layer.type, blobs)


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
