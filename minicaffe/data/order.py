"""The order in which a source goes through its records."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from minicaffe.data.records import State


class ShuffledOrder:
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
