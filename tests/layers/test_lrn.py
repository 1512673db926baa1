"""Errors and special rules of LRN."""

from __future__ import annotations

import numpy as np
import pytest

from minicaffe.engines.numpy.kernels import kernel_of
from minicaffe.errors import ShapeError
from tests.layers.harness import Case, Rig


def case(param: str = "", shape: tuple[int, ...] = (3, 4, 2, 5)) -> Case:
    return Case("LRN", f"lrn_param {{ {param} }}", [shape])


def rig(param: str = "", shape: tuple[int, ...] = (3, 4, 2, 5)) -> Rig:
    return Rig(case(param, shape))


def test_even_size() -> None:
    with pytest.raises(ShapeError, match="local_size is 4, expected an odd number"):
        rig("local_size: 4")


def test_needs_four_axes() -> None:
    with pytest.raises(ShapeError, match="shape 2×3×4, expected 4 axes"):
        rig(shape=(2, 3, 4))


@pytest.mark.parametrize("region", ["ACROSS_CHANNELS", "WITHIN_CHANNEL"])
def test_portions_agree(region: str) -> None:
    """Images of which the kernel takes two at a time, then one."""
    large = case(f"norm_region: {region}", (3, 4, 150, 170))
    whole = Rig(large)
    whole.forward()
    whole.backward()
    parts = Rig(large, kernel_of=kernel_of)
    np.testing.assert_array_equal(parts.forward()[0], whole.top[0].data)
    parts.backward()
    np.testing.assert_array_equal(parts.bottom[0].diff, whole.bottom[0].diff)


def test_gradient_survives_a_top_changed_in_place() -> None:
    one = rig()
    one.forward()
    one.backward()
    want = one.bottom[0].diff.copy()
    one.top[0].data[...] = 0
    one.backward()
    np.testing.assert_array_equal(one.bottom[0].diff, want)


def test_no_gradient_unless_wanted() -> None:
    one = rig()
    one.forward()
    one.top[0].diff[...] = 1
    one.layer.backward(one.top, [False], one.bottom)
    assert not one.bottom[0].diff.any()


@pytest.mark.parametrize("region", ["ACROSS_CHANNELS", "WITHIN_CHANNEL"])
def test_in_place_gives_the_same_values(region: str) -> None:
    apart = rig(f"norm_region: {region}").forward()[0]
    same = Rig(Case("LRN", f"lrn_param {{ norm_region: {region} }}", [(3, 4, 2, 5)]), in_place=True)
    np.testing.assert_array_equal(same.forward()[0], apart)
    assert not same.layer.right_in_place()
