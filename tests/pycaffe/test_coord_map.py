"""Coordinates of one feature map in another."""

from __future__ import annotations

import numpy as np
import pytest

from minicaffe import NetSpec, to_proto
from minicaffe import layers as L
from minicaffe import params as P
from minicaffe.coord_map import (
    AxisMismatchException,
    CropException,
    UnconnectedException,
    UndefinedMapException,
    compose,
    coord_map,
    coord_map_from_to,
    crop,
    inverse,
)
from minicaffe.errors import GraphError


def spec(kernel=3, stride=1, pad=0, pool=2, up=2, up_pad=0) -> NetSpec:
    """Convolution, pooling, and a deconvolution that enlarges again."""
    n = NetSpec()
    n.data = L.Input(shape=dict(dim=[2, 1, 100, 90]))
    n.conv = L.Convolution(n.data, num_output=3, kernel_size=kernel, stride=stride, pad=pad)
    n.pool = L.Pooling(n.conv, pool=P.Pooling.MAX, kernel_size=pool, stride=pool)
    n.up = L.Deconvolution(
        n.pool, convolution_param=dict(num_output=3, kernel_size=2 * up, stride=up, pad=up_pad)
    )
    return n


def floats(mapped):
    axis, scale, shift = mapped
    return axis, np.ravel(scale).tolist(), np.ravel(shift).tolist()


def test_a_convolution():
    # output pixel 0 of kernel 5, stride 2, pad 1 is centred on input pixel 1
    n = spec(kernel=5, stride=2, pad=1)
    assert floats(coord_map(n.conv.fn)) == (1, [0.5], [-0.5])
    assert floats(coord_map_from_to(n.data, n.conv)) == (1, [0.5], [-0.5])
    assert floats(coord_map_from_to(n.conv, n.data)) == (1, [2.0], [1.0])
    dilated = L.Convolution(n.data, kernel_size=3, dilation=[1, 4])
    assert floats(coord_map(dilated.fn)) == (1, [1.0], [-1.0, -4.0])


@pytest.mark.parametrize(
    ("settings", "shift"),
    [
        ({}, 0),
        ({"pool": 4, "up": 4}, -1),
        ({"pad": 7}, -7),
        ({"up_pad": 7}, 7),
        ({"pad": 7, "up_pad": 7}, 0),
    ],
)
def test_down_and_up_again(settings, shift):
    n = spec(**settings)
    assert floats(coord_map_from_to(n.up, n.data)) == (1, [1.0], [shift])
    assert floats(coord_map_from_to(n.data, n.up)) == (1, [1.0], [-shift])


def test_pointwise_layers_change_nothing():
    n = spec(pool=4, up=4)
    n.relu = L.ReLU(n.up)
    n.one = L.Convolution(n.relu, num_output=2, kernel_size=1)
    assert floats(coord_map_from_to(n.one, n.data)) == (1, [1.0], [-1.0])
    assert coord_map(n.relu.fn) == (None, 1, 0)


def test_axes_with_measures_of_their_own():
    n = spec(kernel=[3, 5], stride=[1, 2], pad=[0, 10])
    axis, scale, shift = floats(coord_map_from_to(n.up, n.data))
    for index, same in enumerate((spec(), spec(kernel=5, stride=2, pad=10))):
        alone = floats(coord_map_from_to(same.up, same.data))
        assert alone == (axis, [scale[index]], [shift[index]])


def test_crop_of_a_crop():
    n = spec()
    n.crop = L.Crop(n.up, n.data, axis=2, offset=4)
    assert floats(coord_map_from_to(n.crop, n.data)) == (1, [1.0], [4.0])
    # the second bottom only lends its size
    other = L.Crop(n.up, L.Input(shape=dict(dim=[1])), crop_param=dict(offset=[3]))
    assert floats(coord_map_from_to(other, n.data)) == (1, [1.0], [3.0])


def test_crop_makes_the_layer():
    n = spec(pool=4, up=4)
    layer = to_proto(crop(n.up, n.data)).layer[-1]
    assert layer.type == "Crop"
    assert (layer.crop_param.axis, list(layer.crop_param.offset)) == (2, [1])
    same = to_proto(crop(L.ReLU(n.up), n.up)).layer[-1]
    assert (same.crop_param.axis, list(same.crop_param.offset)) == (2, [0])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"pool": 3, "up": 2}, "scale mismatch"),
        ({"up_pad": 10}, "negative offset"),
        ({"kernel": 2}, "noninteger offset"),
    ],
)
def test_crops_that_cannot_be(settings, message):
    n = spec(**settings)
    with pytest.raises(CropException, match=message):
        crop(n.up, n.data)
    with pytest.raises(AssertionError):  # what pycaffe raises
        crop(n.up, n.data)


def test_branches_that_meet_again():
    """Twelve splits in a row: 4096 paths, each top is visited once."""
    n = spec()
    top = n.conv
    for _ in range(12):
        top = L.Eltwise(L.ReLU(top), L.TanH(top))
    assert floats(coord_map_from_to(top, n.data)) == (1, [1.0], [1.0])


def test_tops_without_a_common_origin():
    n = spec()
    flat = L.InnerProduct(n.up, num_output=2)
    for other in (flat, L.Input(shape=dict(dim=[1]))):
        with pytest.raises(UnconnectedException, match="not connected"):
            coord_map_from_to(other, n.data)
    assert issubclass(UnconnectedException, RuntimeError)


def test_what_cannot_be_mapped():
    n = spec()
    with pytest.raises(UndefinedMapException, match="InnerProduct layers have no"):
        coord_map(L.InnerProduct(n.data).fn)
    with pytest.raises(GraphError, match="Convolution with kernel_h, kernel_w"):
        coord_map(L.Convolution(n.data, kernel_h=3, kernel_w=5).fn)
    with pytest.raises(GraphError, match="without kernel_size"):
        coord_map(L.Pooling(n.data, global_pooling=True).fn)
    with pytest.raises(AxisMismatchException, match="axis 1 and axis 2"):
        compose((1, 1, 0), (2, 1, 0))


def test_compose_and_inverse():
    mapped = (1, np.array([2.0, 4.0]), np.array([3.0, -1.0]))
    assert floats(compose(mapped, inverse(mapped))) == (1, [1.0, 1.0], [0.0, 0.0])
    assert floats(compose((None, 1, 0), mapped)) == floats(mapped)
    assert floats(compose((None, 2, 1), mapped)) == (1, [4.0, 8.0], [7.0, -1.0])
