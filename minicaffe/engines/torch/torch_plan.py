"""The plan of the torch engine: a net's layers in order, on a device."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from minicaffe.engines.numpy.kernels import use_kernels
from minicaffe.engines.torch.arena import DeviceArena
from minicaffe.engines.torch.steps import step_of
from minicaffe.proto import caffe_pb2

if TYPE_CHECKING:
    from minicaffe.net.net import Net


class TorchPlan:
    """Runs the layers in order, each by its step.

    Args:
        net: the net.
        device: where its blobs' newest values are.
    """

    def __init__(self, net: Net, device: torch.device) -> None:
        self.device = device
        self._nodes, self._callbacks = net.nodes, net.callbacks
        use_kernels(net.nodes)
        learns = net.phase == caffe_pb2.TRAIN
        if learns and net.arena.mirror is None:
            net.arena.mirror = DeviceArena(net.arena, net.learnable_params, device)
        self._steps = [step_of(node, device, learns=learns) for node in net.nodes]

    def forward(self, start: int, end: int) -> float:
        """Run layers ``start`` to ``end`` (inclusive); returns their part of the loss."""
        losses: list[torch.Tensor | float] = []
        with np.errstate(all="ignore"):
            for index in range(start, end + 1):
                self._callbacks.run("before_forward", index)
                losses += self._steps[index].forward()
                self._callbacks.run("after_forward", index)
        return sum(map(float, losses))

    def backward(self, start: int, end: int) -> None:
        """Run the gradients of layers ``start`` down to ``end`` (inclusive)."""
        with np.errstate(all="ignore"):
            for index in range(start, end - 1, -1):
                self._callbacks.run("before_backward", index)
                if self._nodes[index].need_backward:
                    self._steps[index].backward()
                self._callbacks.run("after_backward", index)

    def keep_all(self) -> None:
        """Every blob keeps its values anyway."""

    def abandon(self) -> None:
        """No blob's memory is used by another."""

    def describe(self, *, verbose: bool = False) -> list[str]:
        """What runs each layer."""
        steps = zip(self._nodes, self._steps, strict=True)
        return [f"{node.name}: {step.describe()}" for node, step in steps]
