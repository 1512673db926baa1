"""Batch normalisation by kernels: the formulas in float64, the ReLU's gradient, odd sizes."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("llvmlite", reason="llvmlite, which compiles kernels, is absent")

from minicaffe.engines.jit.batch_statistics import BatchStatistics
from minicaffe.engines.jit.normalization import Normalization
from minicaffe.engines.jit.target import Target, usable_targets
from minicaffe.engines.jit.team import Team
from minicaffe.threads import set_threads

SHAPES = [
    (2, 3, 10, 16),
    (1, 2, 67, 32),
    (1, 1, 3001, 48),
    (1, 1, 77, 21),
    (3, 1, 9, 5),
    (4, 5, 77, 1),
    (2, 3, 1, 1),
    (1, 2, 40_000, 1),
]
EPS = np.finfo(np.float32).eps


@pytest.fixture(params=usable_targets(), ids=lambda target: target.name)
def team(request: pytest.FixtureRequest) -> Team:
    target: Target = request.param
    return Team(target)


class Example:
    """A normalisation with random numbers, and arrays that are no multiple of anything."""

    def __init__(self, team: Team, shape: tuple[int, ...], *, relu: bool) -> None:
        rng = np.random.default_rng(sum(shape))
        found = BatchStatistics(team, shape, shape[1] * shape[3], 1e-5)
        self.kernels = Normalization(found, relu=relu)
        self.x, self.dy = (rng.standard_normal(shape, np.float32) * 2 + 1 for _ in range(2))
        self.out = np.empty(shape, np.float32)
        names = ("about", "gain", "shift", "factor", "slope", "remains")
        self.given = [found.floats[name][: shape[1] * shape[3]] for name in names]
        for numbers in self.given:
            numbers[:] = rng.standard_normal(numbers.size)
        self._each = (1, shape[1], 1, shape[3])

    def wide(self, index: int) -> np.ndarray:
        """Numbers of each channel, to compute with them."""
        return self.given[index].astype(np.float64).reshape(self._each)

    def normalised(self) -> np.ndarray:
        about, gain, shift = (self.wide(index) for index in range(3))
        return (self.x - about) * gain + shift

    def forward(self) -> np.ndarray:
        self.kernels.forward(self.x.ctypes.data, self.out.ctypes.data)
        return self.out.copy()

    def backward(self, *, relu: bool, passed: np.ndarray | None = None) -> np.ndarray:
        addresses = (array.ctypes.data for array in (self.x, self.dy, self.out))
        self.kernels.backward(*addresses, self.given[3:], relu=relu, passed=passed)
        return self.out.copy()


def near(got: np.ndarray, want: np.ndarray) -> bool:
    return bool((np.abs(got - want) <= 8 * EPS * (np.abs(want) + 10)).all())


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("relu", [False, True])
def test_forward_and_gradients(team: Team, shape: tuple[int, ...], relu: bool) -> None:
    example = Example(team, shape, relu=relu)
    z, y = example.normalised(), example.forward()
    assert near(y, np.maximum(z, 0) if relu else z)
    passed = example.dy * (y > 0 if relu else 1)
    factor, slope, rest = (example.wide(index) for index in (3, 4, 5))
    centred = example.x - example.wide(0)
    want = (passed + centred * slope + rest) * factor
    got = example.backward(relu=relu)
    assert (np.abs(got - want) <= 1e-5 * (np.abs(want) + 10)).all()
    found = example.kernels.add_up(example.dy, example.x, relu=relu)
    for total, terms in zip(found, (passed.astype(np.float64), passed * centred), strict=True):
        sizes = np.abs(terms).sum(axis=(0, 2)).ravel()
        assert (np.abs(total - terms.sum(axis=(0, 2)).ravel()) <= 8 * EPS * sizes).all()
    if relu:
        example.kernels.pass_on(*(a.ctypes.data for a in (example.x, example.dy, example.out)))
        np.testing.assert_array_equal(example.out, passed)
        bits = np.empty(example.kernels.passed_size, np.uint8)
        np.testing.assert_array_equal(example.backward(relu=True, passed=bits), got)
        np.testing.assert_array_equal(example.kernels.elements_passed(bits), y.ravel() > 0)


@pytest.mark.parametrize("shape", [(2, 3, 10, 16), (1, 2, 67, 1)], ids=str)
def test_what_is_no_number_stays_so(team: Team, shape: tuple[int, ...]) -> None:
    example = Example(team, shape, relu=True)
    example.x[0, 1, 7, 0] = np.nan
    y = example.forward()
    assert np.argwhere(np.isnan(y)).tolist() == [[0, 1, 7, 0]]
    example.given[1][0] = np.nan
    assert np.isnan(example.forward()[:, 0, :, 0]).all()


def test_a_gradient_takes_the_place_of_what_it_is_made_of(team: Team) -> None:
    example = Example(team, (2, 1, 90, 32), relu=True)
    want = example.backward(relu=True)
    addresses = (array.ctypes.data for array in (example.x, example.dy, example.dy))
    example.kernels.backward(*addresses, example.given[3:], relu=True)
    np.testing.assert_array_equal(example.dy, want)


def test_results_do_not_depend_on_the_number_of_threads(team: Team) -> None:
    example = Example(team, (3, 2, 4500, 16), relu=True)
    found = []
    for threads in (1, 2, 5):
        set_threads(threads)
        sums = example.kernels.add_up(example.dy, example.x, relu=True)
        found.append([example.forward(), example.backward(relu=True), *sums])
    set_threads(None)
    for other in found[1:]:
        for one, two in zip(found[0], other, strict=True):
            np.testing.assert_array_equal(one, two)
