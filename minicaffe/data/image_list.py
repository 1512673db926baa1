"""Images named in a text file, one line each: the path, a space, the label."""

from __future__ import annotations

import os

import numpy as np

from minicaffe.data.images import Color, read_image
from minicaffe.data.order import ShuffledOrder
from minicaffe.data.records import Records, Stacker, State
from minicaffe.errors import DataError


def read_image_list(path: str) -> list[tuple[str, int]]:
    """The (name, label) pairs of a list file. Names may hold spaces; empty lines are skipped.

    Raises:
        DataError: the file cannot be read, is empty, or has a malformed line (names it).
    """
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as stream:
            lines = stream.read().splitlines()
    except OSError as reason:
        raise DataError(f"cannot read the image list '{path}': {reason.strerror}") from reason
    pairs = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        name, space, label = line.rstrip().rpartition(" ")
        try:
            pairs.append((name, int(label)))
        except ValueError:
            space = ""
        if not space or not name:
            raise DataError(
                f"image list '{path}', line {number}: found {_shown(line)}, expected the image's "
                "path, a space and its label (a whole number)"
            )
    if not pairs:
        raise DataError(f"the image list '{path}' is empty, expected at least one line")
    return pairs


def _shown(line: str) -> str:
    """A line for an error message: not too long, and without unprintable characters."""
    text = line if len(line) < 80 else f"{line[:80]}..."
    return f"'{text}'" if text.isprintable() else ascii(text)


class ImageListSource:
    """The images of a list file, again and again, in its order or a new random one each time.

    Args:
        path: the list file; see :func:`read_image_list`.
        root: put before each name as it is (so it ends with a slash).
        color: how many channels.
        size: (height, width) to resize every image to, or None.
        rng: for a random order (drawn anew for every epoch), or None for the file's order.
        skip: how many images to pass over at the start; fewer than there are.

    Raises:
        DataError: the list cannot be read.
    """

    def __init__(
        self,
        path: str,
        root: str = "",
        color: Color = Color.COLOR,
        size: tuple[int, int] | None = None,
        *,
        rng: np.random.Generator | None = None,
        skip: int = 0,
    ) -> None:
        self.path = path
        self._root = root
        self._color = color
        self._size = size
        self._pairs = read_image_list(path)
        if skip >= len(self._pairs):
            raise DataError(
                f"{skip} images are to be skipped, but '{path}' has only {len(self._pairs)}; "
                "lower rand_skip"
            )
        self._order = ShuffledOrder(len(self._pairs), rng)
        self._position = skip
        self._stacker = Stacker()

    def __len__(self) -> int:
        return len(self._pairs)

    def peek(self) -> np.ndarray:
        """The next image, without going on."""
        return self._read(int(self._order.now[self._position]))

    def read(self, count: int) -> Records:
        """The next ``count`` images; see :class:`ImageSource`."""
        chosen = [self._next() for _ in range(count)]
        images = [self._read(index) for index in chosen]
        batch = self._stacker.stack(images, lambda i: f"image '{self._path(chosen[i])}'")
        return Records(batch, np.array([self._pairs[index][1] for index in chosen]))

    def state(self) -> State:
        """``{"position": …, "order": …}``: the place in this epoch, and how it was shuffled."""
        return {"position": self._position, "order": self._order.state()}

    def restore(self, state: State) -> None:
        """Go to where ``state()`` was taken."""
        self._order.restore(state["order"])
        self._position = state["position"] % len(self._pairs)

    def close(self) -> None:
        """Nothing is held open."""

    def _next(self) -> int:
        index = int(self._order.now[self._position])
        self._position += 1
        if self._position == len(self._pairs):
            self._position = 0
            self._order.shuffle()
        return index

    def _path(self, index: int) -> str:
        return self._root + self._pairs[index][0]

    def _read(self, index: int) -> np.ndarray:
        path = self._path(index)
        try:
            return read_image(path, self._color, self._size)
        except DataError as error:
            where = "" if os.path.isabs(path) else f" (as seen from {os.getcwd()})"
            raise DataError(f"{error.message}{where}; listed in '{self.path}'") from error.__cause__
