"""How a layer is written by others with equal results: one small function a way."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from minicaffe.convert.targets.pieces import Replacement
from minicaffe.convert.targets.quantities import Site
from minicaffe.named import import_modules

#: Finds what may take a layer's place, the best first; nothing where it does not apply.
Way = Callable[[Site], Iterator[Replacement]]


@dataclass(frozen=True)
class Rewrite:
    """A way to write layers of some types.

    Attributes:
        types: of the layers; empty for every type.
        way: finds replacements.
        direct: whether it is for targets alone that take all that it makes, as it is.
    """

    types: tuple[str, ...]
    way: Way
    direct: bool = False

    @property
    def name(self) -> str:
        """In words, such as ``relu6-as-relu``."""
        return self.way.__name__.replace("_", "-")

    @property
    def summary(self) -> str:
        """What it does, on one line: the beginning of the docstring."""
        text = (inspect.getdoc(self.way) or "").partition("\n\n")[0]
        return " ".join(text.split()).replace("``", "`").rstrip(".")


_rewrites: list[Rewrite] = []  # filled once, as the modules of this package are imported


def rewrites(*layer_types: str, direct: bool = False) -> Callable[[Way], Way]:
    """Decorator: this function rewrites layers of these types; of all types without any.

    Args:
        layer_types: the types.
        direct: see :class:`Rewrite`.
    """

    def add(way: Way) -> Way:
        _rewrites.append(Rewrite(layer_types, way, direct))
        return way

    return add


def all_rewrites() -> list[Rewrite]:
    """All of them, in the order in which they are tried."""
    import_modules(__name__)
    return list(_rewrites)


def rewrites_of(layer_type: str) -> list[Rewrite]:
    """Those for a type, in the order in which they are tried."""
    return [way for way in all_rewrites() if not way.types or layer_type in way.types]
