"""What the rows of cases/ristretto.py do not show."""

from __future__ import annotations

import logging

import numpy as np
import pytest

from minicaffe import TEST, Net
from minicaffe.errors import GraphError
from minicaffe.layers.ristretto import fixed_point, minifloat, power_of_2, stochastic
from minicaffe.proto import caffe_pb2
from minicaffe.proto.text_format import parse
from tests.layers.cases.ristretto import CONVOLUTION, FIXED, PRODUCT, small
from tests.layers.harness import Case, Rig


def test_rounding_at_random_is_right_in_the_mean() -> None:
    rounding = stochastic(np.random.default_rng(0))
    found = fixed_point(np.full(20000, 0.8), 8, 1, rounding)
    assert set(found) == {0.5, 1.0}
    np.testing.assert_allclose(found.mean(), 0.8, atol=0.01)
    found = power_of_2(np.full(20000, -3.0), -4, 4, rounding)
    assert set(found) == {-2.0, -4.0}
    np.testing.assert_allclose(np.log2(-found).mean(), np.log2(3), atol=0.02)


@pytest.mark.parametrize("value", [0, 1e-40, -1e-3, 0.124, 0.125, 1.0625, 1.1875, 30, 31.5, -1e9])
def test_the_edges_of_small_floats(value: float) -> None:
    found = minifloat(np.array([value], np.float32), 3, 3, np.rint)
    assert found[0] == small(3, 3)(value)


def test_nan_stays_what_it_is() -> None:
    nan = np.array([np.nan, 1])
    assert np.isnan(fixed_point(nan, 8, 4, np.rint)[0])
    assert np.isnan(minifloat(nan, 3, 3, np.rint)[0])
    assert minifloat(np.array([np.inf]), 3, 3, np.rint) == 2.0**4 * 1.875


def test_halves_go_to_even_numbers() -> None:
    values = np.array([0.5, 1.5, 2.5, -0.5, -1.5])
    np.testing.assert_array_equal(fixed_point(values, 8, 0, np.rint), [0, 2, 2, 0, -2])


def test_zero_becomes_the_least_power() -> None:
    np.testing.assert_array_equal(power_of_2(np.zeros(1), -8, -1, np.rint), [2.0**-8])


@pytest.mark.parametrize(("kind", "text"), [("FcRistretto", PRODUCT),
                                            ("ConvolutionRistretto", CONVOLUTION)])  # fmt: skip
def test_training_rounds_parameters_only_and_learns_exact_ones(kind: str, text: str) -> None:
    """Gradients are those of the plain layer with the rounded weights."""
    case = Case(kind, text + FIXED, [(2, 3, 5, 4)], deterministic=False)
    plain = Case(kind.replace("Ristretto", "").replace("Fc", "InnerProduct"), text, [(2, 3, 5, 4)])
    rig, other = Rig(case), Rig(plain)
    kept = [blob.data.copy() for blob in rig.layer.blobs]
    rig.layer.rng = np.random.default_rng(5)
    used = rig.layer.rounded_params()  # type: ignore[attr-defined]
    for blob, values, before in zip(other.layer.blobs, used, kept, strict=True):
        assert np.isin(values * 8, np.arange(-8, 8)).all()  # four bits, three after the point
        assert np.abs(values - np.clip(before, -1, 7 / 8)).max() < 1 / 8
        blob.data[...] = values
    other.bottom[0].data[...] = rig.bottom[0].data
    np.testing.assert_allclose(rig.forward()[0], other.forward()[0], rtol=1e-12)
    other.weights = rig.weights
    rig.backward()
    other.backward()
    np.testing.assert_allclose(rig.bottom[0].diff, other.bottom[0].diff, rtol=1e-12, atol=1e-12)
    for mine, its, before in zip(rig.layer.blobs, other.layer.blobs, kept, strict=True):
        np.testing.assert_allclose(mine.diff, its.diff, rtol=1e-12, atol=1e-12)
        np.testing.assert_array_equal(mine.data, before)
    assert rig.layer.repeatable is False


REFUSED = [
    ("FcRistretto", PRODUCT + "quantization_param { bw_params: 0 }", "bw_params is 0, expected 1"),
    ("FcRistretto", PRODUCT + "quantization_param { fl_layer_in: 900 }", "fl_layer_in is 900"),
    ("FcRistretto", PRODUCT + "quantization_param { mant_bits: 24 }", "mant_bits is 24"),
    ("FcRistretto", PRODUCT + "quantization_param { exp_bits: 9 }", "exp_bits is 9"),
    ("FcRistretto", PRODUCT + "quantization_param { exp_min: 1 }", "exp_min is 1, above exp_max"),
    ("LRNRistretto", "", "only precision: MINIFLOAT"),
    ("LRNRistretto", "lrn_param { norm_region: WITHIN_CHANNEL } "
     "quantization_param { precision: MINIFLOAT }", "only ACROSS_CHANNELS"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "text", "says"), REFUSED)
def test_refused(kind: str, text: str, says: str) -> None:
    with pytest.raises(GraphError, match=says):
        Rig(Case(kind, text))


def test_nothing_is_passed_over(caplog: pytest.LogCaptureFixture) -> None:
    """Another layer's quantization_param is, with a note; here it is meant."""
    caplog.set_level(logging.INFO)
    text = (
        'layer { name: "x" type: "Input" top: "x" input_param { shape { dim: [2, 3] } } }'
        f'layer {{ name: "y" type: "FcRistretto" bottom: "x" top: "y" {PRODUCT} {FIXED} }}'
    )
    param = caffe_pb2.NetParameter()
    parse(text.encode(), param)
    Net(param, TEST)
    assert not [record for record in caplog.records if "passed over" in record.message]
