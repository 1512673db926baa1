"""HDF5Data: rows of HDF5 datasets, of any shape."""

from __future__ import annotations

from collections.abc import Iterator

from minicaffe.data.batch_reader import BatchReader, at_least_one, required_text
from minicaffe.data.hdf5 import Hdf5BatchReader
from minicaffe.data.source import derived_generator
from minicaffe.errors import DataError, MinicaffeError, raised_by
from minicaffe.layer import Blobs, register
from minicaffe.layers.data.base_data_layer import PrefetchingLayer
from minicaffe.proto import caffe_pb2


@register("HDF5Data")
class HDF5DataLayer(PrefetchingLayer):
    """Reads one dataset a top, by the top's name, from the HDF5 files that a list names.

    Shapes: no bottom; tops (batch_size, …), as a dataset's rows are; any numbers, converted to the
    net's type.

    Settings: ``hdf5_data_param``: source, a text file with the files' names, and batch_size,
    required; shuffle (false; the files, and the rows of each file; files are not mixed). There is
    no transformation: a ``transform_param`` is refused.

    Gradients: none, as there are no bottoms.

    Raises:
        DataError: a setting is missing; a file cannot be read or has no dataset of a top's name;
            ``transform_param`` is given.
        MissingExtraError: the package h5py is not installed.

    Source: hdf5_data_layer.cpp (BVLC/caffe).
    """

    @classmethod
    def assumed_shape(cls, param: caffe_pb2.LayerParameter) -> tuple[int, ...] | None:
        """None: only its file knows the shape."""
        return None

    min_tops = 1

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        if self.param.HasField("transform_param"):
            yield DataError(
                "transform_param is given, but HDF5Data does not transform data; prepare the "
                "HDF5 files as the net wants them and remove transform_param"
            )
        param = self.param.hdf5_data_param
        yield from raised_by(at_least_one, param.batch_size, "batch_size")
        yield from raised_by(required_text, param, "source")

    def make_reader(self, top: Blobs) -> BatchReader:
        """A reader of the files that the list names, the first of them loaded.

        Raises:
            DataError: a setting is missing or wrong, or a file cannot be read.
        """
        param = self.param.hdf5_data_param
        rng = derived_generator(self.rng) if param.shuffle else None
        return Hdf5BatchReader(
            param.source,
            self.param.top,
            param.batch_size,
            self.dtype,
            rng,
            limits=self.limits,
            ranks=self.ranks,
        )
