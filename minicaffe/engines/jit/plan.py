"""The plan of the jit engine: numpy's, with other kernels for the layers that suit them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from minicaffe.engines.jit import channel_passes, depthwise, lrn, pooling, relu
from minicaffe.engines.jit.convolution import WinogradKernel
from minicaffe.engines.jit.scratch import Scratch
from minicaffe.engines.jit.target import host_target
from minicaffe.engines.jit.team import Team
from minicaffe.engines.numpy.kernels import Kernel
from minicaffe.engines.numpy.plan import NumpyPlan
from minicaffe.errors import EngineError
from minicaffe.layer import Layer
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
            if node.kernel is node.layer:
                direct = net.options.convolutions == "direct"
                node.kernel = jit_kernel(node.layer, team, scratch, direct=direct) or node.kernel
        self._listed = net.nodes
        super().__init__(net)

    def describe(self, *, verbose: bool = False) -> list[str]:
        """What runs each layer: a kernel or its numpy class."""
        return [f"{node.name}: {_words(node)}" for node in self._listed]


def jit_kernel(layer: Layer, team: Team, scratch: Scratch, *, direct: bool) -> Kernel | None:
    """What runs a layer here; None where numpy's engine does.

    Args:
        layer: the layer.
        team, scratch: of the plan.
        direct: no convolutions with fewer products.
    """
    for suited, kernel in _KERNELS:
        if suited(layer):
            return kernel(layer, team, scratch)
    if type(layer) is Convolution and not direct:
        return WinogradKernel(layer, team, scratch)
    return None


_KERNELS: tuple[tuple[Callable[[Layer], bool], Callable[..., Kernel]], ...] = (
    (channel_passes.suits, channel_passes.ChannelKernel),
    (depthwise.suits, depthwise.DepthwiseKernel),
    (lrn.suits, lrn.LRNKernel),
    (pooling.suits, pooling.PoolingKernel),
    (relu.suits, relu.ReLUKernel),
)


def _words(node: Node) -> str:
    return getattr(node.kernel, "words", "numpy")
