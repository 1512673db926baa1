"""Memory that the kernels of a plan use one after another."""

from __future__ import annotations

import numpy as np

from minicaffe.engines.jit.team import aligned_floats


class Scratch:
    """Arrays by name, each as large as the largest that was asked for."""

    def __init__(self) -> None:
        self._arrays: dict[str, np.ndarray] = {}

    def address(self, name: str, floats: int) -> int:
        """Where memory for so many floats is; what it holds is of the last who used it."""
        found = self._arrays.get(name)
        if found is None or found.size < floats:
            found = self._arrays[name] = aligned_floats(floats)
        return int(found.ctypes.data)
