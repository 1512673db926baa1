"""Trained parameters as arrays by layer: out of Caffe's files and into them, without a net."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from minicaffe.errors import SnapshotError
from minicaffe.files import write_beside
from minicaffe.layer import Layer, find_layer_class
from minicaffe.proto import caffe_pb2
from minicaffe.proto.io import map_binary
from minicaffe.weights.blob_proto import StoredBlob, blob_proto, shape_for, stated_shape_text
from minicaffe.weights.caffemodel import stored_layers
from minicaffe.weights.hdf5 import Hdf5Reader, is_hdf5, new_hdf5, no_weights, open_hdf5

#: What the names of HDF5 weights end with.
HDF5_ENDINGS = (".h5", ".hdf5")


@dataclass(frozen=True)
class LayerWeights:
    """The parameters of a layer.

    Attributes:
        name: the layer's.
        type: of the layer; "" where the file does not say it.
        blobs: its parameters, float32 or float64.
    """

    name: str
    type: str
    blobs: tuple[np.ndarray, ...]

    @property
    def blob_names(self) -> tuple[str, ...]:
        """What the parameters are called, as the class of their layer says.

        Where the type is not known, three blobs of C, C and 1 values are a BatchNorm's.
        """
        return blob_names(self.type, [blob.size for blob in self.blobs])


def blob_names(layer_type: str, sizes: Sequence[int]) -> tuple[str, ...]:
    """What the parameters of a layer are called that have so many values each.

    Args:
        layer_type: "" where it is not known; three blobs of C, C and 1 values are a BatchNorm's
            then.
        sizes: how many values each has.
    """
    if not layer_type and len(sizes) == 3 and sizes[0] == sizes[1] and sizes[2] == 1:
        layer_type = "BatchNorm"
    names = find_layer_class(layer_type).blob_names(len(sizes))
    return names if len(names) == len(sizes) else Layer.blob_names(len(sizes))


def read_layers(
    path: str, shared: Mapping[tuple[str, int], tuple[str, int]] | None = None
) -> list[LayerWeights]:
    """The layers that have parameters in a ``.caffemodel`` or HDF5 file (told by its content).

    The old shapes of four axes lose their leading ones where a layer's type tells how many axes
    its parameters have: (1, 1, O, I) of an InnerProduct becomes (O, I). Gradients are left out.

    Args:
        path: the file.
        shared: for each parameter (layer, number) that is another's, that one: HDF5 files leave
            them out.

    Raises:
        SnapshotError: the file cannot be read; a layer's parameters do not fit their shapes, or
            are not all there.
    """
    if is_hdf5(path):
        with open_hdf5(path) as file:
            return list(_of_hdf5(file, shared or {}))
    mapped = map_binary(path)
    found = []
    for name, kind, blobs in stored_layers(mapped.view, path):
        if not blobs:
            continue
        try:
            arrays = [_array(blob, kind, index) for index, blob in enumerate(blobs)]
        except SnapshotError as error:
            raise error.locate(path=path, layer=name) from error.__cause__
        found.append(LayerWeights(name, kind, tuple(arrays)))
    return found


def _array(stored: StoredBlob, layer_type: str, index: int) -> np.ndarray:
    """The values in their shape, without leading ones that only the old form of shapes has."""
    values = stored.values()
    shape = shape_for(stored.header, values.size)
    if shape is None:
        raise SnapshotError(
            f"parameter {index} has shape {stated_shape_text(stored.header)} and {values.size} "
            "values; the file is damaged"
        )
    if stored.header.HasField("num"):
        shape = _without_ones(shape, layer_type, index)
    wide = values.dtype if values.dtype == np.float64 else np.dtype(np.float32)
    return values.astype(wide, copy=False).reshape(shape)


def _without_ones(shape: tuple[int, ...], layer_type: str, index: int) -> tuple[int, ...]:
    """The shape of today's parameter for one of V0 or V1, which have four axes always."""
    axes = len(shape)
    if layer_type == "InnerProduct" and index == 0:
        axes = 2
    elif index > 0 or layer_type == "PReLU":
        axes = 1
    if any(length != 1 for length in shape[: len(shape) - axes]):
        return shape
    return shape[len(shape) - axes :]


def _of_hdf5(
    file: Hdf5Reader, shared: Mapping[tuple[str, int], tuple[str, int]]
) -> Iterator[LayerWeights]:
    data = file.find("data")
    if not file.is_group(data):
        raise no_weights(file, file.path)
    found: dict[str, dict[int, np.ndarray]] = {}
    for name, numbers in hdf5_layers(file, "data"):
        for number in numbers:
            where = f"data/{name}/{number}"
            array = file.numbers(file.find(where), f"'{where}'")
            found.setdefault(name, {})[int(number)] = _floats(array)
    for (name, index), (owner, owned) in shared.items():
        if owned in found.get(owner, {}):
            found.setdefault(name, {}).setdefault(index, found[owner][owned])
    for name, blobs in found.items():
        if sorted(blobs) != list(range(len(blobs))):
            raise SnapshotError(
                f"parameters {', '.join(map(str, sorted(blobs)))} are stored for it and others "
                "are not, as HDF5 files leave out what a layer shares; give the net as --model",
                path=file.path,
                layer=name,
            )
        yield LayerWeights(name, "", tuple(blobs[index] for index in range(len(blobs))))


def hdf5_layers(file: Hdf5Reader, part: str, name: str = "") -> Iterator[tuple[str, list[str]]]:
    """The layers that HDF5 weights hold, each with the numbers of its parameters.

    Args:
        file: the weights.
        part: ``data``, or ``diff`` for the gradients.
        name: of a group inside, ending with a slash: a layer's name with slashes is groups in
            groups.
    """
    numbers = []
    for inner in file.names(file.find(f"{part}/{name}")):
        item = file.find(f"{part}/{name}{inner}")
        if file.is_group(item):
            yield from hdf5_layers(file, part, f"{name}{inner}/")
        elif inner.isdecimal() and inner.isascii() and len(inner) < 6:
            numbers.append(inner)
    if numbers and name:
        yield name.removesuffix("/"), numbers


def _floats(array: np.ndarray) -> np.ndarray:
    return array if array.dtype in (np.float32, np.float64) else array.astype(np.float32)


def is_hdf5_name(path: str | os.PathLike[str]) -> bool:
    """Whether a file of this name is to be HDF5."""
    return os.fspath(path).lower().endswith(HDF5_ENDINGS)


def write_layers(path: str, layers: Sequence[LayerWeights]) -> None:
    """Write a ``.caffemodel``, or HDF5 where the name ends so; loading goes by layers' names.

    Args:
        path: the file.
        layers: the net's name and its layers' settings are not among the weights.

    Raises:
        SnapshotError: the file cannot be written, or HDF5 is asked for and two layers have one
            name.
    """
    names = [layer.name for layer in layers]
    twice = next((name for name in names if names.count(name) > 1), None)
    if is_hdf5_name(path) and twice is not None:
        raise SnapshotError(f"two layers are named '{twice}'; HDF5 weights need unique names")
    with write_beside(path) as beside:
        if not is_hdf5_name(path):
            proto = caffe_pb2.NetParameter()
            for layer in layers:
                blobs = [blob_proto(blob) for blob in layer.blobs]
                proto.layer.add(name=layer.name, type=layer.type or None, blobs=blobs)
            beside.write_bytes(proto.SerializeToString())
            return
        with new_hdf5(beside) as file:
            for layer in layers:
                group = file.require_group(f"data/{layer.name}")
                for index, blob in enumerate(layer.blobs):
                    group.create_dataset(str(index), data=blob)
