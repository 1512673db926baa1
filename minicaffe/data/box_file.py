"""Window files of MS-CNN and Cascade R-CNN: images, each with true boxes and regions to ignore."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import numpy as np

from minicaffe.data.image_list import root_without_slash
from minicaffe.data.images import Color, read_image
from minicaffe.data.window_file import WindowWords
from minicaffe.errors import DataError
from minicaffe.errors.reading import listed_in

logger = logging.getLogger("minicaffe")


@dataclass(frozen=True)
class ListedImage:
    """An image of a window file.

    Attributes:
        path: with the root folder before it.
        size: height and width in pixels, as the file says.
        labels: of the true boxes, from 1, (n,).
        ignored: which of them are to be ignored, (n,).
        difficult: which of them are difficult, (n,).
        boxes: xmin, ymin, xmax, ymax in pixels, (n, 4).
        regions: in which nothing is background, like the boxes, (m, 4).
    """

    path: str
    size: tuple[int, int]
    labels: np.ndarray
    ignored: np.ndarray
    difficult: np.ndarray
    boxes: np.ndarray
    regions: np.ndarray


def read_box_file(path: str, root: str, *, difficult: bool) -> list[ListedImage]:
    """Read a window file, which has for every image, separated by white space::

        # IMAGE_INDEX
        PATH
        CHANNELS HEIGHT WIDTH
        NUMBER_OF_BOXES
        LABEL IGNORE DIFFICULT X1 Y1 X2 Y2      (for each box; MS-CNN's has no DIFFICULT)
        NUMBER_OF_REGIONS
        X1 Y1 X2 Y2                             (for each region)

    Args:
        path: the file.
        root: put before each image's path as it is.
        difficult: whether boxes say that they are difficult.

    Raises:
        DataError: the file cannot be read, is empty, or has something else somewhere; a label is
            below 1; images are not said to have 3 channels.
    """
    words = WindowWords.of_file(path)
    images: list[ListedImage] = []
    while not words.at_end:
        name, (channels, height, width) = words.image(len(images))
        if channels != 3:
            raise words.error(f"{channels} channel(s)", "3: images are read in colour")
        flags = 3 if difficult else 2
        boxes = _table(words, flags + 4, "a box's label, flags and corners")
        if len(boxes) and (wrong := boxes[boxes[:, 0] < 1, 0]).size:
            raise words.error(f"a box of label {wrong[0]}", "labels from 1")
        regions = _table(words, 4, "a region's corners")
        images.append(
            ListedImage(
                root + name,
                (height, width),
                boxes[:, 0],
                boxes[:, 1] != 0,
                boxes[:, 2] != 0 if difficult else np.zeros(len(boxes), bool),
                boxes[:, flags:].astype(float),
                regions.astype(float),
            )
        )
        if len(images) == 1 and (reason := root_without_slash(root, name)):
            raise DataError(f"root_folder {reason}")
    logger.info("Number of images: %d", len(images))
    return images


def _table(words: WindowWords, columns: int, what: str) -> np.ndarray:
    """A number of rows, and so many rows of whole numbers."""
    count = words.integer(f"the number of rows: {what}")
    rows = [[words.integer(what) for _ in range(columns)] for _ in range(count)]
    return np.array(rows, np.int64).reshape(-1, columns)


def load_image(image: ListedImage, source: str) -> np.ndarray:
    """The pixels of a listed image, 3 × height × width, uint8 (blue, green, red).

    Args:
        source: the window file, for messages.

    Raises:
        DataError: the file cannot be read, or is no image; names it.
    """
    try:
        return read_image(image.path, Color.COLOR)
    except DataError as error:
        raise listed_in(error, source) from error.__cause__
