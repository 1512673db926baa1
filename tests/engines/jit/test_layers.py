"""Each row of the layers' cases, and more shapes, by the jit engine's kernels and by the formulas.

The formulas compute in float64. Images are wide and narrow, so that vectors of every width have
whole ones and a rest.
"""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("llvmlite", reason="llvmlite, which compiles kernels, is absent")

from minicaffe.engines.jit.plan import jit_kernel
from minicaffe.engines.jit.scratch import Scratch
from minicaffe.engines.jit.target import Target, usable_targets
from minicaffe.engines.jit.team import Team
from minicaffe.engines.numpy.kernels import Kernel, kernel_of
from minicaffe.layer import Layer
from minicaffe.threads import set_threads
from tests.engines.test_kernels import POOLINGS
from tests.engines.twins import error_of
from tests.layers.harness import Case, Rig
from tests.layers.test_layers import CASES as ROWS


def _pooling(method: str, windows: str, shape: tuple[int, ...]) -> Case:
    return Case("Pooling", f"pooling_param {{ pool: {method} {windows} }}", [shape])


WIDE = [
    _pooling(method, windows, shape)
    for method in ("MAX", "AVE")
    for windows, shape in (
        ("kernel_size: 3 stride: 2", (2, 5, 33, 67)),
        ("kernel_size: 3 stride: 1 pad: 1", (1, 67, 9, 31)),
        ("kernel_h: 2 kernel_w: 5 stride_h: 1 stride_w: 3 pad_h: 1 pad_w: 2", (1, 3, 8, 50)),
        ("kernel_size: 2 stride: 2", (3, 1, 48, 64)),
        ("kernel_size: 2 stride: 3", (1, 2, 20, 40)),
    )
]
WIDE += [
    Case(
        "Convolution",
        f"convolution_param {{ num_output: {outputs} group: {group} {rest} }}",
        [shape],
    )
    for outputs, group, rest, shape in (
        (5, 5, "kernel_size: 3 pad: 1", (2, 5, 9, 37)),
        (67, 67, "kernel_size: 3 pad: 1 stride: 2", (1, 67, 8, 35)),
        (6, 3, "kernel_h: 1 kernel_w: 5 pad_w: 2 stride: 3 bias_term: false", (3, 3, 11, 50)),
        (2, 2, "kernel_size: 3 pad: 2 dilation: 2", (1, 2, 16, 16)),
        (20, 1, "kernel_size: 5", (2, 1, 20, 28)),
    )
]
_NORM = "batch_norm_param { use_global_stats: %s }"
WIDE += [
    Case("BatchNorm", _NORM % "false", [(3, 67, 5, 7)], in_place=True),
    Case("BatchNorm", _NORM % "true", [(2, 3, 11, 13)]),
    Case("Scale", "scale_param { bias_term: true }", [(2, 5, 7, 19)], in_place=True),
    Case("Scale", "", [(2, 5, 7, 19), (5,)]),
    Case("ReLU", "", [(3, 1031)], in_place=True),
    Case("ReLU", "relu_param { negative_slope: 0.25 }", [(2, 2, 97, 101)]),
]


def kernel_for(target: Target, layer: Layer) -> Kernel | Layer:
    return jit_kernel(layer, Team(target), Scratch(), direct=False) or kernel_of(layer)


def _is_suited(case: Case) -> bool:
    kernel = kernel_for(usable_targets()[-1], Rig(case, dtype=np.float32).layer)
    return getattr(kernel, "words", "numpy") != "numpy"


CASES = [case for case in (*ROWS, *POOLINGS, *WIDE) if _is_suited(case)]


def outcome(rig: Rig) -> list[np.ndarray]:
    """Tops, gradients of the bottoms, and of the parameters, which are added to ones."""
    found = rig.forward()
    if rig.case.has_gradient:
        for blob in (*rig.bottom, *rig.layer.blobs):
            blob.diff[...] = 1
        rig.backward()
        found += [blob.diff.copy() for blob in (*rig.bottom, *rig.layer.blobs)]
    return [*found, *(blob.data.copy() for blob in rig.layer.blobs)]


def rigs(case: Case, target: Target) -> tuple[Rig, Rig]:
    """One in float64 that runs formulas, one in float32 that runs kernels, of equal numbers."""
    formula = Rig(case)
    kernel = Rig(case, dtype=np.float32)
    kernel.kernel = kernel_for(target, kernel.layer)
    for ours, theirs in zip(formula.bottom, kernel.bottom, strict=True):
        ours.data[...] = theirs.data
    for ours, theirs in zip(formula.layer.blobs, kernel.layer.blobs, strict=True):
        ours.data[...] = theirs.data
    formula.weights = [weights.astype(np.float32) for weights in formula.weights]
    kernel.weights = formula.weights
    return formula, kernel


@pytest.mark.parametrize("target", usable_targets(), ids=lambda target: target.name)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_row(case: Case, target: Target) -> None:
    formula, kernel = rigs(case, target)
    for got, want in zip(outcome(kernel), outcome(formula), strict=True):
        np.testing.assert_array_equal(np.isnan(got), np.isnan(want))
        assert error_of(np.nan_to_num(got), np.nan_to_num(want)) < 5e-6


@pytest.mark.parametrize("case", CASES, ids=str)
def test_threads_change_nothing(case: Case) -> None:
    target, found = usable_targets()[0], []
    for threads in (1, 2, 3):
        set_threads(threads)
        found.append(outcome(rigs(case, target)[1]))
    set_threads(1)
    for other in found[1:]:
        for got, want in zip(other, found[0], strict=True):
            np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("value", [np.nan, -np.inf], ids=str)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_is_not_finite(case: Case, value: float) -> None:
    rig, other = (rigs(case, usable_targets()[0])[1] for _ in range(2))
    rig.kernel = kernel_of(rig.layer)
    for each in (rig, other):
        for blob in each.bottom:
            blob.data.reshape(-1)[blob.count // 3 : blob.count // 3 + 1] = value
    with np.errstate(all="ignore"):
        pairs = list(zip(outcome(other), outcome(rig), strict=True))
    if case.type == "Convolution":  # numpy's adds 0 times what lies beyond the end of a row
        pairs = pairs[:2]
    for got, want in pairs:
        finite = np.isfinite(want)
        np.testing.assert_array_equal(np.isfinite(got), finite)
        np.testing.assert_array_equal(got[np.isinf(want)], want[np.isinf(want)])
        assert error_of(got[finite], want[finite]) < 5e-5
