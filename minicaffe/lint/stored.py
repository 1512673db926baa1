"""The arrays of a ``.caffemodel`` by layer, for the rules about weights."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from minicaffe.convert.weights.layers import read_layers
from minicaffe.errors import MinicaffeError
from minicaffe.proto.io import map_binary
from minicaffe.weights.blob_proto import shape_for
from minicaffe.weights.caffemodel import stored_layers
from minicaffe.weights.hdf5 import is_hdf5


@dataclass(frozen=True)
class StoredWeights:
    """What a file of weights holds.

    Attributes:
        path: the file.
        layers: for each layer's name the arrays of its blobs, as far as they can be read.
    """

    path: str
    layers: dict[str, list[np.ndarray]]

    @classmethod
    def read(cls, path: str) -> StoredWeights:
        """The weights of a ``.caffemodel`` or ``.caffemodel.h5``.

        Raises:
            SnapshotError: it cannot be read, or is something else.
            MissingExtraError: it is HDF5, and h5py is not installed.
        """
        if is_hdf5(path):
            return cls(path, {layer.name: list(layer.blobs) for layer in read_layers(path)})
        found: dict[str, list[np.ndarray]] = {}
        for name, _, blobs in stored_layers(map_binary(path).view, path):
            found[name] = []
            for blob in blobs:
                try:
                    values = blob.values()
                    shape = shape_for(blob.header, values.size)
                    found[name].append(values if shape is None else values.reshape(shape))
                except (MinicaffeError, ValueError):
                    break  # which loading says
        return cls(path, found)
