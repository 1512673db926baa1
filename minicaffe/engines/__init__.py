"""Engines: what runs a net. An engine is a package here, found by its name.

A package ``minicaffe.engines.NAME`` offers

``plan(net) -> Plan``
    prepare to run the net;
``why_not(precision) -> Unavailable | None``
    why it cannot run on this machine with one of :data:`PRECISIONS`, or None when it can;
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
from typing import NamedTuple, Protocol

from minicaffe.errors import EngineError, did_you_mean

logger = logging.getLogger("minicaffe")

#: The environment variable that names the engine when the caller does not.
VARIABLE = "MINICAFFE_ENGINE"

#: The engine that computes on devices, such as GPUs.
ON_DEVICES = "torch"

#: In what a net's values are stored between layers. The first one is the default; with bf16
#: (bfloat16: the upper half of a float32) weights, their gradients and losses stay float32; tf32
#: stores float32, and lets a GPU multiply with 10 bits.
PRECISIONS = ("float32", "bf16", "tf32")


class Unavailable(NamedTuple):
    """Why an engine cannot run.

    Attributes:
        reason: told to who asks for the engine by name.
        broken: the engine is there, but does not work: its user is warned when another one runs
            instead.
    """

    reason: str
    broken: bool = False


class Plan(Protocol):
    """A net, prepared to run; layers are counted as the net counts them."""

    def forward(self, start: int, end: int) -> float:
        """Run layers ``start`` to ``end`` (inclusive); returns their part of the loss."""

    def backward(self, start: int, end: int) -> None:
        """Run the gradients of layers ``start`` down to ``end`` (inclusive), and tell the net's
        callbacks which of them are ``ready``, at least at the end."""

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
    found = _why_not(name, precision)
    return None if found is None else found.reason


def _why_not(name: str, precision: str) -> Unavailable | None:
    found: Unavailable | None = _module(name).why_not(precision)
    return found


def takes_devices(name: str | None) -> bool:
    """Whether the engine may be the one for devices: no other is named by the caller (``name``) or
    the environment variable."""
    return (name or os.environ.get(VARIABLE) or ON_DEVICES) == ON_DEVICES


def device_for(name: str | None, device: str | None) -> str | None:
    """The device that a caller names or, where the engine may be that for devices, the GPU that
    :func:`minicaffe.set_mode_gpu` has asked for; None for the CPU.

    Args:
        name: of an engine, or None.
        device: by PyTorch's names, or None.
    """
    from minicaffe.common import chosen_device  # --help does without numpy

    return chosen_device() if device is None and takes_devices(name) else device


def find_engine(
    name: str | None = None, precision: str = PRECISIONS[0], device: str | None = None
) -> ModuleType:
    """The engine of this name, or of the environment variable, or the best one.

    Args:
        name: of a package here.
        precision: one of :data:`PRECISIONS`; the engine must be able to store values so.
        device: a device of PyTorch's, which asks for its engine.

    Raises:
        EngineError: no such engine or precision, or it cannot run here (says why).
    """
    if device is not None and name not in (None, ON_DEVICES):
        raise EngineError(
            f"device '{device}' is asked for, on which the engine '{ON_DEVICES}' computes, not "
            f"'{name}'; leave one of them out"
        )
    name = ON_DEVICES if device is not None else name
    if precision not in PRECISIONS:
        hint = did_you_mean(precision, PRECISIONS) or f"; there are: {', '.join(PRECISIONS)}"
        raise EngineError(f"unknown precision '{precision}'{hint}")
    name = name or os.environ.get(VARIABLE) or None
    if name is None:
        names = engine_names()  # where none can, the first one says why
        name = next((each for each in names if why_unavailable(each, precision) is None), names[0])
        for better in names[: names.index(name)]:
            warn_if_broken(better, name)
    if name not in engine_names():
        hint = did_you_mean(name, engine_names()) or f"; there are: {', '.join(engine_names())}"
        raise EngineError(f"unknown engine '{name}'{hint}")
    reason = why_unavailable(name, precision)
    if reason:
        how = "" if precision == PRECISIONS[0] else f" with precision {precision}"
        raise EngineError(f"engine '{name}' cannot run here{how}: {reason}")
    engine = _module(name)
    if device is not None:
        engine.check_device(device)
    return engine


def _module(name: str) -> ModuleType:
    return importlib.import_module(f"{__name__}.{name}")


@functools.cache
def warn_if_broken(name: str, instead: str) -> None:
    """Say once that a better engine should have run."""
    found = _why_not(name, PRECISIONS[0])
    if found is not None and found.broken:
        logger.warning(
            "engine '%s' is here, but cannot be used; '%s' runs instead: %s",
            *(name, instead, found.reason),
        )
