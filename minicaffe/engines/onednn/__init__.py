"""oneDNN through its plain C API: the fast engine on CPUs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minicaffe.engines.onednn.builder import Options
from minicaffe.engines.onednn.library import library
from minicaffe.engines.onednn.plan import OneDnnPlan
from minicaffe.errors import EngineError

if TYPE_CHECKING:
    from minicaffe.net import Net

PRIORITY = 10


def why_unavailable() -> str | None:
    """Why the library cannot be used, or None when it can."""
    try:
        library()
    except EngineError as error:
        return str(error)
    return None


def plan(net: Net) -> OneDnnPlan:
    """Prepare to run the net."""
    return OneDnnPlan(net, Options())
