"""Layers whose tops are their bottoms' memory, layers that pick, and layers that fill once."""

from __future__ import annotations

import numpy as np
import pytest

from minicaffe.errors import DataError
from tests.layers.harness import Case, Rig, normal

SAME_MEMORY = ["Flatten", "Reshape", "Concat", "Slice"]
TO_ROWS = "reshape_param { shape { dim: 0 dim: -1 } }"


@pytest.mark.parametrize("layer", SAME_MEMORY)
def test_top_is_the_bottoms_memory(layer: str) -> None:
    rig = Rig(Case(layer, TO_ROWS))
    rig.forward()
    bottom, top = rig.bottom[0], rig.top[0]
    assert np.shares_memory(bottom.data, top.data)
    assert np.shares_memory(bottom.diff, top.diff)


@pytest.mark.parametrize("layer", [*SAME_MEMORY, "Split"])
def test_sharing_survives_that_the_bottom_takes_new_memory(layer: str) -> None:
    rig = Rig(Case(layer, TO_ROWS))
    rig.forward()
    rig.bottom[0].reshape(9, 3, 4, 5)  # new memory …
    rig.bottom[0].reshape(2, 3, 4, 5)  # … and the shape that the layer knows
    rig.bottom[0].data[...] = 7
    rig.layer.forward(rig.bottom, rig.top)
    assert (rig.top[0].data == 7).all()


def test_split_shares_data_but_not_diffs() -> None:
    rig = Rig(Case("Split", tops=2))
    rig.forward()
    assert np.shares_memory(rig.bottom[0].data, rig.top[0].data)
    assert np.shares_memory(rig.bottom[0].data, rig.top[1].data)
    assert not np.shares_memory(rig.top[0].diff, rig.top[1].diff)
    assert not np.shares_memory(rig.bottom[0].diff, rig.top[0].diff)


@pytest.mark.parametrize("written", [0, 1, 2])
def test_split_counts_unwritten_diffs_as_zero(written: int) -> None:
    rig = Rig(Case("Split", tops=3))
    rig.forward()
    rig.bottom[0].diff[...] = 9
    for top in rig.top[:written]:
        top.diff[...] = 5
    rig.layer.backward(rig.top, [True], rig.bottom)
    assert (rig.bottom[0].diff == 5 * written).all()


@pytest.mark.parametrize(
    ("layer", "tops"), [("Split", 2), ("Slice", 3), ("Tile", 1), ("Reduction", 1), ("Softmax", 1)]
)
def test_unwanted_gradient_is_not_computed(layer: str, tops: int) -> None:
    rig = Rig(Case(layer, "tile_param { tiles: 2 }", tops=tops))
    rig.forward()
    rig.bottom[0].diff[...] = 9
    rig.layer.backward(rig.top, [False], rig.bottom)
    assert (rig.bottom[0].diff == 9).all()


@pytest.mark.parametrize(
    ("layer", "tops", "shapes"),
    [
        ("Eltwise", 1, [(2, 3)] * 2),
        ("Concat", 1, [(2, 3)] * 2),
        ("Silence", 0, [(2, 3)] * 2),
        ("EuclideanLoss", 1, [(2, 3)] * 2),
    ],
)
def test_only_wanted_gradients_are_computed(layer: str, tops: int, shapes: list) -> None:
    rig = Rig(Case(layer, bottoms=shapes, tops=tops))
    rig.forward()
    for blob in rig.bottom:
        blob.diff[...] = 99
    for blob in rig.top:
        blob.diff[...] = 1
    rig.layer.backward(rig.top, [False, True], rig.bottom)
    assert (rig.bottom[0].diff == 99).all()
    assert not (rig.bottom[1].diff == 99).any()


def test_maximum_of_equal_values_belongs_to_bottom_1() -> None:
    param = "eltwise_param { operation: MAX }"
    rig = Rig(Case("Eltwise", param, [(2,)] * 3, values=lambda rng, shape: np.ones(shape)))
    rig.forward()
    rig.top[0].diff[...] = 1
    rig.layer.backward(rig.top, [True] * 3, rig.bottom)
    assert [blob.diff.tolist() for blob in rig.bottom] == [[0, 0], [1, 1], [0, 0]]


def test_unstable_product_gradient_is_nan_at_zero() -> None:
    param = "eltwise_param { operation: PROD stable_prod_grad: false }"
    rig = Rig(Case("Eltwise", param, [(2,)] * 2, values=lambda rng, shape: np.array([0.0, 2.0])))
    rig.forward()
    rig.top[0].diff[...] = 1
    rig.layer.backward(rig.top, [True] * 2, rig.bottom)
    assert np.isnan(rig.bottom[0].diff).tolist() == [True, False]


def test_reduction_of_nothing() -> None:
    for operation, want in [("SUM", 0), ("SUMSQ", 0), ("MEAN", np.nan)]:
        param = f"reduction_param {{ operation: {operation} axis: 1 }}"
        rig = Rig(Case("Reduction", param, [(2, 0)]))
        np.testing.assert_array_equal(rig.forward()[0], [want, want])


def test_filter_passes_all_items_at_first_and_later_the_chosen() -> None:
    rig = Rig(Case("Filter", bottoms=[(4, 3), (4,)], gradients=[True, False]))
    layer, bottom, top = rig.layer, rig.bottom, rig.top
    layer.setup(bottom, top)
    bottom[1].data[...] = 0
    layer.reshape(bottom, top)
    assert top[0].shape == (4, 3)
    rig.forward()
    assert top[0].shape == (0, 3)
    bottom[0].diff[...] = 9
    layer.backward(top, [True, False], bottom)
    assert not bottom[0].diff.any()
    bottom[1].data[2] = -0.5
    assert rig.forward()[0].tolist() == bottom[0].data[2:3].tolist()


@pytest.mark.parametrize("number", [4, -1, np.nan])
def test_batch_reindex_refuses_items_that_are_not_there(number: float) -> None:
    values = [normal, lambda rng, shape: np.array([1, number, 2.0])]
    with pytest.raises(DataError, match=r"item number .* at index 1 is out of range; 0 to 3"):
        Rig(Case("BatchReindex", bottoms=[(4, 2), (3,)], values=values)).forward()


def test_batch_reindex_of_nothing() -> None:
    rig = Rig(Case("BatchReindex", bottoms=[(4, 2), (0,)], gradients=[True, False]))
    rig.bottom[0].diff[...] = 9
    assert rig.forward()[0].shape == (0, 2)
    rig.backward()
    assert not rig.bottom[0].diff.any()


def test_embed_refuses_numbers_beyond_its_table() -> None:
    param = "embed_param { num_output: 2 input_dim: 3 }"
    with pytest.raises(DataError, match="number 3 at index 1 is out of range; 0 to 2"):
        Rig(Case("Embed", param, [(2,)], values=lambda rng, shape: np.array([0.0, 3]))).forward()


def test_input_without_a_shape_is_empty_and_keeps_what_the_user_gives() -> None:
    rig = Rig(Case("Input", "", []))
    assert rig.top[0].shape == ()  # as the rig made it
    rig.top[0].reshape(2, 3)
    rig.top[0].data[...] = 5
    assert (rig.forward()[0] == np.full((2, 3), 5)).all()
    rig.layer.backward(rig.top, [], [])


def test_constant_dummy_data_is_filled_once_and_random_data_always() -> None:
    fillers = 'data_filler { value: 4 } data_filler { type: "gaussian" }'
    rig = Rig(Case("DummyData", f"dummy_data_param {{ shape {{ dim: 3 }} {fillers} }}", [], tops=2))
    constant, first = rig.forward()
    assert (constant == 4).all()
    rig.top[0].data[...] = 6
    constant, second = rig.forward()
    assert (constant == 6).all()
    assert (first != second).all()


def test_parameter_is_its_top() -> None:
    rig = Rig(Case("Parameter", "parameter_param { shape { dim: 2 dim: 3 } }", []))
    rig.forward()
    assert np.shares_memory(rig.top[0].data, rig.layer.blobs[0].data)
