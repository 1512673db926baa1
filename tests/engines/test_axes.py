"""Blobs of one to eight axes, of lengths 0 and 1: every layer that takes them, on both engines.

What oneDNN's code does not take (some of it wrote beyond its memory for six axes) numpy must run.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from google.protobuf import text_format

from minicaffe.errors import MinicaffeError
from minicaffe.net.net import TRAIN, Net
from minicaffe.proto import caffe_pb2
from tests.engines.nets import Text
from tests.engines.twins import Twins

FILLER = 'filler { type: "uniform" min: 0.5 max: 2 }'
WEIGHTS = 'weight_filler { type: "xavier" } bias_filler { type: "uniform" min: -1 max: 1 }'

#: Types that may take any number of axes, with their settings and how many bottoms they read.
LAYERS = {
    "AbsVal": ("", 1),
    "ArgMax": ("argmax_param { top_k: 1 }", 1),
    "BNLL": ("", 1),
    "BatchNorm": ("", 1),
    "Bias": (f"bias_param {{ axis: 0 {FILLER} }}", 1),
    "Clip": ("clip_param { min: -0.5 max: 0.5 }", 1),
    "Concat": ("concat_param { axis: 0 }", 3),
    "Convolution": (f"convolution_param {{ num_output: 3 kernel_size: 1 {WEIGHTS} }}", 1),
    "Deconvolution": (f"convolution_param {{ num_output: 3 kernel_size: 1 {WEIGHTS} }}", 1),
    "Dropout": ("dropout_param { dropout_ratio: 0.4 }", 1),
    "ELU": ("", 1),
    "Eltwise": ("eltwise_param { coeff: 2 coeff: -1 }", 2),
    "Eltwise sum": ("", 2),
    "Eltwise maximum": ("eltwise_param { operation: MAX }", 2),
    "Eltwise product": ("eltwise_param { operation: PROD }", 2),
    "EuclideanLoss": ("", 2),
    "Exp": ("exp_param { base: 2 scale: 0.5 shift: 0.7 }", 1),
    "Flatten": ("", 1),
    "GroupNorm": ("group_norm_param { num_groups: 1 }", 1),
    "InnerProduct": (f"inner_product_param {{ num_output: 3 {WEIGHTS} }}", 1),
    "InnerProduct last": (f"inner_product_param {{ num_output: 3 axis: -1 {WEIGHTS} }}", 1),
    "InstanceNorm": ("", 1),
    "LRN": ("", 1),
    "LayerNorm": ("", 1),
    "Log": ("log_param { base: 3 scale: 0.1 shift: 2 }", 1),
    "MVN": ("", 1),
    "PReLU": ("", 1),
    "Pooling": ("pooling_param { kernel_size: 1 }", 1),
    "Pooling average": ("pooling_param { pool: AVE kernel_size: 1 }", 1),
    "Power": ("power_param { power: 2 scale: 0.5 shift: 1 }", 1),
    "Power line": ("power_param { scale: 0.5 shift: 1 }", 1),
    "ReLU": ("", 1),
    "ReLU slope": ("relu_param { negative_slope: 0.2 }", 1),
    "Reduction": ("reduction_param { operation: SUMSQ axis: -1 }", 1),
    "Reshape": ("reshape_param { shape { dim: 0 dim: -1 } }", 1),
    "Scale": (f"scale_param {{ {FILLER} bias_term: true }}", 1),
    "Scale all": (f"scale_param {{ {FILLER} axis: 0 num_axes: -1 }}", 1),
    "Sigmoid": ("", 1),
    "SigmoidCrossEntropyLoss": ("", 2),
    "Silence": ("", 1),
    "Slice": ("slice_param { axis: -1 }", 1),
    "Softmax": ("", 1),
    "Softmax last": ("softmax_param { axis: -1 }", 1),
    "Split": ("", 1),
    "Swish": ("", 1),
    "TanH": ("", 1),
    "Threshold": ("", 1),
    "Tile": ("tile_param { axis: 0 tiles: 2 }", 1),
}


def shapes() -> Iterator[tuple[int, ...]]:
    """Of each number of axes: unequal lengths, the channels longer, one of 1 and one of 0."""
    for axes in range(1, 9):
        shape = (2, 5, 3, 4, 2, 3, 2, 2)[:axes]
        yield shape
        yield (1,) * axes
        for length in (0, 1):
            for axis in {0, axes // 2, axes - 1}:
                yield (*shape[:axis], length, *shape[axis + 1 :])
    yield 3, 16, 2, 2, 2, 2
    yield 2, 33, 5, 4


def net_of(kind: str, shape: tuple[int, ...], engine: str) -> Net:
    rest, count = LAYERS[kind]
    text = Text("force_backward: true")
    names = [text.input(f"in{index}", *shape) for index in range(count)]
    text.add(kind.split()[0], " ".join(names), "out", rest, "layer")
    return Net(text_format.Parse(str(text), caffe_pb2.NetParameter()), TRAIN, seed=3, engine=engine)


@pytest.mark.parametrize("kind", LAYERS)
def test_axes_and_lengths(kind: str) -> None:
    ran = 0
    for shape in dict.fromkeys(shapes()):
        found = [run(kind, shape, engine) for engine in ("numpy", Twins.engine)]
        if isinstance(found[0], str):
            assert found[1] == found[0], shape
            continue
        assert not isinstance(found[1], str), (shape, found[1])
        ran += 1
        for name, want in found[0].items():
            got = found[1][name]
            assert got.shape == want.shape, (shape, name)
            scale = max(1e-2, float(np.abs(want).max(initial=0)))
            what = f"{shape} {name}"
            np.testing.assert_allclose(got, want, rtol=0, atol=1e-4 * scale, err_msg=what)
    assert ran >= 3


def run(kind: str, shape: tuple[int, ...], engine: str) -> dict[str, np.ndarray] | str:
    """All values and gradients after two passes, or the error that refuses the shape."""
    try:
        net = net_of(kind, shape, engine)
        for _ in range(2):
            rng = np.random.default_rng(5)
            for name in net.inputs:
                data = net.blobs[name].data
                data[...] = rng.normal(size=data.shape)
            net.forward()
            for name in net.outputs:
                if "Loss" not in kind:
                    diff = net.blobs[name].diff
                    diff[...] = rng.normal(size=diff.shape)
            if kind not in ("ArgMax", "Threshold"):
                net.backward()
    except MinicaffeError as error:
        return f"{type(error).__name__}: {error.message}"
    found = {}
    for name, blob in net.blobs.items():
        found[f"{name}.data"], found[f"{name}.diff"] = blob.data.copy(), blob.diff.copy()
    for name, blobs in net.params.items():
        for index, blob in enumerate(blobs):
            found[f"{name}[{index}].data"] = blob.data.copy()
            found[f"{name}[{index}].diff"] = blob.diff.copy()
    return found
