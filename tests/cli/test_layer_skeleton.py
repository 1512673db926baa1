"""minicaffe layer-skeleton, and --skip-unknown of the verbs that only look."""

from __future__ import annotations

import runpy
from pathlib import Path

import numpy as np
import pytest

from minicaffe import Net, cli

NET = """name: "u"
layer { name: "x" type: "Input" top: "x" input_param { shape { dim: [2, 3, 8, 8] } } }
layer { name: "c" type: "Convolution" bottom: "x" top: "c"
  convolution_param { num_output: 2 kernel_size: 3 } }
layer { name: "b" type: "%s" bottom: "c" top: "b" whatever_param { a: 1 b { c: 2 } } }
layer { name: "r" type: "ReLU" bottom: "b" top: "r" frobnicate: 3 }
layer { name: "p" type: "Pooling" bottom: "c" top: "p" pooling_param { kernel_size: 2 } }
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "net.prototxt"
    path.write_text(NET % "FrobnicatedOutput")
    return path


def test_the_skeleton_is_a_layer_that_runs(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    name = "FrobnicatedForSkeleton"  # registered for as long as the process lives
    assert cli.main(["layer-skeleton", name]) == 0
    text = capsys.readouterr().out
    assert text.count("\n") <= 12
    Path("skeleton.py").write_text(text)
    runpy.run_path("skeleton.py")
    file.write_text(
        'layer { name: "x" type: "Input" top: "x" input_param { shape { dim: [2, 3] } } }'
        f'layer {{ name: "b" type: "{name}" bottom: "x" top: "b" }}'
    )
    x = np.arange(6, dtype=np.float32).reshape(2, 3)
    np.testing.assert_array_equal(Net(file).forward(x=x)["b"], x)


@pytest.mark.parametrize(
    ("name", "message"),
    [("Convolution", "has layers of type Convolution"), ("a b", "is no layer type")],
)
def test_what_gets_no_skeleton(name: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["layer-skeleton", name]) == 1
    assert message in capsys.readouterr().err


def test_verbs_that_look_skip_what_is_unknown(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for words in (["lint", "net.prototxt"], ["draw_net", "net.prototxt", "n.svg"],
                  ["summarize", "net.prototxt"]):  # fmt: skip
        assert cli.main(words) == 1
        found = capsys.readouterr()  # what lint finds is its output, errors among it
        assert "unknown field `whatever_param`" in found.err + found.out
        assert cli.main([*words, "--skip-unknown"]) == 0
        found = capsys.readouterr()
        assert "LayerParameter.whatever_param (1), LayerParameter.frobnicate (1)" in found.err
    assert "layer 'b' has the unknown type 'FrobnicatedOutput'" in found.out
    lines = {line.split()[0]: line for line in found.out.split("\n") if line}
    assert "2×2×6×6" in lines["c"]
    assert "2×2×5×5" in lines["p"]
    assert "?" in lines["r"]
    assert "FrobnicatedOutput" in Path("n.svg").read_text()
