"""Devices: how they are chosen, and what is said of those that are not there or too small.

Where there is no GPU, two are pretended at the boundary to PyTorch.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator

import numpy as np
import pytest
from google.protobuf import text_format

pytest.importorskip("torch", reason="PyTorch is absent")

import torch

import minicaffe
from minicaffe import common, engines
from minicaffe.cli import main
from minicaffe.engines.torch.steps import FunctionStep
from minicaffe.errors import EngineError, MemoryLimitError, SettingError
from minicaffe.net.net import TEST, Net
from minicaffe.proto import caffe_pb2
from minicaffe.solver.solver_param import device_of as device_of_solver
from tests.engines.nets import plain


@pytest.fixture
def param() -> caffe_pb2.NetParameter:
    return text_format.Parse(plain(), caffe_pb2.NetParameter())


@pytest.fixture
def two_gpus(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """PyTorch says that there are two; what is sent there fails, as with too old a driver."""
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.delenv(engines.VARIABLE, raising=False)
    with common.fresh_settings():
        yield


@pytest.mark.usefixtures("two_gpus")
def test_a_gpu_that_is_not_there() -> None:
    for call in (lambda: minicaffe.set_device(3), lambda: common.device_name(3)):
        with pytest.raises(
            EngineError, match=r"no GPU 3: there are cuda:0, cuda:1, numbered from 0"
        ):
            call()
    with pytest.raises(
        EngineError, match="no device 'cuda:7' here: PyTorch has cpu, cuda:0, cuda:1"
    ):
        engines.find_engine(device="cuda:7")


@pytest.mark.usefixtures("two_gpus")
def test_a_gpu_that_is_asked_for_is_taken(param: caffe_pb2.NetParameter) -> None:
    assert common.chosen_device() is None
    minicaffe.set_device(1)
    assert common.chosen_device() is None
    minicaffe.set_mode_gpu()
    assert common.chosen_device() == "cuda:1"
    if not torch.backends.cuda.is_built():
        with pytest.raises(EngineError, match="device 'cuda:1' does not compute with PyTorch"):
            Net(param, TEST)
    assert Net(param, TEST, engine="numpy").options.device is None
    minicaffe.set_mode_cpu()
    assert common.chosen_device() is None


@pytest.mark.usefixtures("two_gpus")
def test_the_solvers_mode() -> None:
    solver = caffe_pb2.SolverParameter(solver_mode="GPU", device_id=1)
    assert device_of_solver(solver) == "cuda:1"
    solver.device_id = 2
    with pytest.raises(SettingError, match="no GPU 2"):
        device_of_solver(solver)
    assert device_of_solver(caffe_pb2.SolverParameter(device_id=1)) is None
    solver.device_id = 0
    assert device_of_solver(solver, "torch") == "cuda:0"
    assert device_of_solver(solver, "numpy") is None


def test_without_a_gpu_the_log_says_so(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(common, "devices", list)
    caplog.set_level(logging.INFO, "minicaffe")
    with common.fresh_settings():
        minicaffe.set_mode_gpu()
        minicaffe.set_device(2)
        assert common.chosen_device() is None
    assert caplog.text.count("computes on the CPU") == 2


def test_another_engine_has_no_devices() -> None:
    with pytest.raises(EngineError, match="on which the engine 'torch' computes, not 'numpy'"):
        engines.find_engine("numpy", device="cpu")


def test_the_cpu_can_be_named(param: caffe_pb2.NetParameter) -> None:
    net = Net(param, TEST, device="cpu")
    assert engines.engine_name(net.engine) == "torch"
    assert np.isfinite(net.forward()["loss"])
    assert "c1: torch, convolution on cpu" in net.plan.describe(verbose=True)


def test_a_device_without_memory_names_the_layer_and_a_batch(
    param: caffe_pb2.NetParameter, monkeypatch: pytest.MonkeyPatch
) -> None:
    net = Net(param, TEST, engine="torch", path="net.prototxt")
    net.forward()
    run = FunctionStep.forward

    def full(step: FunctionStep) -> list:
        if "inner_product" in step.describe():
            raise torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return run(step)

    monkeypatch.setattr(FunctionStep, "forward", full)
    said = (
        r"net\.prototxt.*layer 'hidden' \(InnerProduct\): cpu has no more memory; .* take .*KiB of "
        r"it so far; a batch of about [1-4] instead of 5 would fit"
    )
    with pytest.raises(MemoryLimitError, match=said):
        net.forward()


def test_without_pytorch(monkeypatch: pytest.MonkeyPatch) -> None:
    from minicaffe.engines import torch as engine

    monkeypatch.setitem(sys.modules, "torch", None)
    found = engine.problem.__wrapped__()
    assert found is not None
    assert "pip install 'minicaffe[torch]'" in found.reason
    monkeypatch.setattr(engine, "problem", lambda: found)
    with pytest.raises(EngineError, match=r"engine 'torch' cannot run here.*minicaffe\[torch\]"):
        engines.find_engine("torch")
    monkeypatch.undo()


def test_the_default_where_onednn_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    from minicaffe.engines import onednn

    monkeypatch.delenv(engines.VARIABLE, raising=False)
    monkeypatch.setattr(onednn, "why_not", lambda precision: engines.Unavailable("no library"))
    assert engines.engine_name(engines.find_engine()) == "torch"


@pytest.mark.usefixtures("two_gpus")
def test_the_flag(tmp_path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "net.prototxt"
    path.write_text(plain())
    assert main(["time", f"--model={path}", "--gpu=3", "--iterations=1"]) == 1
    assert "no GPU 3: there are cuda:0, cuda:1, numbered from 0" in capsys.readouterr().err
