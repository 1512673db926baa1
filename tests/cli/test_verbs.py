"""``minicaffe test``, ``time`` and the upgrade tools."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from google.protobuf import text_format

from minicaffe import TRAIN, Net, cli, threads
from minicaffe.proto import caffe_pb2
from tests.told import one_line_each

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def weights(tiny: Path) -> str:
    Net("net.prototxt", TRAIN, seed=2).save("w.caffemodel")
    return "w.caffemodel"


def test_scores_a_model(weights: str, capsys: Capture) -> None:
    words = ["-model", "net.prototxt", "-weights", f"{weights},{weights}", "-iterations", "3"]
    assert cli.main(["test", *words, "-gpu", "0"]) == 0
    lines = [
        line.partition("] ")[2] for line in one_line_each(capsys.readouterr().err).splitlines()
    ]
    assert "Running for 3 iterations." in lines
    batches = [
        float(line.rpartition(" ")[2]) for line in lines if "Batch" in line and "acc" in line
    ]
    assert len(batches) == 3
    mean = next(line for line in lines if line.startswith("accuracy = "))
    assert float(mean.rpartition(" ")[2]) == pytest.approx(sum(batches) / 3, rel=1e-5)
    assert any(line.startswith("loss = ") and line.endswith(" loss)") for line in lines)


def test_scores_fifty_batches_as_caffe_does(weights: str, capsys: Capture) -> None:
    assert cli.main(["test", "--model=net.prototxt", f"--weights={weights}"]) == 0
    assert "Running for 50 iterations." in one_line_each(capsys.readouterr().err)


def test_scoring_with_another_nets_weights(weights: str, tiny: Path, capsys: Capture) -> None:
    text = (tiny / "net.prototxt").read_text().replace("num_output: 2", "num_output: 3")
    (tiny / "net.prototxt").write_text(text)
    assert cli.main(["test", "--model=net.prototxt", f"--weights={weights}"]) == 1
    assert "error: " in one_line_each(capsys.readouterr().err)


@pytest.mark.parametrize("phase", ["TRAIN", "TEST"])
def test_measures_every_layer(phase: str, weights: str, capsys: Capture) -> None:
    words = ["--model=net.prototxt", "--iterations=2", f"--phase={phase}", f"--weights={weights}"]
    assert cli.main(["time", *words]) == 0
    text = one_line_each(capsys.readouterr().err)
    for line in (
        "Initial loss: ", "*** Benchmark begins ***", "Iteration: 2 forward-backward time: ",
        "        ip\tforward: ", "        ip\tbackward: ", "Average Forward pass: ",
        "Average Backward pass: ", "Average Forward-Backward: ", "Total Time: ",
        "*** Benchmark ends ***", "Whole net, Forward-Backward: ", "Peak memory of the process: ",
    ):  # fmt: skip
        assert line in text
    assert ("accuracy\tforward" in text) == (phase == "TEST")


def test_measures_inference_and_shows_the_plan(tiny: Path, capsys: Capture) -> None:
    words = ["--model=net.prototxt", "--iterations=2", "--forward_only", "--verbose"]
    assert cli.main(["time", *words]) == 0
    text = one_line_each(capsys.readouterr().err)
    assert "Whole net, Forward: " in text
    assert "Plan of engine " in text
    assert "Peak memory of the process: " in text
    assert re.search(r" ip( \+ \S+)*: ", text, re.MULTILINE), "which layers a step covers"
    assert "ackward" not in text


def test_nothing_to_measure(tiny: Path, capsys: Capture) -> None:
    (tiny / "net.prototxt").write_text('name: "empty"')
    assert cli.main(["time", "--model=net.prototxt"]) == 1
    assert "no layers in this phase" in one_line_each(capsys.readouterr().err)


def test_upgrades_a_net(tiny: Path, capsys: Capture) -> None:
    (tiny / "old.prototxt").write_text(
        'input: "x" input_dim: 2 input_dim: 3 input_dim: 4 input_dim: 5\n'
        'layers { name: "r" type: RELU bottom: "x" top: "x" }\n'
    )
    assert cli.main(["upgrade_net_proto_text", "old.prototxt", "new.prototxt"]) == 0
    net = text_format.Parse((tiny / "new.prototxt").read_text(), caffe_pb2.NetParameter())
    assert [layer.type for layer in net.layer] == ["Input", "ReLU"]
    assert "new.prototxt" in one_line_each(capsys.readouterr().err)


def test_upgrades_weights(tiny: Path, capsys: Capture) -> None:
    old = caffe_pb2.NetParameter()
    old.layers.add(name="ip", type=caffe_pb2.V1LayerParameter.INNER_PRODUCT)
    (tiny / "old.caffemodel").write_bytes(old.SerializeToString())
    assert cli.main(["upgrade_net_proto_binary", "old.caffemodel", "new.caffemodel"]) == 0
    new = caffe_pb2.NetParameter.FromString((tiny / "new.caffemodel").read_bytes())
    assert [layer.type for layer in new.layer] == ["InnerProduct"]
    assert "new.caffemodel" in one_line_each(capsys.readouterr().err)


def test_upgrades_a_solver(tiny: Path, capsys: Capture) -> None:
    (tiny / "old.prototxt").write_text("base_lr: 0.5 solver_type: ADAM")
    assert cli.main(["upgrade_solver_proto_text", "old.prototxt", "new.prototxt"]) == 0
    param = text_format.Parse((tiny / "new.prototxt").read_text(), caffe_pb2.SolverParameter())
    assert param.type == "Adam"
    assert not param.HasField("solver_type")
    assert "new.prototxt" in one_line_each(capsys.readouterr().err)


@pytest.mark.parametrize(
    "verb", ["upgrade_net_proto_text", "upgrade_solver_proto_text", "upgrade_net_proto_binary"]
)
def test_upgrade_that_cannot_be_read_writes_nothing(verb: str, tiny: Path, capsys: Capture) -> None:
    (tiny / "new").write_text("what was there")
    assert cli.main([verb, "nowhere", "new"]) == 1
    assert "error: nowhere" in one_line_each(capsys.readouterr().err)
    assert (tiny / "new").read_text() == "what was there"


@pytest.mark.parametrize("verb", ["train", "test", "time"])
def test_threads(verb: str, weights: str, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(threads.VARIABLE, "5")
    if verb == "train":
        words = ["--solver=solver.prototxt"]
    else:
        words = ["--model=net.prototxt", f"--weights={weights}"]
    try:
        for asked, count in ((["--threads", "3"], 3), ([], 5)):
            assert cli.main([verb, *words, "--iterations=1", *asked]) == 0
            assert threads.thread_count() == count
    finally:
        threads.set_threads(None)
    assert cli.main([verb, *words, "--threads=0"]) == 2
    assert "expected a whole number from 1" in one_line_each(capsys.readouterr().err)
