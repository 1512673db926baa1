"""PyTorch: nets on a GPU, or on a CPU for which oneDNN is not built.

A net becomes a list of steps, made once; a forward or backward runs through it::

    net.nodes ──> TorchPlan ──> FunctionStep, NumpyStep, …              torch_plan.py, steps.py
                                  │ function_of(layer): torch calls     functions/
                                  v
    blob.data_memory ── head: array or engine's copy ──> DeviceCopy     copies.py
                                  ^
    net.arena ── mirror: the same layout, on the device ── DeviceArena  arena.py

The concepts:

1. ``Function``: computes the tops of a layer type; knows nothing of blobs.
2. ``DeviceCopy``: what the device holds of a memory; ``load`` and ``store`` move values.
3. ``Step``: what runs one layer: a function, or the layer's numpy self.
4. ``Record``: what a forward leaves for the gradients, which autograd computes layer by layer.
5. ``DeviceArena``: parameters and gradients in flat tensors, on which the solver's update runs.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from minicaffe.common import devices
from minicaffe.engines import Plan, Unavailable
from minicaffe.errors import MissingExtraError, require

if TYPE_CHECKING:
    from minicaffe.net.net import Net

PRIORITY = 8


@functools.cache
def problem() -> Unavailable | None:
    """Why PyTorch cannot be used; it is imported once."""
    try:
        require("torch", extra="torch", purpose="the torch engine")
    except MissingExtraError as error:
        return Unavailable(str(error))
    return None


def why_not(precision: str) -> Unavailable | None:
    """It needs PyTorch, and for other precisions a GPU: CPUs gain nothing by PyTorch's."""
    if (found := problem()) is not None:
        return found
    wanted = {"bf16": "", "tf32": "cuda"}.get(precision)
    if wanted is None or any(name.startswith(wanted) for name in devices()):
        return None
    return Unavailable(
        f"PyTorch computes in {precision} on {'NVIDIA ' if wanted else ''}GPUs, and finds none; "
        "leave the precision at float32"
    )


def check_device(name: str) -> None:
    """Refuse a device that is not there.

    Raises:
        EngineError: it is not, or it does not compute; names those that there are.
    """
    from minicaffe.engines.torch.device import device_of

    device_of(name)


def plan(net: Net) -> Plan:
    """Prepare to run the net.

    Raises:
        EngineError: there is no such device as it is to run on, or it does not compute.
    """
    from minicaffe.engines.torch.device import device_of
    from minicaffe.engines.torch.torch_plan import TorchPlan

    return TorchPlan(net, device_of(net.options.device))
