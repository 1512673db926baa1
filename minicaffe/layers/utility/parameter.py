"""Parameter: a learned blob that other layers read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from minicaffe.errors import MinicaffeError
from minicaffe.layer import Blobs, register
from minicaffe.layers.data.input import SourceLayer, shape_mistakes
from minicaffe.proto.dialects import meant


@register("Parameter")
class Parameter(SourceLayer):
    """A learned blob as a top, for other layers to read; it begins as zeros, or as its filler says.

    Shapes: no bottom; top of ``parameter_param { shape }``, which shares the memory of blobs[0].

    Settings: ``parameter_param``: shape; blob_filler, of happynear's Caffe.

    Gradients: that of blobs[0] is dy.

    Source: parameter_layer.hpp (BVLC/caffe).
    """

    exact_tops = 1
    fork_fields = meant("blob_filler")
    gives_data = False

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        return shape_mistakes([self.param.parameter_param.shape.dim])

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        param = self.param.parameter_param
        shape = param.shape.dim
        self.add_param(shape, param.blob_filler if param.HasField("blob_filler") else None)
        top[0].reshape(*shape)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        top[0].share_data(self.blobs[0])

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        self.accumulate(0, top[0].diff)
