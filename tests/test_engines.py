"""Finding engines by name; the numpy plan."""

from __future__ import annotations

import importlib
from pathlib import Path

import numpy as np
import pytest
from google.protobuf import text_format

from minicaffe import TEST, Net, engines
from minicaffe.engines import engine_names, find_engine
from minicaffe.errors import EngineError
from minicaffe.proto import caffe_pb2
from tests.warp import add_warp


def test_numpy_is_always_there() -> None:
    assert "numpy" in engine_names()
    assert find_engine("numpy").__name__ == "minicaffe.engines.numpy"
    assert engines.why_unavailable("numpy") is None


def test_names_come_best_first() -> None:
    modules = [importlib.import_module(f"minicaffe.engines.{name}") for name in engine_names()]
    priorities = [module.PRIORITY for module in modules]
    assert priorities == sorted(priorities, reverse=True)


def test_the_variable_names_the_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(engines.VARIABLE, "numpy")
    assert find_engine().__name__.endswith(".numpy")
    monkeypatch.setenv(engines.VARIABLE, "nunpy")
    with pytest.raises(EngineError, match=r"unknown engine 'nunpy'; did you mean `numpy`\?"):
        find_engine()
    assert find_engine("numpy").__name__.endswith(".numpy"), "an argument comes first"


def test_an_unknown_engine_lists_those_there_are() -> None:
    with pytest.raises(EngineError, match=r"unknown engine 'cuda'; there are: .*numpy"):
        find_engine("cuda")


def test_the_default_is_the_best_that_can_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(engines.VARIABLE, raising=False)
    can_run = [name for name in engine_names() if engines.why_unavailable(name) is None]
    add_warp(tmp_path, monkeypatch)
    assert engine_names()[0] == "warp"
    assert find_engine().__name__ == f"minicaffe.engines.{can_run[0]}"
    with pytest.raises(EngineError, match="engine 'warp' cannot run here: no dilithium"):
        find_engine("warp")


def test_infinities_pass_without_warnings() -> None:
    param = text_format.Parse(
        """layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 2 dim: 3 } } }
        layer { name: "y" type: "Log" bottom: "x" top: "y" }
        layer { name: "s" type: "Scale" bottom: "y" top: "z" }""",
        caffe_pb2.NetParameter(),
    )
    net = Net(param, TEST, engine="numpy")
    net.blobs["x"].data[...] = [[0, 1, 2], [-1, 0, 1]]
    out = net.forward()["z"]
    assert np.isneginf(out[0, 0])
    assert np.isnan(out[1, 0])
