"""Which field of ``LayerParameter`` holds the settings of which layer type."""

from __future__ import annotations

import functools

from minicaffe.proto import caffe_pb2

#: Types whose parameters are in another type's message.
_BORROWED = {
    "ConvolutionDepthwise": "convolution_param",
    "Deconvolution": "convolution_param",
    "DepthwiseConvolution": "convolution_param",
    "Im2col": "convolution_param",
    "LSTM": "recurrent_param",
    "RNN": "recurrent_param",
    "ReLU6": "relu6_param",
}


@functools.cache
def own_fields() -> dict[str, str]:
    """The types that have a message of their own, and the field that holds it."""
    fields: dict[str, str] = {}
    for field in caffe_pb2.LayerParameter.DESCRIPTOR.fields:
        if field.message_type is not None and field.name.endswith("_param"):
            fields.setdefault(field.message_type.name[: -len("Parameter")], field.name)
    return fields


def own_field(layer_type: str) -> str | None:
    """The field with a type's settings, such as ``convolution_param``; None where it has none."""
    return _BORROWED.get(layer_type) or own_fields().get(layer_type)
