"""SparseInnerProduct: jolibrain's InnerProduct of features that are mostly 0."""

from __future__ import annotations

from minicaffe.layer import register
from minicaffe.layers.common.inner_product import InnerProduct
from minicaffe.proto import caffe_pb2
from minicaffe.proto.dialects import renamed


@register("SparseInnerProduct")
class SparseInnerProduct(InnerProduct):
    """y = x · wᵀ + b: the InnerProduct of the same settings.

    Its home multiplies only values that are not 0, where SparseData gives them so, and is an
    InnerProduct otherwise, as here. The net makes an InnerProduct of it.

    Shapes: as of InnerProduct: bottom x (N, …), top y (N, num_output); blobs[0] is w (num_output,
    values of an item), blobs[1] is b (num_output), with ``bias_term``.

    Settings: ``inner_product_param``, as of InnerProduct.

    Gradients: those of InnerProduct; of sparse bottoms the fork has none.

    Source: sparse_inner_product_layer.cpp (jolibrain/caffe).
    """

    @classmethod
    def in_caffes_words(cls, param: caffe_pb2.LayerParameter) -> caffe_pb2.LayerParameter:
        """Type InnerProduct, with these settings."""
        return renamed(param, InnerProduct.type)
