"""PyTorch's files of tensors: what of them is read, and that nothing of them is run."""

from __future__ import annotations

import os
from pathlib import Path
from random import Random

import numpy as np
import pytest

from minicaffe import cli
from minicaffe.convert.torch.checkpoint import read_checkpoint, write_checkpoint
from minicaffe.errors import MinicaffeError, SnapshotError
from tests.convert.weights.files import numbers, write_net
from tests.fuzz.mutate import mutate

torch = pytest.importorskip("torch")


def module() -> torch.nn.Module:
    torch.manual_seed(1)
    return torch.nn.Sequential(
        torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4), torch.nn.PReLU(), torch.nn.Flatten(),
        torch.nn.Linear(4 * 4 * 3, 5),
    )  # fmt: skip


def test_a_modules_weights_become_caffes_and_give_the_same(tmp_path: Path) -> None:
    net = write_net(tmp_path)
    given = torch.randn(2, 3, 6, 5)
    made = module()
    made.train()
    made(given)
    made.eval()
    torch.save({"epoch": 3, "state_dict": {f"module.{k}": v for k, v in made.state_dict().items()}},
               tmp_path / "x.pth")  # fmt: skip
    (tmp_path / "names.txt").write_text("conv1 0\nbn1 1\nscale1 1\nrelu1 2\nfc 4\nfc_twin 4\n")
    words = [f"--model={tmp_path}/net.prototxt", f"--map={tmp_path}/names.txt"]
    # PyTorch's PReLU has one slope
    text = (tmp_path / "net.prototxt").read_text()
    text = text.replace('type: "PReLU"', 'type: "PReLU" prelu_param { channel_shared: true }')
    (tmp_path / "net.prototxt").write_text(text)
    target = str(tmp_path / "y.caffemodel")
    assert cli.main(["convert_weights", str(tmp_path / "x.pth"), target, *words]) == 0
    net = type(net)(str(tmp_path / "net.prototxt"), 1, engine="numpy", weights=target)
    net.blobs["data"].data[...] = given.numpy()
    with torch.no_grad():
        expected = made(given).numpy()
    np.testing.assert_allclose(net.forward()["fc"], expected, rtol=1e-4, atol=1e-5)


def test_there_and_back(tmp_path: Path) -> None:
    write_net(tmp_path)
    for source, target in (("w.caffemodel", "x.pth"), ("x.pth", "y.caffemodel")):
        assert cli.main(["convert_weights", str(tmp_path / source), str(tmp_path / target)]) == 0
    loaded = torch.load(tmp_path / "x.pth", weights_only=True)
    assert loaded["conv1.weight"].shape == (4, 3, 3, 3)
    before, after = numbers(tmp_path / "w.caffemodel"), numbers(tmp_path / "y.caffemodel")
    for name, arrays in before.items():
        for array, other in zip(arrays, after[name], strict=True):
            np.testing.assert_allclose(other, array, rtol=3e-7)


def test_halves_become_floats(tmp_path: Path) -> None:
    path = tmp_path / "x.pth"
    torch.save({"a": torch.tensor([1.5], dtype=torch.bfloat16), "lr": 0.1}, path)
    found = read_checkpoint(path)
    assert list(found) == ["a"]
    assert found["a"].dtype == np.float32
    assert found["a"] == [1.5]


class Runs:
    """Makes a folder when it is unpickled."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def __reduce__(self) -> object:
        return os.mkdir, (self.folder,)


def test_no_code_of_a_file_is_run(tmp_path: Path) -> None:
    path, folder = tmp_path / "x.pth", tmp_path / "made"
    torch.save({"state_dict": {"a": torch.zeros(1)}, "x": Runs(str(folder))}, path)
    with pytest.raises(SnapshotError, match=r"Python objects besides tensors.*state_dict"):
        read_checkpoint(path)
    assert not folder.exists()
    torch.save(module(), path)
    with pytest.raises(SnapshotError, match="Python objects besides tensors"):
        read_checkpoint(path)


def test_what_holds_no_tensors(tmp_path: Path) -> None:
    path = tmp_path / "x.pth"
    torch.save([torch.zeros(1)], path)
    with pytest.raises(SnapshotError, match="there is no state_dict in it"):
        read_checkpoint(path)
    path.write_bytes(b"\x80\x04none")
    with pytest.raises(SnapshotError, match="damaged"):
        read_checkpoint(path)
    with pytest.raises(SnapshotError, match="there is no such file"):
        read_checkpoint(tmp_path / "missing.pth")


def test_damaged_files_are_read_or_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.pth"
    write_checkpoint(path, {"a.weight": np.ones((2, 3), np.float32), "a.bias": np.zeros(2)})
    whole, refused = path.read_bytes(), 0
    for number in range(150):
        path.write_bytes(mutate(whole, [whole], Random(number), text=False, most=10))
        try:
            read_checkpoint(path)
        except MinicaffeError as error:
            refused += bool(str(error))
    assert refused > 15
