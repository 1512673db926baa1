"""Winograd's convolutions, forward and both gradients, against float64 in numpy."""

from __future__ import annotations

import os
from typing import NamedTuple

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

pytest.importorskip("llvmlite", reason="llvmlite, which compiles kernels, is absent")

from minicaffe.engines.jit.convolution import TILES
from minicaffe.engines.jit.passes import (
    ForwardPass,
    GradientPass,
    Image,
    Kernels,
    TransformedWeights,
)
from minicaffe.engines.jit.target import Target, usable_targets
from minicaffe.engines.jit.team import Team, aligned_floats
from minicaffe.threads import set_threads

#: Of the largest value: a few times what the algorithm's own rounding is (see test_toom_cook.py).
TOLERANCE = {3: 5e-6, 5: 1e-5}


class Shape(NamedTuple):
    """A convolution: batch, channels, rows and columns, outputs, taps, padding; block of layout."""

    batch: int
    channels: int
    rows: int
    columns: int
    outputs: int
    taps: int = 3
    pad: tuple[int, int] = (1, 1)
    block: int = 16


SHAPES = [
    Shape(2, 16, 8, 8, 16),
    Shape(2, 16, 9, 7, 32),
    Shape(3, 24, 5, 13, 48, pad=(0, 2)),
    Shape(1, 67, 7, 7, 33),
    Shape(1, 1, 1, 1, 1),
    Shape(5, 3, 2, 3, 5, pad=(2, 2)),
    Shape(2, 32, 12, 12, 32, block=0),
    Shape(1, 16, 70, 3, 16),
    Shape(2, 48, 6, 6, 16, 5, (2, 2)),
    Shape(2, 17, 11, 9, 40, 5, (4, 0)),
    Shape(1, 200, 6, 6, 136),
]


def convolve(x: np.ndarray, g: np.ndarray, pad: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """The result and the windows, in float64."""
    padded = np.pad(x.astype(np.float64), [(0, 0), (0, 0), (pad[0],) * 2, (pad[1],) * 2])
    windows = sliding_window_view(padded, g.shape[2:], axis=(2, 3))
    return np.einsum("nchwij,kcij->nkhw", windows, g.astype(np.float64), optimize=True), windows


def bottom_gradient(
    dy: np.ndarray, g: np.ndarray, size: tuple[int, int], pad: tuple[int, int]
) -> np.ndarray:
    (rows, columns), taps = size, g.shape[2]
    spread = np.einsum("nkhw,kcij->ncijhw", dy.astype("d"), g.astype("d"), optimize=True)
    full = np.zeros((len(dy), g.shape[1], rows + 2 * pad[0], columns + 2 * pad[1]))
    for i in range(taps):
        for j in range(taps):
            full[..., i : i + dy.shape[2], j : j + dy.shape[3]] += spread[:, :, i, j]
    return full[..., pad[0] : pad[0] + rows, pad[1] : pad[1] + columns]


def pack(images: np.ndarray, block: int) -> np.ndarray:
    n, c, h, w = images.shape
    if not block:
        return np.ascontiguousarray(images.transpose(0, 2, 3, 1)).ravel()
    blocks = -(-c // block)
    filled = np.zeros((n, blocks * block, h, w), np.float32)
    filled[:, :c] = images
    ordered = filled.reshape(n, blocks, block, h, w).transpose(0, 1, 3, 4, 2)
    return np.ascontiguousarray(ordered).ravel()


def unpack(packed: np.ndarray, shape: tuple[int, ...], block: int) -> np.ndarray:
    n, c, h, w = shape
    if not block:
        return packed.reshape(n, h, w, c).transpose(0, 3, 1, 2)
    ordered = packed.reshape(n, -1, h, w, block).transpose(0, 1, 4, 2, 3)
    assert not ordered.reshape(n, -1, h, w)[:, c:].any()  # what fills up the last block stays 0
    return ordered.reshape(n, -1, h, w)[:, :c]


class Case:
    """A convolution with numbers, and what the kernels make of it."""

    def __init__(self, shape: Shape, target: Target) -> None:
        rng = np.random.default_rng(sum(shape[:6]))
        numbers = lambda *size: rng.standard_normal(size, dtype=np.float32)  # noqa: E731
        self.shape, self.team = shape, Team(target)
        n, c, h, w, k, taps, self.pad, block = shape
        self.x, self.bias = numbers(n, c, h, w), numbers(k)
        self.g = numbers(k, c, taps, taps) / np.float32(np.sqrt(c) * taps)
        self.y, self.windows = convolve(self.x, self.g, self.pad)
        self.dy = numbers(*self.y.shape)
        self.kernels = Kernels(TILES[taps], taps, self.team)
        self.read = Image(n, c, h, w, block)
        self.made = Image(n, k, *self.y.shape[2:], block)
        self.weights = TransformedWeights(self.kernels, self.read, self.made)
        self.u = aligned_floats(self.weights.floats)
        self.u[...] = np.nan

    def forward(self, added: np.ndarray | None = None, *, relu: bool = False) -> np.ndarray:
        width = self.team.target.width
        bias = aligned_floats(self.made.vectors(width) * width)
        bias[: self.bias.size] = self.bias
        x, y = pack(self.x, self.shape.block), pack(np.zeros_like(self.dy), self.shape.block)
        y[...] = np.nan
        self.weights.forward(self.g.ctypes.data, self.u.ctypes.data)
        forward = ForwardPass(self.kernels, self.read, self.made, self.pad)
        workspace = aligned_floats(forward.workspace)
        others = None if added is None else pack(added, self.shape.block)
        forward.run(
            *(x.ctypes.data, self.u.ctypes.data, y.ctypes.data),
            *(workspace.ctypes.data, bias.ctypes.data),
            added=0 if others is None else others.ctypes.data,
            relu=relu,
        )
        return unpack(y, self.y.shape, self.shape.block)

    def bottom_gradient(self) -> np.ndarray:
        dy, dx = (pack(array, self.shape.block) for array in (self.dy, np.zeros_like(self.x)))
        dx[...] = np.nan
        turned = (self.shape.taps - 1 - self.pad[0], self.shape.taps - 1 - self.pad[1])
        self.weights.backward(self.g.ctypes.data, self.u.ctypes.data)
        backward = ForwardPass(self.kernels, self.made, self.read, turned)
        workspace = aligned_floats(backward.workspace)
        backward.run(dy.ctypes.data, self.u.ctypes.data, dx.ctypes.data, workspace.ctypes.data)
        return unpack(dx, self.x.shape, self.shape.block)

    def weight_gradient(self, before: float | None = None) -> np.ndarray:
        dg = np.full(self.g.shape, np.nan if before is None else before, np.float32)
        x, dy = pack(self.x, self.shape.block), pack(self.dy, self.shape.block)
        gradient = GradientPass(self.kernels, self.read, self.made, self.pad)
        workspace = aligned_floats(gradient.workspace)
        gradient.run(x.ctypes.data, dy.ctypes.data, self.u.ctypes.data, workspace.ctypes.data)
        self.weights.gradient(self.u.ctypes.data, dg.ctypes.data, add=before is not None)
        return dg


@pytest.fixture(params=usable_targets(), ids=lambda target: target.name)
def target(request: pytest.FixtureRequest) -> Target:
    found: Target = request.param
    return found


@pytest.fixture(params=[1, 2, 3], ids="{} threads".format)
def _threads(request: pytest.FixtureRequest):
    set_threads(request.param)
    yield
    set_threads(None)


def suited(shape: Shape, target: Target) -> Case:
    if not Image(*shape[:4], shape.block).fits(target.width):
        pytest.skip("channels that do not fill the vectors of this layout")
    return Case(shape, target)


def assert_near(got: np.ndarray, want: np.ndarray, taps: int) -> None:
    error = np.abs(got - want).max()
    assert error <= TOLERANCE[taps] * max(np.abs(want).max(), 1e-30)


@pytest.mark.usefixtures("_threads")
@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: "x".join(map(str, shape[:6])))
def test_all_passes(shape: Shape, target: Target) -> None:
    case = suited(shape, target)
    size = (shape.rows, shape.columns)
    assert_near(case.forward(), case.y + case.bias[:, None, None], shape.taps)
    assert_near(
        case.bottom_gradient(), bottom_gradient(case.dy, case.g, size, shape.pad), shape.taps
    )
    want = np.einsum("nchwij,nkhw->kcij", case.windows, case.dy.astype("d"), optimize=True)
    assert_near(case.weight_gradient(), want, shape.taps)
    assert_near(case.weight_gradient(before=2.0), want + 2, shape.taps)


@pytest.mark.parametrize("channels", [256, 512])
def test_long_sums_are_exact(channels: int, target: Target) -> None:
    """Many channels are added up in portions: in one go the error was 4e-6 and more."""
    case = Case(Shape(2, channels, 7, 7, 128), target)
    other = Case(Shape(2, 128, 7, 7, channels), target)
    size = (other.shape.rows, other.shape.columns)
    pairs = [
        (case.forward(), case.y + case.bias[:, None, None]),
        (other.bottom_gradient(), bottom_gradient(other.dy, other.g, size, other.pad)),
    ]
    for got, want in pairs:
        assert np.abs(got - want).max() <= 2e-6 * np.abs(want).max()


def test_results_do_not_depend_on_the_number_of_threads(target: Target) -> None:
    found = []
    for threads in (1, 2, 3, 5):
        set_threads(threads)
        case = Case(Shape(3, 48, 13, 10, 80), target)
        found.append((case.forward(), case.bottom_gradient(), case.weight_gradient()))
    set_threads(None)
    for other in found[1:]:
        for item, two in zip(found[0], other, strict=True):
            np.testing.assert_array_equal(item, two)


def test_what_is_added_relu_and_what_is_no_number(target: Target) -> None:
    case = Case(Shape(1, 16, 12, 12, 16), target)
    plain = case.forward()
    np.testing.assert_array_equal(case.forward(relu=True), np.maximum(plain, 0))
    other = np.random.default_rng(9).standard_normal(plain.shape, dtype=np.float32)
    np.testing.assert_array_equal(case.forward(other), plain + other)
    np.testing.assert_array_equal(case.forward(other, relu=True), np.maximum(plain + other, 0))
    case.x[0, 3, 0, 0] = np.nan
    spoilt = case.forward(relu=True)
    assert np.isnan(spoilt[..., :2, :2]).all()  # where the window reaches it
    np.testing.assert_array_equal(spoilt[..., 4:, 4:], np.maximum(plain, 0)[..., 4:, 4:])


@pytest.mark.parametrize("block", [0, 8, 16])
def test_layouts_give_the_same(target: Target, block: int) -> None:
    shape = Shape(2, 32, 10, 9, 48)
    case, other = suited(shape._replace(block=block), target), Case(shape, target)
    np.testing.assert_array_equal(case.forward(), other.forward())
    np.testing.assert_array_equal(case.weight_gradient(), other.weight_gradient())


def test_random_shapes(target: Target) -> None:
    rng = np.random.default_rng(14)
    for _ in range(25):
        taps = int(rng.choice([3, 5]))
        pad = (int(rng.integers(0, taps)), int(rng.integers(0, taps)))
        rows, columns = (int(max(1, taps - 2 * p) + rng.integers(0, 20)) for p in pad)
        batch, channels, outputs = (int(n) for n in rng.integers(1, (6, 68, 68)))
        shape = Shape(batch, channels, rows, columns, outputs, taps, pad)
        case = Case(shape, target)
        assert_near(case.forward(), case.y + case.bias[:, None, None], taps)
        want = np.einsum("nchwij,nkhw->kcij", case.windows, case.dy.astype("d"), optimize=True)
        assert_near(case.weight_gradient(), want, taps)
        size = (rows, columns)
        assert_near(case.bottom_gradient(), bottom_gradient(case.dy, case.g, size, pad), taps)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a system that cannot fork")
def test_a_fork_has_threads_of_its_own() -> None:
    target = usable_targets()[0]
    set_threads(3)
    try:
        want = Case(Shape(3, 16, 9, 9, 16), target).forward()
        child = os.fork()
        if child == 0:
            got = Case(Shape(3, 16, 9, 9, 16), target).forward()
            os._exit(0 if np.array_equal(got, want) else 1)
        assert os.waitpid(child, 0)[1] == 0
    finally:
        set_threads(None)
