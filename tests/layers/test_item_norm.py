"""LayerNorm, InstanceNorm, GroupNorm: how they relate to each other and to MVN; refusals."""

from __future__ import annotations

import numpy as np
import pytest

from minicaffe.errors import ShapeError
from tests.layers.harness import Case, Rig

SHAPE = (2, 6, 4, 5)


def results(kind: str, text: str, shape: tuple[int, ...] = SHAPE) -> list[np.ndarray]:
    """The top and the bottom's gradient for the harness' fixed values."""
    rig = Rig(Case(kind, text, bottoms=[shape]))
    rig.bottom[0].data[...] = 3 + 2 * rig.bottom[0].data
    y = rig.forward()[0]
    rig.weights = [np.cos(np.arange(y.size)).reshape(rig.bottom[0].shape)]
    rig.top[0].reshape(*rig.bottom[0].shape)  # MVN makes four axes of fewer
    rig.backward()
    return [y, rig.bottom[0].diff.copy()]


EQUAL = [
    ("instance_norm_param { affine: false eps: 0 }", "mvn_param { eps: 0 }"),
    (
        "layer_norm_param { affine: false eps: 0 }",
        "mvn_param { across_channels: true eps: 0 }",
    ),
    (
        "group_norm_param { affine: false num_groups: 1 eps: 0.5 }",
        "layer_norm_param { affine: false eps: 0.5 }",
    ),
    (
        "group_norm_param { affine: false num_groups: 6 }",
        "instance_norm_param { affine: false }",
    ),
    (
        "layer_norm_param { affine: false axis: 2 }",
        "instance_norm_param { affine: false }",
    ),
    ("layer_norm_param { affine: false axis: -2 }", "layer_norm_param { affine: false axis: 2 }"),
]
TYPES = {
    "instance_norm_param": "InstanceNorm",
    "layer_norm_param": "LayerNorm",
    "group_norm_param": "GroupNorm",
    "mvn_param": "MVN",
}


@pytest.mark.parametrize(("name", "other"), EQUAL)
def test_the_same_by_another_name(name: str, other: str) -> None:
    got, want = (results(TYPES[text.split()[0]], text) for text in (name, other))
    for mine, theirs in zip(got, want, strict=True):
        np.testing.assert_allclose(mine, theirs, atol=1e-12)


def test_mvn_adds_eps_to_the_deviation_and_these_to_the_variance() -> None:
    mvn, _ = results("MVN", "mvn_param { eps: 0.5 }")
    plain, _ = results("MVN", "mvn_param { eps: 0 }")
    ours, _ = results("InstanceNorm", "instance_norm_param { affine: false eps: 0.5 }")
    x = 3 + 2 * Rig(Case("MVN", bottoms=[SHAPE])).bottom[0].data
    std = x.std(axis=(2, 3), keepdims=True)
    np.testing.assert_allclose(mvn, plain * std / (std + 0.5), atol=1e-12)
    np.testing.assert_allclose(ours, plain * std / np.sqrt(std**2 + 0.5), atol=1e-12)


def test_groups_of_neighbours_are_items_of_their_own() -> None:
    text = "group_norm_param { affine: false num_groups: 3 }"
    rig = Rig(Case("GroupNorm", text, bottoms=[SHAPE]))
    twin = Rig(Case("LayerNorm", "layer_norm_param { affine: false }", bottoms=[(6, 2, 4, 5)]))
    twin.bottom[0].data[...] = rig.bottom[0].data.reshape(6, 2, 4, 5)
    np.testing.assert_allclose(rig.forward()[0].reshape(6, 2, 4, 5), twin.forward()[0])


def test_an_empty_batch_passes() -> None:
    rig = Rig(Case("GroupNorm", "group_norm_param { num_groups: 2 }", bottoms=[(2, 4, 3)]))
    rig.bottom[0].reshape(0, 4, 3)
    assert rig.forward()[0].shape == (0, 4, 3)
    rig.weights = [np.zeros((0, 4, 3))]
    rig.backward()


@pytest.mark.parametrize(
    ("kind", "text", "shape", "says"),
    [
        ("GroupNorm", "", (2, 6, 4), r"6 channels .* into num_groups: 32"),
        (
            "GroupNorm",
            "group_norm_param { num_groups: 0 }",
            (2, 6),
            "num_groups is 0, expected at least 1",
        ),
        ("GroupNorm", "", (6,), "at least two axes"),
        ("InstanceNorm", "", (6,), "at least two axes"),
        ("LayerNorm", "", (6,), r"axis 1 asked for, .* 1 axes"),
        ("LayerNorm", "layer_norm_param { axis: -4 }", (2, 3, 4), "axis -4"),
    ],
)
def test_shapes_that_do_not_fit(kind: str, text: str, shape: tuple[int, ...], says: str) -> None:
    with pytest.raises(ShapeError, match=says):
        Rig(Case(kind, text, bottoms=[shape]))


@pytest.mark.parametrize("kind", ["LayerNorm", "InstanceNorm"])
def test_another_number_of_channels_is_refused(kind: str) -> None:
    rig = Rig(Case(kind, bottoms=[(2, 3, 4)]))
    rig.bottom[0].reshape(2, 5, 4)
    with pytest.raises(ShapeError, match="were made for 3"):
        rig.forward()
