"""The plan of the jit engine: numpy's, with other kernels for the layers that suit them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minicaffe.engines.jit import lrn
from minicaffe.engines.jit.convolution import TILES, WinogradKernel, suits
from minicaffe.engines.jit.scratch import Scratch
from minicaffe.engines.jit.target import host_target
from minicaffe.engines.jit.team import Team
from minicaffe.engines.numpy.plan import NumpyPlan
from minicaffe.errors import EngineError
from minicaffe.layers.vision.convolution import Convolution

if TYPE_CHECKING:
    from minicaffe.net.net import Net
    from minicaffe.net.node import Node


class JitPlan(NumpyPlan):
    """Runs the layers in order.

    Args:
        net: the net.

    Raises:
        EngineError: no kernels can be made for this processor.
    """

    def __init__(self, net: Net) -> None:
        target = host_target()
        if target is None:
            raise EngineError("no kernels can be made for this processor")
        team, scratch = Team(target), Scratch()
        for node in net.nodes:
            if node.kernel is not node.layer:
                continue
            if type(node.layer) is Convolution and net.options.convolutions == "auto":
                node.kernel = WinogradKernel(node.layer, team, scratch)
            elif lrn.suits(node.layer):
                node.kernel = lrn.LRNKernel(node.layer, team, scratch)
        self._listed = net.nodes
        super().__init__(net)

    def describe(self, *, verbose: bool = False) -> list[str]:
        """What runs each layer: a kernel or its numpy class."""
        return [f"{node.name}: {_words(node)}" for node in self._listed]


def _words(node: Node) -> str:
    if isinstance(node.kernel, lrn.LRNKernel):
        return "jit"
    if not isinstance(node.kernel, WinogradKernel) or not suits(node.layer):
        return "numpy"
    taps = node.layer.geometry.kernel[0]
    tile = TILES[taps]
    return f"jit, Winograd F({tile}x{tile}, {taps}x{taps})"
