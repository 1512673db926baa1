"""Readers of operators that resize and pad images (Vision Layers)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from minicaffe.convert.onnx.node_site import NodeSite, bounded
from minicaffe.convert.onnx.readers import reads
from minicaffe.convert.onnx.readers.convolution import known, zeros_around
from minicaffe.convert.onnx.readers.moving import along_axis
from minicaffe.convert.onnx.site import Cannot
from minicaffe.errors import require


@reads("Resize", "Upsample")
def resize(site: NodeSite) -> None:
    """Upsample, Interp or Resample where they are the same; else a product with a constant matrix
    along each axis."""
    site.pass_over("mode", "nearest_mode", "cubic_coeff_a", "exclude_outside", "antialias",
                   "extrapolation_value", "scales", "coordinate_transformation_mode")  # fmt: skip
    for index in range(1, len(site.inputs)):
        site.has(index)
    before, after = site.shape(), site.out_shape()
    if len(before) != 4 or before[:2] != after[:2]:
        raise Cannot("it resizes other axes than those of images (N, C, H, W)")
    old, new = known(before[2:], "image's size"), known(after[2:], "image's size")
    if old == new:
        site.same(site.blob())
        return
    factors = [n / o for o, n in zip(old, new, strict=True)]
    matrices = [_matrix(site, axis, old[axis - 2], new[axis - 2]) for axis in (2, 3)]
    whole = factors[0] == factors[1] == int(factors[0])
    if whole and all(_repeats(m, int(factors[0])) for m in matrices):
        site.layer("Upsample", [site.blob()]).upsample_param.scale = factors[0]
    elif all(np.abs(m - _aligned(*m.shape)).max() < 1e-6 for m in matrices):
        param = site.layer("Interp", [site.blob()]).interp_param
        param.height, param.width = new
    elif factors[0] == factors[1] and all(
        np.abs(m - _half_pixel(*m.shape)).max() < 1e-6 for m in matrices
    ):
        smooth = site.layer("Resample", [site.blob()]).resample_param
        smooth.height, smooth.width, smooth.antialias = new[0], new[1], False
    else:
        _by_matrices(site, matrices)


def _repeats(matrix: np.ndarray, factor: int) -> bool:
    return np.array_equal(matrix, np.repeat(np.eye(matrix.shape[1]), factor, axis=0))


def _aligned(wanted: int, size: int) -> np.ndarray:
    """What Interp does along an axis: the corners stay corners."""
    places = np.arange(wanted) * ((size - 1) / (wanted - 1) if wanted > 1 else 0.0)
    return _linear(places, size)


def _half_pixel(wanted: int, size: int) -> np.ndarray:
    """What Resample does along an axis: the pixels' edges stay."""
    return _linear((np.arange(wanted) + 0.5) * size / wanted - 0.5, size)


def _linear(places: np.ndarray, size: int) -> np.ndarray:
    places = np.clip(places, 0, size - 1)
    return np.maximum(0, 1 - np.abs(places[:, None] - np.arange(size)))


def _matrix(site: NodeSite, axis: int, size: int, wanted: int) -> np.ndarray:
    """What each pixel along an axis counts in each new one: what the operator makes, by onnx's
    reference, of images that are 1 at one pixel."""
    bounded(max(size * size, size * wanted), "a matrix")
    onnx = require("onnx", extra="onnx", purpose="reading ONNX")
    reference = require("onnx.reference", extra="onnx", purpose="reading ONNX")
    node = onnx.NodeProto()
    node.CopyFrom(site.node)
    del node.attribute[:]
    node.attribute.extend(given for given in site.node.attribute if given.name != "axes")
    eye = np.eye(size, dtype=np.float32)
    x = eye.reshape(size, 1, size, 1) if axis == 2 else eye.reshape(size, 1, 1, size)
    arrays = {"x": x, **_along(site, axis, size, wanted)}
    last = 3 if "sizes" in arrays else 1 if len(site.inputs) == 2 else 2
    node.input[:] = ["x", *[""] * (last - 1), "sizes" if "sizes" in arrays else "scales"]
    info = [onnx.helper.make_tensor_value_info(
                name, onnx.helper.np_dtype_to_tensor_dtype(array.dtype), array.shape)
            for name, array in arrays.items()]  # fmt: skip
    out = onnx.helper.make_empty_tensor_value_info(node.output[0])
    graph = onnx.helper.make_graph([node], "one", info, [out])
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", site.opset)])
    try:
        (found,) = reference.ReferenceEvaluator(model).run(None, arrays)
    except Exception as reason:  # onnx has several kinds for what it does not compute
        raise Cannot(f"onnx's reference does not compute it: {reason}") from None
    return np.asarray(found.reshape(size, wanted).T, np.float64)


def _along(site: NodeSite, axis: int, size: int, wanted: int) -> dict[str, np.ndarray]:
    """The operator's scales or sizes, such that only one axis is resized."""
    known = site.source.known.constants  # sizes may have that of the batch among them
    axes = [n % 4 for n in site.integers("axes", range(4))]
    if site.word("coordinate_transformation_mode", "") == "tf_crop_and_resize":
        raise Cannot("it resizes a part of the image")
    if site.word("keep_aspect_ratio_policy", "stretch") != "stretch":
        raise Cannot("it keeps the proportions of images by a rule of its own")
    for index in range(1, len(site.inputs)):
        if not site.has(index):
            continue
        array = known.get(site.inputs[index])
        if array is None:
            raise Cannot("its sizes are computed while the model runs")
        if array.size == len(axes) and array.dtype.kind == "f":
            factors = np.ones(4, np.float32)
            factors[axis] = dict(zip(axes, array, strict=True)).get(axis, 1)
            return {"scales": factors}
        if array.size == len(axes):
            sizes = [size, 1, wanted, 1] if axis == 2 else [size, 1, 1, wanted]
            return {"sizes": np.array(sizes, np.int64)}
    raise Cannot("it says neither scales nor sizes")


def _by_matrices(site: NodeSite, matrices: Sequence[np.ndarray]) -> None:
    """Along the columns, then along the rows."""
    blob = along_axis(site, site.blob(), 4, 3, matrices[1], suffix="columns", out=None)
    along_axis(site, blob, 4, 2, matrices[0], suffix="rows")


@reads("Pad")
def pad(site: NodeSite) -> None:
    """Padding; a Convolution that shifts where its sides differ."""
    shape = site.shape()
    pads = site.list_of("paddings" if site.opset < 2 else "pads", 1)
    if site.has(3):
        axes = [axis % len(shape) for axis in site.numbers(3, "axes")]
        half = len(pads) // 2
        full = [0] * 2 * len(shape)
        for index, axis in enumerate(axes):
            full[axis], full[axis + len(shape)] = pads[index], pads[index + half]
        pads = full
    pairs = list(zip(pads[: len(shape)], pads[len(shape) :], strict=True))
    if not any(pads):
        site.same(site.blob())
        return
    mode = site.word("mode", "constant")
    if mode != "constant" or site.number_of("value", 2, 0.0) != 0:
        raise Cannot(f"it pads with {'another number than 0' if mode == 'constant' else mode}; "
                     "layers pad with zeros")  # fmt: skip
    if len(shape) < 3 or any(n for pair in pairs[:2] for n in pair):
        _other_axes(site, pairs)
        return
    channels = known(shape[1:2], "number of channels")[0]
    zeros_around(site, site.blob(), channels, pairs[2:], out=0)


def _other_axes(site: NodeSite, pairs: Sequence[tuple[int, int]]) -> None:
    raise Cannot(f"it pads other axes than those of images: {list(pairs)}")
