"""Functions that run before or after each layer (pycaffe's net callbacks)."""

from __future__ import annotations

from collections.abc import Callable

from minicaffe.arguments import function

Hook = Callable[[int], object]


class Hooks:
    """Lists of functions, one list a moment; each is called with the layer's index."""

    MOMENTS = ("before_forward", "after_forward", "before_backward", "after_backward")

    def __init__(self) -> None:
        self._hooks: dict[str, list[Hook]] = {moment: [] for moment in self.MOMENTS}

    def add(self, moment: str, hook: Hook) -> None:
        """Call ``hook(layer_index)`` at this moment, after the hooks added earlier."""
        self._hooks[moment].append(function(hook, moment))

    def run(self, moment: str, index: int) -> None:
        """Call the moment's hooks."""
        for hook in self._hooks[moment]:
            hook(index)

    def __bool__(self) -> bool:
        return any(self._hooks.values())
