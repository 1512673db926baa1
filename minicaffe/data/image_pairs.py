"""Images whose labels are images, listed two a line (ImageSegData's, DenseImageData's source)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from minicaffe.blob import Blob, shape_text
from minicaffe.data.image_list import root_without_slash
from minicaffe.data.images import Color, read_image
from minicaffe.data.lists import list_text
from minicaffe.data.source import EpochOrder, State, part_of
from minicaffe.errors import DataError
from minicaffe.errors.reading import listed_in, shown_name

#: Makes the blobs' items of an image (C×H×W) and its labels (H×W).
Change = Callable[[np.ndarray, np.ndarray], Sequence[np.ndarray]]


@dataclass(frozen=True)
class ImagePairs:
    """The images of a list, each with an image of its pixels' labels or one label for all.

    Attributes:
        path: the list, for messages.
        lines: of each line the image's name and what is after it.
        root: put before each name as it is.
        color: how many channels images have.
        size: (height, width) to resize to, or None.
        label_of: what the labels are: reads them, given the second text, and the image's size.
    """

    path: str
    lines: Sequence[tuple[str, str]]
    root: str
    color: Color
    size: tuple[int, int] | None
    label_of: Callable[[str, tuple[int, int]], np.ndarray]

    def read(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """Image (channels × height × width, uint8) and labels (height × width, uint8) of a line.

        Raises:
            DataError: one of them cannot be read, or they differ in size; names them.
        """
        name, label = self.lines[index]
        try:
            image = read_image(self.root + name, self.color, self.size)
            labels = self.label_of(label, (image.shape[1], image.shape[2]))
        except DataError as error:
            raise listed_in(error, self.path) from error.__cause__
        if labels.shape != image.shape[1:]:
            raise DataError(
                f"image {shown_name(self.root + name)} has {shape_text(image.shape[1:])} pixels, "
                f"its labels {shown_name(self.root + label)} have {shape_text(labels.shape)}; as "
                f"many are expected (listed in '{self.path}')"
            )
        return image, labels


def read_pairs(path: str, root: str, *, words: int = 2) -> list[tuple[str, str]]:
    """The lines of a list: an image's name and, with two ``words``, that of its labels.

    Args:
        path: the list; words are separated by blanks, empty lines are skipped.
        root: put before each name as it is.
        words: how many a line must have; of more the first ones count.

    Raises:
        DataError: the file cannot be read, is empty, or a line has fewer words (says which); or
            ``root`` lacks its slash.
    """
    pairs = []
    for number, line in enumerate(list_text(path, "image list").split("\n"), 1):
        parts = line.split()
        if parts and len(parts) < words:
            raise DataError(
                f"image list '{path}', line {number}: {len(parts)} word(s), expected the image's "
                "path and that of its labels (or its label), without blanks in them"
            )
        if parts:
            pairs.append((parts[0], parts[1] if words > 1 else ""))
    if not pairs:
        raise DataError(f"the image list '{path}' is empty, expected at least one line")
    if mistake := root_without_slash(root, pairs[0][0]):
        raise DataError(f"root_folder {mistake}")
    return pairs


class PairBatchReader:
    """Batches of images with their labels: a :class:`~minicaffe.data.batch_reader.BatchReader`.

    Args:
        pairs: where they come from.
        order: in which order.
        batch_size: how many a batch has, at least 1.
        change: what is done to them; gives an item of each blob.
        rng: what ``change`` draws from.
    """

    def __init__(
        self,
        pairs: ImagePairs,
        order: EpochOrder,
        batch_size: int,
        change: Change,
        rng: np.random.Generator,
    ) -> None:
        self._pairs, self._order, self._batch_size = pairs, order, batch_size
        self._change, self._rng = change, rng

    def shapes(self) -> list[tuple[int, ...]]:
        """The shapes of the next batch."""
        kept = self._rng.bit_generator.state
        items = self._change(*self._pairs.read(self._order.current))
        self._rng.bit_generator.state = kept
        return [(self._batch_size, *item.shape) for item in items]

    def read_batch(self, blobs: Sequence[Blob]) -> None:
        """Read a batch; its items must be of one size, which may differ from the last's.

        Raises:
            DataError: they are not.
        """
        for number, index in enumerate(self._order.take(self._batch_size)):
            items = self._change(*self._pairs.read(index))
            for blob, item in zip(blobs, items, strict=True):
                if number == 0:
                    blob.reshape(self._batch_size, *item.shape)
                elif blob.shape[1:] != item.shape:
                    raise DataError(
                        f"image '{self._pairs.lines[index][0]}' gives {shape_text(item.shape)}, "
                        f"the first of its batch {shape_text(blob.shape[1:])}; set new_height and "
                        "new_width, or a crop, or batch_size: 1"
                    )
                blob.data[number] = item

    def names(self) -> list[str]:
        """The images' files; see :class:`~minicaffe.data.batch_reader.BatchReader`."""
        return [f"'{self._pairs.lines[i][0]}'" for i in self._order.take(self._batch_size)]

    def state(self) -> State:
        """The place in the list and the generator's state."""
        return {"order": self._order.state(), "generator": self._rng.bit_generator.state}

    def restore(self, state: State) -> None:
        """Go back to when ``state()`` was taken."""
        self._order.restore(part_of(state, "order"))
        self._rng.bit_generator.state = part_of(state, "generator")

    def close(self) -> None:
        """Nothing is open between two images."""


def resize_nearest(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """Resize by taking pixels (``cv::resize``, ``INTER_NEAREST``): pixel ⌊i · old / new⌋ for i.

    Args:
        image: … × height × width.
        height, width: the new size, each at least 1.
    """
    rows, columns = (
        np.minimum((np.arange(new) * (old / new)).astype(np.intp), old - 1)
        for new, old in ((height, image.shape[-2]), (width, image.shape[-1]))
    )
    return image[..., rows[:, None], columns]
