"""Modules and programs of PyTorch as one side of a comparison."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="PyTorch is absent")
pytest.importorskip("onnx", reason="needs the extra onnx")

import torch
from torch import nn

from minicaffe import TEST, Net, cli
from minicaffe.convert.compare.pairs import Compared, compare, inputs_of
from minicaffe.convert.compare.sources import NetSource
from minicaffe.convert.torch.source import ModuleSource
from minicaffe.errors import CompareError

TEXT = """
layer { name: "data" type: "Input" top: "data"
        input_param { shape { dim: 2 dim: 3 dim: 6 dim: 5 } } }
layer { name: "conv1" type: "Convolution" bottom: "data" top: "conv1"
        convolution_param { num_output: 4 kernel_size: 3 } }
layer { name: "relu" type: "ReLU" bottom: "conv1" top: "relu" }
layer { name: "fc" type: "InnerProduct" bottom: "relu" top: "fc"
        inner_product_param { num_output: 5 } }
"""


class Module(nn.Module):
    """The same in PyTorch, its modules called as the layers."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.conv1, self.relu, self.fc = nn.Conv2d(3, 4, 3), nn.ReLU(inplace=True), nn.Linear(48, 5)
        self.drop = nn.Dropout()

    def forward(self, data: torch.Tensor) -> torch.Tensor:
        return self.fc(self.drop(self.relu(self.conv1(data)).flatten(1)))


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Module:
    """The module; net.prototxt and w.caffemodel in the current folder compute the same."""
    monkeypatch.chdir(tmp_path)
    made = Module()
    Path("net.prototxt").write_text(TEXT, encoding="utf-8")
    with Net("net.prototxt", TEST) as net:
        for name, inner in (("conv1", made.conv1), ("fc", made.fc)):
            for blob, tensor in zip(net.params[name], inner.parameters(), strict=True):
                blob.data[...] = tensor.detach().numpy()
        net.save("w.caffemodel")
    return made


def compared(module: Module, items: int = 2) -> Compared:
    """What a comparison with the net finds."""
    sides = (
        ModuleSource(module, torch.randn(items, 3, 6, 5)),
        NetSource("net.prototxt", ["w.caffemodel"], {}, {}),
    )
    found = Compared()
    compare(*sides, inputs_of(*sides, {}, 0), found)
    return found


def test_inner_modules_are_compared_with_blobs_of_their_names(module: Module) -> None:
    module.train()
    found = compared(module)
    assert found.good
    assert [row.value for row in found.rows.values()] == ["conv1", "relu", "fc", "output"]
    assert module.training
    assert module.drop.training


def test_the_first_module_that_differs_is_named(module: Module) -> None:
    with torch.no_grad():
        module.fc.weight[2] *= 2
    found = compared(module)
    assert not found.good
    assert found.first is not None
    assert found.first.layer == "fc"


def test_inputs_that_it_does_not_take_are_told(module: Module) -> None:
    source = ModuleSource(module, torch.randn(2, 3, 6, 5))
    with pytest.raises(CompareError, match="'Module' does not take the inputs: "):
        source.values({"data": np.zeros((2, 3, 9, 9), np.float32)})


def test_a_program_in_a_file(module: Module, capsys: pytest.CaptureFixture[str]) -> None:
    program = torch.export.export(module.eval(), (torch.randn(2, 3, 6, 5),))
    torch.export.save(program, "net.pt2")
    assert cli.main(["compare", "net.pt2", "net.prototxt,w.caffemodel"]) == 0
    Path("bad.pt2").write_bytes(b"PK no program")
    assert cli.main(["compare", "bad.pt2", "net.prototxt,w.caffemodel"]) == 1
    told = capsys.readouterr().err
    assert "this is no file of torch.export.save, or it is damaged\n --> bad.pt2\n" in told
