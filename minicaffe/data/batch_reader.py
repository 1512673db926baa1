"""Readers of batches: what a data layer reads from, and what its thread runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from google.protobuf.message import Message

from minicaffe.blob import Blob
from minicaffe.data.data_transformer import DataTransformer
from minicaffe.data.source import ImageSource, State, part_of
from minicaffe.errors import DataError


class BatchReader(Protocol):
    """Makes one batch after the other, always the same ones from the same state."""

    def shapes(self) -> list[tuple[int, ...]]:
        """The shapes of the next batch, one a top."""
        ...

    def read_batch(self, blobs: Sequence[Blob]) -> None:
        """Reshape and fill the blobs with the next batch."""
        ...

    def names(self) -> list[str]:
        """What the records of the next batch are called, by key or file, in its order; passes
        them. Nothing where no record has a name."""
        ...

    def state(self) -> State:
        """What the next batches depend on."""
        ...

    def restore(self, state: State) -> None:
        """Go back to when ``state()`` was taken."""
        ...

    def close(self) -> None:
        """Close the files that are read from; there is no other batch."""
        ...


class ImageBatchReader:
    """Batches of transformed images, with or without their labels.

    Args:
        source: where the images come from.
        transformer: what is done to them.
        batch_size: how many images a batch has, at least 1.
        labels: whether a batch has labels as its second blob.
    """

    def __init__(
        self, source: ImageSource, transformer: DataTransformer, batch_size: int, labels: bool
    ) -> None:
        self._source = source
        self._transformer = transformer
        self._batch_size = batch_size
        self._labels = labels

    def shapes(self) -> list[tuple[int, ...]]:
        """(batch size, channels, height, width) and (batch size,)."""
        image = self._transformer.output_shape(self._source.peek().shape)
        shapes: list[tuple[int, ...]] = [(self._batch_size, *image)]
        return [*shapes, (self._batch_size,)] if self._labels else shapes

    def read_batch(self, blobs: Sequence[Blob]) -> None:
        """Read a batch; its images must be of one size, which may differ from the last's."""
        records = self._source.read(self._batch_size)
        shape = self._transformer.output_shape(records.images.shape[1:])
        blobs[0].reshape(self._batch_size, *shape)
        self._transformer.apply(records.images, blobs[0].data)
        if self._labels:
            blobs[1].reshape(self._batch_size)
            blobs[1].data[...] = records.labels

    def names(self) -> list[str]:
        """The images' names; see :class:`BatchReader`."""
        return self._source.names(self._batch_size)

    def state(self) -> State:
        """The source's place and the transformer's generator."""
        return {"source": self._source.state(), "transformer": self._transformer.state()}

    def restore(self, state: State) -> None:
        """Go back to when ``state()`` was taken."""
        self._source.restore(part_of(state, "source"))
        self._transformer.restore(part_of(state, "transformer"))

    def close(self) -> None:
        """Close the source of the images."""
        self._source.close()


def at_least_one(value: int, name: str) -> int:
    """The value of a field that must be at least 1.

    Raises:
        DataError: it is 0, or not given.
    """
    if value < 1:
        raise DataError(f"{name} is {value}, expected at least 1; set {name} in the layer")
    return value


def required_text(param: Message, name: str) -> str:
    """The value of a text field that must be given.

    Raises:
        DataError: it is not, or is empty.
    """
    value: str = getattr(param, name)
    if not value:
        raise DataError(f"{name} is not given; say what to read with {name}: '…'")
    return value
