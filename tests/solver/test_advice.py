"""What passes in Caffe without a word, and is said before the first iteration here."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from minicaffe import TEST, TRAIN, Net, cli
from minicaffe.engines import engine_names, why_unavailable
from minicaffe.errors import GraphError
from minicaffe.proto import caffe_pb2
from minicaffe.solver import get_solver
from tests.solver.problem import NET, make_solver, texts, write_problem

ENGINES = [name for name in engine_names() if why_unavailable(name) is None]
FROZEN = NET.replace("lr_mult: 1 }", "lr_mult: 0 }").replace("lr_mult: 2", "lr_mult: 0")
INFOGAIN = """
layer { name: "H" type: "DummyData" top: "H" dummy_data_param {
  shape { dim: 1 dim: 1 dim: 3 dim: 3 } } }
layer { name: "prob" type: "Softmax" bottom: "score" top: "prob" }
layer { name: "info" type: "InfogainLoss" bottom: "prob" bottom: "label" bottom: "H" top: "info" }
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("settings", "net", "message"),
    [
        ("base_lr: -0.1", NET, "base_lr is -0.1: updates climb the loss"),
        ("base_lr: nan", NET, "base_lr is nan, so the first update leaves no weight a number"),
        ("base_lr: inf", NET, "base_lr is inf, so the first update leaves no weight a number"),
        ("momentum: 1.5", NET, "momentum is 1.5, which adds ever more of earlier updates"),
        ("momentum: -0.5", NET, "momentum is -0.5, which adds"),
        ("momentum: nan", NET, "momentum is nan, which adds"),
        ("weight_decay: -0.1", NET, "weight_decay is -0.1, which drives weights away from 0"),
        ("weight_decay: inf", NET, "weight_decay is inf, which drives weights away from 0"),
        ("gamma: nan", NET, "gamma is nan, and so will the learning rate be"),
        ("power: inf", NET, "power is inf, and so will the learning rate be"),
        ("max_iter: -3", NET, "max_iter is -3, so nothing is trained"),
        ("test_interval: 5", NET, "test_interval is 5, but there is no test_iter"),
        ("", FROZEN, "every lr_mult of net 'small' is 0, so nothing is learned"),
        ("", NET.replace("InnerProduct", "Softmax").split("  param")[0] + "}",
         "has no parameters to learn in phase TRAIN"),
        ("", NET + INFOGAIN,
         "layer 'info' (InfogainLoss) reads Softmax 'prob' and takes the softmax once more"),
    ],
)  # fmt: skip
def test_a_warning_before_the_first_iteration(
    settings: str, net: str, message: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "minicaffe")
    path = write_problem(tmp_path, "", net)
    text = Path(path).read_text()
    Path(path).write_text((text.replace("base_lr: 0.1", "") if "base_lr" in settings else text)
                          + settings)  # fmt: skip
    get_solver(path)
    assert any(message in line for line in texts(caplog)), texts(caplog)


def test_an_ordinary_solver_is_not_warned_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "minicaffe")
    make_solver(tmp_path, "test_interval: 5 test_iter: 1")
    assert texts(caplog) == []


def test_a_deploy_net_given_to_train(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_problem(tmp_path, "max_iter: 1 snapshot_after_train: false")
    assert cli.main(["train", "--solver=solver.prototxt"]) == 0
    lines = capsys.readouterr().err.splitlines()
    (warning,) = [n for n, line in enumerate(lines) if "Input blobs data, label, which" in line]
    first = next(n for n, line in enumerate(lines) if "Iteration" in line or "Solving" in line)
    assert warning < first
    assert "Is it a deploy prototxt?" in lines[warning]


def test_a_test_net_says_its_stages(tmp_path: Path) -> None:
    net = NET.replace('name: "fc"', 'name: "fc" include { stage: "deep" }')
    states = 'train_state { stage: "deep" } test_interval: 5 test_iter: 1'
    with pytest.raises(GraphError) as caught:
        make_solver(tmp_path, states, net)
    text = str(caught.value)
    assert "in test net #0: phase TEST, level 0, stages: none" in text
    assert 'test_state { stage: "deep" }' in text
    make_solver(tmp_path, states + ' test_state { stage: "deep" }', net)


NAN = "input blob 'x' holds 2 NaN among 6 values; the results are NaN where they matter"
FINITE = [[np.inf, -np.inf, 0], [1, 2, 3]]
SPOILT = [[np.nan, 1, np.nan], [1, 2, 3]]


def given(net: Net, values: list[list[float]]) -> None:
    net.forward(x=np.array(values))


def written(net: Net, values: list[list[float]]) -> None:
    net.blobs["x"].data[...] = values
    net.forward()


def written_into_a_view(net: Net, values: list[list[float]]) -> None:
    view = net.blobs["x"].data
    net.forward()
    view[...] = values
    net.forward(end="x")
    net.forward(start="fc")


def written_by_a_loss(net: Net, values: list[list[float]]) -> None:
    net.blobs["x"].data[...] = values
    net.forward_loss()


@pytest.mark.parametrize("keep", ["all", "outputs"])
@pytest.mark.parametrize("phase", [TEST, TRAIN])
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("run", [given, written, written_into_a_view, written_by_a_loss])
def test_nan_in_an_input_is_said_once(
    run: Callable[[Net, list[list[float]]], None],
    engine: str,
    phase: int,
    keep: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    param = caffe_pb2.NetParameter(name="n")
    param.layer.add(name="x", type="Input", top=["x"]).input_param.shape.add(dim=[2, 3])
    layer = param.layer.add(name="fc", type="InnerProduct", bottom=["x"], top=["fc"])
    layer.inner_product_param.num_output = 2
    param.layer.add(name="relu", type="ReLU", bottom=["fc"], top=["fc"])
    net = Net(param, phase, engine=engine, keep=keep)
    run(net, FINITE)
    assert texts(caplog) == []
    for _ in range(2):
        run(net, SPOILT)
    assert texts(caplog) == [NAN]


@pytest.mark.parametrize("engine", ENGINES)
def test_nan_in_an_input_that_does_not_run(engine: str, caplog: pytest.LogCaptureFixture) -> None:
    param = caffe_pb2.NetParameter(name="n")
    param.layer.add(name="x", type="Input", top=["x"]).input_param.shape.add(dim=[2, 3])
    param.layer.add(name="relu", type="ReLU", bottom=["x"], top=["relu"])
    param.layer.add(name="exp", type="Exp", bottom=["relu"], top=["exp"])
    net = Net(param, TEST, engine=engine)
    net.forward()
    net.blobs["x"].data[...] = SPOILT
    net.forward(start="exp")
    assert texts(caplog) == []
    net.forward(start="relu")
    assert texts(caplog) == [NAN]


def test_unrequested_gradients(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "minicaffe")
    without = NET.partition('layer { name: "accuracy"')[0]
    for force in (False, True):
        Path("n.prototxt").write_text(without + f"force_backward: {str(force).lower()}")
        net = Net("n.prototxt", TEST)
        net.forward()
        for _ in range(2):
            net.backward()
    (line,) = [line for line in texts(caplog) if "backward" in line]
    assert line.startswith("backward computes no gradient of data, label")
    assert "write force_backward: true in the prototxt" in line


def test_an_input_without_a_shape(caplog: pytest.LogCaptureFixture) -> None:
    net = caffe_pb2.NetParameter()
    net.layer.add(name="x", type="Input", top=["x"])
    Net(net)
    assert "layer 'x' (Input): no shape is given, so its tops are empty" in texts(caplog)[0]
