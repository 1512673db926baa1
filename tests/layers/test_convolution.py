"""What the rows of cases/convolution.py do not show: errors, portions, changing shapes."""

from __future__ import annotations

import numpy as np
import pytest

from minicaffe.errors import ShapeError
from tests.layers import references
from tests.layers.harness import Case, Rig, assert_close

IMAGE = (2, 4, 6, 7)
OK = "num_output: 4 kernel_size: 3 "


def conv(param: str, shape: tuple[int, ...] = IMAGE, layer: str = "Convolution") -> Rig:
    return Rig(Case(layer, f"convolution_param {{ {param} }}", [shape]))


@pytest.mark.parametrize(
    ("param", "message"),
    [
        ("num_output: 4", "kernel_size is missing; give it once, or once for each of 2"),
        ("num_output: 4 kernel_size: [1, 2, 3]", "kernel_size is given 3 times"),
        ("num_output: 4 kernel_size: 0", "kernel_size is 0, expected at least 1"),
        ("num_output: 4 kernel_h: 3", "kernel_size is 3×0, expected at least 1"),
        (OK + "kernel_h: 3 kernel_w: 3", "both kernel_size and kernel_h and kernel_w are given"),
        (OK + "stride: 0", "stride is 0, expected at least 1"),
        (OK + "stride_h: 2", "stride is 2×0, expected at least 1"),
        (OK + "stride: 1 stride_h: 2 stride_w: 2", "both stride and stride_h and stride_w"),
        (OK + "stride: [1, 1, 1]", "stride is given 3 times"),
        (OK + "pad: 1 pad_w: 2", "both pad and pad_h and pad_w"),
        (OK + "pad: [1, 1, 1]", "pad is given 3 times"),
        (OK + "dilation: 0", "dilation is 0, expected at least 1"),
        (OK + "dilation: [1, 1, 1]", "dilation is given 3 times"),
        (OK + "axis: 4", "axis 4 is out of range"),
        (OK + "group: 0", "group is 0"),
        (
            "num_output: 6 kernel_size: 3 group: 3",
            "4 channels of the bottom cannot be divided into group: 3 parts",
        ),
        ("kernel_size: 3 num_output: 3 group: 2", r"3 outputs \(num_output\) cannot be divided"),
        ("kernel_size: 3", "num_output is missing or 0"),
        ("num_output: 4 kernel_size: 8", "spanning 8×8 does not fit into an image of 6×7"),
        (OK + "dilation: 4", "spanning 9×9 does not fit into an image of 6×7 padded by 0×0"),
    ],
)
def test_refused(param: str, message: str) -> None:
    with pytest.raises(ShapeError, match=message):
        conv(param)


@pytest.mark.parametrize("field", ["kernel", "stride", "pad"])
def test_h_and_w_need_two_spatial_axes(field: str) -> None:
    size = "kernel_size: 1" if field != "kernel" else ""
    with pytest.raises(ShapeError, match=f"{field}_h and {field}_w need 2 spatial axes.*has 1"):
        conv(f"num_output: 1 {size} {field}_h: 1 {field}_w: 1", (2, 3, 4))


def test_deconvolution_with_nothing_left() -> None:
    with pytest.raises(ShapeError, match="pad 9×9 leaves nothing of the output of a 6×7 bottom"):
        conv(OK + "pad: 9", layer="Deconvolution")


def test_im2col_without_spatial_axis() -> None:
    with pytest.raises(ShapeError, match="2×4 has no axis after the channel axis 1"):
        conv("kernel_size: 1", (2, 4), layer="Im2col")


@pytest.mark.parametrize("layer", ["Convolution", "Deconvolution", "Im2col"])
def test_number_of_axes_may_not_change(layer: str) -> None:
    rig = conv(OK, layer=layer)
    rig.bottom[0].reshape(2, 4, 6)
    with pytest.raises(ShapeError, match="2×4×6 has 3 axes, expected 4"):
        rig.forward()


def test_channels_may_not_change() -> None:
    rig = conv(OK)
    rig.bottom[0].reshape(2, 3, 6, 7)
    with pytest.raises(
        ShapeError, match="has 3 channels on axis 1, but the weights were made for 4"
    ):
        rig.forward()


def test_bottoms_of_different_shapes() -> None:
    case = Case("Convolution", f"convolution_param {{ {OK} }}", [IMAGE, (2, 4, 5, 7)], tops=2)
    with pytest.raises(ShapeError, match="bottom 1 has shape 2×4×5×7, bottom 0 2×4×6×7"):
        Rig(case)


def test_shapes_that_change_between_forward_and_backward_of_others() -> None:
    """One layer object, other sizes in between: nothing of them is left."""
    rig = conv(OK + 'pad: 2 weight_filler { type: "gaussian" }')
    weights = rig.layer.blobs[0].data
    rng = np.random.default_rng(3)
    for shape in [(3, 4, 9, 8), (1, 4, 2, 3), (3, 4, 9, 8), (2, 4, 3, 2)]:
        rig.bottom[0].reshape(*shape)
        rig.bottom[0].data[...] = rng.normal(size=shape)
        want = references.convolution(
            rig.bottom[0].data, weights, rig.layer.blobs[1].data,
            stride=(1, 1), pad=(2, 2), dilation=(1, 1),
        )  # fmt: skip
        assert_close(rig.forward()[0], want, 1e-10, f"top for {shape}")


def test_an_empty_batch() -> None:
    rig = conv(OK)
    rig.bottom[0].reshape(0, 4, 6, 7)
    assert rig.forward()[0].shape == (0, 4, 4, 5)
    rig.weights = [np.zeros((0, 4, 4, 5))]
    rig.backward()
    assert not rig.layer.blobs[0].diff.any()


def test_gradient_of_the_bottom_only_where_wanted() -> None:
    rig = conv(OK)
    rig.forward()
    rig.top[0].diff[...] = 1
    rig.bottom[0].diff[...] = 7
    rig.layer.backward(rig.top, [False], rig.bottom)
    assert (rig.bottom[0].diff == 7).all()
    assert rig.layer.blobs[1].diff.all()


@pytest.mark.parametrize("layer", ["Convolution", "Deconvolution", "Im2col"])
def test_nothing_wanted_nothing_done(layer: str) -> None:
    rig = conv(OK, layer=layer)
    rig.forward()
    rig.layer.param_propagate_down = [False, False]
    rig.top[0].diff[...] = 1
    rig.layer.backward(rig.top, [False], rig.bottom)
    assert not rig.bottom[0].diff.any()
    assert not any(blob.diff.any() for blob in rig.layer.blobs)


def test_geometry_is_there_for_engines() -> None:
    layer = conv("num_output: 4 kernel_size: [3, 2] dilation: [2, 1] pad: 1 group: 2").layer
    assert layer.geometry.kernel == (3, 2)
    assert layer.geometry.extent == (5, 2)
    assert (layer.geometry.stride, layer.geometry.pad) == ((1, 1), (1, 1))
    assert (layer.size, layer.output_size) == ((6, 7), (4, 8))
    assert (layer.channels, layer.num_output, layer.group, layer.bias_term) == (4, 4, 2, True)
