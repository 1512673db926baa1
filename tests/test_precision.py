"""``precision="bf16"``: who takes it, who refuses it and why; the command line and the solver."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from google.protobuf import text_format

from minicaffe import TEST, Net, cli, engines, get_solver
from minicaffe.errors import EngineError
from minicaffe.layer import Blobs, Layer, register
from minicaffe.proto import caffe_pb2
from minicaffe.proto.io import read_net_binary
from tests.told import one_line_each
from tests.warp import add_warp

Capture = pytest.CaptureFixture[str]

WHY_NOT = engines.why_unavailable("onednn", "bf16")
needs_bf16 = pytest.mark.skipif(bool(WHY_NOT), reason=f"values in bfloat16: {WHY_NOT}")
needs_onednn = pytest.mark.skipif(
    bool(engines.why_unavailable("onednn")),
    reason=f"precision on oneDNN: {engines.why_unavailable('onednn')}",
)

NET = """
layer {
  name: "data" type: "DummyData" top: "data" top: "label"
  dummy_data_param {
    shape { dim: 4 dim: 3 dim: 6 dim: 5 } shape { dim: 4 }
    data_filler { type: "gaussian" } data_filler { type: "constant" value: 1 }
  }
}
layer {
  name: "conv" type: "Convolution" bottom: "data" top: "conv"
  convolution_param { num_output: 16 kernel_size: 3 weight_filler { type: "xavier" } }
}
layer {
  name: "ip" type: "InnerProduct" bottom: "conv" top: "ip"
  inner_product_param { num_output: 2 weight_filler { type: "xavier" } }
}
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" top: "loss" }
"""

SOLVER = """
net: "net.prototxt" test_iter: 2 test_interval: 5 base_lr: 0.1 lr_policy: "fixed"
momentum: 0.9 max_iter: 10 snapshot_prefix: "tiny" random_seed: 1
"""

PARAM = text_format.Parse(NET, caffe_pb2.NetParameter())


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "net.prototxt").write_text(NET)
    (tmp_path / "solver.prototxt").write_text(SOLVER)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(engines.VARIABLE, raising=False)
    return tmp_path


def is_rounded(values: np.ndarray) -> bool:
    """Whether all of these floats are bfloat16 values."""
    return not (np.ascontiguousarray(values).view(np.uint32) & 0xFFFF).any()


@register("TestSeesRounding")
class SeesRounding(Layer):
    """Passes values on; writes down whether they were bfloat16 values, for each phase."""

    of_phase: ClassVar[dict[int, bool]] = {}

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        top[0].reshape_like(bottom[0])

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        self.of_phase[self.phase] = is_rounded(bottom[0].data)
        top[0].data[...] = bottom[0].data

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        bottom[0].diff[...] = top[0].diff


# ------------------------------------------------------------------ who refuses, and why


def test_numpy_refuses() -> None:
    with pytest.raises(EngineError, match=r"'numpy' cannot run here with precision bf16: numpy "):
        Net(PARAM, TEST, engine="numpy", precision="bf16")
    assert Net(PARAM, TEST, engine="numpy").options.precision == "float32"


def test_an_unknown_precision() -> None:
    with pytest.raises(EngineError, match=r"unknown precision 'bf61'; did you mean `bf16`\?"):
        Net(PARAM, TEST, precision="bf61")
    with pytest.raises(EngineError, match="unknown precision 'int4'; there are: float32, bf16"):
        Net(PARAM, TEST, precision="int4")


def test_where_no_engine_can_the_best_one_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(engines.VARIABLE, raising=False)
    add_warp(tmp_path, monkeypatch, alone=True)
    with pytest.raises(EngineError, match=r"'warp' cannot run .*with precision bf16: no dilithium"):
        Net(PARAM, TEST, precision="bf16")


@needs_bf16
def test_a_net_of_another_type_is_refused() -> None:
    net = Net(PARAM, TEST, dtype=np.float64, engine="onednn", precision="bf16")
    with pytest.raises(EngineError, match="precision bf16 is for nets of float32, not of float64"):
        net.forward()


@needs_onednn
def test_a_processor_without_the_instructions(folder: Path) -> None:
    limited = {**os.environ, "ONEDNN_MAX_CPU_ISA": "AVX2", "PYTHONPATH": os.pathsep.join(sys.path)}
    words = ["train", "--solver=solver.prototxt", "--precision=bf16"]
    for more in ([], ["--engine=onednn"]):
        ran = subprocess.run(
            [sys.executable, "-m", "minicaffe", *words, *more],
            env=limited, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert ran.returncode == 1, ran.stderr
        assert "Traceback" not in ran.stderr
        last = one_line_each(ran.stderr).splitlines()[-1]
        assert "'onednn' cannot run here with precision bf16: " in last
        assert "avx512_bf16" in last
        assert "amx_bf16" in last


# ------------------------------------------------------------------ the command line


def test_the_command_line_refuses_in_one_line(folder: Path, capsys: Capture) -> None:
    words = ["train", "--solver=solver.prototxt", "--engine=numpy", "--precision=bf16"]
    assert cli.main(words) == 1
    assert "engine 'numpy' cannot run here with precision bf16" in one_line_each(
        capsys.readouterr().err
    )
    assert cli.main([*words[:-1], "--precision=bf61"]) == 2
    assert "--precision" in one_line_each(capsys.readouterr().err)


@needs_bf16
def test_train_test_and_time(folder: Path, capsys: Capture) -> None:
    sees = 'layer { name: "seen" type: "TestSeesRounding" bottom: "conv" top: "seen" }\nlayer {\n  '
    with_it = NET.replace('bottom: "conv"', 'bottom: "seen"').replace(
        'layer {\n  name: "ip"', sees + 'name: "ip"'
    )
    (folder / "net.prototxt").write_text(with_it)
    (folder / "run.yaml").write_text("solver: solver.prototxt\nprecision: bf16\n")
    weights = "--weights=tiny_iter_10.caffemodel"
    for words in (
        ["train", "--config=run.yaml"],
        ["train", "--solver=solver.prototxt", "--phase=TEST", weights, "--precision=bf16"],
        ["test", "--model=net.prototxt", weights, "--iterations=2", "--precision=bf16"],
        ["time", "--model=net.prototxt", "--iterations=2", "--precision=bf16"],
    ):
        SeesRounding.of_phase.clear()
        assert cli.main(words) == 0, one_line_each(capsys.readouterr().err)
        assert set(SeesRounding.of_phase.values()) == {True}
        assert len(SeesRounding.of_phase) == (2 if "config" in words[1] else 1)
    assert cli.main(["time", "--model=net.prototxt", "--iterations=1"]) == 0
    assert set(SeesRounding.of_phase.values()) == {False}


# ------------------------------------------------------------------ the solver


@needs_bf16
def test_weights_updates_and_snapshots_stay_float32(folder: Path) -> None:
    solver = get_solver("solver.prototxt", engine="onednn", precision="bf16", observers=[])
    exact = get_solver("solver.prototxt", engine="numpy", observers=[])
    start = exact.net.params["conv"][0].data.copy()
    assert np.array_equal(solver.net.params["conv"][0].data, start)
    for item in (exact, solver):  # the snapshot left behind is the last one's
        item.solve()
    net = solver.net
    assert net.options.precision == solver.test_nets[0].options.precision == "bf16"
    assert is_rounded(net.blobs["conv"].data)
    assert net.blobs["conv"].data.any()
    weights, trained = net.params["conv"][0].data, exact.net.params["conv"][0].data
    assert not is_rounded(weights)
    assert not is_rounded(net.params["conv"][0].diff)
    assert not is_rounded(net.blobs["ip"].data)
    moved = np.linalg.norm(trained - start)
    assert moved > 0.1
    assert np.linalg.norm(weights - trained) < 0.05 * moved
    layers = {layer.name: layer for layer in read_net_binary("tiny_iter_10.caffemodel").layer}
    stored = np.asarray(layers["conv"].blobs[0].data, np.float32)
    assert np.array_equal(stored, weights.ravel())
