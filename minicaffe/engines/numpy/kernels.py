"""Kernels: how this engine runs a layer faster than its own class does.

A layer's class is its formula. Where the formula leaves speed on the table, a kernel takes its
place in a net: an object with the layer's ``forward`` and ``backward``, made for one layer and
found by that layer's class::

    @kernel_for(Convolution, Deconvolution)
    class ConvolutionKernel(Kernel): ...

Results agree with the class's to rounding. oneDNN's plan uses the same kernels for layers that
it leaves to numpy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Generic, Protocol, TypeVar

from minicaffe.layer import Blobs, Layer, Runs
from minicaffe.named import import_modules

L = TypeVar("L", bound=Layer)


class Kernel(Generic[L]):
    """Runs one layer.

    Args:
        layer: of a class that :func:`kernel_for` names.
    """

    def __init__(self, layer: L) -> None:
        self.layer = layer

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        """What the layer's ``forward`` does."""
        self.layer.forward(bottom, top)

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        """What the layer's ``backward`` does."""
        self.layer.backward(top, propagate_down, bottom)


KernelClass = TypeVar("KernelClass", bound=type[Kernel])

_kernels: dict[type[Layer], type[Kernel]] = {}


def kernel_for(*layers: type[Layer]) -> Callable[[KernelClass], KernelClass]:
    """Class decorator: the kernel runs layers of exactly these classes."""

    def register(kernel: KernelClass) -> KernelClass:
        _kernels.update(dict.fromkeys(layers, kernel))
        return kernel

    return register


def kernel_of(layer: Layer) -> Layer | Kernel:
    """The kernel that runs a layer; the layer itself where there is none."""
    import_modules(__name__.rpartition(".")[0])
    kernel = _kernels.get(type(layer))
    return layer if kernel is None else kernel(layer)


class HasKernel(Protocol):
    """A layer in its place, such as a net's node."""

    kernel: Runs

    @property
    def layer(self) -> Layer:
        """Whose passes the kernel runs."""


def use_kernels(nodes: Iterable[HasKernel]) -> None:
    """Let layers run through their kernels."""
    for node in nodes:
        if node.kernel is node.layer:
            node.kernel = kernel_of(node.layer)
