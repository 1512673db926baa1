"""Readers of learned products (Common Layers)."""

from __future__ import annotations

from math import prod

import numpy as np

from minicaffe.convert.onnx.node_site import NodeSite, bounded, freeze
from minicaffe.convert.onnx.readers import ends_with, reads
from minicaffe.convert.onnx.readers.convolution import conv_layer, known
from minicaffe.convert.onnx.readers.moving import along_axis, permute, reshape_to, tile_to
from minicaffe.convert.onnx.site import Cannot, Shape
from minicaffe.proto import caffe_pb2


def inner_product(
    site: NodeSite, bottom: str, weights: np.ndarray, bias: np.ndarray | None, axis: int = 1
) -> caffe_pb2.LayerParameter:
    """Append an InnerProduct.

    Args:
        site: the operator.
        bottom: the blob.
        weights: of shape (outputs, inputs).
        bias: of shape (outputs), or None.
        axis: the bottom's first axis that counts as input.
    """
    blobs = [np.ascontiguousarray(weights)] + ([] if bias is None else [bias])
    layer = site.layer("InnerProduct", [bottom], weights=blobs)
    layer.inner_product_param.num_output = weights.shape[0]
    if bias is None:
        layer.inner_product_param.bias_term = False
    if axis != 1:
        layer.inner_product_param.axis = axis
    return layer


@reads("Gemm")
def gemm(site: NodeSite) -> None:
    """InnerProduct with alpha in its weights and beta in its bias."""
    weights = site.numbers(1, "second matrix") * np.float32(site.number("alpha", 1.0))
    if site.integer("transA", 0):
        raise Cannot("its first matrix is transposed: items and inputs change places")
    if not site.integer("transB", 0):
        weights = weights.T
    bias = None
    if site.has(2):
        added = site.numbers(2, "third matrix") * np.float32(site.number("beta", 1.0))
        bias = _one_row(added, weights.shape[0])
    inner_product(site, _before_flatten(site), weights, bias)


def _before_flatten(site: NodeSite) -> str:
    """The first input's blob; or what it was before it became one row an item, which InnerProduct
    does itself."""
    before = site.maker(site.inputs[0], "Flatten", "Reshape", "Squeeze")
    shape = site.shape()
    if before is None or len(shape) != 2:
        return site.blob()
    own = before.shape()
    rows = bool(own) and own[0] == shape[0] and prod(n or 0 for n in own[1:]) == shape[1]
    return before.blob() if rows else site.blob()


def _one_row(array: np.ndarray, length: int) -> np.ndarray:
    """What is added to each item: the same for all."""
    if array.ndim > 1 and any(n != 1 for n in array.shape[:-1]):
        raise Cannot(f"what it adds has the shape {list(array.shape)}; expected one row")
    return np.broadcast_to(array.reshape(-1), (length,))


@reads("MatMul")
def matmul(site: NodeSite) -> None:
    """InnerProduct along the last axis, or the last but one, by a constant matrix; of two blobs by
    several layers."""
    for index in (1, 0):
        matrix, rank = site.constant(index), len(site.shape(1 - index))
        if matrix is None or matrix.ndim != 2 or rank < 3 - index:
            continue
        if index == 1:
            inner_product(site, site.blob(), matrix.T, None, rank - 1)
        else:
            along_axis(site, site.blob(1), rank, rank - 2, matrix)
        return
    if site.constant(0) is None and site.constant(1) is None:
        _of_two_blobs(site)
        return
    raise Cannot("its constant factor is no matrix, or the batch is one of the axes it joins")


def _of_two_blobs(site: NodeSite) -> None:
    """Σ_k a_ik · b_kj: b repeated for every i, times a, and a sum over the channels k.

    Tile, Scale of two bottoms, and a 1×1 Convolution whose weights are 1.
    """
    first, second = site.shape(), site.shape(1)
    lead = first[:-2]
    if len(first) != len(second) or not lead or lead != second[:-2]:
        raise Cannot(
            f"both its factors are computed, with the axes {_told(first)} and {_told(second)}; "
            "expected matrices of one batch",
            "cut the model before it",
        )
    rows, inner, columns = known((*first[-2:], second[-1]), "matrices")
    items = None if None in lead else prod(n or 0 for n in lead)
    bounded((items or 1) * rows * inner * columns, "a product")
    order = [*range(len(lead)), len(lead) + 1, len(lead)]
    left = permute(site, site.blob(), order, suffix="turned", out=None)
    if len(lead) > 1:
        left = reshape_to(site, left, (*lead, inner, rows), (items, inner, rows), suffix="left",
                          out=None)  # fmt: skip
    right = reshape_to(site, site.blob(1), second, (items, inner, 1, columns), suffix="right",
                       out=None)  # fmt: skip
    right = tile_to(site, right, (items, inner, 1, columns), (items, inner, rows, columns),
                    suffix="tile", out=None)  # fmt: skip
    scale = site.layer("Scale", [right, left], suffix="products", out=None)
    scale.scale_param.axis = 0
    ones = np.ones((1, inner, 1, 1), np.float32)
    summed = conv_layer(
        site, scale.top[0], [ones], stride=[1, 1], pad=[0, 0], suffix="sum", out=None
    )
    freeze(summed, 1)
    reshape_to(site, summed.top[0], (items, 1, rows, columns), site.out_shape())


def _told(shape: Shape) -> str:
    return "×".join("n" if n is None else str(n) for n in shape)


@ends_with("Add")
def matmul_and_bias(site: NodeSite) -> bool:
    """A product with a constant matrix, and a constant row: one InnerProduct."""
    for product, added in ((0, 1), (1, 0)):
        before = site.maker(site.inputs[product], "MatMul")
        bias = site.constant(added)
        if before is None or bias is None or before.constant(1) is None:
            continue
        weights = before.numbers(1, "second factor")
        axes = len(before.shape())
        row = bias.ndim == 1 and weights.ndim == 2 and bias.shape == weights.shape[1:]
        if row and axes > 1:
            site.name = before.name if before.name != before.node.name else site.name
            inner_product(site, before.blob(), weights.T, bias, axes - 1)
            return True
    return False


@reads("Dropout")
def dropout(site: NodeSite) -> None:
    """Dropout, which does nothing in a net in use."""
    site.pass_over("seed")
    if site.has(2) and bool(site.numbers(2, "training_mode").any()):
        raise Cannot("it is in training mode", "export the model in inference mode: model.eval()")
    layer = site.layer("Dropout", [site.blob()])
    ratio = site.number_of("ratio", 1, 0.5)
    if 0 < ratio < 1:
        layer.dropout_param.dropout_ratio = ratio
