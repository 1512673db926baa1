"""What layers compute, in PyTorch's operations: one small function a type, by catalogue heading.

A function is found by the layer's class and is pure: it computes the tops of the bottoms and the
parameters, and knows nothing of blobs or devices::

    @function_for(InnerProduct)
    def inner_product(
        layer: InnerProduct, bottoms: list[Tensor], params: list[Tensor], training: bool
    ) -> list[Tensor]: ...

``layer``
    has been reshaped to the bottoms' shapes; its settings count, its blobs' values do not.
``bottoms``, ``params``
    have the shapes of the layer's bottoms and ``blobs``, and may want gradients.
``training``
    whether the phase is TRAIN.

It returns a tensor for each top, in the top's shape. Gradients are autograd's, or come from a
formula (:mod:`~minicaffe.engines.torch.functions.formulas`) where Caffe's differ. Statistics among
the parameters are changed in place, under ``no_grad``. Random numbers come from ``layer.rng``, so
that all engines draw the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from torch import Tensor

from minicaffe.layer import Layer
from minicaffe.named import import_modules

L = TypeVar("L", bound=Layer)

#: (layer, bottoms, params, training) -> tops.
Function = Callable[[L, list[Tensor], list[Tensor], bool], list[Tensor]]


def always(layer: Layer) -> str:
    """No reason against a function."""
    return ""


@dataclass(frozen=True)
class Entry:
    """A function, and when it does not apply.

    Attributes:
        function: what computes the tops.
        unless: says why it cannot for this layer, in a few words; "" when it can.
    """

    function: Function[Layer]
    unless: Callable[[Layer], str]


_entries: dict[type[Layer], Entry] = {}


def function_for(
    *layers: type[L], unless: Callable[[L], str] = always
) -> Callable[[Function[L]], Function[L]]:
    """Decorator: the function computes layers of exactly these classes.

    Args:
        layers: the classes.
        unless: see :class:`Entry`.
    """

    def register(function: Function[L]) -> Function[L]:
        _entries.update(dict.fromkeys(layers, Entry(function, unless)))  # type: ignore[arg-type]
        return function

    return register


def entry_of(layer: Layer) -> Entry | None:
    """The function of a layer's class, and when it does not apply; None where there is none."""
    import_modules(__name__)
    return _entries.get(type(layer))


def covers(layer_class: type[Layer]) -> bool:
    """Whether there is a function for a layer class."""
    import_modules(__name__)
    return layer_class in _entries


def function_of(layer: Layer) -> Function[Layer] | None:
    """The function that computes a layer that has been set up, or None."""
    entry = entry_of(layer)
    return None if entry is None or entry.unless(layer) else entry.function
