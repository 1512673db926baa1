"""Errors and special rules of InnerProduct."""

from __future__ import annotations

import numpy as np
import pytest

from minicaffe.engines.numpy.kernels import kernel_of
from minicaffe.errors import ShapeError
from tests.layers.harness import Case, Rig


def ip(param: str, shape: tuple[int, ...] = (3, 4, 2)) -> Rig:
    return Rig(Case("InnerProduct", f"inner_product_param {{ {param} }}", [shape]))


@pytest.mark.parametrize(
    ("param", "message"),
    [("", "num_output is missing or 0"), ("num_output: 2 axis: 3", "axis 3 is out of range")],
)
def test_refused(param: str, message: str) -> None:
    with pytest.raises(ShapeError, match=message):
        ip(param)


def test_length_may_not_change() -> None:
    rig = ip("num_output: 5")
    rig.bottom[0].reshape(3, 4, 3)
    with pytest.raises(ShapeError, match=r"has 12 elements from axis 1 on, .* made for 8"):
        rig.forward()


def test_batch_may_change_and_be_empty() -> None:
    rig = ip("num_output: 5")
    for batch in (7, 0, 3):
        rig.bottom[0].reshape(batch, 4, 2)
        assert rig.forward()[0].shape == (batch, 5)


@pytest.mark.parametrize("transpose", ["false", "true"])
def test_gradient_in_portions(transpose: str) -> None:
    """Weights of more than a million elements, whose gradient the kernel adds in two portions.

    With one item each of them is one product, so that no rounding tells the portions apart.
    """
    rig = ip(f"num_output: 5 transpose: {transpose}", (1, 64, 4096))
    rig.forward()
    rig.backward()
    whole = rig.layer.blobs[0].diff.copy()
    assert whole.all()
    rig.layer.blobs[0].diff[...] = 0
    rig.kernel = kernel_of(rig.layer)
    rig.backward()
    np.testing.assert_array_equal(rig.layer.blobs[0].diff, whole)
