"""``minicaffe lint``: what it prints, its exit status, and bad input."""

from __future__ import annotations

from pathlib import Path

import pytest

from minicaffe import cli

NET = """
layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 2 dim: 3 } } }
layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip"
  inner_product_param { num_output: 4 } }
layer { name: "bn" type: "BatchNorm" bottom: "ip" top: "bn" }
"""
SOLVER = 'net: "net.prototxt"\niter_size: 2\nmax_iter: 4000\n'
LINES = ["solver.prototxt:2: BN006 ", "net.prototxt:3: BN007 ", "net.prototxt:5: BN001 "]

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("net.prototxt").write_text(NET, encoding="utf-8")
    Path("solver.prototxt").write_text(SOLVER, encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["net.prototxt"], LINES[1:]),
        (["solver.prototxt"], [*LINES[1:], LINES[0]]),
        (["solver.prototxt", "net.prototxt"], [*LINES[1:], LINES[0]]),
        (["net.prototxt", "solver.prototxt"], [*LINES[1:], LINES[0]]),
        (["solver.prototxt", "--ignore=BN007"], [LINES[2], LINES[0]]),
        (["--ignore", "BN007,bn001", "solver.prototxt"], LINES[:1]),
        (["net.prototxt", "--ignore=BN007", "--ignore=BN001"], []),
    ],
)
def test_findings(words: list[str], expected: list[str], capsys: Capture) -> None:
    assert cli.main(["lint", *words]) == (1 if expected else 0)
    printed = capsys.readouterr().out.splitlines()
    assert len(printed) == len(expected)
    for line, start in zip(printed, expected, strict=True):
        assert line.startswith(start)


@pytest.mark.parametrize(
    ("words", "status", "complaint"),
    [
        ([], 2, "FILE"),
        (["net.prototxt", "--ignore=BN01"], 2, "unknown code 'BN01'; did you mean `BN"),
        (["net.prototxt", "--ignore="], 2, "unknown code ''; there are BN001, "),
        (["missing.prototxt"], 1, "missing.prototxt: there is no such file"),
        (["empty.prototxt"], 1, "the file is empty"),
        (["mistyped_net.prototxt"], 1, "mistyped_net.prototxt:4"),
        (["mistyped_solver.prototxt"], 1, "mistyped_solver.prototxt:3"),
        (["lost_net.prototxt"], 1, "it is named in lost_net.prototxt"),
    ],
)
def test_bad_input(words: list[str], status: int, complaint: str, capsys: Capture) -> None:
    for name, text in {
        "empty": "",
        "mistyped_net": NET.replace("inner_product_param", "inner_produkt_param"),
        "mistyped_solver": SOLVER.replace("max_iter", "maks_iter"),
        "lost_net": SOLVER.replace("net.prototxt", "lost.prototxt"),
    }.items():
        Path(f"{name}.prototxt").write_text(text, encoding="utf-8")
    assert cli.main(["lint", *words]) == status
    captured = capsys.readouterr()
    assert complaint in captured.err
    assert captured.out == ""
