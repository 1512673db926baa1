"""Operators for layers of learned products (Common Layers)."""

from __future__ import annotations

import math

import numpy as np

from minicaffe.convert.onnx.site import Cannot, Shape, Site
from minicaffe.convert.onnx.writers import writes
from minicaffe.convert.onnx.writers.activation import affine

#: ONNX's number of the type int64.
INT64 = 7


@writes("InnerProduct")
def inner_product(site: Site) -> None:
    """Gemm of one vector an item; MatMul where several axes are kept."""
    layer, shape = site.layer, site.bottom_shapes[0]
    if layer.axis == 1:
        value = site.inputs[0]
        if len(shape) != 2:
            value = site.op("Flatten", [value], axis=1)
        site.op("Gemm", _with_parameters(site, value), 0, transB=int(not layer.transpose))
        return
    if layer.axis == 0:
        value = site.reshape(site.inputs[0], (1, layer.length))
        value = site.op("Gemm", _with_parameters(site, value), transB=int(not layer.transpose))
        site.reshape(value, site.top_shapes[0], 0)
        return
    value = site.inputs[0]
    if len(shape) != layer.axis + 1:
        value = site.reshape(value, (*shape[: layer.axis], layer.length))
    weights = site.parameter(0) if layer.transpose else site.derived(
        "transposed", np.ascontiguousarray(layer.weights.T), [0]
    )  # fmt: skip
    value = site.op("MatMul", [value, weights], None if layer.bias_term else 0)
    if layer.bias_term:
        site.op("Add", [value, site.parameter(1)], 0)


def _with_parameters(site: Site, value: str) -> list[str]:
    return [value, site.parameter(0), *([site.parameter(1)] if site.layer.bias_term else [])]


@writes("Dropout")
def dropout(site: Site) -> None:
    """Only that of forks, which does something in a net in use."""
    param = site.layer.param.dropout_param
    if param.sample_weights_test:
        raise Cannot("sample_weights_test draws numbers", "take it out of dropout_param")
    affine(site, site.inputs[0], 1 if param.scale_train else site.layer.kept, 0, 0)


@writes("Embed")
def embed(site: Site) -> None:
    numbers = site.op("Cast", site.inputs, to=INT64)
    bias = site.layer.param.embed_param.bias_term
    value = site.op("Gather", [site.parameter(0), numbers], None if bias else 0, axis=0)
    if bias:
        site.op("Add", [value, site.parameter(1)], 0)


@writes("InnerDistance")
def inner_distance(site: Site) -> None:
    """All differences at once, one axis more."""
    param, shape = site.layer.param.inner_distance_param, site.bottom_shapes[0]
    axis = param.axis % len(shape)
    length = math.prod(n or 0 for n in shape[axis:])
    rows: Shape = (*shape[:axis], 1, length)
    learned = len(site.inputs) - param.update_center_only == 1
    if learned:
        centres = site.layer.blobs[0].data
        if param.normalize:
            lengths = np.sqrt(np.square(centres).sum(axis=1, keepdims=True) + 1e-6)
            centre = site.derived("normalized", centres / lengths, [0])
        else:
            centre = site.parameter(0)
    else:
        centre = site.reshape(site.inputs[1], (site.bottom_shapes[1][0], length))
    difference = site.op("Sub", [site.reshape(site.inputs[0], rows), centre])
    kind = "ReduceL1" if param.distance_type == "L1" else "ReduceSumSquare"
    site.reduce(kind, difference, [len(rows) - 1], 0, keepdims=False)
