"""The reference engine: every layer runs as its own numpy class, one after another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from minicaffe.blas import with_blas_threads
from minicaffe.threads import busy_thread_count

if TYPE_CHECKING:
    from minicaffe.net import Net

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


class NumpyPlan:
    """Runs the layers in order.

    Infinities and NaN pass through without numpy's warnings, as in Caffe; the solver looks at
    the loss.
    """

    def __init__(self, net: Net) -> None:
        self._hooks = net.hooks
        self._nodes = net.nodes

    @with_blas_threads(busy_thread_count)
    def forward(self, start: int, end: int) -> float:
        """Run layers ``start`` to ``end`` (inclusive); returns their part of the loss."""
        loss = 0.0
        with np.errstate(all="ignore"):
            for index in range(start, end + 1):
                self._hooks.run("before_forward", index)
                loss += self._nodes[index].forward()
                self._hooks.run("after_forward", index)
        return loss

    @with_blas_threads(busy_thread_count)
    def backward(self, start: int, end: int) -> None:
        """Run the gradients of layers ``start`` down to ``end`` (inclusive)."""
        with np.errstate(all="ignore"):
            for index in range(start, end - 1, -1):
                self._hooks.run("before_backward", index)
                if self._nodes[index].need_backward:
                    self._nodes[index].backward()
                self._hooks.run("after_backward", index)
