"""The numpy engine's kernels give what the layers' own formulas give."""

from __future__ import annotations

import numpy as np
import pytest

from minicaffe.engines.numpy.kernels import kernel_of
from tests.layers.harness import Case, Rig, assert_close
from tests.layers.test_layers import CASES

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
    assert {case.type for case in WITH_KERNELS} >= {"Convolution", "Deconvolution", "LRN"}


@pytest.mark.parametrize("case", WITH_KERNELS, ids=str)
def test_kernel(case: Case) -> None:
    formula, kernel = Rig(case), Rig(case, kernel_of=kernel_of)
    for got, want in zip(kernel.forward(), formula.forward(), strict=True):
        np.testing.assert_array_equal(np.isnan(got), np.isnan(want))
        assert_close(np.nan_to_num(got), np.nan_to_num(want), 1e-12, "top")
    if case.has_gradient:
        for got, want in zip(gradients(kernel), gradients(formula), strict=True):
            assert_close(got, want, 1e-12, "gradient")
