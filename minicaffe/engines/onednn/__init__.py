"""oneDNN through its plain C API: the fast engine on CPUs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from minicaffe.engines import Plan
from minicaffe.engines import numpy as numpy_engine
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


def plan(net: Net) -> Plan:
    """Prepare to run the net; one of another type than float32 runs as numpy."""
    if net.dtype != np.float32:
        return numpy_engine.plan(net)
    return OneDnnPlan(net, Options())
