"""Batches of images with their true boxes in pixels: MS-CNN's and Cascade R-CNN's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

import numpy as np

from minicaffe.blob import Blob, shape_text
from minicaffe.data.box_file import ListedImage, load_image
from minicaffe.data.data_transformer import check_channel_values
from minicaffe.data.source import EpochOrder, State, part_of
from minicaffe.errors import DataError, MinicaffeError, raised_by
from minicaffe.layers.detection.scene import Placed, Scene
from minicaffe.proto import caffe_pb2


class Example(NamedTuple):
    """What a net gets of one image.

    Attributes:
        placed: the pixels, and where they go.
        maps: labels of each field's map, (6, H, W) each.
        rows: of true boxes without the image's number, (n, columns - 1).
    """

    placed: Placed
    maps: Sequence[np.ndarray]
    rows: np.ndarray


class Composer(Protocol):
    """Makes examples of listed images; what it draws, it draws from the reader's generator."""

    def begin(self, first: Scene) -> None:
        """Settle what all images of a batch share, after a look at the first one."""
        ...

    def compose(self, listed: ListedImage, scene: Scene) -> Example:
        """An example of one image."""
        ...


class PixelValues(NamedTuple):
    """Values are (pixel - mean) · scale; the mean (1 or 3, 1, 1)."""

    mean: np.ndarray
    scale: float

    @classmethod
    def of(
        cls, transform: caffe_pb2.TransformationParameter, scale: float, dtype: np.dtype
    ) -> PixelValues:
        """By ``mean_value`` and a scale."""
        return cls(np.array(list(transform.mean_value) or [0], dtype).reshape(-1, 1, 1), scale)


def mean_mistakes(transform: caffe_pb2.TransformationParameter) -> Iterator[MinicaffeError]:
    """What is wrong with the mean of images of any size."""
    if transform.mean_value:
        yield from raised_by(check_channel_values, "mean_value", len(transform.mean_value), 3)
    if transform.HasField("mean_file"):
        yield DataError("mean_file: images of any size have no mean of theirs; use mean_value")


class Tops(NamedTuple):
    """What a batch has beside the images, in this order.

    Attributes:
        maps: how many label maps.
        columns: numbers in a row of true boxes; 0 for no top of theirs.
        nothing: the row of a batch without true boxes.
        sizes: whether the images' heights and widths follow.
    """

    maps: int
    columns: int
    nothing: Sequence[float]
    sizes: bool = False


class BoxBatchReader:
    """Reads listed images, again and again.

    Args:
        images: the list.
        source: the window file, for messages.
        order: which come, one after the other.
        rng: what ``composer`` draws from.
        composer: makes examples of images.
        batch_size: how many images a batch has.
        values: what becomes of pixels.
        tops: what a batch has beside the images.
        shapes: of the first batch's blobs, as far as they are known before it is read.
    """

    def __init__(
        self,
        images: Sequence[ListedImage],
        source: str,
        order: EpochOrder,
        rng: np.random.Generator,
        composer: Composer,
        batch_size: int,
        values: PixelValues,
        tops: Tops,
        shapes: list[tuple[int, ...]],
    ) -> None:
        self._images, self._source, self._order, self._rng = images, source, order, rng
        self._composer, self._batch_size, self._values = composer, batch_size, values
        self._tops, self._shapes = tops, shapes

    def shapes(self) -> list[tuple[int, ...]]:
        """As they are said to be; a batch that is read may have others."""
        return self._shapes

    def read_batch(self, blobs: Sequence[Blob]) -> None:
        """Images into the first blob, and the boxes of each into the others."""
        examples = list(self._examples())
        height, width = examples[0].placed.size
        blobs[0].reshape(self._batch_size, 3, height, width)
        data = blobs[0].data
        data[...] = 0
        for target, example in zip(data, examples, strict=True):
            self._fill(target, example.placed)
        rest = iter(blobs[1:])
        for index in range(self._tops.maps):
            _set(next(rest), np.stack([example.maps[index] for example in examples]))
        if self._tops.columns:
            _set(next(rest), self._rows(examples)[..., None, None])
        if self._tops.sizes:
            sizes = [example.placed.size for example in examples]
            _set(next(rest), np.array(sizes).reshape(-1, 2, 1, 1))

    def _examples(self) -> Iterator[Example]:
        size = None
        for number, index in enumerate(self._order.take(self._batch_size)):
            listed = self._images[index]
            scene = Scene(load_image(listed, self._source), listed.boxes, listed.regions)
            if not number:
                self._composer.begin(scene)
            example = self._composer.compose(listed, scene)
            size = size or example.placed.size
            if example.placed.size != size:
                raise DataError(
                    f"'{listed.path}' comes out as {shape_text(example.placed.size)}, the first "
                    f"image of its batch as {shape_text(size)} (height×width); give resize_width "
                    "and resize_height, or use a batch_size of 1"
                )
            yield example

    def _fill(self, target: np.ndarray, placed: Placed) -> None:
        """Write the values where the image is."""
        height, width = placed.scene.size
        out = target[:, placed.top : placed.top + height, placed.left : placed.left + width]
        np.subtract(placed.scene.image, self._values.mean, out=out)
        out *= self._values.scale

    def _rows(self, examples: Sequence[Example]) -> np.ndarray:
        """The true boxes of a batch, with their images' numbers."""
        rows = np.concatenate(
            [np.insert(example.rows, 0, item, axis=1) for item, example in enumerate(examples)]
        )
        return rows if len(rows) else np.array([self._tops.nothing], float)

    def names(self) -> list[str]:
        """The images' files; see :class:`~minicaffe.data.batch_reader.BatchReader`."""
        return [f"'{self._images[index].path}'" for index in self._order.take(self._batch_size)]

    def state(self) -> State:
        """The place in the list, and the generator."""
        return {"order": self._order.state(), "generator": self._rng.bit_generator.state}

    def restore(self, state: State) -> None:
        """Go back to when ``state()`` was taken."""
        self._order.restore(part_of(state, "order"))
        self._rng.bit_generator.state = part_of(state, "generator")

    def close(self) -> None:
        """Does nothing: no file is held open between two images."""


def _set(blob: Blob, values: np.ndarray) -> None:
    blob.reshape(*values.shape)
    blob.data[...] = values
