"""Images listed in a text file, a name and a label a line (ImageData's source)."""

from __future__ import annotations

import os
import re
from array import array
from collections.abc import Sequence

import numpy as np

from minicaffe.data.images import Color, read_image
from minicaffe.data.lists import LazySequence, read_list
from minicaffe.errors import DataError
from minicaffe.errors.reading import listed_in, shown_name

_LABEL = re.compile(rb"[-+]?[0-9]{1,10}")
_UNSPEAKABLE = re.compile(rb"[\0\r\n]")


class ImageList(LazySequence[tuple[str, int]]):
    """The (name, label) pairs of a list file, in little more memory than the file's own.

    Args:
        text: what the file holds. Names may hold spaces; empty lines are skipped.
        path: the file, for messages.
        known: the file is known to be a list, whatever is in it.

    A malformed line is shown in the message if a line before it is well formed. Otherwise the file
    may be anything, named by a prototxt whose author may not read it: then the message says only
    where the line is and how long.

    Raises:
        DataError: a malformed line (names it); a name that no file can have, or that two lines
            of the file make up.
    """

    def __init__(self, text: bytes, path: str, *, known: bool = False) -> None:
        self._text = text
        places, labels = array("I" if len(text) < 2**32 else "Q"), array("i")
        start, number = 0, 1
        while start < len(text):
            end = text.find(b"\n", start)
            end = len(text) if end < 0 else end
            line = text[start:end].rstrip()
            if line:
                name, label = _split(line, path, number, known=known or bool(labels))
                places.extend((start, start + len(name)))
                labels.append(label)
            start, number = end + 1, number + 1
        self._places, self._labels = places, labels

    def __len__(self) -> int:
        return len(self._labels)

    def item(self, index: int) -> tuple[str, int]:
        """The name and the label on one line."""
        name = self._text[self._places[2 * index] : self._places[2 * index + 1]]
        return name.decode("utf-8", "surrogateescape"), self._labels[index]


def read_image_list(path: str, *, inner: bool = False) -> Sequence[tuple[str, int]]:
    """The (name, label) pairs of a list file.

    Args:
        path: the file.
        inner: another file names it, so it must be a regular one, and is not known to be a list.

    Raises:
        DataError: the file cannot be read, is empty, or has a malformed line (names it).
    """
    pairs = ImageList(read_list(path, "image list", pipes=not inner), path, known=not inner)
    if not pairs:
        raise DataError(f"the image list '{path}' is empty, expected at least one line")
    return pairs


def _split(line: bytes, path: str, number: int, *, known: bool) -> tuple[bytes, int]:
    """Name and label of a line.

    Args:
        known: whether the file is known to be a list, so that the line may be shown.
    """
    name, _, label = line.rpartition(b" ")
    if name and _LABEL.fullmatch(label) and -(2**31) <= int(label) < 2**31:
        if _UNSPEAKABLE.search(name):
            shown = f"the name {_shown(name)}" if known else "a name"
            raise DataError(
                f"image list '{path}', line {number}: {shown} holds a NUL or a line's end; rename "
                "the file"
            )
        return name, int(label)
    shown = _shown(line) if known else f"{len(line)} bytes of something else"
    raise DataError(
        f"image list '{path}', line {number}: found {shown}, expected the image's path, a space "
        "and its label (a whole number)"
    )


def _shown(line: bytes) -> str:
    """A line for an error message: not too long, and without unprintable characters."""
    text = line[:320].decode("utf-8", "surrogateescape")
    return shown_name(text if len(text) < 80 else f"{text[:80]}...")


def root_without_slash(root: str, name: str) -> str:
    """What to say where a folder lacks the slash at its end, so that no image is found; "" else.

    Args:
        root: what is put before each name as it is, as in Caffe.
        name: the first of them.
    """
    if not root or root.endswith(("/", os.sep)) or os.path.exists(root + name):
        return ""
    if not os.path.exists(os.path.join(root, name)):
        return ""
    return f"'{root}' is a folder; write '{root}/', as names are put directly after it"


class ImageFiles:
    """The images of a list file: a :class:`~minicaffe.data.source.Dataset`.

    Args:
        path: the list file; see :func:`read_image_list`.
        root: put before each name as it is (so it ends with a slash).
        color: how many channels.
        size: (height, width) to resize every image to, or None.

    Raises:
        DataError: the list cannot be read, or ``root`` lacks its slash.
    """

    def __init__(
        self,
        path: str,
        root: str = "",
        color: Color = Color.COLOR,
        size: tuple[int, int] | None = None,
    ) -> None:
        self.path = path
        self._root = root
        self._color = color
        self._size = size
        self._pairs = read_image_list(path, inner=True)
        if reason := root_without_slash(root, self._pairs[0][0]):
            raise DataError(f"root_folder {reason}")

    def __len__(self) -> int:
        return len(self._pairs)

    def get_example(self, index: int) -> tuple[np.ndarray, int]:
        """Image (channels × height × width, uint8) and label of line ``index`` of the list."""
        name, label = self._pairs[index]
        path = self._root + name
        try:
            return read_image(path, self._color, self._size), label
        except DataError as error:
            raise listed_in(error, self.path) from error.__cause__

    def name(self, index: int) -> str:
        """``image 'PATH'``."""
        return f"image '{self._root}{self._pairs[index][0]}'"
