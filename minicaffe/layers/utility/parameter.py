"""Parameter: a learned blob that other layers read."""

from __future__ import annotations

from collections.abc import Sequence

from minicaffe.layer import Blobs, register
from minicaffe.layers.data.input import SourceLayer


@register("Parameter")
class Parameter(SourceLayer):
    """A learned blob of ``parameter_param { shape }`` as a top; it begins as zeros.

    The top shares the parameter's data. Its gradient is added to the parameter's.
    """

    exact_tops = 1

    gives_data = False

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        shape = self.param.parameter_param.shape.dim
        self.add_param(shape)
        top[0].reshape(*shape)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        top[0].share_data(self.blobs[0])

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        self.accumulate(0, top[0].diff)
