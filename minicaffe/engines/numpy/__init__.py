"""The reference engine: every layer runs as its own numpy class, one after another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minicaffe.engines import PRECISIONS, Unavailable
from minicaffe.engines.numpy.plan import NumpyPlan

if TYPE_CHECKING:
    from minicaffe.net.net import Net


PRIORITY = 0


def why_not(precision: str) -> Unavailable | None:
    """numpy is a core dependency, but has no such type as bfloat16."""
    if precision == PRECISIONS[0]:
        return None
    has = "numpy has no bfloat16; this" if precision == "bf16" else "this"
    return Unavailable(f"{has} engine computes and stores float32")


def plan(net: Net) -> NumpyPlan:
    """Prepare to run the net."""
    return NumpyPlan(net)
