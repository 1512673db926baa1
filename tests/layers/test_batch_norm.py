"""BatchNorm beyond the generic test: stored statistics, param blocks, refusals, accuracy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from google.protobuf import text_format

from minicaffe.blob import Blob
from minicaffe.errors import GraphError, ShapeError
from minicaffe.layers.normalization.batch_norm import BatchNorm
from minicaffe.proto import caffe_pb2
from tests.layers.harness import Case, Rig, normal, set_up


def make(
    text: str = "", shape: tuple[int, ...] = (2, 3, 4, 5), phase: int = 0, dtype: Any = np.float64
) -> tuple[BatchNorm, Blob, Blob]:
    """A layer that is set up, with its bottom and top."""
    param = caffe_pb2.LayerParameter(name="bn", type="BatchNorm")
    text_format.Merge(text, param)
    layer = BatchNorm(param, phase, dtype=dtype)
    bottom, top = Blob(shape, dtype), Blob((), dtype)
    bottom.data[...] = normal(np.random.default_rng(3), shape)
    set_up(layer, [bottom], [top])
    layer.reshape([bottom], [top])
    return layer, bottom, top


def test_the_blobs_hold_decaying_sums() -> None:
    layer, bottom, top = make("batch_norm_param { moving_average_fraction: 0.75 }")
    mean, variance, weight = np.zeros(3), np.zeros(3), 0.0
    for seed in range(4):
        bottom.data[...] = np.random.default_rng(seed).normal(size=bottom.shape)
        layer.forward([bottom], [top])
        mean = 0.75 * mean + bottom.data.mean(axis=(0, 2, 3))
        variance = 0.75 * variance + bottom.data.var(axis=(0, 2, 3), ddof=1)
        weight = 0.75 * weight + 1
    np.testing.assert_allclose(layer.blobs[0].data, mean)
    np.testing.assert_allclose(layer.blobs[1].data, variance)
    np.testing.assert_allclose(layer.blobs[2].data, [weight])
    stored = layer.stored_statistics()
    np.testing.assert_allclose(stored[0], mean / weight)
    np.testing.assert_allclose(stored[1], variance / weight)


def test_one_value_a_channel_gives_zero_and_no_gradient() -> None:
    layer, bottom, top = make(shape=(1, 3))
    layer.forward([bottom], [top])
    np.testing.assert_array_equal(top.data, 0)
    np.testing.assert_array_equal(layer.blobs[0].data, bottom.data[0])
    np.testing.assert_array_equal(layer.blobs[1].data, 0)  # not 0 · 1/0
    top.diff[...] = 5
    layer.backward([top], [True], [bottom])
    np.testing.assert_array_equal(bottom.diff, 0)


def test_a_stored_weight_of_zero_means_mean_and_variance_zero() -> None:
    layer, bottom, top = make("batch_norm_param { use_global_stats: true eps: 0.25 }")
    layer.blobs[0].data[...] = 7
    layer.blobs[1].data[...] = 7
    layer.forward([bottom], [top])
    np.testing.assert_allclose(top.data, 2 * bottom.data)


@pytest.mark.parametrize("phase", [caffe_pb2.TRAIN, caffe_pb2.TEST])
def test_a_warning_where_a_training_uses_statistics_that_are_not_there(
    phase: int, caplog: pytest.LogCaptureFixture
) -> None:
    layer, bottom, top = make("batch_norm_param { use_global_stats: true }", phase=phase)
    for _ in range(2):
        layer.forward([bottom], [top])
    warnings = [record.message for record in caplog.records]
    assert len(warnings) == (phase == caffe_pb2.TRAIN)
    assert all(
        "'bn' (BatchNorm)" in problem and "multiplied by 316.2" in problem for problem in warnings
    )


@pytest.mark.parametrize(
    ("setting", "phase", "stored"),
    [
        ("", "TRAIN", False),
        ("", "TEST", True),
        ("use_global_stats: false", "TRAIN", False),
        ("use_global_stats: false", "TEST", False),
        ("use_global_stats: true", "TRAIN", True),
        ("use_global_stats: true", "TEST", True),
    ],
)
def test_who_uses_and_who_updates_the_stored_statistics(
    setting: str, phase: str, stored: bool
) -> None:
    layer, bottom, top = make(
        f"batch_norm_param {{ {setting} }}", phase=caffe_pb2.Phase.Value(phase)
    )
    layer.forward([bottom], [top])
    assert layer.use_global_stats == stored
    assert layer.blobs[2].data[0] == (0 if stored else 1)
    assert layer.blobs[0].data.any() != stored


def test_eps_zero_divides_by_zero_in_silence() -> None:
    layer, bottom, top = make("batch_norm_param { use_global_stats: true eps: 0 }")
    layer.forward([bottom], [top])
    assert np.isinf(top.data).all()


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_param_blocks_are_completed_with_lr_mult_zero(count: int) -> None:
    layer, _, _ = make("param { lr_mult: 0 decay_mult: 3 }" * count)
    specs = layer.param.param
    assert [spec.lr_mult for spec in specs] == [0, 0, 0]
    assert [spec.decay_mult for spec in specs] == [3] * count + [1] * (3 - count)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("param { lr_mult: 1 }", "param block 1 has lr_mult: 1, expected 0"),
        ("param { lr_mult: 0 } param { lr_mult: 0.5 }", "block 2 has lr_mult: 0.5, expected 0"),
        ("param { decay_mult: 0 }", "param block 1 has no lr_mult, which means lr_mult: 1"),
        ("param { lr_mult: 0 } param { lr_mult: 0 } param { lr_mult: 2 }", "the weight sum"),
    ],
)
def test_learned_statistics_are_refused_and_the_message_teaches(text: str, says: str) -> None:
    with pytest.raises(GraphError) as caught:
        make(text)
    assert says in str(caught.value)
    assert "a Scale layer with bias_term: true" in str(caught.value)


def test_more_than_three_param_blocks_are_refused() -> None:
    with pytest.raises(GraphError, match="4 param blocks, but BatchNorm has three blobs"):
        make("param { lr_mult: 0 }" * 4)


@pytest.mark.parametrize(("shape", "says"), [((), "shape scalar"), ((4,), "shape 4; at least two")])
def test_fewer_than_two_axes_are_refused(shape: tuple[int, ...], says: str) -> None:
    with pytest.raises(ShapeError, match=says):
        make(shape=shape)


def test_another_number_of_channels_is_refused() -> None:
    layer, bottom, top = make()
    bottom.reshape(2, 4, 5)
    with pytest.raises(ShapeError, match=r"4 channels .* made for 3"):
        layer.reshape([bottom], [top])
    bottom.reshape(2)
    with pytest.raises(ShapeError, match="at least two axes"):
        layer.reshape([bottom], [top])


def test_an_empty_batch_passes_only_with_stored_statistics() -> None:
    with pytest.raises(ShapeError, match="0×3×4 has no values to take statistics of"):
        make(shape=(0, 3, 4))
    layer, bottom, top = make("batch_norm_param { use_global_stats: true }", shape=(0, 3, 4))
    layer.forward([bottom], [top])
    layer.backward([top], [True], [bottom])
    assert top.shape == (0, 3, 4)


def test_values_far_from_zero_keep_their_variance() -> None:
    """With E(x²) - mean² in float32 nothing would be left of a spread of 1 around 3000."""
    layer, bottom, top = make(shape=(8, 2, 50, 90), dtype=np.float32)
    values = np.random.default_rng(0).normal(3000, 1, bottom.shape)
    bottom.data[...] = values
    layer.forward([bottom], [top])
    exact = bottom.data.astype(float)
    centred = exact - exact.mean(axis=(0, 2, 3), keepdims=True)
    want = centred / np.sqrt(exact.var(axis=(0, 2, 3), keepdims=True) + 1e-5)
    assert np.abs(top.data - want).max() < 2e-3


def test_unwanted_gradients_are_not_written() -> None:
    layer, bottom, top = make()
    layer.forward([bottom], [top])
    top.diff[...] = 1
    bottom.diff[...] = 3
    layer.backward([top], [False], [bottom])
    np.testing.assert_array_equal(bottom.diff, 3)


def test_backward_in_place_can_be_repeated() -> None:
    """What forward kept is still there: saliency maps run backward several times."""
    rig = Rig(Case("BatchNorm", in_place=True), in_place=True)
    rig.forward()
    rig.backward()
    first = rig.bottom[0].diff.copy()
    rig.backward()
    np.testing.assert_array_equal(rig.bottom[0].diff, first)


def test_a_later_layer_may_overwrite_the_top() -> None:
    layer, bottom, top = make()
    layer.forward([bottom], [top])
    top.diff[...] = weight = np.random.default_rng(1).normal(size=top.shape)
    layer.backward([top], [True], [bottom])
    want = bottom.diff.copy()
    top.data[...] = 0  # an in-place layer
    bottom.data[...] = 0
    top.diff[...] = weight
    layer.backward([top], [True], [bottom])
    np.testing.assert_array_equal(bottom.diff, want)
