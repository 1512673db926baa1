"""The plan of the torch engine: a net's layers in order, on a device."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
import torch

from minicaffe.engines.numpy.kernels import use_kernels
from minicaffe.engines.torch.arena import DeviceArena
from minicaffe.engines.torch.errors import out_of_memory
from minicaffe.engines.torch.freed import FreedValues
from minicaffe.engines.torch.precision import Precision
from minicaffe.engines.torch.steps import step_of
from minicaffe.proto import caffe_pb2

if TYPE_CHECKING:
    from minicaffe.net.net import Net


class TorchPlan:
    """Runs the layers in order, each by its step.

    Args:
        net: the net.
        device: where its blobs' newest values are.

    Raises:
        MemoryLimitError: by all methods: the device's memory is too small.
    """

    def __init__(self, net: Net, device: torch.device) -> None:
        self.device = device
        self._nodes, self._callbacks = net.nodes, net.callbacks
        self._blobs = net.blobs
        use_kernels(net.nodes)
        learns = net.phase == caffe_pb2.TRAIN
        self._freed: FreedValues | None = None
        if net.options.keep == "outputs" and not learns:
            self._freed = FreedValues(net.nodes, net.blobs, [*net.inputs, *net.outputs])
        with out_of_memory(device, net.blobs):
            if learns and net.arena.mirror is None:
                net.arena.mirror = DeviceArena(net.arena, net.learnable_params, device)
        self._precision = Precision(net.options.precision, device)
        how = device, self._precision
        self._steps = [step_of(node, *how, learns=learns) for node in net.nodes]
        self._forget_inputs(forget=True)

    def _forget_inputs(self, *, forget: bool) -> None:
        """Let steps keep what their gradients need, or not where they can run once more."""
        for index, step in enumerate(self._steps):
            step.forgets = forget and self._freed is not None and self._freed.frees(index)

    def forward(self, start: int, end: int) -> float:
        """Run layers ``start`` to ``end`` (inclusive); returns their part of the loss."""
        whole = start == 0 and end == len(self._nodes) - 1
        if self._freed and (self._callbacks or not whole):
            self.keep_all()
        if self._freed:
            self._freed.begin()
        losses: list[torch.Tensor | float] = []
        with self._computing():
            for index in range(start, end + 1):
                self._callbacks.run("before_forward", index)
                losses += self._forward(index)
                self._callbacks.run("after_forward", index)
        return sum(map(float, losses))

    @contextmanager
    def _computing(self) -> Iterator[None]:
        """Within, infinities and NaN pass without numpy's warnings, and products are as wanted."""
        with np.errstate(all="ignore"), self._precision.products():
            yield

    def _forward(self, index: int) -> list[torch.Tensor | float]:
        if self._freed:
            self._freed.before(index)
        with self._nodes[index].located(), out_of_memory(self.device, self._blobs):
            losses = self._steps[index].forward()
        if self._freed:
            self._freed.after(index)
        return losses

    def backward(self, start: int, end: int) -> None:
        """Run the gradients of layers ``start`` down to ``end`` (inclusive)."""
        self.keep_all()
        with self._computing():
            for index in range(start, end - 1, -1):
                node = self._nodes[index]
                self._callbacks.run("before_backward", index)
                if node.need_backward:
                    with node.located(), out_of_memory(self.device, self._blobs):
                        self._steps[index].backward()
                self._callbacks.run("after_backward", index)
                self._callbacks.ready(index, index)

    def keep_all(self) -> None:
        """Let every blob keep its values from now on; those of the last forward are there again."""
        freed = self._freed
        if freed is None:
            return
        self._forget_inputs(forget=False)
        if freed.any_freed:
            with self._computing():
                for index, step in enumerate(self._steps):
                    if freed.frees(index):
                        freed.before(index)
                        step.forward()
        self._freed = None  # not before: who is interrupted marks them again

    def abandon(self) -> None:
        """Mark the blobs that have been given up."""
        if self._freed is not None:
            self._freed.abandon()

    def describe(self, *, verbose: bool = False) -> list[str]:
        """What runs each layer, and where."""
        steps = zip(self._nodes, self._steps, strict=True)
        where = f" on {self.device}" if verbose else ""
        return [f"{node.name}: {step.describe()}{where}" for node, step in steps]
