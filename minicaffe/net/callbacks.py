"""Functions that run before or after each layer (pycaffe's net callbacks).

What here takes a net first is also a method of :class:`minicaffe.Net`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from minicaffe.arguments import function

if TYPE_CHECKING:
    from minicaffe.net.net import Net

Callback = Callable[[int], object]


class WhenReady:
    """Wants to know which gradients of parameters are complete, not of every layer by itself:
    engines then run several layers in one step all the same."""

    def ready(self, first: int, last: int) -> None:
        """Backward has run the layers from ``last`` down to ``first``."""


class Callbacks:
    """Lists of functions, one list a moment; each is called with the layer's index."""

    MOMENTS = ("before_forward", "after_forward", "before_backward", "after_backward")

    def __init__(self) -> None:
        self._callbacks: dict[str, list[Callback]] = {moment: [] for moment in self.MOMENTS}
        self.when_ready: list[WhenReady] = []

    def ready(self, first: int, last: int) -> None:
        """Tell that backward has run the layers from ``last`` down to ``first``."""
        for observer in self.when_ready:
            observer.ready(first, last)

    def add(self, moment: str, callback: Callback) -> None:
        """Call ``callback(layer_index)`` at this moment, after the callbacks added earlier."""
        self._callbacks[moment].append(function(callback, moment))

    def run(self, moment: str, index: int) -> None:
        """Call the functions that are registered for a moment, in their order."""
        for callback in self._callbacks[moment]:
            callback(index)

    def __bool__(self) -> bool:
        return any(self._callbacks.values())


def before_forward(net: Net, callback: Callback) -> None:
    """Call ``callback(layer_index)`` before each layer's forward."""
    net.callbacks.add("before_forward", callback)


def after_forward(net: Net, callback: Callback) -> None:
    """Call ``callback(layer_index)`` after each layer's forward."""
    net.callbacks.add("after_forward", callback)


def before_backward(net: Net, callback: Callback) -> None:
    """Call ``callback(layer_index)`` before each layer's backward."""
    net.callbacks.add("before_backward", callback)


def after_backward(net: Net, callback: Callback | WhenReady) -> None:
    """Call ``callback(layer_index)`` after each layer's backward.

    What averages gradients, such as :class:`minicaffe.NCCL`, is told of several layers at a time.
    """
    if isinstance(callback, WhenReady):
        net.callbacks.when_ready.append(callback)
    else:
        net.callbacks.add("after_backward", callback)
