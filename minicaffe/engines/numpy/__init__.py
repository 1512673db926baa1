"""The reference engine: every layer runs as its own numpy class, one after another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minicaffe.engines.numpy.plan import NumpyPlan

if TYPE_CHECKING:
    from minicaffe.net.net import Net


PRIORITY = 0


def why_unavailable() -> str | None:
    """Never: numpy is a core dependency."""
    return None


def is_broken() -> bool:
    """Never."""
    return False


def why_no_bf16() -> str | None:
    """numpy has no such type."""
    return "numpy has no bfloat16; this engine computes and stores float32"


def plan(net: Net) -> NumpyPlan:
    """Prepare to run the net."""
    return NumpyPlan(net)
