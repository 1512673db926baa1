"""One generic test for every layer: values, gradients, accumulation, in place, reshape.

A layer joins by a row in the CASES of a module in ``cases/``; a registered type without a
row fails the suite.
"""

from __future__ import annotations

import importlib
import pkgutil

import numpy as np
import pytest

from minicaffe.layer import Layer, layer_class, layer_types
from tests.layers import cases
from tests.layers.harness import Case, Rig, assert_close, numeric_gradient

CASES: list[Case] = [
    case
    for module in pkgutil.iter_modules(cases.__path__)
    for case in importlib.import_module(f"tests.layers.cases.{module.name}").CASES
]

#: Types that need files, threads or a net around them; each has a test module of its own.
ELSEWHERE: set[str] = {
    "AnnotatedData",
    "ConvolutionReLU",
    "ConvolutionReLUPool",
    "ConvolutionReLUPoolLRN",
    "Data",
    "DenseImageData",
    "DetectionData",
    "EvalData",
    "HDF5Data",
    "HDF5Output",
    "ImageData",
    "ImageGtData",
    "ImageSegData",
    "InnerProductReLUDropout",
    "MatRead",
    "MatWrite",
    "MemoryData",
    "VideoData",
    "Python",
    "ReLUPooling",
    "RoIDataLayer",
    "WindowData",
}

with_gradient = [case for case in CASES if case.has_gradient]
in_place = [case for case in CASES if case.in_place]


def learned(layer: Layer, index: int) -> bool:
    """Whether a blob is a parameter rather than a statistic, whose ``lr_mult`` is 0."""
    specs = layer.param.param
    return index >= len(specs) or specs[index].lr_mult != 0


def test_every_registered_type_has_a_case() -> None:
    modules = {name: layer_class(name).__module__ for name in layer_types()}
    built_in = {name for name, module in modules.items() if module.startswith("minicaffe.")}
    assert built_in - {case.type for case in CASES} - ELSEWHERE == set()


@pytest.mark.parametrize("case", CASES, ids=str)
def test_forward(case: Case) -> None:
    rig = Rig(case)
    before = [blob.data.copy() for blob in rig.bottom]
    tops = rig.forward()
    for blob, kept in zip(rig.bottom, before, strict=True):
        np.testing.assert_array_equal(blob.data, kept, "forward must leave the bottoms alone")
    for top in tops:
        assert np.isfinite(top).all()
    if case.reference is not None:
        want = case.reference(before, rig.start)
        assert len(want) == len(tops)
        for got, expected in zip(tops, want, strict=True):
            assert got.shape == np.shape(expected)
            assert_close(got, np.asarray(expected), 1e-10, "top")


@pytest.mark.parametrize("case", CASES, ids=str)
def test_float32_agrees(case: Case) -> None:
    single, double = Rig(case, dtype=np.float32), Rig(case)
    for blob32, blob64 in zip(single.layer.blobs, double.layer.blobs, strict=True):
        blob32.data[...] = blob64.data
    for blob32, blob64 in zip(single.bottom, double.bottom, strict=True):
        blob32.data[...] = blob64.data
    for got, want in zip(single.forward(), double.forward(), strict=True):
        assert got.dtype == np.float32
        assert_close(got, want, 2e-5, "float32 top")


@pytest.mark.parametrize("case", with_gradient, ids=str)
def test_gradient(case: Case) -> None:
    rig = Rig(case)
    rig.forward()
    bottoms = [blob.data.copy() for blob in rig.bottom]
    rig.backward()
    for blob, kept in zip(rig.bottom, bottoms, strict=True):
        np.testing.assert_array_equal(blob.data, kept, "backward must leave the bottoms alone")
    got = [blob.diff.copy() for blob in rig.bottom]
    for index, wanted in enumerate(rig.wanted):
        if wanted:
            want = numeric_gradient(rig, rig.bottom[index].data)
            assert_close(got[index], want, case.tolerance, f"gradient of bottom {index}")
    param_diffs = [blob.diff.copy() for blob in rig.layer.blobs]
    for index, blob in enumerate(rig.layer.blobs):
        if not learned(rig.layer, index):
            continue
        want = numeric_gradient(rig, blob.data)
        assert_close(param_diffs[index], want, case.tolerance, f"gradient of parameter {index}")


@pytest.mark.parametrize("case", with_gradient, ids=str)
def test_parameter_diffs_accumulate(case: Case) -> None:
    rig = Rig(case)
    if not rig.layer.blobs:
        return
    rig.forward()
    rig.backward()
    once = [blob.diff.copy() for blob in rig.layer.blobs]
    rig.restore()
    rig.forward()
    rig.backward()
    for blob, first in zip(rig.layer.blobs, once, strict=True):
        assert_close(blob.diff, 2 * first, 1e-10, "accumulated diff")


@pytest.mark.parametrize("case", with_gradient, ids=str)
def test_frozen_parameters_get_no_gradient(case: Case) -> None:
    rig = Rig(case)
    rig.layer.param_propagate_down = [False] * len(rig.layer.blobs)
    rig.forward()
    rig.backward()
    for blob in rig.layer.blobs:
        assert not blob.diff.any()


@pytest.mark.parametrize("case", in_place, ids=str)
def test_in_place(case: Case) -> None:
    apart, same = Rig(case), Rig(case, in_place=True)
    for got, want in zip(same.forward(), apart.forward(), strict=True):
        assert_close(got, want, 1e-12, "top in place")
    if not case.has_gradient:
        return
    for blob, weight in zip(same.top, apart.weights, strict=True):
        blob.diff[...] = weight
    same.layer.backward(same.top, same.wanted, same.bottom)
    apart.backward()
    for blob_same, blob_apart in zip(same.bottom, apart.bottom, strict=True):
        assert_close(blob_same.diff, blob_apart.diff, 1e-12, "bottom diff in place")
    for blob_same, blob_apart in zip(same.layer.blobs, apart.layer.blobs, strict=True):
        assert_close(blob_same.diff, blob_apart.diff, 1e-12, "parameter diff in place")


@pytest.mark.parametrize("case", CASES, ids=str)
def test_reshape_between_passes(case: Case) -> None:
    """Another batch size and back gives the first result again."""
    rig = Rig(case)
    first = rig.forward()
    shapes = [blob.shape for blob in rig.bottom]
    kept = [blob.data.copy() for blob in rig.bottom]
    smaller = case.smaller
    if smaller is None:
        batch = {shape[0] for shape in shapes if shape}
        if len(batch) != 1 or batch.pop() < 2:
            return
        smaller = [(1, *shape[1:]) for shape in shapes]
    for blob, shape in zip(rig.bottom, smaller, strict=True):
        blob.reshape(*shape)
    rig.restore()
    rig.forward()
    for blob, shape, values in zip(rig.bottom, shapes, kept, strict=True):
        blob.reshape(*shape)
        blob.data[...] = values
    rig.restore()
    for got, want in zip(rig.forward(), first, strict=True):
        assert_close(got, want, 1e-12, "top after reshaping back")
