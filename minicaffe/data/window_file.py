"""Window files (R-CNN's format): images, each with rectangles, their labels and overlaps."""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass

import numpy as np

from minicaffe.data.lists import LazySequence, list_text
from minicaffe.errors import DataError
from minicaffe.errors.reading import shown_name

_WHOLE = re.compile(r"[-+]?[0-9]{1,10}")
_ROW = struct.Struct("=6id")  # image, label, corners; overlap
_CHUNK = 2**12  # rows in one piece of memory
_FIELDS = np.dtype([("image", "i4"), ("label", "i4"), ("corners", "i4", 4), ("overlap", "f8")])


@dataclass(frozen=True, slots=True)
class Window:
    """A rectangle in an image; both corners (x1, y1) and (x2, y2) belong to it.

    Attributes:
        image: which image of the file, counted from 0.
        label: the class of the object; 0 is background.
        overlap: with the object, between 0 and 1 (intersection over union).
    """

    image: int
    label: int
    overlap: float
    x1: int
    y1: int
    x2: int
    y2: int


class WindowList(LazySequence[Window]):
    """Windows in the memory that their numbers take, a fraction of what objects would."""

    def __init__(self) -> None:
        self._chunks = [bytearray()]  # many small ones, as a large one would move while it grows

    def add(self, window: Window) -> None:
        """Append a window; its whole numbers must fit in 32 bits."""
        if len(self._chunks[-1]) == _ROW.size * _CHUNK:
            self._chunks.append(bytearray())
        corners = (window.x1, window.y1, window.x2, window.y2)
        self._chunks[-1] += _ROW.pack(window.image, window.label, *corners, window.overlap)

    @property
    def labels(self) -> np.ndarray:
        """The labels of all windows, int32, (len,)."""
        return self._column("label")

    @property
    def overlaps(self) -> np.ndarray:
        """The overlaps of all windows, float64 from 0 to 1, (len,)."""
        return self._column("overlap")

    def _column(self, name: str) -> np.ndarray:
        return np.concatenate([np.frombuffer(chunk, _FIELDS)[name] for chunk in self._chunks])

    def __len__(self) -> int:
        return (len(self._chunks) - 1) * _CHUNK + len(self._chunks[-1]) // _ROW.size

    def item(self, index: int) -> Window:
        """Window number ``index``, counted from 0."""
        chunk, row = divmod(index, _CHUNK)
        image, label, *corners, overlap = _ROW.unpack_from(self._chunks[chunk], _ROW.size * row)
        return Window(image, label, overlap, *corners)


@dataclass(frozen=True)
class WindowFile:
    """What a window file lists.

    Attributes:
        paths: the images.
        channels: of the last image, as the file says.
        windows: all of them, in order.
    """

    paths: list[str]
    channels: int
    windows: WindowList


def read_window_file(path: str) -> WindowFile:
    """Read a window file, which has for every image, separated by white space::

        # IMAGE_INDEX
        PATH
        CHANNELS HEIGHT WIDTH
        NUMBER_OF_WINDOWS
        LABEL OVERLAP X1 Y1 X2 Y2       (for each window)

    A word that is wrong is shown in the message if the file begins with ``# 0``. Otherwise it
    may be anything, named by a prototxt whose author may not read it: then the message says only
    how long the word is.

    Raises:
        DataError: the file cannot be read, is empty, or has something else somewhere.
    """
    reader = WindowWords.of_file(path)
    paths: list[str] = []
    windows = WindowList()
    channels = 0
    while not reader.at_end:
        path, (channels, _, _) = reader.image(len(paths))
        paths.append(path)
        for _ in range(reader.integer("the number of windows")):
            label, overlap = reader.integer("a window's label"), reader.number("its overlap")
            corners = [reader.integer("the window's corners") for _ in range(4)]
            windows.add(Window(len(paths) - 1, label, overlap, *corners))
    return WindowFile(paths, channels, windows)


class WindowWords:
    """The words of a window file, one after the other; they are not kept.

    Attributes:
        known: whether the file is known to be one, so that its words may be shown.
    """

    @classmethod
    def of_file(cls, path: str) -> WindowWords:
        """The words of a file.

        Raises:
            DataError: it cannot be read, or is empty.
        """
        text = list_text(path, "window file")
        if not text or text.isspace():
            raise DataError(f"the window file '{path}' is empty, expected at least one image")
        return cls(path, text)

    def __init__(self, path: str, text: str) -> None:
        self._path = path
        self._words = (match.group() for match in re.finditer(r"\S+", text))
        self._next: str | None = next(self._words, None)
        self._number = 0
        self.known = False

    @property
    def at_end(self) -> bool:
        return self._next is None

    def word(self, what: str) -> str:
        found = self._next
        if found is None:
            raise DataError(f"window file '{self._path}' ends where {what} should be")
        self._next = next(self._words, None)
        self._number += 1
        return found

    def image(self, index: int) -> tuple[str, tuple[int, int, int]]:
        """The path of image number ``index``, and its channels, height and width.

        Raises:
            DataError: there is something else.
        """
        self.expect("#", f"before image {index}")
        found = self.integer("an image's index")
        if found != index:
            raise self.error(f"image index {found}", f"{index}: images are counted from 0")
        self.known = True
        path = self.path()
        channels, height, width = (self.integer("channels, height and width") for _ in range(3))
        return path, (channels, height, width)

    def path(self) -> str:
        """An image's path; white space ends words, so it holds none."""
        found = self.word("an image's path")
        if "\0" in found:
            raise self.error(self._shown(found), "an image's path, without a NUL")
        return found

    def expect(self, word: str, where: str) -> None:
        found = self.word(f"'{word}'")
        if found != word:
            raise self.error(self._shown(found), f"'{word}' {where}")

    def integer(self, what: str) -> int:
        found = self.word(what)
        if not _WHOLE.fullmatch(found) or not -(2**31) <= int(found) < 2**31:
            raise self.error(self._shown(found), f"{what}, a whole number of 32 bits")
        return int(found)

    def number(self, what: str) -> float:
        found = self.word(what)
        try:
            return float(found)
        except ValueError:
            raise self.error(self._shown(found), f"{what}, a number") from None

    def _shown(self, word: str) -> str:
        return shown_name(word[:80]) if self.known else f"a word of {len(word)} character(s)"

    def error(self, found: str, expected: str) -> DataError:
        return DataError(
            f"window file '{self._path}', word {self._number}: found {found}, expected {expected}"
        )
