"""Which class runs which layer type."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from minicaffe.errors import GraphError
from minicaffe.proto.forks import fork_of_layer
from minicaffe.suggest import did_you_mean

if TYPE_CHECKING:
    from minicaffe.layer import Layer

LayerClass = TypeVar("LayerClass", bound="type[Layer]")

_BUILT_IN = "minicaffe.layers"  # registers them when it is imported

_classes: dict[str, type[Layer]] = {}  # filled once, as the layer modules are imported


def register(layer_type: str) -> Callable[[LayerClass], LayerClass]:
    """Class decorator: this class runs layers of ``type: "layer_type"``."""

    def add(cls: LayerClass) -> LayerClass:
        if not cls.__module__.startswith(f"{_BUILT_IN}."):
            importlib.import_module(_BUILT_IN)
        if layer_type in _classes:
            raise ValueError(f"layer type {layer_type} is registered twice")
        cls.type = layer_type
        _classes[layer_type] = cls
        return cls

    return add


def layer_types() -> list[str]:
    """All registered layer types, sorted."""
    importlib.import_module(_BUILT_IN)
    return sorted(_classes)


def layer_class(layer_type: str) -> type[Layer]:
    """The class of a layer type.

    Raises:
        GraphError: nobody registered that type; names a similar type or the fork it is from.
    """
    importlib.import_module(_BUILT_IN)
    try:
        return _classes[layer_type]
    except KeyError:
        pass
    if not layer_type:
        raise GraphError('the layer has no type; give it one, such as type: "Convolution"')
    fork = fork_of_layer(layer_type)
    origin = f"; it comes from {fork} and minicaffe does not run it yet" if fork else ""
    hint = origin or did_you_mean(layer_type, _classes)
    raise GraphError(f"unknown layer type '{layer_type}'{hint}") from None
