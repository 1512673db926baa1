"""``minicaffe summarize``: the table; the numbers are tested in tests/test_summary.py."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from minicaffe import cli

Capture = pytest.CaptureFixture[str]

NET = """
layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 2 dim: 4 dim: 9 dim: 8 } } }
layer { name: "label" type: "Input" top: "label" input_param { shape { dim: 2 } } }
layer { name: "conv" type: "Convolution" bottom: "data" top: "conv"
  param { name: "w" lr_mult: 2 } param { decay_mult: 0 }
  convolution_param { num_output: 6 kernel_size: 3 stride: 2 pad: 1 group: 2 } }
layer { name: "pool" type: "Pooling" bottom: "conv" top: "pool"
  pooling_param { pool: AVE kernel_h: 2 kernel_w: 3 stride: 1 } }
layer { name: "ip" type: "InnerProduct" bottom: "pool" top: "ip" inner_product_param { num_output: 3 } }
layer { name: "extra" type: "ReLU" bottom: "pool" top: "extra" include { phase: TEST } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" top: "loss" loss_weight: 0.5 }
"""  # noqa: E501


@pytest.fixture(autouse=True)
def _net(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("net.prototxt").write_text(NET)


def table(capsys: Capture, *words: str) -> list[str]:
    assert cli.main(["summarize", "net.prototxt", *words]) == 0
    return capsys.readouterr().out.splitlines()


def test_table(capsys: Capture) -> None:
    lines = table(capsys)
    assert [line.split() for line in lines[:8]] == [
        ["layer", "type", "bottom", "top", "shape", "parameters", "mult-adds", "memory"],
        ["data", "Input", "->", "data", "2×4×9×8", "2.25", "KiB"],
        ["label", "Input", "->", "label", "2", "8", "bytes"],
        ["conv", "Convolution", "(w", "x2,", "Dx0)", "data", "->", "conv", "3/2+1", "6/2",
         "2×6×5×4", "114", "4,320", "960", "bytes"],
        ["pool", "Pooling", "conv", "->", "pool", "2×3", "AVE", "2×6×4×2", "384", "bytes"],
        ["ip", "InnerProduct", "pool", "->", "ip", "3", "2×3", "147", "288", "24", "bytes"],
        ["loss", "SoftmaxWithLoss", "ip,", "label", "->", "0.5", "*", "loss", "scalar", "4",
         "bytes"],
        ["parameters:", "261", "(1.02", "KiB),", "261", "of", "them", "learned"],
    ]  # fmt: skip
    assert lines[8] == "multiply-adds: 4,608 forward, 2,304 for each of 2"
    assert lines[9].startswith("memory: 3.6 KiB of blobs; ")
    assert "with gradients" in lines[9]
    shapes = ("shape", "2×4×9×8", "2×6×5×4", "2×6×4×2")
    ends = {lines[i].index(text) + len(text) for i, text in zip((0, 1, 3, 4), shapes, strict=True)}
    assert len(ends) == 1


def test_phase_and_shape(capsys: Capture) -> None:
    lines = table(capsys, "--phase=TEST", "--shape", "data=7,4,9,8", "--shape=label=7")
    assert any(line.startswith("extra ") for line in lines)
    assert not any("with gradients" in line for line in lines)
    assert "for each of 7" in lines[-2]


def test_narrow_columns(capsys: Capture) -> None:
    narrow, wide = table(capsys, "-w", "4"), table(capsys, "--max-width=60")
    assert [line.split() for line in narrow] == [line.split() for line in wide]
    assert len(narrow[1]) < len(wide[1])


def test_what_is_not_known(capsys: Capture) -> None:
    Path("net.prototxt").write_text(
        'layer { name: "d" type: "Data" top: "data" data_param { source: "nowhere" } }\n'
        'layer { name: "p" type: "Python" bottom: "data" top: "y" '
        'python_param { module: "m" layer: "L" } }'
    )
    lines = table(capsys)
    assert lines[1].split() == ["d", "Data", "->", "data", "?", "?", "?", "?"]
    assert lines[2].split()[:2] == ["p", "m.L"]
    assert lines[3] == "note: layer 'd' reads 'nowhere', which is not there"
    assert "give --shape BLOB=N,C,H,W" in lines[-1]


def test_colours_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setattr(sys, "stdout", Terminal())
    assert cli.main(["summarize", "net.prototxt"]) == 0
    text = sys.stdout.getvalue()
    assert "\033[92mdata\033[0m" in text
    assert "\033[93;1;4m" not in text  # the label is read
    assert ";1;4m0.5 * loss\033[0m" in text  # the loss is not
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr(sys, "stdout", Terminal())
    assert cli.main(["summarize", "net.prototxt"]) == 0
    assert "\033" not in sys.stdout.getvalue()


@pytest.mark.parametrize(
    ("words", "code", "complaint"),
    [
        (["nowhere.prototxt"], 1, "nowhere.prototxt"),
        (["net.prototxt", "--shape=data"], 2, "--shape is 'data'"),
        (["net.prototxt", "--shape=data=1,x"], 2, "expected BLOB=N,C,H,W"),
        (["net.prototxt", "--shape=dta=1,2"], 1, "did you mean `data`?"),
        (["net.prototxt", "-w", "0"], 2, "whole number from 1"),
    ],
)
def test_mistakes(words: list[str], code: int, complaint: str, capsys: Capture) -> None:
    assert cli.main(["summarize", *words]) == code
    assert complaint in capsys.readouterr().err
