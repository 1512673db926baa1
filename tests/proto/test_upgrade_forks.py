"""Windows that forks write in fields of their own become Caffe's fields."""

from __future__ import annotations

from pathlib import Path

import pytest

from minicaffe import TEST, Net
from minicaffe.errors import GraphError
from minicaffe.proto import caffe_pb2
from minicaffe.proto.text_format import parse
from minicaffe.proto.upgrade_proto import upgrade_net

INPUT = 'layer {{ name: "x" type: "Input" top: "x" input_param {{ shape {{ dim: [{}] }} }} }}\n'
LAYER = (
    'layer {{ name: "c" type: "{}" bottom: "x" top: "c" convolution_param {{ num_output: 3 {} }} }}'
)


def windows(text: str, layer_type: str = "Convolution") -> caffe_pb2.ConvolutionParameter:
    net = caffe_pb2.NetParameter()
    parse(LAYER.format(layer_type, text).encode(), net)
    return upgrade_net(net).layer[0].convolution_param


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("kernel_size: 3 hole: 4", "kernel_size: 3 dilation: 4"),
        ("kernel_size: 3 hole: 1", "kernel_size: 3 dilation: 1"),
        ("kernel_size: 3 hole_h: 2 hole_w: 5", "kernel_size: 3 dilation: [2, 5]"),
        ("kernel_size: 3 hole_w: 5", "kernel_size: 3 dilation: [1, 5]"),
        ("kernel_size: 3 dilation_h: 2 dilation_w: 5", "kernel_size: 3 dilation: [2, 5]"),
        ("kernel_size: 3 dilation_h: 2", "kernel_size: 3 dilation: [2, 1]"),
        ("kernel_size: 3 hole: 2 dilation: 2", "kernel_size: 3 dilation: 2"),
        (
            "kernel_shape { dim: [3, 5, 7] } stride_shape { dim: [1, 2, 2] } "
            "pad_shape { dim: [1, 2, 3] }",
            "kernel_size: [3, 5, 7] stride: [1, 2, 2] pad: [1, 2, 3]",
        ),
        (
            "kernel_size: 5 kernel_depth: 3 pad: 2 temporal_pad: 1 stride: 2",
            "kernel_size: [3, 5, 5] pad: [1, 2, 2] stride: [1, 2, 2]",
        ),
        (
            "kernel_h: 5 kernel_w: 7 kernel_depth: 3 temporal_stride: 2",
            "kernel_size: [3, 5, 7] pad: [0, 0, 0] stride: [2, 1, 1]",
        ),
    ],
)
def test_windows(text: str, expected: str) -> None:
    assert windows(text) == windows(expected)


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("hole: 2 dilation: 3", "dilation and hole"),
        ("hole: 2 hole_h: 3", "hole and hole_h"),
        ("kernel_shape { dim: [3, 3] } kernel_size: 5", "kernel_size and kernel_shape"),
        ("kernel_size: [1, 2, 3] kernel_depth: 3", "kernel_size and kernel_depth"),
    ],
)
def test_contradictions_are_refused_with_their_line(text: str, fields: str) -> None:
    with pytest.raises(GraphError, match=f"layer 'c'.*has both {fields}.*keep one") as caught:
        windows(text)
    assert caught.value.line == 1


@pytest.mark.parametrize("value", [-1, 2**32, 8589934593])
def test_numbers_that_caffes_fields_do_not_hold(value: int) -> None:
    with pytest.raises(GraphError, match=f"stride_shape has the value {value}, expected 0 to"):
        windows(f"kernel_shape {{ dim: [3, 3] }} stride_shape {{ dim: [{value}, 1] }}")


def test_a_net_of_deeplab_runs(tmp_path: Path) -> None:
    """In V1, where DeepLab wrote it; the same net as with dilation."""
    path = tmp_path / "net.prototxt"
    text = (
        'layers { name: "c" type: CONVOLUTION bottom: "x" top: "c" convolution_param '
        "{ num_output: 3 kernel_size: 3 hole: 4 } }"
    )
    path.write_text('input: "x" input_dim: 1 input_dim: 2 input_dim: 20 input_dim: 21\n' + text)
    assert Net(path, TEST).blobs["c"].shape == (1, 3, 12, 13)


@pytest.mark.parametrize(
    ("value", "layer_type"),
    [
        ("INTERP", "Interp"),
        ("ROI_POOLING", "ROIPooling"),
        ("SMOOTH_L1_LOSS", "SmoothL1Loss"),
        ("UNPOOLING", "Unpooling"),
        ("BN", "BN"),
        ("BATCH_NORM", "BatchNorm"),
        ("IMAGE_SEG_DATA", "ImageSegData"),
        ("SEG_ACCURACY", "SegAccuracy"),
        ("MAT_WRITE", "MatWrite"),
        ("DENSE_CRF", "DenseCRF"),
        ("CONVOLUTION3D", "Convolution3D"),
        ("POOLING3D", "Pooling3D"),
        ("VIDEO_DATA", "VideoData"),
        ("RELU6", "ReLU6"),
        ("MULTI_STAGE_MEANFIELD", "MultiStageMeanfield"),
    ],
)
def test_types_that_forks_added_to_the_old_form(value: str, layer_type: str) -> None:
    net = caffe_pb2.NetParameter()
    parse(f'layers {{ name: "a" type: {value} bottom: "x" top: "y" }}'.encode(), net)
    assert upgrade_net(net).layer[0].type == layer_type


POOLING = 'layer {{ name: "c" type: "Pooling" bottom: "x" top: "c" pooling_param {{ {} }} }}'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "kernel_size: [1, 2, 2] stride: [3, 2, 2]",
            "kernel_depth: 1 kernel_size: 2 temporal_stride: 3 stride: 2",
        ),
        (
            "pool: AVE kernel_size: 2 stride: 1 kernel_size: 3 stride: 2 kernel_size: 3 stride: 2",
            "pool: AVE kernel_depth: 2 kernel_size: 3 temporal_stride: 1 stride: 2",
        ),
        (
            "kernel_size: 3 stride: [1, 2, 2] pad: [0, 0, 0]",
            "kernel_depth: 3 kernel_size: 3 temporal_stride: 1 stride: 2",
        ),
        (
            "kernel_size: [4, 2, 2] stride: [2]",
            "kernel_depth: 4 kernel_size: 2 temporal_stride: 2 stride: 2",
        ),
        ("kernel_size: [3] stride: 2 pad: [1]", "kernel_size: 3 stride: 2 pad: 1"),
    ],
)
def test_a_pooling_with_values_for_each_axis(text: str, expected: str) -> None:
    net, want = caffe_pb2.NetParameter(), caffe_pb2.NetParameter()
    parse(POOLING.format(text), net)
    parse(POOLING.format(expected), want)
    (layer,) = upgrade_net(net).layer
    assert layer.type == ("Pooling3D" if "kernel_depth" in expected else "Pooling")
    assert layer.pooling_param == want.layer[0].pooling_param


def test_pooling_of_three_axes_rounds_up(tmp_path: Path) -> None:
    path = tmp_path / "net.prototxt"
    text = POOLING.format("kernel_size: [1, 2, 2] stride: [1, 2, 2]")
    path.write_text(INPUT.format("1, 2, 4, 5, 7") + text)
    with Net(path, TEST) as net:
        assert net.blobs["c"].shape == (1, 2, 4, 3, 4)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("kernel_size: [2, 3]", r"kernel_size has 2 values; .*\(kernel_h and kernel_w give rows"),
        ("kernel_size: 2 stride: 2 stride: 2", "stride has 2 values; expected one, or three"),
        ("kernel_size: [1, 2, 3]", r"kernel_size is \[1, 2, 3\]; expected one value for rows"),
        ("kernel_size: [1, 2, 2] pad: [0, 1, 1]", "takes no padding here"),
        ("kernel_size: [1, 2, 2] round_mode: FLOOR", "round_mode is given"),
    ],
)
def test_poolings_that_are_refused(text: str, message: str) -> None:
    net = caffe_pb2.NetParameter()
    parse(POOLING.format(text), net)
    with pytest.raises(GraphError, match=message):
        upgrade_net(net)
