"""Functions that run before or after each layer (pycaffe's net callbacks)."""

from __future__ import annotations

from collections.abc import Callable

from minicaffe.arguments import function

Callback = Callable[[int], object]


class Callbacks:
    """Lists of functions, one list a moment; each is called with the layer's index."""

    MOMENTS = ("before_forward", "after_forward", "before_backward", "after_backward")

    def __init__(self) -> None:
        self._callbacks: dict[str, list[Callback]] = {moment: [] for moment in self.MOMENTS}

    def add(self, moment: str, callback: Callback) -> None:
        """Call ``callback(layer_index)`` at this moment, after the callbacks added earlier."""
        self._callbacks[moment].append(function(callback, moment))

    def run(self, moment: str, index: int) -> None:
        """Call the moment's callbacks."""
        for callback in self._callbacks[moment]:
            callback(index)

    def __bool__(self) -> bool:
        return any(self._callbacks.values())
