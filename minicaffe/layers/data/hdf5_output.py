"""HDF5Output: writes two blobs to a file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from minicaffe.blob import shape_text
from minicaffe.data.batch_reader import required_text
from minicaffe.errors import DataError, MinicaffeError, ShapeError, raised_by
from minicaffe.files import check_regular, check_writable, write_beside
from minicaffe.layer import Blobs, Layer, register
from minicaffe.proto import caffe_pb2
from minicaffe.weights.hdf5 import require_h5py

if TYPE_CHECKING:
    import h5py

_NAMES = ("data", "label")


@register("HDF5Output")
class HDF5OutputLayer(Layer):
    """Writes its bottoms to the datasets ``data`` and ``label`` of an HDF5 file.

    The first forward replaces the file, each further one adds its items at the end. The file is
    complete after each forward. Caffe aborts at the second forward and leaves the file open until
    the net is gone; what the first one writes is the same.

    Shapes: two bottoms (N, …) of at most 4 axes; they are stored with 4 (a bottom of shape (N,) as
    N × 1 × 1 × 1). No top.

    Settings: ``hdf5_output_param``: file_name, required.

    Gradients: none: nothing depends on what is written.

    Raises:
        DataError: file_name is missing; the file cannot be written, or holds items of another size.
        ShapeError: the bottoms differ in their numbers of items, or have more than 4 axes.
        MissingExtraError: the package h5py is not installed.

    Source: hdf5_output_layer.cpp (BVLC/caffe).
    """

    measures = True
    writes_files = True
    exact_bottoms = 2
    exact_tops = 0
    backward_reads = ()

    @classmethod
    def opens_files(cls, param: caffe_pb2.LayerParameter) -> bool:
        return True

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        return raised_by(required_text, self.param.hdf5_output_param, "file_name")

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        self._h5py = require_h5py("writing HDF5 files")
        self.file_name: str = self.param.hdf5_output_param.file_name
        _refuse_pipes(self.file_name)
        if self.limits.allow_python_layers:  # else forward refuses; looking at the net is allowed
            check_writable(self.file_name, error=DataError)
        self._begun = False

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        if bottom[0].num != bottom[1].num:
            raise ShapeError(
                f"the bottoms have {bottom[0].num} and {bottom[1].num} items, expected as many"
            )

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        if not self.limits.allow_python_layers:
            raise DataError(
                f"this layer writes '{self.file_name}', which is not allowed here; where you trust "
                "the net, leave out --untrusted or set allow_python_layers=True"
            )
        arrays = [
            blob.data.reshape(blob.num, blob.channels, blob.height, blob.width) for blob in bottom
        ]
        if not self._begun:
            with write_beside(self.file_name, error=DataError) as beside:
                self._write(beside, "w", arrays)
            self._begun = True
        else:
            self._write(Path(self.file_name), "r+", arrays)

    def _write(self, path: Path, mode: str, arrays: Sequence[np.ndarray]) -> None:
        try:
            with self._h5py.File(path, mode) as file:
                if mode == "w":
                    for name, array in zip(_NAMES, arrays, strict=True):
                        file.create_dataset(name, data=array, maxshape=(None, *array.shape[1:]))
                    return
                datasets = [file[name] for name in _NAMES]
                for name, dataset, array in zip(_NAMES, datasets, arrays, strict=True):
                    self._check(name, dataset, array)
                for dataset, array in zip(datasets, arrays, strict=True):
                    count = len(dataset)
                    dataset.resize(count + len(array), axis=0)
                    dataset[count:] = array
        except (OSError, KeyError) as reason:
            raise DataError(f"cannot write '{self.file_name}': {reason}") from reason

    def _check(self, name: str, dataset: h5py.Dataset, array: np.ndarray) -> None:
        if dataset.shape[1:] != array.shape[1:]:
            raise DataError(
                f"an item of {name} has shape {shape_text(array.shape[1:])}, but those already in "
                f"'{self.file_name}' have {shape_text(dataset.shape[1:])}; write items of another "
                "size to another file"
            )

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        pass  # nothing depends on what is written


def _refuse_pipes(name: str) -> None:
    """HDF5 would wait for ever for who reads a pipe, and devices are no files.

    Raises:
        DataError: there is one of this name.
    """
    try:
        check_regular(name)
    except FileNotFoundError:
        pass
    except OSError as reason:
        raise DataError(f"cannot write '{name}': {reason.strerror}") from reason
    except ValueError:  # the name holds a NUL, which is told when it is written
        pass
