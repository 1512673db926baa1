"""LRN's kernels, both ways and in all layouts, against float64."""

from __future__ import annotations

import numpy as np
import pytest
from google.protobuf import text_format

pytest.importorskip("llvmlite", reason="llvmlite, which compiles kernels, is absent")

from minicaffe.engines.jit.lrn_pass import LRNPass, suits
from minicaffe.engines.jit.passes import Image
from minicaffe.engines.jit.target import Target, usable_targets
from minicaffe.engines.jit.team import Team, aligned_floats
from minicaffe.net.net import TRAIN, Net
from minicaffe.proto import caffe_pb2
from tests.engines.jit.test_winograd import pack, unpack
from tests.engines.nets import Text
from tests.engines.twins import error_of

PLANES = -1
NUMBERS = [(5, 0.75, 1.0), (3, 0.5, 2.0), (7, 1.0, 1.0), (1, 0.75, 1.0)]


def expected(
    x: np.ndarray, dy: np.ndarray, size: int, alpha: float, beta: float, k: float
) -> tuple[np.ndarray, np.ndarray]:
    """The formulas, channel by channel."""
    x, dy = x.astype(np.float64), dy.astype(np.float64)

    def around(values: np.ndarray) -> np.ndarray:
        reach, channels = size // 2, values.shape[1]
        near = [values[:, max(0, c - reach) : c + reach + 1].sum(axis=1) for c in range(channels)]
        return np.stack(near, axis=1)

    s = k + alpha / size * around(x * x)
    share = around(dy * x * s ** (-beta - 1))
    return x * s**-beta, dy * s**-beta - 2 * alpha / size * beta * x * share


@pytest.mark.parametrize("target", usable_targets(), ids=lambda target: target.name)
@pytest.mark.parametrize("block", [0, 8, 16, PLANES])
@pytest.mark.parametrize("shape", [(2, 16, 5, 7), (1, 64, 5, 4), (3, 24, 4, 9), (2, 7, 6, 6)])
def test_passes(shape: tuple[int, ...], block: int, target: Target) -> None:
    rng = np.random.default_rng(sum(shape))
    x, dy = (rng.standard_normal(shape, dtype=np.float32) * 3 for _ in range(2))
    images, tested = Image(*shape, block), 0
    for size, beta, k in NUMBERS:
        if not suits(images, size, beta, target):
            continue
        tested += 1
        given, gradient = (
            each.ravel().copy() if block == PLANES else pack(each, block) for each in (x, dy)
        )
        made = [np.full_like(given, np.nan) for _ in range(2)]
        run = LRNPass(Team(target), images, size, 0.9, beta, k)
        workspace = aligned_floats(run.workspace).ctypes
        run.forward(given.ctypes.data, made[0].ctypes.data, workspace.data)
        run.backward(given.ctypes.data, gradient.ctypes.data, made[1].ctypes.data, workspace.data)
        for got, want in zip(made, expected(x, dy, size, 0.9, beta, k), strict=True):
            values = got.reshape(shape) if block == PLANES else unpack(got, shape, block)
            assert error_of(values, want) < 2e-6
    if not tested:
        pytest.skip("channels that do not fill the vectors of this layout")


def test_others_are_refused() -> None:
    target = usable_targets()[0]
    images = Image(1, 32, 8, 8, 16)
    assert suits(images, 5, 0.75, target)
    assert not suits(images, 5, 0.6, target)
    assert not suits(images, 2 * target.width + 3, 0.75, target)
    assert not suits(Image(1, 32, 1, 2, PLANES), 5, 0.75, target)


@pytest.mark.parametrize("region", ["ACROSS_CHANNELS", "WITHIN_CHANNEL"])
def test_in_a_net(region: str) -> None:
    text = Text("force_backward: true")
    text.input("data", 2, 9, 7, 5)
    text.add("LRN", "data", "top", f"lrn_param {{ alpha: 0.5 norm_region: {region} }}")
    param = text_format.Parse(str(text), caffe_pb2.NetParameter())
    found = []
    for engine in ("numpy", "jit"):
        net = Net(param, phase=TRAIN, engine=engine)
        rng = np.random.default_rng(8)
        net.blobs["data"].data[...] = rng.standard_normal((2, 9, 7, 5))
        net.forward()
        net.blobs["top"].diff[...] = rng.standard_normal((2, 9, 7, 5))
        net.backward()
        found.append((net.blobs["top"].data.copy(), net.blobs["data"].diff.copy()))
    for got, want in zip(found[1], found[0], strict=True):
        assert error_of(got, want) < 2e-6
