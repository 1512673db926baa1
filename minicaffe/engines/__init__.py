"""Engines: what runs a net. An engine is a package here, found by its name.

A package ``minicaffe.engines.NAME`` offers

``plan(net) -> Plan``
    prepare to run the net;
``why_unavailable() -> str | None``
    why it cannot run on this machine, or None when it can;
``is_broken() -> bool``
    whether it cannot run although it is there, which its user should know;
``why_no_bf16() -> str | None``
    why it cannot store values in bfloat16 (:data:`PRECISIONS`), or None when it can;
``PRIORITY``
    an int; the available engine with the largest one is the default.
"""

from __future__ import annotations

import functools
import importlib
import logging
import os
import pkgutil
from types import ModuleType
from typing import Protocol

from minicaffe.errors import EngineError, did_you_mean

logger = logging.getLogger("minicaffe")

#: The environment variable that names the engine when the caller does not.
VARIABLE = "MINICAFFE_ENGINE"

#: In what a net's values are stored between layers. The first one is the default; with bf16
#: (bfloat16: the upper half of a float32) weights, their gradients and losses stay float32.
PRECISIONS = ("float32", "bf16")


class Plan(Protocol):
    """A net, prepared to run; layers are counted as the net counts them."""

    def forward(self, start: int, end: int) -> float:
        """Run layers ``start`` to ``end`` (inclusive); returns their part of the loss."""

    def backward(self, start: int, end: int) -> None:
        """Run the gradients of layers ``start`` down to ``end`` (inclusive)."""

    def keep_all(self) -> None:
        """Let every blob keep its values from now on; those of the last forward are there again."""

    def abandon(self) -> None:
        """This plan runs no more, as a run of it did not come to its end: mark the blobs whose
        memory others may have used by then. All else is in the blobs, and another plan goes on."""

    def describe(self, *, verbose: bool = False) -> list[str]:
        """What runs each layer, a line a step; more of them if ``verbose``."""


def engine_names() -> list[str]:
    """All engines, whether or not this machine can run them; the preferred first."""
    names = [module.name for module in pkgutil.iter_modules(__path__) if module.ispkg]
    return sorted(names, key=lambda name: -_module(name).PRIORITY)


def engine_name(engine: ModuleType) -> str:
    """What an engine that :func:`find_engine` gave is called."""
    return engine.__name__.rpartition(".")[2]


def why_unavailable(name: str, precision: str = PRECISIONS[0]) -> str | None:
    """Why this machine cannot run an engine with a precision, or None when it can."""
    module = _module(name)
    reason: str | None = module.why_unavailable()
    if reason is None and precision == "bf16":
        reason = module.why_no_bf16()
    return reason


def find_engine(name: str | None = None, precision: str = PRECISIONS[0]) -> ModuleType:
    """The engine of this name, or of the environment variable, or the best one.

    Args:
        name: of a package here.
        precision: one of :data:`PRECISIONS`; the engine must be able to store values so.

    Raises:
        EngineError: no such engine or precision, or it cannot run here (says why).
    """
    if precision not in PRECISIONS:
        hint = did_you_mean(precision, PRECISIONS) or f"; there are: {', '.join(PRECISIONS)}"
        raise EngineError(f"unknown precision '{precision}'{hint}")
    name = name or os.environ.get(VARIABLE) or None
    if name is None:
        names = engine_names()  # where none can, the first one says why
        name = next((each for each in names if why_unavailable(each, precision) is None), names[0])
        for better in names[: names.index(name)]:
            _warn_if_broken(better, name)
    if name not in engine_names():
        hint = did_you_mean(name, engine_names()) or f"; there are: {', '.join(engine_names())}"
        raise EngineError(f"unknown engine '{name}'{hint}")
    reason = why_unavailable(name, precision)
    if reason:
        how = "" if precision == PRECISIONS[0] else f" with precision {precision}"
        raise EngineError(f"engine '{name}' cannot run here{how}: {reason}")
    return _module(name)


def _module(name: str) -> ModuleType:
    return importlib.import_module(f"{__name__}.{name}")


@functools.cache
def _warn_if_broken(name: str, instead: str) -> None:
    """Say once that a better engine should have run."""
    if _module(name).is_broken():
        logger.warning(
            "engine '%s' is here, but cannot be used; '%s' runs instead: %s",
            *(name, instead, why_unavailable(name)),
        )
