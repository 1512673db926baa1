"""A net: its text filtered and split, its layers over blobs, and the running of them."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from minicaffe.net.net import TEST, TRAIN, Net

__all__ = ["TEST", "TRAIN", "Net"]


def __getattr__(name: str) -> object:
    """``Net`` and the phases, when they are first used."""
    if name in __all__:
        return getattr(importlib.import_module("minicaffe.net.net"), name)
    raise AttributeError(f"module 'minicaffe.net' has no attribute '{name}'")
