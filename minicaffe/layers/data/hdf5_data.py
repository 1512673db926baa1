"""HDF5Data: rows of HDF5 datasets, of any shape."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from minicaffe.blob import Blob
from minicaffe.data.batch_reader import BatchReader, at_least_one, required_text
from minicaffe.data.hdf5 import Hdf5Source
from minicaffe.data.source import State, derived_generator
from minicaffe.errors import DataError
from minicaffe.layer import Blobs, register
from minicaffe.layers.data.base_data_layer import PrefetchingLayer


@register("HDF5Data")
class HDF5DataLayer(PrefetchingLayer):
    """Reads one dataset a top, by the top's name, from the HDF5 files that a list names.

    ``hdf5_data_param``: source (a text file with the files' names), batch_size, shuffle (the
    files, and the rows of each file; files are not mixed).

    Tops: batch size × the shape of a row; any numbers, converted to the net's type. There is
    no transformation: a ``transform_param`` is refused.
    """

    @classmethod
    def assumed_shape(cls, param: Any) -> tuple[int, ...] | None:
        """Only its file knows."""
        return None

    min_tops = 1

    def make_reader(self, top: Blobs) -> BatchReader:
        """Load the first file."""
        if self.param.HasField("transform_param"):
            raise DataError(
                "transform_param is given, but HDF5Data does not transform data; prepare the "
                "HDF5 files as the net wants them and remove transform_param"
            )
        param = self.param.hdf5_data_param
        batch_size = at_least_one(param.batch_size, "batch_size")
        rng = derived_generator(self.rng) if param.shuffle else None
        source = Hdf5Source(
            required_text(param, "source"), self.param.top, self.dtype, rng, limits=self.limits
        )
        return RowBatchReader(source, batch_size)


class RowBatchReader:
    """Batches of rows."""

    def __init__(self, source: Hdf5Source, batch_size: int) -> None:
        self._source = source
        self._batch_size = batch_size

    def shapes(self) -> list[tuple[int, ...]]:
        """The batch size, then the shape of a row."""
        return self._source.shapes(self._batch_size)

    def read_batch(self, blobs: Sequence[Blob]) -> None:
        """Read the next rows."""
        for blob, shape in zip(blobs, self.shapes(), strict=True):
            blob.reshape(*shape)
        self._source.read([blob.data for blob in blobs])

    def state(self) -> State:
        """The source's place."""
        return self._source.state()

    def restore(self, state: State) -> None:
        """Go back to when ``state()`` was taken."""
        self._source.restore(state)

    def close(self) -> None:
        """Close the source."""
        self._source.close()
