"""What the rows of cases/margins.py do not show."""

from __future__ import annotations

import math

import numpy as np
import pytest

from minicaffe.errors import DataError, GraphError, ShapeError
from tests.layers.cases.margins import KINDS, param
from tests.layers.harness import Case, Rig, labels, normal

LARGE = ("LargeMarginInnerProduct", "largemargin_inner_product_param")
SPHERE = ("MarginInnerProduct", "margin_inner_product_param")


def slopes(cosine: float, times: int) -> tuple[float, float]:
    """ψ and its derivative by the cosine, as the paper's polynomials."""
    sign = math.copysign(1, cosine)
    if times == 2:
        return 2 * sign * cosine**2 - 1, 4 * sign * cosine
    if times == 3:
        middle = math.copysign(1, abs(cosine) - 0.5)
        rest = sign * (1 + middle) - 2
        return (
            middle * (4 * cosine**3 - 3 * cosine) + rest,
            middle * (12 * cosine**2 - 3),
        )
    middle = sign * math.copysign(1, 2 * cosine**2 - 1)
    rest = 2 * sign + middle - 3
    return (
        middle * (8 * cosine**4 - 8 * cosine**2 + 1) + rest,
        middle * (32 * cosine**3 - 16 * cosine),
    )


@pytest.mark.parametrize("kind", list(KINDS))
def test_gradients_of_sphereface_are_the_forks(kind: str) -> None:
    blend, times = 2.5, KINDS[kind]
    text = param(SPHERE[1], kind, f"base: {blend}")
    rig = Rig(Case(SPHERE[0], text, [(9, 4), (9,)], [normal, labels(3)], [True, False]))
    rig.forward()
    rig.backward()
    x, w, dy = rig.bottom[0].data, rig.layer.blobs[0].data, rig.top[0].diff
    want = np.zeros_like(x)
    for m, n in np.ndindex(dy.shape):
        if times == 1:
            want[m] += dy[m, n] * w[n]
            continue
        want[m] += dy[m, n] * w[n] * blend / (1 + blend)
        factor = dy[m, n] / (1 + blend)
        if n != int(rig.bottom[1].data[m]):
            want[m] += factor * w[n]
            continue
        length = math.hypot(*x[m])
        cosine = float(x[m] @ w[n]) / length
        value, slope = slopes(cosine, times)
        of_w, of_x = slope, (value - cosine * slope) / length
        want[m] += factor * (of_w * w[n] + of_x * x[m]) / math.hypot(of_w, of_x)
    np.testing.assert_allclose(rig.bottom[0].diff, want, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(rig.layer.blobs[0].diff, dy.T @ x, rtol=1e-12)
    np.testing.assert_allclose(np.square(w).sum(axis=1), 1)  # in the blob itself


@pytest.mark.parametrize("names", [LARGE, SPHERE])
def test_the_blend_falls_and_its_state_comes_back(names: tuple[str, str]) -> None:
    text = param(names[1], "DOUBLE", "base: 8 gamma: 1 power: 1 lambda_min: 2")
    rig = Rig(Case(names[0], text, [(2, 3), (2,)], [normal, labels(3)], tops=2))
    found = [float(rig.forward()[1][0])]
    state = rig.layer.state()  # type: ignore[attr-defined]
    found += [float(rig.forward()[1][0]) for _ in range(3)]
    np.testing.assert_allclose(found, [4, 8 / 3, 2, 2])  # 8 / (1 + t), at least 2
    assert rig.layer.repeatable is False
    rig.layer.restore(state)  # type: ignore[attr-defined]
    np.testing.assert_allclose(rig.forward()[1], [8 / 3])


@pytest.mark.parametrize("names", [LARGE, SPHERE])
def test_zeros_have_scores_and_gradients(names: tuple[str, str]) -> None:
    rig = Rig(Case(names[0], param(names[1], "TRIPLE", ""), [(2, 3), (2,)], [normal, labels(3)]))
    rig.bottom[0].data[0] = 0
    rig.layer.blobs[0].data[1:] = 0
    assert np.isfinite(rig.forward()[0]).all()
    rig.layer.backward(rig.top, [True, False], rig.bottom)
    assert np.isfinite(rig.bottom[0].diff).all()
    assert np.isfinite(rig.layer.blobs[0].diff).all()


@pytest.mark.parametrize("names", [LARGE, SPHERE])
def test_what_is_refused(names: tuple[str, str]) -> None:
    kind, message = names
    with pytest.raises(ShapeError, match="num_output is missing"):
        Rig(Case(kind, "", [(2, 3), (2,)]))
    with pytest.raises(ShapeError, match=r"3 labels .* for 2 predictions"):
        Rig(Case(kind, param(message, "SINGLE", ""), [(2, 3), (3,)]))
    rig = Rig(Case(kind, param(message, "DOUBLE", ""), [(2, 3), (2,)], [normal, labels(3)]))
    with pytest.raises(GraphError, match="the labels"):
        rig.layer.backward(rig.top, [True, True], rig.bottom)
    rig.bottom[0].reshape(2, 4)
    with pytest.raises(ShapeError, match="the weights were made for 3"):
        rig.layer.reshape(rig.bottom, rig.top)
    rig.bottom[0].reshape(2, 3)
    rig.bottom[1].data[...] = 3
    with pytest.raises(DataError, match=r"label 3 .* outside the 3 classes"):
        rig.forward()
