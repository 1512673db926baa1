"""Modules of PyTorch as nets, and back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="PyTorch is absent")
pytest.importorskip("onnx", reason="needs the extra onnx")

import torch
from torch import nn

import minicaffe
from minicaffe import cli
from minicaffe.convert.onnx.import_model import save_net
from minicaffe.convert.torch import from_module, to_module
from minicaffe.errors import CompareError, DataError, GraphError


class Block(nn.Module):
    """A residual block with BatchNorm and groups."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, groups=2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.relu(x + self.conv2(torch.relu(self.bn1(self.conv1(x)))))


class Small(nn.Module):
    """A net with branches, ceil pooling, a transposed convolution and Dropout."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(3)
        self.stem = nn.Conv2d(3, 4, 3)
        self.block = Block(4)
        self.pool = nn.MaxPool2d(2, ceil_mode=True)
        self.up = nn.ConvTranspose2d(4, 4, 2, 2)
        self.drop = nn.Dropout()
        self.fc = nn.Linear(8, 5)
        self.block.bn1.running_var.uniform_(0.5, 2)
        self.block.bn1.running_mean.normal_()

    def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        x = self.pool(self.block(self.stem(x)))
        parts = [nn.functional.adaptive_avg_pool2d(y, 1).flatten(1) for y in (x, self.up(x))]
        return {"prob": torch.softmax(self.fc(self.drop(torch.cat(parts, 1))), 1)}


def example(items: int = 2) -> torch.Tensor:
    return torch.randn(items, 3, 9, 8, generator=torch.Generator().manual_seed(items))


def test_there_and_back_gives_equal_numbers() -> None:
    module = Small().train()
    module.block.eval()
    imported = from_module(module, example())
    assert [inner.training for inner in (module, module.block, module.fc)] == [True, False, True]
    net = imported.build(engine="numpy")
    assert net.inputs == ["data"]
    assert net.outputs == ["prob"]
    assert {"stem", "block.conv1", "block.bn1", "block.conv2", "up", "fc"} <= set(net.params)
    back = to_module(net)
    module.eval()
    for items in (2, 5):
        expected = module(example(items))["prob"]
        torch.testing.assert_close(back(example(items))["prob"], expected, rtol=1e-4, atol=1e-6)
    state, own = back.state_dict(), module.state_dict()
    for name in ("stem.weight", "block.conv1.weight", "block.bn1.running_mean", "fc.bias"):
        torch.testing.assert_close(state[name], own[name])


def test_the_files_are_caffes(tmp_path: Path) -> None:
    imported = from_module(Small(), (example(),), input_names=["image"], output_names=["p"])
    files = str(tmp_path / "deploy.prototxt"), str(tmp_path / "w.caffemodel")
    save_net(imported, imported.build(), *files)
    net = minicaffe.Net(files[0], minicaffe.TEST, weights=files[1])
    net.blobs["image"].reshape(2, 3, 9, 8)
    net.blobs["image"].data[...] = example().numpy()
    module = Small().eval()
    np.testing.assert_allclose(
        net.forward()["p"], module(example())["prob"].detach().numpy(), rtol=1e-4, atol=1e-6
    )


def test_exported_programs_and_their_files(tmp_path: Path) -> None:
    module = Small().eval()
    program = torch.export.export(module, (example(),))
    path = tmp_path / "small.pt2"
    torch.export.save(program, path)
    for source in (program, path):
        net = from_module(source).build(engine="numpy")
        assert "block.conv1" in net.params
        net.blobs["data"].data[...] = example().numpy()
        found = net.forward()["prob"]
        np.testing.assert_allclose(
            found, module(example())["prob"].detach().numpy(), rtol=1e-4, atol=1e-6
        )


def test_several_inputs_have_the_names_of_the_arguments() -> None:
    class Two(nn.Module):
        def forward(self, left: torch.Tensor, right: torch.Tensor) -> tuple[torch.Tensor, ...]:
            return left + right, torch.relu(left)

    net = from_module(Two(), [torch.ones(2, 3), torch.randn(2, 3)]).build()
    assert net.inputs == ["left", "right"]
    assert net.outputs == ["output0", "output1"]


def test_what_cannot_be_converted() -> None:
    class Sorts(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.sort(torch.special.bessel_j0(x))[0]

    with pytest.raises(GraphError, match=r"PyTorch cannot export the module: .*bessel_j0"):
        from_module(Sorts(), torch.ones(2, 3))

    class Picks(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.topk(x, 2)[0]

    with pytest.raises(GraphError, match=r"TopK.*it selects by values"):
        from_module(Picks(), torch.ones(2, 3))

    class Text(nn.Module):
        def forward(self, x: torch.Tensor) -> str:
            return "x"

    with pytest.raises(GraphError, match="something else than tensors"):
        from_module(Text(), torch.ones(2, 3))


def test_examples_and_files_that_are_wrong(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(DataError, match="example_inputs are no tensors"):
        from_module(Small())
    with pytest.raises(DataError, match="input_names are a, a: 1 different ones"):
        from_module(Small(), example(), input_names=["a", "a"])
    with pytest.raises(GraphError, match="2 output_names for the 1"):
        from_module(Small(), example(), output_names=["a", "b"])
    with pytest.raises(DataError, match="there is no such file"):
        from_module(tmp_path / "gone.pt2")
    path = tmp_path / "x.pt2"
    path.write_bytes(b"PK\x03\x04 no archive")
    with pytest.raises(DataError, match=r"no file of torch\.export\.save, or it is damaged"):
        from_module(path)
    assert not caplog.records  # PyTorch has logged no traceback
    assert "Traceback" not in capfd.readouterr().err


def test_a_net_that_differs_is_refused() -> None:
    """A tolerance that no arithmetic keeps shows that the numbers are looked at."""
    from minicaffe.convert.torch import exported

    with pytest.raises(CompareError, match="the net's 'prob' differs from the module's by"):
        exported.from_module(Small(), example(), tolerance=0.0)


def test_by_the_verb(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "small.pt2"
    torch.export.save(torch.export.export(Small().eval(), (example(),)), path)
    files = [f"-o={tmp_path}/deploy.prototxt", f"-w={tmp_path}/w.caffemodel"]
    assert cli.main(["import_torch", str(path), *files]) == 0
    net = minicaffe.Net(f"{tmp_path}/deploy.prototxt", minicaffe.TEST,
                        weights=f"{tmp_path}/w.caffemodel")  # fmt: skip
    assert net.outputs == ["prob"]
    assert cli.main(["import_torch", str(tmp_path / "gone.pt2"), *files]) == 1
    assert "there is no such file" in capsys.readouterr().err


class Attention(nn.Module):
    """Attention whose products are of two values each, and GELU."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(4)
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y, _ = self.attention(x, x, x, need_weights=False)
        return nn.functional.gelu(x + y)


def test_attention() -> None:
    """PyTorch's fast path, which it cannot export, is off meanwhile alone."""
    before = torch.backends.mha.get_fastpath_enabled()
    imported = from_module(Attention(), torch.randn(2, 5, 8))  # which compares both
    assert torch.backends.mha.get_fastpath_enabled() == before
    kinds = {layer.type for layer in imported.param.layer}
    assert {"InnerProduct", "Tile", "Scale", "Softmax", "Exp"} <= kinds


def test_a_sequence_in_two_directions_and_back() -> None:
    """LSTM becomes two layers LSTM, one of them on the reversed sequence."""
    torch.manual_seed(5)
    module, x = nn.LSTM(5, 3, bidirectional=True), torch.randn(4, 2, 5)
    wrapped = First(module)
    imported = from_module(wrapped, x, fixed_batch=True)
    assert [layer.type for layer in imported.param.layer].count("LSTM") == 2
    back = to_module(imported.build()).eval()
    (found,) = back(x).values()
    torch.testing.assert_close(found, wrapped(x), rtol=1e-5, atol=1e-6)


class First(nn.Module):
    """What a module gives first."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.inner(x)[0]
        return found
