"""What every source of records has: the order of its records, its place, and stacked batches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from minicaffe.blob import shape_text
from minicaffe.errors import DataError


class EpochOrder:
    """The order of one epoch: a random one where there is a generator, else 0, 1, 2, …

    Attributes:
        now: the order of this epoch, a sequence of indices.
    """

    def __init__(self, count: int, rng: np.random.Generator | None) -> None:
        self._count = count
        self._rng = rng
        self._seed = 0
        self.now: Sequence[int] | np.ndarray = range(count)
        self.shuffle()

    def shuffle(self) -> None:
        """Begin another epoch."""
        if self._rng is not None:
            self._seed = int(self._rng.integers(2**63))
            self.now = self.within(0, self._count)

    def within(self, part: int, count: int) -> np.ndarray:
        """An order of ``count`` things for part number ``part`` of this epoch."""
        if self._rng is None:
            return np.arange(count)
        return np.random.default_rng([self._seed, part]).permutation(count)

    def state(self) -> State:
        """What determines this epoch's order and all later ones."""
        if self._rng is None:
            return {}
        return {"seed": self._seed, "generator": self._rng.bit_generator.state}

    def restore(self, state: State) -> None:
        """Go back to the epoch in which ``state()`` was taken."""
        if self._rng is not None and state:
            self._rng.bit_generator.state = state["generator"]
            self._seed = state["seed"]
            self.now = self.within(0, self._count)


State = dict[str, Any]


@dataclass(frozen=True)
class Records:
    """Some images with their labels.

    Attributes:
        images: count × channels × height × width, uint8 or float32. They may belong to the
            source: read them before the next ``read``, and do not write into them.
        labels: count whole numbers.
    """

    images: np.ndarray
    labels: np.ndarray


class ImageSource(Protocol):
    """Images one after the other, without end: after the last comes the first."""

    def peek(self) -> np.ndarray:
        """The next image, without going on."""
        ...

    def read(self, count: int) -> Records:
        """The next ``count`` images.

        Raises:
            DataError: one cannot be read, or they differ in size; names source and record.
        """
        ...

    def state(self) -> State:
        """Where the source stands."""
        ...

    def restore(self, state: State) -> None:
        """Go to where ``state()`` was taken."""
        ...

    def close(self) -> None:
        """Let go of files."""
        ...


class Stacker:
    """Puts images side by side into one array, which it uses again and again."""

    def __init__(self) -> None:
        self._memory = np.empty(0, np.uint8)

    def stack(self, images: Sequence[np.ndarray], name: Callable[[int], str]) -> np.ndarray:
        """All images as one array.

        Args:
            images: of equal shape.
            name: what to call image ``i`` in an error message.

        Raises:
            DataError: an image's shape differs from the first one's.
        """
        first = images[0]
        if len({image.shape for image in images}) > 1:
            index = next(i for i, image in enumerate(images) if image.shape != first.shape)
            raise DataError(
                f"{name(index)} has size {shape_text(images[index].shape)} "
                f"(channels×height×width), but {name(0)} in the same batch has "
                f"{shape_text(first.shape)}; use batch_size 1, resize the images, or set "
                "crop_size when they are prepared"
            )
        dtype = np.result_type(*{image.dtype for image in images})
        size = len(images) * first.nbytes // first.itemsize * dtype.itemsize
        if self._memory.nbytes < size:
            self._memory = np.empty(size, np.uint8)
        batch = self._memory[:size].view(dtype)
        np.concatenate(images, out=batch.reshape(-1, *first.shape[1:]))
        return batch.reshape(len(images), *first.shape)


def derived_generator(rng: np.random.Generator) -> np.random.Generator:
    """A new generator, seeded by the next draws of another."""
    return np.random.default_rng(rng.integers(0, 2**63, size=2))
