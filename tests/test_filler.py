"""Every filler: its formula or statistics, the fans, and what it refuses."""

from __future__ import annotations

import math

import numpy as np
import pytest
from google.protobuf import text_format

from minicaffe.errors import GraphError, ShapeError
from minicaffe.filler import FILLERS, fan, fill
from minicaffe.proto import caffe_pb2

LARGE = (40, 50, 6, 7)  # fan-in 2100, fan-out 1680, 84000 values


def filled(
    text: str, shape: tuple[int, ...] = LARGE, seed: int = 3, dtype: type = np.float32
) -> np.ndarray:
    """What a filler makes of an array of sevens."""
    array = np.full(shape, 7, dtype)
    fill(text_format.Parse(text, caffe_pb2.FillerParameter()), array, np.random.default_rng(seed))
    return array


def test_default_is_zero() -> None:
    assert not filled("", (2, 3)).any()


def test_constant() -> None:
    assert (filled('type: "constant" value: -1.5', (2, 3)) == -1.5).all()


def test_uniform() -> None:
    values = filled('type: "uniform" min: -1 max: 3')
    assert values.min() >= -1
    assert values.max() <= 3
    assert values.mean() == pytest.approx(1, abs=0.02)
    assert values.std() == pytest.approx(4 / math.sqrt(12), rel=0.01)


def test_uniform_of_one_value() -> None:
    assert (filled('type: "uniform" min: 2 max: 2', (3,)) == 2).all()


@pytest.mark.parametrize("value", ["inf", "-inf", "nan"])
@pytest.mark.parametrize(
    ("kind", "field"), [("uniform", "min"), ("uniform", "max"), ("gaussian", "mean"),
                        ("gaussian", "std")],
)  # fmt: skip
def test_numbers_without_end(kind: str, field: str, value: str) -> None:
    with pytest.raises(GraphError, match=f"filler '{kind}' has {field} {value}, expected a finite"):
        filled(f'type: "{kind}" {field}: {value}', (2, 3))


def test_the_largest_numbers() -> None:
    values = filled('type: "uniform" min: -3.4e38 max: 3.4e38', (40,))
    assert np.isfinite(values).all()
    assert np.abs(values).max() > 1e38
    assert not np.isnan(filled('type: "gaussian" mean: 3e38 std: 3e38', (40,))).any()
    assert (filled('type: "gaussian" mean: 2 std: -0.0', (40,)) == 2).all()
    assert (filled('type: "constant" value: inf', (4,)) == math.inf).all()


def test_gaussian() -> None:
    values = filled('type: "gaussian" mean: 2 std: 0.5')
    assert values.mean() == pytest.approx(2, abs=0.01)
    assert values.std() == pytest.approx(0.5, rel=0.01)
    within = np.mean(np.abs(values - 2) < 0.5)
    assert within == pytest.approx(0.6827, abs=0.01)


def test_gaussian_with_sparse() -> None:
    """Each input keeps 10 of its 40 outputs on average."""
    values = filled('type: "gaussian" std: 2 sparse: 10')
    kept = values[values != 0]
    assert kept.size / values.size == pytest.approx(10 / 40, abs=0.01)
    assert kept.std() == pytest.approx(2, rel=0.02)


def test_sparse_zero_keeps_nothing_and_all_keeps_everything() -> None:
    assert not filled('type: "gaussian" sparse: 0').any()
    assert filled('type: "gaussian" sparse: 40').all()


def test_positive_unitball() -> None:
    values = filled('type: "positive_unitball"', (4, 5, 6))
    assert (values >= 0).all()
    np.testing.assert_allclose(values.sum(axis=(1, 2)), 1, rtol=1e-5)
    assert np.ptp(values) > 0
    assert (filled('type: "positive_unitball"', (5,)) == 1).all()


@pytest.mark.parametrize(
    ("norm", "n"), [("FAN_IN", 2100), ("FAN_OUT", 1680), ("AVERAGE", (2100 + 1680) / 2)]
)
def test_xavier_and_msra(norm: str, n: float) -> None:
    uniform = filled(f'type: "xavier" variance_norm: {norm}')
    limit = math.sqrt(3 / n)
    assert np.abs(uniform).max() <= limit * (1 + 1e-6)
    assert np.abs(uniform).max() > 0.99 * limit
    assert uniform.std() == pytest.approx(limit / math.sqrt(3), rel=0.01)
    assert uniform.mean() == pytest.approx(0, abs=limit / 50)
    normal = filled(f'type: "msra" variance_norm: {norm}')
    assert normal.std() == pytest.approx(math.sqrt(2 / n), rel=0.01)
    assert np.abs(normal).max() > 3 * math.sqrt(2 / n)


@pytest.mark.parametrize(
    ("shape", "fan_in", "fan_out"),
    [((5, 3), 3, 5), ((5,), 1, 5), ((2, 3, 4, 5), 60, 40), ((2, 3, 4), 12, 8)],
)
def test_fans(shape: tuple[int, ...], fan_in: float, fan_out: float) -> None:
    norms = caffe_pb2.FillerParameter
    for norm, want in (
        (norms.FAN_IN, fan_in),
        (norms.FAN_OUT, fan_out),
        (norms.AVERAGE, (fan_in + fan_out) / 2),
    ):
        assert fan(norms(variance_norm=norm), shape) == want


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 6, 7])
def test_bilinear(size: int) -> None:
    """Caffe's formula, one element at a time."""
    values = filled('type: "bilinear"', (2, 3, size, size), dtype=np.float64)
    factor = math.ceil(size / 2)
    center = (size - 1) / (2 * factor)
    for o, c, y, x in np.ndindex(values.shape):
        want = (1 - abs(x / factor - center)) * (1 - abs(y / factor - center))
        assert values[o, c, y, x] == pytest.approx(want, abs=1e-12)
    np.testing.assert_allclose(values, values[..., ::-1, ::-1], atol=1e-12)


@pytest.mark.parametrize("name", sorted(FILLERS))
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_same_seed_same_values(name: str, dtype: type) -> None:
    text = f'type: "{name}" value: 2'
    first = filled(text, (3, 2, 4, 4), dtype=dtype)
    assert first.dtype == dtype
    np.testing.assert_array_equal(first, filled(text, (3, 2, 4, 4), dtype=dtype))
    assert not (first == 7).any()
    if name not in ("constant", "bilinear"):
        assert (first != filled(text, (3, 2, 4, 4), seed=4, dtype=dtype)).any()


@pytest.mark.parametrize(
    ("text", "shape", "error", "message"),
    [
        ('type: "xavir"', (2,), GraphError, "unknown filler type 'xavir'; did you mean `xavier`"),
        ('type: "uniform" min: 2 max: 1', (2,), GraphError, "min 2 above max 1"),
        ('type: "gaussian" std: -1', (2,), GraphError, "negative std -1"),
        ('type: "gaussian" sparse: -2', (2,), GraphError, "sparse -2, expected at least 0"),
        ('type: "gaussian" sparse: 3', (2, 9), ShapeError, "sparse: 3 asks for more .* outputs"),
        ('type: "gaussian" sparse: 1', (), ShapeError, "needs at least one axis"),
        ('type: "bilinear"', (2, 3, 4), ShapeError, "4 axes with a square kernel, not 2×3×4"),
        ('type: "bilinear"', (2, 3, 4, 5), ShapeError, "square kernel, not 2×3×4×5"),
        ("", (2, 0, 3), ShapeError, "shape 2×0×3 has nothing to fill"),
        *(
            (f'type: "{name}" sparse: 1', (2, 3, 4, 4), GraphError, f"'{name}' does not support sp")
            for name in sorted(set(FILLERS) - {"gaussian"})
        ),
    ],
)
def test_refused(text: str, shape: tuple[int, ...], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        filled(text, shape)
