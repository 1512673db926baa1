"""What the rows of cases/video.py and cases/ctpn_lstm.py do not show."""

from __future__ import annotations

import numpy as np
import pytest
from google.protobuf import text_format

from minicaffe import TEST, Net
from minicaffe.errors import GraphError, ShapeError
from minicaffe.proto import caffe_pb2
from tests.layers.harness import Case, Rig

VIDEO = [(2, 2, 4, 5, 6)]


@pytest.mark.parametrize(
    ("case", "says"),
    [
        (Case("Convolution3D", "", VIDEO), "num_output is missing or 0"),
        (Case("Convolution3D", "convolution3d_param { num_output: 1 kernel_size: 2 }", VIDEO),
         "kernel_size is 0×2×2"),
        (Case("Pooling3D", "pooling3d_param { kernel_size: 2 kernel_depth: 1 }"), "expected 5"),
        (Case("Pooling3D", "pooling3d_param { kernel_size: 2 }", VIDEO), "kernel is 0×2×2"),
        (Case("Pooling3D", "pooling3d_param { kernel_size: 2 kernel_depth: 5 }", VIDEO), "not fit"),
        (Case("Pooling3D", "pooling3d_param { pool: STOCHASTIC }", VIDEO), "expected MAX or AVE"),
        (Case("Pooling3D", "pooling3d_param { pad: 1 }", VIDEO), "pad is 1, expected 0: only AVE"),
        (Case("NdPooling", "", VIDEO), "kernel_shape is missing"),
        (Case("NdPooling", "pooling_param { kernel_shape { dim: 2 } }", VIDEO), "_shape is 2"),
        (Case("NdPooling", "pooling_param { kernel_shape { dim: [9, 1, 1] } }", VIDEO), "not fit"),
        (Case("Lstm", "", [(3, 2, 4)]), "num_output is missing or 0"),
        (Case("Lstm", "lstm_param { num_output: 2 }", [(3, 2, 4), (5,)]), "3×2 numbers"),
    ],
    ids=str,
)  # fmt: skip
def test_refused(case: Case, says: str) -> None:
    with pytest.raises((GraphError, ShapeError), match=says):
        Rig(case)


def test_every_pixel_that_is_the_largest_gets_the_gradient() -> None:
    rig = Rig(Case("Pooling3D", "pooling3d_param { kernel_size: 2 kernel_depth: 1 }",
                   [(1, 1, 1, 2, 2)]))  # fmt: skip
    rig.bottom[0].data[...] = [[[[[3, 3], [1, 3]]]]]
    rig.forward()
    rig.top[0].diff[...] = 5
    rig.layer.backward(rig.top, [True], rig.bottom)
    np.testing.assert_array_equal(rig.bottom[0].diff, [[[[[5, 5], [0, 5]]]]])


C3D = """
layers { name: "x" type: DUMMY_DATA top: "x" dummy_data_param { shape { dim: [1, 2, 4, 6, 6] } } }
layers { name: "conv" type: CONVOLUTION3D bottom: "x" top: "conv" convolution_param {
    num_output: 3 kernel_size: 3 kernel_depth: 2 pad: 1 temporal_pad: 1 } }
layers { name: "pool" type: POOLING3D bottom: "conv" top: "pool" pooling_param {
    pool: MAX kernel_size: 2 kernel_depth: 1 stride: 2 temporal_stride: 1 } }
"""


def test_the_first_c3ds_text_builds() -> None:
    """Its fields for time are in Caffe's own messages."""
    param = text_format.Parse(C3D, caffe_pb2.NetParameter())
    with Net(param, TEST, engine="numpy") as net:
        assert net.params["conv"][0].shape == (3, 2, 2, 3, 3)
        assert net.params["conv"][1].shape == (1, 1, 1, 1, 3)
        assert net.blobs["conv"].shape == (1, 3, 5, 6, 6)
        assert net.blobs["pool"].shape == (1, 3, 5, 3, 3)


def test_a_sequence_goes_on_from_forward_to_forward() -> None:
    param = "lstm_param { num_output: 3 weight_filler { type: 'gaussian' std: 1 } }"
    whole = Rig(Case("Lstm", param, [(4, 2, 3)]))
    halves = Rig(Case("Lstm", param, [(2, 2, 3), (2, 2)], gradients=[True, False]))
    for left, right in zip(halves.layer.blobs, whole.layer.blobs, strict=True):
        left.data[...] = right.data
    want = whole.forward()[0]
    found = []
    for part, cont in ((slice(0, 2), [[0, 0], [1, 1]]), (slice(2, 4), [[1, 1], [1, 1]])):
        halves.bottom[0].data[...] = whole.bottom[0].data[part]
        halves.bottom[1].data[...] = cont
        state = halves.layer.state()  # type: ignore[attr-defined]
        found.append(halves.forward()[0])
    np.testing.assert_allclose(np.concatenate(found), want)
    assert not halves.layer.repeatable
    halves.layer.restore(state)  # type: ignore[attr-defined]
    np.testing.assert_allclose(halves.forward()[0], want[2:])


def test_the_gradients_of_the_gates_are_cut() -> None:
    param = "lstm_param { num_output: 1 clipping_threshold: 0.001 }"
    rig = Rig(Case("Lstm", param, [(1, 1, 1)]))
    for blob in rig.layer.blobs:
        blob.data[...] = 0.5
    rig.bottom[0].data[...] = 1
    rig.forward()
    rig.top[0].diff[...] = [[[100]]]
    rig.layer.backward(rig.top, [True], rig.bottom)
    np.testing.assert_allclose(rig.layer.blobs[2].diff, [0.001, 0, 0.001, 0.001])
