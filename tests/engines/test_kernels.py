"""The numpy engine's kernels give what the layers' own formulas give."""

from __future__ import annotations

import numpy as np
import pytest

from minicaffe.engines.numpy.kernels import kernel_of
from tests.layers.harness import Case, Rig, assert_close
from tests.layers.test_layers import CASES as ROWS


def _pooling(method: str, windows: str, shape: tuple[int, ...], tops: int = 1) -> Case:
    param = f"pooling_param {{ pool: {method} {windows} }}"
    return Case("Pooling", param, [shape], tops=tops, deterministic=method != "STOCHASTIC")


#: Shapes for which a kernel goes another way than for those of the cases' rows.
POOLINGS = [
    _pooling(method, windows, shape, tops)
    for method, tops in (("MAX", 1), ("MAX", 2), ("AVE", 1), ("STOCHASTIC", 1))
    for windows, shape in (
        ("kernel_size: 7 pad: 5", (2, 3, 3, 3)),  # few pixels
        ("kernel_size: 6 stride: 2 pad: 5", (2, 3, 3, 3)),
        ("kernel_size: 7 stride: 5", (2, 3, 12, 11)),  # few windows
        ("kernel_size: 1 stride: 100", (2, 3, 2, 2)),  # reaching far beyond the image
        ("kernel_size: 20", (1, 2, 45, 45)),  # more than 255 places
        ("kernel_size: 3 stride: 2", (3, 4, 150, 160)),  # in portions
        ("global_pooling: true", (2, 3, 9, 5)),
    )
    if method != "STOCHASTIC" or "pad" not in windows
]
CASES = [*ROWS, *POOLINGS]

LAYERS = [Rig(case).layer for case in CASES]
WITH_KERNELS = [
    case for case, layer in zip(CASES, LAYERS, strict=True) if kernel_of(layer) is not layer
]


def gradients(rig: Rig) -> list[np.ndarray]:
    """Of bottoms and parameters after one backward, which adds to the parameters'."""
    for blob in (*rig.bottom, *rig.layer.blobs):
        blob.diff[...] = 1
    rig.backward()
    return [blob.diff.copy() for blob in (*rig.bottom, *rig.layer.blobs)]


def test_there_are_kernels() -> None:
    assert {Rig(case).layer.type for case in WITH_KERNELS} == {
        "Convolution", "Deconvolution", "InnerProduct", "LRN", "Pooling", "SPP",
    }  # fmt: skip


@pytest.mark.parametrize("case", WITH_KERNELS, ids=str)
def test_kernel(case: Case) -> None:
    formula, kernel = Rig(case), Rig(case, kernel_of=kernel_of)
    for got, want in zip(kernel.forward(), formula.forward(), strict=True):
        np.testing.assert_array_equal(np.isnan(got), np.isnan(want))
        assert_close(np.nan_to_num(got), np.nan_to_num(want), 1e-12, "top")
    if case.has_gradient:
        for got, want in zip(gradients(kernel), gradients(formula), strict=True):
            assert_close(got, want, 1e-12, "gradient")
