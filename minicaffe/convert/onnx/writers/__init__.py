"""How layers become operators of ONNX: one small function a type, by catalogue heading."""

from __future__ import annotations

from collections.abc import Callable

from minicaffe.convert.onnx.site import Site
from minicaffe.named import import_modules

Writer = Callable[[Site], None]

_writers: dict[str, Writer] = {}  # filled once, as the modules of this package are imported


def writes(layer_type: str) -> Callable[[Writer], Writer]:
    """Decorator: this function writes layers of this type."""

    def add(function: Writer) -> Writer:
        _writers[layer_type] = function
        return function

    return add


def writer_of(layer_type: str) -> Writer | None:
    """The function for a layer type; None where nothing in ONNX means what the layer does."""
    import_modules(__name__)
    return _writers.get(layer_type)


def written_types() -> list[str]:
    """The layer types that have a form in ONNX, sorted."""
    import_modules(__name__)
    return sorted(_writers)
