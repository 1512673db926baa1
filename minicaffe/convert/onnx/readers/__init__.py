"""How operators of ONNX become layers: one small function an operator, by catalogue heading."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Callable

from minicaffe.convert.onnx.node_site import NodeSite

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
    _import_all()
    return _readers.get(op_type)


def patterns_of(op_type: str) -> list[Pattern]:
    """The functions for several operators that end with this one."""
    _import_all()
    return _patterns.get(op_type, [])


def read_operators() -> list[str]:
    """The operators that can become layers, sorted."""
    _import_all()
    return sorted(_readers)


@functools.cache
def _import_all() -> None:
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
