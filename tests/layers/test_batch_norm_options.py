"""BatchNorm beyond Caffe: ghost batches, renormalisation."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from minicaffe import Net
from minicaffe.blob import Blob
from minicaffe.errors import GraphError
from minicaffe.layers.normalization.batch_norm import BatchNorm
from tests.layers.test_batch_norm import make

X = np.random.default_rng(5).normal(1, 2, (7, 3, 4, 5))
DY = np.random.default_rng(6).normal(size=X.shape)


def run(layer: BatchNorm, x: np.ndarray, dy: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The top and the bottom's gradient."""
    bottom, top = Blob(x.shape, np.float64), Blob((), np.float64)
    bottom.data[...] = x
    layer.reshape([bottom], [top])
    layer.forward([bottom], [top])
    top.diff[...] = dy
    layer.backward([top], [True], [bottom])
    return top.data.copy(), bottom.diff.copy()


def test_ghost_batches_are_as_batches_one_after_another() -> None:
    together, one_by_one = make("batch_norm_param { ghost_batch_size: 3 }")[0], make()[0]
    y, dx = run(together, X, DY)
    for part in (slice(0, 3), slice(3, 6), slice(6, 7)):
        want_y, want_dx = run(one_by_one, X[part], DY[part])
        np.testing.assert_allclose(y[part], want_y, atol=1e-12)
        np.testing.assert_allclose(dx[part], want_dx, atol=1e-12)
    for blob, want in zip(together.blobs, one_by_one.blobs, strict=True):
        np.testing.assert_allclose(blob.data, want.data)
    assert together.blobs[2].data[0] == pytest.approx(1 + 0.999 + 0.999**2)


def test_a_ghost_batch_as_large_as_the_batch_is_the_batch() -> None:
    y, dx = run(make("batch_norm_param { ghost_batch_size: 7 }")[0], X, DY)
    want_y, want_dx = run(make()[0], X, DY)
    np.testing.assert_array_equal(y, want_y)
    np.testing.assert_array_equal(dx, want_dx)


# ------------------------------------------------------------------------------ renormalisation


def with_statistics(text: str, mean: float, variance: float) -> BatchNorm:
    layer = make(f"batch_norm_param {{ {text} }}")[0]
    for blob, value in zip(layer.blobs, (mean, variance, 1), strict=True):
        blob.data[...] = value
    return layer


def test_renorm_without_limits_computes_in_train_what_test_does() -> None:
    layer = with_statistics("renorm: true r_max: 1e6 d_max: 1e6", -3, 0.5)
    y, _ = run(layer, X, DY)
    want, _ = run(with_statistics("use_global_stats: true", -3, 0.5), X, DY)
    np.testing.assert_allclose(y, want, atol=1e-9)


def test_renorm_with_tight_limits_is_plain_batch_normalisation() -> None:
    y, dx = run(with_statistics("renorm: true r_max: 1 d_max: 0", -3, 0.5), X, DY)
    want_y, want_dx = run(make()[0], X, DY)
    np.testing.assert_allclose(y, want_y, atol=1e-12)
    np.testing.assert_allclose(dx, want_dx, atol=1e-12)


def test_r_and_d_are_constants_of_the_gradient() -> None:
    """Both lie at their limits here, so that central differences see constants, too."""
    text, step = "renorm: true r_max: 1.5 d_max: 0.25", 1e-5
    y, dx = run(with_statistics(text, -3, 0.5), X, DY)
    plain = make()[0]
    np.testing.assert_allclose(y, 1.5 * run(plain, X, DY)[0] + 0.25, atol=1e-12)
    for index in [(0, 0, 0, 0), (3, 1, 2, 4), (6, 2, 3, 1)]:
        sides = []
        for sign in (1, -1):
            moved = X.copy()
            moved[index] += sign * step
            sides.append((run(with_statistics(text, -3, 0.5), moved, DY)[0] * DY).sum())
        assert dx[index] == pytest.approx((sides[0] - sides[1]) / (2 * step), abs=1e-7)


def test_between_the_limits_the_gradient_is_r_times_the_plain_one() -> None:
    layer = with_statistics("renorm: true", 0.5, 3)
    _, dx = run(layer, X, DY)
    r = X.std(axis=(0, 2, 3), keepdims=True) / np.sqrt(3)
    assert ((r > 1 / 3) & (r < 3) & (abs(r - 1) > 0.01)).all()
    np.testing.assert_allclose(dx, r * run(make()[0], X, DY)[1], rtol=1e-5, atol=1e-9)


def test_the_first_batch_has_nothing_to_be_corrected_towards() -> None:
    layer = make("batch_norm_param { renorm: true }")[0]
    np.testing.assert_array_equal(run(layer, X, DY)[0], run(make()[0], X, DY)[0])
    # the second one is corrected towards the first
    moved, _ = run(layer, X + 1, DY)
    assert np.allclose(moved, (X + 1 - layer.blobs[0].data.reshape(3, 1, 1)) / 2, atol=3)
    assert np.abs(moved - run(make()[0], X + 1, DY)[0]).max() > 0.1


def test_the_limits_may_be_widened_during_training() -> None:
    layer = with_statistics("renorm: true r_max: 1 d_max: 0", -3, 0.5)
    assert layer.renorm is not None
    layer.renorm.r_max, layer.renorm.d_max = 1e6, 1e6
    want, _ = run(with_statistics("use_global_stats: true", -3, 0.5), X, DY)
    np.testing.assert_allclose(run(layer, X, DY)[0], want, atol=1e-9)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("renorm: true r_max: 0.5", "r_max is 0.5, expected at least 1"),
        ("renorm: true r_max: nan", "r_max is nan"),
        ("renorm: true d_max: -1", "d_max is -1, expected at least 0"),
        ("r_max: 3", "r_max is set without renorm"),
        ("renorm: false d_max: 5", "d_max is set without renorm"),
    ],
)
def test_limits_that_make_no_sense(text: str, says: str) -> None:
    with pytest.raises(GraphError, match=says):
        make(f"batch_norm_param {{ {text} }}")


NET = """
    force_backward: true
    layer { name: "data" type: "Input" top: "data" input_param { shape {
            dim: %d dim: 3 dim: 4 dim: 5 } } }
    layer { name: "bn" type: "BatchNorm" bottom: "data" top: "y" batch_norm_param { %s } }
    layer { name: "scale" type: "Scale" bottom: "y" top: "y" scale_param { bias_term: true } }
"""


def net_of(folder: Path, items: int, text: str = "", phase: int = 0) -> Net:
    path = folder / f"net{items}.prototxt"
    path.write_text(NET % (items, text), encoding="utf-8")
    return Net(path, phase)


def pass_through(net: Net, x: np.ndarray, dy: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    y = net.forward(data=x)["y"].copy()
    return y, net.backward(y=dy)["data"].copy()


# -------------------------------------------------------------------------------------- engines


@pytest.mark.parametrize("text", ["ghost_batch_size: 2", "renorm: true"])
def test_onednn_leaves_it_to_numpy_and_says_why(tmp_path: Path, text: str) -> None:
    path = tmp_path / "net.prototxt"
    path.write_text(NET % (5, text), encoding="utf-8")
    from minicaffe.engines import why_unavailable

    if (reason := why_unavailable("onednn")) is not None:
        pytest.skip(reason)
    nets = [Net(path, 0, engine=engine) for engine in ("numpy", "onednn")]
    x, dy = (array[:5].astype(np.float32) for array in (X, DY))
    for _ in range(2):
        (y, dx), (want_y, want_dx) = (pass_through(net, x, dy) for net in reversed(nets))
        np.testing.assert_allclose(y, want_y, atol=1e-5)
        np.testing.assert_allclose(dx, want_dx, atol=1e-5)
    field = text.split(":")[0]
    line = f"bn: numpy, oneDNN's batch normalisation has no {field}"
    assert any(line in item for item in nets[1].plan.describe()), nets[1].plan.describe()


def test_a_rebuilt_plan_counts_a_batch_once(tmp_path: Path) -> None:
    """Beginning a backward between fused layers makes a new plan, which repeats the forward."""
    text = NET.replace('top: "y" batch', 'top: "data" batch').replace('"y"', '"data"')
    text += """
        layer { name: "fc" type: "InnerProduct" bottom: "data" top: "fc"
                inner_product_param { num_output: 2 weight_filler { type: "xavier" } } }
        layer { name: "relu" type: "ReLU" bottom: "fc" top: "fc" }"""
    path = tmp_path / "net.prototxt"
    path.write_text(text % (5, "ghost_batch_size: 2"), encoding="utf-8")
    with Net(path, 0) as net:
        net.forward(data=X[:5].astype(np.float32))
        before = [blob.data.copy() for blob in net.params["bn"]]
        assert before[2][0] == pytest.approx(1 + 0.999 + 0.999**2)
        net.backward(start="fc")
        for blob, values in zip(net.params["bn"], before, strict=True):
            np.testing.assert_array_equal(blob.data, values)
