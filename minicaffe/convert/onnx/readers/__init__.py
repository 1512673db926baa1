"""How operators of ONNX become layers: one small function an operator, by catalogue heading."""

from __future__ import annotations

from collections.abc import Callable

from minicaffe.convert.onnx.node_site import NodeSite
from minicaffe.named import import_modules

Reader = Callable[[NodeSite], None]
#: Finds the last operator of several that are one layer; False if it is none.
Pattern = Callable[[NodeSite], bool]

_readers: dict[str, Reader] = {}  # filled once, as the modules of this package are imported
_patterns: dict[str, list[Pattern]] = {}  # the same


def reads(*op_types: str) -> Callable[[Reader], Reader]:
    """Decorator: this function reads operators of these types."""

    def add(function: Reader) -> Reader:
        _readers.update(dict.fromkeys(op_types, function))
        return function

    return add


def ends_with(*op_types: str) -> Callable[[Pattern], Pattern]:
    """Decorator: this function reads several operators, the last being of one of these types."""

    def add(function: Pattern) -> Pattern:
        for op_type in op_types:
            _patterns.setdefault(op_type, []).append(function)
        return function

    return add


def reader_of(op_type: str) -> Reader | None:
    """The function for an operator; None where no layer does what it does."""
    import_modules(__name__)
    return _readers.get(op_type)


def patterns_of(op_type: str) -> list[Pattern]:
    """The functions for several operators that end with this one."""
    import_modules(__name__)
    return _patterns.get(op_type, [])


def read_operators() -> list[str]:
    """The operators that can become layers, sorted."""
    import_modules(__name__)
    return sorted(_readers)
