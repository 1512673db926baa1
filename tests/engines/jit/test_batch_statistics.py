"""Statistics of a batch, and what their gradients need, by kernels: against float64."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("llvmlite", reason="llvmlite, which compiles kernels, is absent")

from minicaffe.engines.jit.batch_statistics import BatchStatistics
from minicaffe.engines.jit.target import Target, usable_targets
from minicaffe.engines.jit.team import Team
from minicaffe.layers.sums import near
from minicaffe.threads import set_threads

#: (items, blocks, rows, lanes), and the channels that are no filling.
SHAPES = [
    ((2, 3, 10, 16), 43),
    ((1, 1, 70, 21), 21),
    ((1, 1, 1500, 48), 48),
    ((3, 2, 2100, 16), 32),
    ((4, 5, 77, 1), 5),
    ((2, 19, 1, 1), 19),
    ((1, 2, 33_000, 1), 2),
]
EPS = 1e-5


@pytest.fixture(params=usable_targets(), ids=lambda target: target.name)
def team(request: pytest.FixtureRequest) -> Team:
    target: Target = request.param
    return Team(target)


class Example:
    """An array with zeros where channels fill up a block, and what is learned."""

    def __init__(self, team: Team, shape: tuple[int, ...], channels: int, mean: float) -> None:
        rng = np.random.default_rng(channels)
        filled = shape[1] * shape[3]
        there = (np.arange(filled) < channels).reshape(1, shape[1], 1, shape[3])
        self.x = np.where(there, rng.normal(mean, 1.3, shape), 0).astype(np.float32)
        self.dy = np.where(there, rng.normal(0.5, 1, shape), 0).astype(np.float32)
        self.gamma, self.beta = (rng.uniform(0.5, 2, channels).astype(np.float32) for _ in range(2))
        self.channels = channels
        self.found = BatchStatistics(team, shape, channels, EPS)

    def of_channels(self, values: np.ndarray) -> np.ndarray:
        """The values in float64 as (channels, …)."""
        each = np.moveaxis(values.astype(np.float64), (1, 3), (0, 1))
        return each.reshape(each.shape[0] * each.shape[1], -1)[: self.channels]

    def measure(self) -> None:
        addresses = (array.ctypes.data for array in (self.x, self.gamma, self.beta))
        self.found.measure(*addresses)

    def differentiate(self, *, relu: bool) -> None:
        addresses = (array.ctypes.data for array in (self.dy, self.x, self.gamma))
        self.found.differentiate(*addresses, relu=relu)

    def __getitem__(self, name: str) -> np.ndarray:
        found = self.found.doubles.get(name)
        return (self.found.floats[name] if found is None else found)[: self.channels]


@pytest.mark.parametrize(("shape", "channels"), SHAPES, ids=str)
@pytest.mark.parametrize("mean", [0.0, 0.7, 1e6])
def test_statistics(team: Team, shape: tuple[int, ...], channels: int, mean: float) -> None:
    example = Example(team, shape, channels, mean)
    example.measure()
    x = example.of_channels(example.x)
    want_mean, want = x.mean(1), x.var(1)
    assert (np.abs(example["mean"] - want_mean) <= 1e-6 * np.sqrt(want) + 1e-30).all()
    np.testing.assert_allclose(example["variance"], want, rtol=2e-6, atol=1e-30)
    # y = (x - about) · gain + shift is what the layer's formula says
    centred = x - example["about"].astype(np.float64)[:, None]
    y = centred * example["gain"][:, None] + example["shift"][:, None]
    inv = example.gamma / np.sqrt(want + EPS)
    expected = (x - want_mean[:, None]) * inv[:, None] + example.beta[:, None]
    assert np.abs(y - expected).max() <= 2e-6 * np.abs(expected).max()


@pytest.mark.parametrize(("shape", "channels"), SHAPES, ids=str)
@pytest.mark.parametrize("relu", [False, True])
def test_gradients(team: Team, shape: tuple[int, ...], channels: int, relu: bool) -> None:
    example = Example(team, shape, channels, 0.7)
    example.measure()
    example.differentiate(relu=relu)
    x, dy = example.of_channels(example.x), example.of_channels(example.dy)
    mean, inv = x.mean(1, keepdims=True), 1 / np.sqrt(x.var(1, keepdims=True) + EPS)
    normal, gamma = (x - mean) * inv, example.gamma[:, None].astype(np.float64)
    passed = dy * (normal * gamma + example.beta[:, None] > 0) if relu else dy
    dgamma = (passed * normal).sum(1)
    size = np.abs(passed * normal).sum(1) + 1e-3
    assert (np.abs(example["dgamma"] - dgamma) <= 1e-6 * size).all()
    size = np.abs(passed).sum(1)
    assert (np.abs(example["dbeta"] - passed.sum(1)) <= 1e-6 * size).all()
    want = passed - passed.mean(1, keepdims=True) - normal * dgamma[:, None] / x.shape[1]
    want *= inv * gamma
    numbers = (example[name].astype(np.float64)[:, None] for name in ("slope", "remains", "factor"))
    slope, remains, factor = numbers
    got = (passed + (x - example["about"][:, None].astype(np.float64)) * slope + remains) * factor
    assert np.abs(got - want).max() <= 2e-6 * np.abs(want).max() + 1e-6


def test_a_start_that_is_far_off_is_moved(team: Team) -> None:
    """The few values that are looked at first are nothing like the others."""
    example = Example(team, (6, 1, 3000, 16), 16, 500.0)
    example.x[:, :, :1100] = 0.0
    example.x[:, :, 1100:1110] = 1e7
    example.x[:4, :, :64] = -3e4
    example.measure()
    x = example.of_channels(example.x)
    np.testing.assert_allclose(example["mean"], x.mean(1), rtol=1e-6)
    np.testing.assert_allclose(example["variance"], x.var(1), rtol=2e-6)


def test_what_was_measured_before_does_not_matter(team: Team) -> None:
    example = Example(team, (4, 2, 30, 16), 32, 3.0)
    found = []
    for _ in range(3):
        example.measure()
        found.append({**example.found.doubles, **example.found.floats})
        found[-1] = {name: values.copy() for name, values in found[-1].items()}
    for other in found[1:]:
        for name, values in found[0].items():
            np.testing.assert_array_equal(values, other[name], name)


def test_a_channel_of_equal_values_has_no_variance(team: Team) -> None:
    example = Example(team, (3, 2, 500, 16), 32, 0.0)
    example.x[...] = np.float32(0.3)
    example.measure()
    assert (example["mean"] == np.float64(np.float32(0.3))).all()
    assert not example["variance"].any()
    assert (example["shift"] == example.beta).all()


def test_what_is_no_number_stays_in_its_channel(team: Team) -> None:
    example = Example(team, (2, 1, 100, 32), 32, 1.0)
    example.x[1, 0, 7, 3], example.x[0, 0, 5, 9] = np.nan, np.inf
    example.measure()
    for name in ("variance", "gain"):
        assert np.flatnonzero(~np.isfinite(example[name])).tolist() == [3, 9]
    assert np.isnan(example["mean"][3])


def test_results_do_not_depend_on_the_number_of_threads(team: Team) -> None:
    found = []
    for threads in (1, 2, 5):
        set_threads(threads)
        example = Example(team, (3, 2, 9000, 16), 32, 0.7)
        example.measure()
        example.differentiate(relu=True)
        found.append({**example.found.doubles, **example.found.floats})
    set_threads(None)
    for other in found[1:]:
        for name, values in found[0].items():
            np.testing.assert_array_equal(values, other[name], name)


def test_starts_as_the_sums_of_layers_do(team: Team) -> None:
    example = Example(team, (4, 3, 300, 16), 48, 20.0)
    example.measure()
    mean, variance = example["mean"], example["variance"]
    np.testing.assert_array_equal(example["about"], near(mean, variance, np.dtype(np.float32)))
    np.testing.assert_allclose(
        example["rest"], mean - example["about"].astype(np.float64), rtol=1e-12
    )
