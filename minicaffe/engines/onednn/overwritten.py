"""Values that a layer overwrites in place, kept so that it can be run once more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from minicaffe.engines.onednn.builder import Calls
from minicaffe.engines.onednn.numpy_step import NumpyStep
from minicaffe.engines.onednn.steps import Step
from minicaffe.syncedmem import SyncedMemory, only_read


class Overwritten:
    """A blob's values before a step that works in place on them.

    A plan that is built anew between forward and backward runs its steps again, from what
    stands in the plain arrays. What a caller, a data layer or a numpy layer has written there
    does not come again.

    Args:
        memory: the blob's.
    """

    def __init__(self, memory: SyncedMemory) -> None:
        self._memory = memory
        self._values: np.ndarray | None = None

    def __call__(self) -> None:
        """Keep them; a call of the step, before its others."""
        with only_read([self._memory]):
            array = self._memory.array
            if self._values is None or self._values.shape != array.shape:
                self._values = np.empty_like(array)
            np.copyto(self._values, array)

    def restore(self) -> None:
        """Put them back, if the step has run."""
        if self._values is not None and self._values.shape == self._memory.array.shape:
            self._memory.array[...] = self._values

    def now(self) -> np.ndarray:
        """What the blob holds now, for :meth:`put`."""
        with only_read([self._memory]):
            return self._memory.array.copy()

    def put(self, values: np.ndarray) -> None:
        """Let the blob hold these values."""
        self._memory.array[...] = values


class _HasStep(Protocol):
    step: Step
    forward: Calls


def stands_in_plain(step: Step) -> bool:
    """Whether what the step has computed stands in plain memory, and stays there; in place it
    would be overwritten."""
    node = step.node
    plain = isinstance(step, NumpyStep) or not node.bottoms
    return plain and not any(top in node.bottoms for top in node.tops)


def keep_overwritten(steps: Sequence[_HasStep]) -> None:
    """Let steps keep what they overwrite, where to run the steps before would not bring it back."""
    kept: set[SyncedMemory] = set()
    for one in steps:
        if stands_in_plain(one.step):
            kept.update(top.data_memory for top in one.step.node.tops)
            continue
        for node in one.step.nodes:
            for top in node.tops:
                if top in node.bottoms and top.data_memory in kept:
                    kept.remove(top.data_memory)
                    one.forward.run.insert(0, Overwritten(top.data_memory))
