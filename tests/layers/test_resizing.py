"""What the rows of cases/resizing.py and cases/channels.py do not show: refusals, single values."""

from __future__ import annotations

import numpy as np
import pytest
from google.protobuf import text_format

from minicaffe import TRAIN, Net, engines
from minicaffe.errors import DataError, GraphError, ShapeError
from minicaffe.layers.vision.geometry import Windows
from minicaffe.proto import caffe_pb2
from tests.layers.harness import Case, Rig

IMAGES = (2, 3, 4, 5)


@pytest.mark.parametrize(
    ("case", "says"),
    [
        (Case("Interp"), "no size is given; write height and width, zoom_factor or"),
        (Case("Interp", "interp_param { height: 5 }"), "no size is given"),
        (Case("Interp", "interp_param { zoom_factor: 0 }"), "zoom_factor is 0, expected at least"),
        (Case("Interp", "interp_param { shrink_factor: -1 }"), "shrink_factor is -1"),
        (Case("Interp", "interp_param { pad_beg: 1 zoom_factor: 2 }"), "pad_beg is 1, expected at"),
        (Case("Interp", "interp_param { pad_end: -4 zoom_factor: 2 }"), "nothing is left of 4×5"),
        (Case("Interp", "interp_param { height: 0 width: 3 }"), "a size of 0×3 is asked for"),
        (Case("Interp", "interp_param { use_blob_size: true zoom_factor: 2 }"), "a second bottom"),
        (Case("Interp", "interp_param { zoom_factor: 2 }", [(2, 3, 4)]), "four axes .N, C, H, W"),
        (Case("Interp", bottoms=[IMAGES, (2, 3)]), "bottom 1 has shape 2×3; four axes"),
        (Case("Upsample", "upsample_param { scale: 1.5 }"), "scale is 1.5, expected a whole"),
        (Case("Upsample", "upsample_param { scale: 0 }"), "scale is 0, expected a whole number of"),
        (Case("Upsample", "upsample_param { pad_out_h: true }"), "only scale counts with one"),
        (Case("Upsample", "upsample_param { upsample_h: 3 }", [IMAGES] * 2), "only upsample_h is"),
        (Case("Upsample", "upsample_param { scale: 1 }", [IMAGES] * 2), "scale is 1, expected"),
        (Case("Upsample", "upsample_param { scale_h: 2 }", [IMAGES] * 2), "scale_h given, expect"),
        (
            Case("Upsample", "upsample_param { scale: 3 pad_out_w: true }", [IMAGES] * 2),
            "pad_out_w goes only with a factor of 2, not 3",
        ),
        (Case("Upsample", bottoms=[IMAGES, (2, 3, 4, 4)]), "the mask has shape 2×3×4×4, bottom 0"),
        (Case("Unpooling"), "no unpool_size given, expected unpool_size, or unpool_h and unpool_w"),
        (Case("Unpooling", "unpooling_param { unpool_size: 8 }"), "no kernel_size given"),
        (
            Case("Unpooling", "unpooling_param { unpool_size: 8 kernel_size: 2 kernel_h: 1 }"),
            "kernel_size and kernel_h given",
        ),
        (
            Case("Unpooling", "unpooling_param { unpool_size: 8 kernel_size: 2 pad: 1 }"),
            "pad is 1, expected 0",
        ),
        (
            Case("Unpooling", "unpooling_param { unpool_size: 8 kernel_size: 2 stride: 2 }"),
            "begin outside of 8×8",
        ),
        (Case("CropCenter", "crop_center_param { crop_size: 1 }"), "crop_size is given 1 times"),
        (Case("CropCenter", "crop_center_param { crop_size: [0, 0, 2, 2] }"), "axis 2 of length 4"),
        (Case("Axpy", bottoms=[(2, 3, 4, 5)] * 3), "bottom 0 has shape 2×3×4×5; one number for"),
        (Case("Axpy", bottoms=[(2, 3), (2, 3, 4), (2, 3, 5)]), "bottom 1 has shape 2×3×4, bottom"),
        (Case("ShuffleChannel", "shuffle_channel_param { group: 2 }"), "into group: 2 parts"),
        (Case("ShuffleChannel", "shuffle_channel_param { group: 0 }"), "group is 0, expected"),
        (Case("ChannelShuffle", "channel_shuffle_param { group: 2 }"), "a multiple of 4 is expect"),
        (Case("ChannelShuffle", "channel_shuffle_param { shuffle_pattern: 2 }"), "expected 0 or 1"),
        (Case("Flip", bottoms=[(2, 3)]), "four axes"),
        (Case("Reverse", "reverse_param { axis: -1 }"), "axis is -1, expected at least 0"),
        (Case("Reverse", "reverse_param { axis: 4 }"), "axis 4 is out of range"),
        (
            Case("Transpose", "transpose_param { dim: 0 dim: 0 }"),
            "axis from 0 on once",
        ),
        (Case("Transpose", "transpose_param { dim: 0 }"), "dim orders 1 axes, but the"),
    ],
    ids=str,
)
def test_refused(case: Case, says: str) -> None:
    with pytest.raises((GraphError, ShapeError), match=says):
        Rig(case)


@pytest.mark.parametrize("place", [-1, 20, np.nan])
def test_a_mask_of_another_pooling(place: float) -> None:
    rig = Rig(Case("Upsample", "upsample_param { upsample_h: 4 upsample_w: 5 }", [IMAGES] * 2))
    rig.bottom[1].data[...] = np.arange(20).reshape(4, 5)
    rig.forward()
    rig.bottom[1].data[1, 2, 3, 4] = place
    with pytest.raises(DataError, match=r"the mask has .* at \(1, 2, 3, 4\), but the top has only"):
        rig.forward()


def test_a_window_far_larger_than_the_image_has_as_many_places_as_there_are_pixels() -> None:
    size, stride, pad, grid = (8, 10), (2, 2), (0, 1), (4, 5)
    wide = Windows(size, (3, 2**31), stride, pad, grid)
    as_large = Windows(size, (3, 11), stride, pad, grid)
    assert list(wide.positions()) == list(as_large.positions())


def test_of_values_for_one_pixel_the_last_one_stays_and_all_get_its_gradient() -> None:
    rig = Rig(Case("Upsample", "upsample_param { scale: 2 }", [(1, 1, 1, 3)] * 2))
    rig.bottom[0].data[...] = [[[[1, 2, 3]]]]
    rig.bottom[1].data[...] = [[[[4, 7, 4]]]]
    np.testing.assert_array_equal(rig.forward()[0], [[[[0, 0, 0, 0, 3, 0], [0, 2, 0, 0, 0, 0]]]])
    rig.top[0].diff[...] = np.arange(12).reshape(1, 1, 2, 6)
    rig.layer.backward(rig.top, [True, False], rig.bottom)
    np.testing.assert_array_equal(rig.bottom[0].diff, [[[[4, 7, 4]]]])


def test_half_way_the_later_pixel_is_the_nearest() -> None:
    rig = Rig(Case("Interp", "interp_param { mode: NEAREST height: 1 width: 5 }", [(1, 1, 1, 3)]))
    rig.bottom[0].data[...] = [[[[1, 2, 3]]]]
    np.testing.assert_array_equal(rig.forward()[0], [[[[1, 2, 2, 3, 3]]]])


def parsed(text: str) -> caffe_pb2.NetParameter:
    return text_format.Parse(text, caffe_pb2.NetParameter())


POOLED = """
force_backward: true
layer { name: "x" type: "Input" top: "x" input_param { shape { dim: [2, 3, 6, 8] } } }
layer { name: "pool" type: "Pooling" bottom: "x" top: "pool" top: "mask"
        pooling_param { kernel_size: 2 stride: 2 } }
layer { name: "up" type: "Upsample" bottom: "pool" bottom: "mask" top: "up"
        upsample_param { scale: 2 } }
"""


@pytest.mark.parametrize("engine", ["numpy", "onednn"])
def test_upsample_undoes_a_pooling(engine: str) -> None:
    if reason := engines.why_unavailable(engine):
        pytest.skip(reason)
    x = np.random.default_rng(0).normal(size=(2, 3, 6, 8)).astype(np.float32)
    parts = x.reshape(2, 3, 3, 2, 4, 2)
    largest = parts == parts.max(axis=(3, 5), keepdims=True)
    with Net(parsed(POOLED), TRAIN, engine=engine) as net:
        np.testing.assert_array_equal(net.forward(x=x)["up"], (parts * largest).reshape(x.shape))
        net.blobs["up"].diff[...] = x
        net.backward()
        np.testing.assert_array_equal(net.blobs["x"].diff, (parts * largest).reshape(x.shape))
        net.blobs["x"].reshape(1, 3, 4, 4)
        assert net.forward()["up"].shape == (1, 3, 4, 4), "the size follows the bottom"
