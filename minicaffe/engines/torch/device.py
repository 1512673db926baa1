"""Which device computes, and whether it can."""

from __future__ import annotations

import torch

from minicaffe.common import devices
from minicaffe.errors import EngineError


def device_of(name: str | None) -> torch.device:
    """The device of a name of PyTorch's; the CPU without one.

    It is tried with a small sum: a driver that does not suit the PyTorch that is installed is told
    now, and not in the middle of a net.

    Raises:
        EngineError: there is no such device, or it does not compute.
    """
    names = ["cpu", *devices()]
    wanted = {"cuda": "cuda:0", "xpu": "xpu:0"}.get(name or "cpu", name or "cpu")
    if wanted not in names:
        raise EngineError(
            f"there is no device '{name}' here: PyTorch has {', '.join(names)}{_why()}"
        )
    device = torch.device(wanted)
    try:
        torch.ones(2, device=device).sum().item()
    except (RuntimeError, AssertionError) as error:
        said = str(error).partition("\n")[0]
        raise EngineError(
            f"device '{wanted}' does not compute with PyTorch {torch.__version__}: {said}; install "
            "a PyTorch that is built for its driver"
        ) from error
    return device


def _why() -> str:
    """Why there is no GPU, as far as PyTorch's build says it."""
    if torch.version.cuda is None and getattr(torch.version, "hip", None) is None:
        return f" (PyTorch {torch.__version__} is built without CUDA)"
    return (
        "" if torch.cuda.is_available() else " (it is built for CUDA, but finds no driver for it)"
    )
