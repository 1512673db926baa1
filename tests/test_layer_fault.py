"""What a layer raises that is no error of minicaffe's arrives with the layer's place and shapes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from minicaffe import TRAIN, Net, cli
from minicaffe.errors import GraphError, LayerFault
from minicaffe.layer import Blobs
from minicaffe.layers.activation.tanh import TanH

NET = """layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 2 dim: 3 } } }
layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip"
  inner_product_param { num_output: 4 } }
layer { name: "tanh" type: "TanH" bottom: "ip" top: "out" }
layer { name: "loss" type: "Reduction" bottom: "out" top: "loss" loss_weight: 1 }
"""
PLACE = (
    "net.prototxt:4: layer 'tanh' (TanH): ValueError: cannot reshape array of size 8 into shape "
    "(7,7); bottoms 'ip' (2×4); tops 'out' (2×4); this is a fault of minicaffe: please report it"
)


def fails(*_: object) -> None:
    np.reshape(np.zeros((2, 4)), (7, 7))


def run_once() -> None:
    net = Net("net.prototxt", TRAIN, engine="numpy")
    net.forward()
    net.backward()


@pytest.fixture(autouse=True)
def in_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("net.prototxt").write_text(NET, encoding="utf-8")


@pytest.mark.parametrize("method", ["setup", "reshape", "forward", "backward"])
def test_each_method(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TanH, method, fails)
    with pytest.raises(LayerFault) as caught:
        run_once()
    said = str(caught.value)
    if method in ("setup", "reshape"):
        assert said.startswith(PLACE.partition("; tops")[0])
    else:
        assert said == PLACE
    assert isinstance(caught.value.__cause__, ValueError)


def test_a_program_gets_its_own_exception(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a handler of a signal raises it, in the middle of a layer."""

    def interrupted(self: TanH, bottom: Blobs, top: Blobs) -> None:
        raise TimeoutError("too slow")

    monkeypatch.setattr(TanH, "forward", interrupted)
    with pytest.raises(TimeoutError, match="too slow"):
        Net("net.prototxt", TRAIN, engine="numpy").forward()


def test_our_own_errors_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: TanH, bottom: Blobs, top: Blobs) -> None:
        raise GraphError("no")

    monkeypatch.setattr(TanH, "reshape", refuse)
    with pytest.raises(GraphError, match=r"net.prototxt:4: layer 'tanh' \(TanH\): no"):
        Net("net.prototxt", TRAIN, engine="numpy")


def test_on_the_command_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(TanH, "forward", fails)
    words = ["time", "--model=net.prototxt", "--engine=numpy", "--iterations=1", "--traceback"]
    assert cli.main(words) == 70
    said = capsys.readouterr().err
    assert "error: this is a fault of minicaffe, not of yours: LayerFault: net.prototxt:4" in said
    assert "in fails" in said  # the trace of the cause
