"""Which field of ``LayerParameter`` holds the settings of which layer type."""

from __future__ import annotations

import functools
from collections.abc import Iterable

from google.protobuf import descriptor_pb2

from minicaffe.proto import caffe_pb2

#: Types whose parameters are in another type's message.
_BORROWED = {
    "AccuracyRegression": "accuracy_param",
    "AnchorTargetLayer": "python_param",
    "ConvolutionDepthwise": "convolution_param",
    "ConvolutionReLU": "convolution_param",
    "ConvolutionReLUPool": "convolution_param",
    "ConvolutionReLUPoolLRN": "convolution_param",
    "ConvolutionRistretto": "convolution_param",
    "Deconvolution": "convolution_param",
    "Deconvolution3D": "convolution3d_param",
    "DeconvolutionRistretto": "convolution_param",
    "DepthwiseConvolution": "convolution_param",
    "FcRistretto": "inner_product_param",
    "FrcnnAnchorTarget": "python_param",
    "FrcnnProposal": "python_param",
    "FrcnnProposalTarget": "python_param",
    "GSTiling": "gs_tiling_param",
    "HoleConvolution": "convolution_param",
    "Im2col": "convolution_param",
    "ImageSegData": "image_data_param",
    "InnerProductReLUDropout": "inner_product_param",
    "LRNRistretto": "lrn_param",
    "LSTM": "recurrent_param",
    "Lstm": "lstm_param",
    "MKLConvolution": "convolution_param",
    "MKLLRN": "lrn_param",
    "MKLPooling": "pooling_param",
    "MKLReLU": "relu_param",
    "NdConvolution": "convolution_param",
    "NdPooling": "pooling_param",
    "OHEMDataLayer": "python_param",
    "ProposalLayer": "python_param",
    "ProposalTargetLayer": "python_param",
    "PriorBoxClustered": "prior_box_param",
    "RNN": "recurrent_param",
    "ReLU6": "relu6_param",
    "RoIDataLayer": "python_param",
    "ReLUPooling": "pooling_param",
    "SparseInnerProduct": "inner_product_param",
}


@functools.cache
def own_fields() -> dict[str, str]:
    """The types that have a message of their own, and the field that holds it."""
    param = descriptor_pb2.DescriptorProto()
    caffe_pb2.LayerParameter.DESCRIPTOR.CopyToProto(param)
    return _holders(param.field)


def own_field(
    layer_type: str, fields: Iterable[descriptor_pb2.FieldDescriptorProto] | None = None
) -> str | None:
    """The field with a type's settings, such as ``convolution_param``; None where it has none.

    Args:
        layer_type: such as "Convolution".
        fields: of a ``LayerParameter``; by default of the schema that is in use.
    """
    known = own_fields() if fields is None else _holders(fields)
    return _BORROWED.get(layer_type) or known.get(layer_type)


def _holders(fields: Iterable[descriptor_pb2.FieldDescriptorProto]) -> dict[str, str]:
    holders: dict[str, str] = {}
    for field in fields:
        message = field.type_name.rpartition(".")[2]
        if message.endswith("Parameter") and field.name.endswith("_param"):
            holders.setdefault(message.removesuffix("Parameter"), field.name)
    return holders
