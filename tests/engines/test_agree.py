"""Every row of the layers' generic test gives on oneDNN what it gives on numpy."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from minicaffe.layer import layer_class
from minicaffe.proto import caffe_pb2
from tests.engines.twins import Twins
from tests.layers.harness import Case
from tests.layers.test_layers import CASES

Rounding = Callable[[np.ndarray], np.ndarray]


def net_text(case: Case, in_place: bool) -> str:
    """The layer of a row with Input layers before it."""
    wanted = case.gradients or [True] * len(case.bottoms)
    allowed = map(layer_class(case.type).allow_force_backward, range(len(wanted)))
    force = all(value or not can for value, can in zip(wanted, allowed, strict=True))
    lines = [f"force_backward: {str(force).lower()}"]
    names = [f"in{index}" for index in range(len(case.bottoms))]
    for name, shape in zip(names, case.bottoms, strict=True):
        dims = " ".join(f"dim: {n}" for n in shape)
        lines.append(
            f'layer {{ name: "{name}" type: "Input" top: "{name}" '
            f"input_param {{ shape {{ {dims} }} }} }}"
        )
    tops = names if in_place else [f"out{index}" for index in range(case.tops)]
    bottoms = " ".join(f'bottom: "{name}"' for name in names)
    outputs = " ".join(f'top: "{name}"' for name in tops)
    lines.append(f'layer {{ name: "layer" type: "{case.type}" {bottoms} {outputs} {case.param} }}')
    return "\n".join(lines)


def unchanged(values: np.ndarray) -> np.ndarray:
    return values


def twins_of(case: Case, in_place: bool = False, rounded: Rounding = unchanged) -> Twins:
    """The nets of a row, with equal parameters and inputs (``rounded``)."""
    twins = Twins(net_text(case, in_place), caffe_pb2.Phase.Value(case.phase))
    rng = np.random.default_rng(7)
    makers = case.values if isinstance(case.values, list | tuple) else [case.values] * 99
    for index, (shape, make) in enumerate(zip(case.bottoms, makers, strict=False)):
        values = rounded(make(rng, shape))
        for net in twins.nets:
            net.blobs[f"in{index}"].data[...] = values
    for name, blobs in twins.numpy.params.items():
        for left, right in zip(blobs, twins.tested.params[name], strict=True):
            if not left.data.any():  # zeros hide mistakes
                left.data[...] = rng.uniform(0.5, 2, left.shape)
            left.data[...] = right.data[...] = rounded(left.data)
    return twins


def check(
    case: Case, twins: Twins, rounded: Rounding = unchanged, tolerance: float | None = None
) -> None:
    """Run the nets of a row forward, and backward twice, and compare."""
    twins.each("forward")
    twins.same(diffs=False, tolerance=tolerance)
    if not case.has_gradient:
        return
    rng = np.random.default_rng(8)
    tops = twins.numpy.top_names["layer"]
    for _ in range(2):  # parameters' gradients add up
        for name in twins.numpy.blobs:
            if name in tops and not case.loss:
                values = rounded(rng.normal(size=twins.numpy.blobs[name].shape))
                for net in twins.nets:
                    net.blobs[name].diff[...] = values
        twins.each("backward")
        twins.same(tolerance=tolerance)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_row(case: Case) -> None:
    check(case, twins_of(case))


@pytest.mark.parametrize("case", [case for case in CASES if case.in_place], ids=str)
def test_row_in_place(case: Case) -> None:
    check(case, twins_of(case, in_place=True))
