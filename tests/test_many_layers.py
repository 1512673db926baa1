"""Nets of very many layers and blobs: the work of building one is in proportion to them."""

from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np
import pytest

from minicaffe import engines
from minicaffe.net.net import TEST, Net
from minicaffe.proto import caffe_pb2
from minicaffe.proto.text_format import parse

INPUT = 'layer { name: "d" type: "Input" top: "t0" input_param { shape { dim: 2 dim: 1 } } }\n'


def chain(count: int) -> str:
    """A layer on each other's top."""
    return INPUT + "\n".join(
        f'layer {{ name: "l{i}" type: "ReLU" bottom: "t{i}" top: "t{i + 1}" }}'
        for i in range(count)
    )


def tops(count: int) -> str:
    """A layer with this many tops, which nothing reads."""
    names = " ".join(f'top: "t{i}"' for i in range(count))
    return (
        f'layer {{ name: "d" type: "DummyData" {names} dummy_data_param {{ shape {{ dim: 1 }} }} }}'
    )


def uses(count: int) -> str:
    """A blob that this many layers read."""
    return INPUT + "\n".join(
        f'layer {{ name: "l{i}" type: "ReLU" bottom: "t0" top: "u{i}" }}' for i in range(count)
    )


def parsed(text: str) -> caffe_pb2.NetParameter:
    net = caffe_pb2.NetParameter()
    parse(text, net)
    return net


def counted(function: Callable[[], object]) -> int:
    """How many calls (of generators, too) a function makes."""
    count = 0

    def counting(frame: object, event: str, argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(counting)
    try:
        function()
    finally:
        sys.setprofile(None)
    return count


def steps_of_building(param: caffe_pb2.NetParameter) -> int:
    """How many calls it takes to build the net."""
    return counted(lambda: Net(param, TEST, engine="numpy").close())


@pytest.mark.parametrize("make", [chain, tops, uses])
def test_building_takes_steps_in_proportion(make: Callable[[int], str]) -> None:
    steps_of_building(parsed(make(3)))  # what is done once
    few, many = (steps_of_building(parsed(make(count))) for count in (300, 1200))
    assert many < 5 * few


@pytest.mark.parametrize("make", [chain, uses])
def test_lending_memory_takes_steps_in_proportion(make: Callable[[int], str]) -> None:
    def steps(count: int) -> int:
        with Net(parsed(make(count)), TEST, engine="numpy", keep="outputs") as net:
            net.forward()
            return counted(net.forward)

    few, many = steps(300), steps(1200)
    assert many < 5 * few


def test_20000_tops() -> None:
    with Net(parsed(tops(20_000)), TEST, engine="numpy") as net:
        assert len(net.outputs) == 20_000
        assert net.outputs == sorted(net.blobs)


@pytest.mark.parametrize("kind", ["Concat", "Eltwise"])
@pytest.mark.parametrize("coeff", [1, 2])
def test_more_bottoms_than_a_primitive_takes(kind: str, coeff: int) -> None:
    """oneDNN numbers a primitive's arguments, and from some thousands on they mean others."""
    if reason := engines.why_unavailable("onednn"):
        pytest.skip(reason)
    count = 3500
    text = INPUT + f'layer {{ name: "c" type: "{kind}" top: "c" '
    text += 'bottom: "t0" ' * count
    if kind == "Eltwise":
        text += f"eltwise_param {{ {f'coeff: {coeff} ' * count} }}"
    param = parsed(text + "}")
    with Net(param, TEST, engine="onednn") as net:
        net.blobs["t0"].data[...] = [[2], [3]]
        top = net.forward()["c"]
    if kind == "Concat":
        np.testing.assert_array_equal(top, [[2] * count, [3] * count])
    else:
        np.testing.assert_allclose(top, [[2 * coeff * count], [3 * coeff * count]])
