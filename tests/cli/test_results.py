"""Verbs that convert: what they read stays as it is, and of two files both are written or none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from minicaffe import TEST, Net, cli

Capture = pytest.CaptureFixture[str]

NET = """
layer { name: "data" type: "Input" top: "data"
        input_param { shape { dim: 2 dim: 3 dim: 5 dim: 5 } } }
layer { name: "c" type: "Convolution" bottom: "data" top: "c"
        convolution_param { num_output: 4 kernel_size: 3 weight_filler { type: "xavier" } } }
layer { name: "bn" type: "BatchNorm" bottom: "c" top: "c" }
"""


@pytest.fixture
def there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a net and its weights, made the current one."""
    monkeypatch.chdir(tmp_path)
    Path("n.prototxt").write_text(NET, encoding="utf-8")
    with Net("n.prototxt", TEST, seed=1) as net:
        for blob, value in zip(net.params["bn"], (0.5, 2, 1), strict=True):
            blob.data[...] = value
        net.save("n.caffemodel")
    np.save("x.npy", np.ones((2, 3, 5, 5), np.float32))
    Path("map.txt").write_text("c d\n", encoding="utf-8")
    Path("n.onnx").write_bytes(b"no model")
    Path("n.pt2").write_bytes(b"no program")
    return tmp_path


BOTH = ["--model=n.prototxt", "--weights=n.caffemodel"]


@pytest.mark.parametrize(
    "line",
    [
        ["export_onnx", *BOTH, "-o", "n.prototxt"],
        ["export_onnx", *BOTH, "-o", "./n.caffemodel"],
        ["export_onnx", *BOTH, "--inputs=x.npy", "-o", "x.npy"],
        ["import_onnx", "n.onnx", "-o", "n.onnx", "-w", "w.caffemodel"],
        ["import_onnx", "n.onnx", "-o", "m.prototxt", "-w", "n.onnx"],
        ["import_torch", "n.pt2", "-o", "n.pt2", "-w", "w.caffemodel"],
        ["fit_target", *BOTH, "--target=nnie", "-o", "n"],
        ["fold_bn", *BOTH, "-o", "n.caffemodel"],
        ["deploy", "n.prototxt", "-o", "n.prototxt"],
        ["convert_weights", "n.caffemodel", "n.caffemodel"],
        ["surgery", "n.caffemodel", "--drop=c", "-o", "n.caffemodel"],
        ["rename_layers", "n.prototxt", "--rename=c=d", "-o", "."],
    ],
    ids=lambda line: "-".join(line[:1] + line[-1:]),
)
def test_what_is_read_is_not_replaced(there: Path, line: list[str], capsys: Capture) -> None:
    before = {path.name: path.read_bytes() for path in there.iterdir()}
    assert cli.main(line) == 1
    assert "which it is made of" in capsys.readouterr().err
    assert {path.name: path.read_bytes() for path in there.iterdir()} == before


@pytest.mark.parametrize("verb", [["fold_bn"], ["fit_target", "--target=nnie"]])
def test_both_files_or_none(there: Path, verb: list[str], capsys: Capture) -> None:
    Path("out.prototxt").mkdir()
    assert cli.main([*verb, *BOTH, "-o", "out"]) == 1
    assert "out.prototxt" in capsys.readouterr().err
    assert not Path("out.caffemodel").exists()


@pytest.mark.parametrize("share", ["-1", "nan", "inf", "much"])
@pytest.mark.parametrize(
    "line",
    [
        ["compare", "n.prototxt", "n.prototxt"],
        ["fit_target", *BOTH, "--target=nnie", "-o", "out"],
        ["export_onnx", *BOTH, "-o", "out.onnx"],
        ["import_onnx", "n.onnx", "-o", "out", "-w", "out.caffemodel"],
    ],
    ids=lambda line: line[0],
)
def test_a_tolerance_is_a_share(there: Path, line: list[str], share: str, capsys: Capture) -> None:
    assert cli.main([*line, f"--tolerance={share}"]) == 2
    log = capsys.readouterr().err
    assert f"--tolerance is '{share}'" in log
    assert "expected a number from 0 on, such as 1e-3" in log
