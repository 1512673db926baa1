"""Sources of images: datasets read at random, and the order and state of going through them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from minicaffe.blob import shape_text
from minicaffe.errors import DataError
from minicaffe.options import ALONE, Ranks

#: What a source or a reader depends on: numbers, texts and dictionaries of them, by name.
State = Mapping[str, object]


def number_in(state: State, name: str) -> int:
    """A whole number of a state.

    Raises:
        TypeError: there is something else.
    """
    value = state[name]
    if not isinstance(value, int):
        raise TypeError(f"{name} is {value!r}, expected a whole number")
    return value


def part_of(state: State, name: str) -> State:
    """A dictionary in a state.

    Raises:
        TypeError: there is something else.
    """
    value = state[name]
    if not isinstance(value, Mapping):
        raise TypeError(f"{name} is {value!r}, expected a dictionary")
    return value


class EpochOrder:
    """Indices below ``count``, epoch after epoch: 0, 1, 2, …, or a new random order each time.

    Args:
        count: how many there are, at least 1.
        rng: for random orders, or None.
        position: where the first epoch begins, below ``count``.
        arrange: makes an epoch's order of a generator, where not any order will do.
        ranks: of several processes with the same generator, each takes every ``size``-th index of
            the endless row of epochs, so that no index is taken twice in an epoch (Caffe's rule).

    Attributes:
        position: how many of this epoch's indices have been passed.
    """

    def __init__(
        self,
        count: int,
        rng: np.random.Generator | None,
        position: int = 0,
        arrange: Callable[[np.random.Generator], np.ndarray] | None = None,
        ranks: Ranks = ALONE,
    ) -> None:
        self._arrange = arrange
        self._ranks = ranks
        self._count = count
        self._rng = rng
        self._seed = 0
        self._indices: Sequence[int] | np.ndarray = range(count)
        self.position = position
        self._shuffle()
        self._pass(ranks.rank)

    @property
    def current(self) -> int:
        """The next index, below ``count``."""
        return int(self._indices[self.position])

    def advance(self) -> None:
        """Go on to the next index; after the last one another epoch begins."""
        self._pass(self._ranks.size)

    def _pass(self, count: int) -> None:
        """Pass over indices, other processes' among them."""
        self.position += count
        while self.position >= self._count:
            self.position -= self._count
            self._shuffle()

    def take(self, count: int) -> list[int]:
        """The next ``count`` indices, passing them."""
        taken = []
        for _ in range(count):
            taken.append(self.current)
            self.advance()
        return taken

    def within(self, count: int) -> np.ndarray:
        """An order of ``count`` things inside the current index, the same until it is passed."""
        return self._order(1 + self.position, count)

    def state(self) -> State:
        """The position, and what determines this epoch's order and all later ones."""
        order: State = {}
        if self._rng is not None:
            order = {"seed": self._seed, "generator": self._rng.bit_generator.state}
        return {"position": self.position, "order": order, **rank_state(self._ranks)}

    def restore(self, state: State) -> None:
        """Go back to when ``state()`` was taken."""
        order = part_of(state, "order")
        if self._rng is not None and order:
            self._rng.bit_generator.state = part_of(order, "generator")
            self._seed = number_in(order, "seed")
            self._indices = self._order(0, self._count)
        self.position = number_in(state, "position") % self._count
        self._pass(ranks_passed(state, self._ranks))

    def _shuffle(self) -> None:
        if self._rng is not None:
            self._seed = int(self._rng.integers(2**63))
            self._indices = self._order(0, self._count)

    def _order(self, part: int, count: int) -> np.ndarray:
        """An order for part number ``part`` of this epoch: 0 is that of the indices."""
        if self._rng is None:
            return np.arange(count)
        rng = np.random.default_rng([self._seed, part])
        return self._arrange(rng) if self._arrange and not part else rng.permutation(count)


def rank_state(ranks: Ranks) -> State:
    """What a state says besides the position: whose that is, where several processes share."""
    return {"rank": ranks.rank} if ranks.rank else {}


def ranks_passed(state: State, ranks: Ranks) -> int:
    """How far this process's position is beyond that of the process whose state it restores.

    The first one's is where all of them begin, so that each goes on from there, however many they
    were and are.
    """
    rank = number_in(state, "rank") if "rank" in state else 0
    return (ranks.rank - rank) % ranks.size


def epoch_order(
    count: int, rng: np.random.Generator | None, skip: int, path: str, ranks: Ranks = ALONE
) -> EpochOrder:
    """The order of ``count`` images, of which some are passed over at the start.

    Args:
        rng: for random orders, or None.
        skip: how many are passed over.
        path: what lists them, for messages.
        ranks: as :class:`EpochOrder` takes them.

    Raises:
        DataError: there are no more than are to be skipped.
    """
    if skip >= count:
        raise DataError(
            f"{skip} images are to be skipped, but '{path}' has only {count}; lower rand_skip"
        )
    return EpochOrder(count, rng, skip, ranks=ranks)


def drawn_skip(rng: np.random.Generator, rand_skip: int) -> int:
    """How many records to pass over at the start: fewer than ``rand_skip``, drawn at random."""
    return int(rng.integers(rand_skip)) if rand_skip else 0


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


class Dataset(Protocol):
    """Images that can be read in any order; it knows of no epochs (Chainer's contract).

    Attributes:
        path: what lists them, for messages.
    """

    path: str

    def __len__(self) -> int:
        """How many there are, at least 1."""
        ...

    def get_example(self, index: int) -> tuple[np.ndarray, int]:
        """Image (channels × height × width) and label number ``index``.

        Raises:
            DataError: it cannot be read; names it.
        """
        ...

    def name(self, index: int) -> str:
        """What to call an example in a message."""
        ...


class ImageSource(Protocol):
    """Images one after the other, without end: after the last comes the first."""

    def peek(self) -> np.ndarray:
        """The next image (channels × height × width), without going on."""
        ...

    def read(self, count: int) -> Records:
        """The next ``count`` images.

        Raises:
            DataError: one cannot be read, or they differ in size; names source and record.
        """
        ...

    def names(self, count: int) -> list[str]:
        """What the next ``count`` images are called in messages, by key or file; passes them."""
        ...

    def state(self) -> State:
        """What determines the next images: numbers, texts, dictionaries of them."""
        ...

    def restore(self, state: State) -> None:
        """Go to where ``state()`` was taken."""
        ...

    def close(self) -> None:
        """Close the files that are read from; no other image is wanted."""
        ...


class DatasetSource:
    """The images of a dataset, in its order or a new random one each epoch.

    Args:
        dataset: where they are.
        rng: for random orders, or None.
        skip: how many images to pass over at the start.
        ranks: the processes that share them.

    Raises:
        DataError: there are no more than are to be skipped.
    """

    def __init__(
        self,
        dataset: Dataset,
        *,
        rng: np.random.Generator | None = None,
        skip: int = 0,
        ranks: Ranks = ALONE,
    ) -> None:
        self._dataset = dataset
        self._order = epoch_order(len(dataset), rng, skip, dataset.path, ranks)
        self._stacker = Stacker()

    def peek(self) -> np.ndarray:
        """The next image; see :class:`ImageSource`."""
        return self._dataset.get_example(self._order.current)[0]

    def read(self, count: int) -> Records:
        """The next ``count`` images; see :class:`ImageSource`."""
        dataset, chosen = self._dataset, self._order.take(count)
        images, labels = zip(*(dataset.get_example(index) for index in chosen), strict=True)
        batch = self._stacker.stack(images, lambda i: dataset.name(chosen[i]))
        return Records(batch, np.array(labels))

    def names(self, count: int) -> list[str]:
        """What the next ``count`` images are called; passes them."""
        return [self._dataset.name(index) for index in self._order.take(count)]

    def state(self) -> State:
        """``{"position": …, "order": …}``: the place in this epoch, and how it was shuffled."""
        return self._order.state()

    def restore(self, state: State) -> None:
        """Go to where ``state()`` was taken."""
        self._order.restore(state)

    def close(self) -> None:
        """Does nothing: no file is held open between two images."""


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


def derived_generator(rng: np.random.Generator, rank: int = 0) -> np.random.Generator:
    """A new generator, seeded by the next draws of another.

    Args:
        rng: the other.
        rank: of a process; from the same draws each makes a generator of its own.
    """
    seed = rng.integers(0, 2**63, size=2)
    return np.random.default_rng([*seed, rank] if rank else seed)
