"""``minicaffe deploy``: the net that remains for use, as a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from minicaffe import TEST, Net, cli
from minicaffe.proto.io import read_net
from tests.told import one_line_each

Capture = pytest.CaptureFixture[str]


def types(path: str) -> list[str]:
    """The types of a file's layers."""
    return [layer.type for layer in read_net(path).layer]


def test_writes_the_net_that_remains(tiny: Path, capsys: Capture) -> None:
    assert cli.main(["deploy", "net.prototxt", "-o", "deploy.prototxt"]) == 0
    assert types("deploy.prototxt") == ["Input", "InnerProduct", "Softmax"]
    said = one_line_each(capsys.readouterr().err)
    assert "loss (SoftmaxWithLoss) becomes prob (Softmax)" in said
    assert "Wrote deploy.prototxt" in said


def test_a_shape_that_is_given(tiny: Path) -> None:
    assert cli.main(["deploy", "net.prototxt", "-o", "deploy.prototxt", "--shape=7,3"]) == 0
    (data,) = (layer for layer in read_net("deploy.prototxt").layer if layer.type == "Input")
    assert list(data.input_param.shape[0].dim) == [7, 3]


def test_until_a_blob(tiny: Path) -> None:
    assert cli.main(["deploy", "net.prototxt", "-o", "deploy.prototxt", "--until=ip"]) == 0
    assert types("deploy.prototxt") == ["Input", "InnerProduct"]


def test_until_a_blob_that_another_one_needs(tiny: Path, capsys: Capture) -> None:
    """Both are outputs: what the Softmax reads comes out of a Split."""
    words = ["deploy", "net.prototxt", "-o", "deploy.prototxt"]
    assert cli.main([*words, "--until=prob,ip"]) == 0
    assert types("deploy.prototxt") == ["Input", "InnerProduct", "Split", "Softmax"]
    assert sorted(Net("deploy.prototxt", TEST).outputs) == ["ip", "prob"]
    assert cli.main([*words[:-1], "x.prototxt", "--until=prob,data"]) == 1
    assert "'data' is an input that layers read, and can be no output as well" in one_line_each(
        capsys.readouterr().err
    )
    assert not Path("x.prototxt").exists()


def test_a_blob_that_is_not_there(tiny: Path, capsys: Capture) -> None:
    assert cli.main(["deploy", "net.prototxt", "-o", "deploy.prototxt", "--until=prb"]) == 1
    assert "the net has no blob 'prb'; did you mean `prob`?" in one_line_each(
        capsys.readouterr().err
    )
    assert not Path("deploy.prototxt").exists()


def test_a_deploy_net_stays_as_it_is(tiny: Path) -> None:
    cli.main(["deploy", "net.prototxt", "-o", "first.prototxt"])
    cli.main(["deploy", "first.prototxt", "-o", "second.prototxt"])
    assert Path("first.prototxt").read_bytes() == Path("second.prototxt").read_bytes()
