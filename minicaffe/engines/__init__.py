"""Engines: what runs a net. An engine is one module here, found by its name.

A module ``minicaffe.engines.NAME`` offers

``plan(net) -> Plan``
    prepare to run the net;
``why_unavailable() -> str | None``
    why it cannot run on this machine, or None when it can;
``PRIORITY``
    an int; the available engine with the largest one is the default.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
from types import ModuleType
from typing import Protocol

from minicaffe.errors import EngineError
from minicaffe.suggest import did_you_mean

#: The environment variable that names the engine when nobody else does.
VARIABLE = "MINICAFFE_ENGINE"


class Plan(Protocol):
    """A net, prepared to run; layers are counted as the net counts them."""

    def forward(self, start: int, end: int) -> float:
        """Run layers ``start`` to ``end`` (inclusive); returns their part of the loss."""

    def backward(self, start: int, end: int) -> None:
        """Run the gradients of layers ``start`` down to ``end`` (inclusive)."""


def engine_names() -> list[str]:
    """All engines, whether or not this machine can run them; the preferred first."""
    names = [module.name for module in pkgutil.iter_modules(__path__)]
    return sorted(names, key=lambda name: -_module(name).PRIORITY)


def why_unavailable(name: str) -> str | None:
    """Why this machine cannot run an engine, or None when it can."""
    return _module(name).why_unavailable()


def find_engine(name: str | None = None) -> ModuleType:
    """The engine of this name, or of the environment variable, or the best one.

    Raises:
        EngineError: no such engine, or it cannot run here (says why).
    """
    name = name or os.environ.get(VARIABLE) or None
    if name is None:
        name = next(one for one in engine_names() if why_unavailable(one) is None)
    if name not in engine_names():
        hint = did_you_mean(name, engine_names()) or f"; there are: {', '.join(engine_names())}"
        raise EngineError(f"unknown engine '{name}'{hint}")
    reason = why_unavailable(name)
    if reason:
        raise EngineError(f"engine '{name}' cannot run here: {reason}")
    return _module(name)


def _module(name: str) -> ModuleType:
    return importlib.import_module(f"{__name__}.{name}")
