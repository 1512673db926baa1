"""``minicaffe lint``: what it prints, its exit status, and bad input."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from minicaffe import cli
from tests.told import one_line_each

NET = """
layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 2 dim: 3 } } }
layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip"
  inner_product_param { num_output: 4 } }
layer { name: "bn" type: "BatchNorm" bottom: "ip" top: "bn" }
"""
SOLVER = 'net: "net.prototxt"\niter_size: 2\nmax_iter: 4000\n'
LINES = ["solver.prototxt:2:1: BN006 ", "net.prototxt:3:15: BN007 ", "net.prototxt:5:15: BN001 "]

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
        (["net.prototxt", "--ignore=BN"], []),
        (["solver.prototxt", "--select=BN006"], LINES[:1]),
    ],
)
def test_findings(words: list[str], expected: list[str], capsys: Capture) -> None:
    only = [] if "--select=BN006" in words else ["--select=BN"]
    assert cli.main(["lint", *words, *only, "--output-format=concise"]) == (1 if expected else 0)
    printed = capsys.readouterr().out.splitlines()
    assert len(printed) == len(expected)
    for line, start in zip(printed, expected, strict=True):
        assert line.startswith(start)


@pytest.mark.parametrize(
    ("words", "status", "complaint"),
    [
        ([], 2, "FILE"),
        (["net.prototxt", "--ignore=BN99"], 2, "unknown code 'BN99'; did you mean `BN"),
        (["net.prototxt", "--ignore="], 2, "unknown code ''; `minicaffe explain` lists all"),
        (["missing.prototxt"], 1, "missing.prototxt: there is no such file"),
        (["empty.prototxt"], 1, "the file is empty"),
        (["lost_net.prototxt"], 1, "it is named in lost_net.prototxt"),
    ],
)
def test_bad_input(words: list[str], status: int, complaint: str, capsys: Capture) -> None:
    for name, text in {
        "empty": "",
        "lost_net": SOLVER.replace("net.prototxt", "lost.prototxt"),
    }.items():
        Path(f"{name}.prototxt").write_text(text, encoding="utf-8")
    assert cli.main(["lint", *words]) == status
    captured = capsys.readouterr()
    assert complaint in one_line_each(captured.err)
    assert captured.out == ""


MISTAKES = """layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 2 } } }
layer { name: "a" type: "Convolutoin" bottom: "data" top: "a" }
layer { name: "b" type: "ReLU" bottom: "dta" top: "b" }
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (NET.replace("inner_product_param", "inner_produkt_param"), ["4:3: MC020 unknown field"]),
        (SOLVER.replace("max_iter", "maks_iter"), ["3:1: MC020 unknown field `maks_iter`"]),
        (MISTAKES, ["2:25: MC022 layer 'a': unknown layer type",
                    "3:40: MC023 layer 'b' (ReLU): unknown bottom blob 'dta'"]),
    ],
)  # fmt: skip
def test_errors_are_findings(text: str, expected: list[str], capsys: Capture) -> None:
    """All of them, with their places, and none twice though both phases have them."""
    Path("wrong.prototxt").write_text(text, encoding="utf-8")
    assert cli.main(["lint", "wrong.prototxt", "--output-format=concise"]) == 1
    printed = capsys.readouterr().out.splitlines()
    assert len(printed) == len(expected)
    for line, start in zip(printed, expected, strict=True):
        assert line.startswith(f"wrong.prototxt:{start}")


FULL = """\
warning[BN007]: layer 'ip': BatchNorm 'bn' takes its bias away again with the mean, so it is a \
parameter without effect
 --> net.prototxt:3:15
  |
3 | layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip"
  |               ^^^^
  = help: write inner_product_param { bias_term: false }
"""


def test_in_full(capsys: Capture) -> None:
    assert cli.main(["lint", "net.prototxt", "--select=BN007"]) == 1
    assert capsys.readouterr().out == FULL


def test_as_json(capsys: Capture) -> None:
    assert cli.main(["lint", "net.prototxt", "--select=BN", "--output-format=json"]) == 1
    first, second = json.loads(capsys.readouterr().out)
    assert (first["code"], first["line"], first["column"], first["layer"]) == ("BN007", 3, 15, "ip")
    assert (second["path"], second["severity"]) == ("net.prototxt", "warning")


def test_for_github(capsys: Capture) -> None:
    assert cli.main(["lint", "net.prototxt", "--select=BN007", "--output-format=github"]) == 1
    line = capsys.readouterr().out
    assert line.startswith("::warning file=net.prototxt,line=3,col=15,title=BN007::layer 'ip': ")


def test_as_sarif(capsys: Capture) -> None:
    assert cli.main(["lint", "net.prototxt", "--select=BN007", "--output-format=sarif"]) == 1
    log = json.loads(capsys.readouterr().out)
    (run,) = log["runs"]
    (result,) = run["results"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert log["version"] == "2.1.0"
    assert (result["ruleId"], result["level"]) == ("BN007", "warning")
    assert result["ruleId"] in rules
    region = result["locations"][0]["physicalLocation"]["region"]
    assert region == {"startLine": 3, "startColumn": 15, "endColumn": 19}


def test_nothing_found_is_an_empty_list(capsys: Capture) -> None:
    assert cli.main(["lint", "net.prototxt", "--select=MC9", "--output-format=json"]) == 2
    assert cli.main(["lint", "net.prototxt", "--select=MC139", "--output-format=json"]) == 0
    assert json.loads(capsys.readouterr().out) == []


# ------------------------------------------------------------------------------- fixes

TWICE = """# a net of two ReLUs
layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 2 dim: 3 } } }
layer {  # the first
  name: "one"  type: "ReLU" bottom: "data" top: "a"
}
layer { name: "two" type: "ReLU" bottom: "a" top: "a" }  # the second
layer { name: "three" type: "ReLU" bottom: "a" top: "a" }
layer { name: "ip" type: "InnerProduct" bottom: "a" top: "ip"
  inner_product_param { num_output: 4 } }
"""


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_fix_leaves_comments_and_layout(end: str, mark: bytes, capsys: Capture) -> None:
    path = Path("twice.prototxt")
    path.write_bytes(mark + TWICE.replace("\n", end).encode())
    assert cli.main(["lint", str(path), "--fix"]) == 0
    lines = TWICE.splitlines(keepends=True)
    left = [*lines[:5], "# the second\n", *lines[7:]]
    assert path.read_bytes() == mark + "".join(left).replace("\n", end).encode()
    assert capsys.readouterr().out == ""


UNFILLED = """layer { name: "data" type: "DummyData" top: "data" top: "label"
  dummy_data_param { shape { dim: 2 dim: 8 } shape { dim: 2 } } }
layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip"
  inner_product_param { num_output: 10 } }  # ten
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" }
"""


def test_unsafe_fixes_are_made_when_they_are_asked_for(capsys: Capture) -> None:
    path = Path("unfilled.prototxt")
    path.write_text(UNFILLED, encoding="utf-8")
    assert cli.main(["lint", str(path), "--fix"]) == 1
    assert path.read_text(encoding="utf-8") == UNFILLED
    assert "(`--unsafe-fixes` does it)" in capsys.readouterr().out
    assert cli.main(["lint", str(path), "--unsafe-fixes"]) == 0
    assert path.read_text(encoding="utf-8") == UNFILLED.replace(
        "{ num_output", '{ weight_filler { type: "xavier" } num_output'
    )


def test_a_comment_lets_a_finding_pass(capsys: Capture) -> None:
    path = Path("net.prototxt")
    path.write_text(NET.replace('top: "bn" }', 'top: "bn" }  # why: lint: ignore BN001, BN002'))
    assert cli.main(["lint", str(path), "--select=BN001"]) == 0
    path.write_text(NET.replace('top: "bn" }', 'top: "bn" }  # lint: ignore BN002'))
    assert cli.main(["lint", str(path), "--select=BN001"]) == 1


def test_names_cannot_change_the_terminal(capsys: Capture) -> None:
    Path("net.prototxt").write_text(NET.replace('"bn"', '"b\\033[31mn"'), encoding="utf-8")
    for form in ("full", "concise", "github", "sarif", "json"):
        assert cli.main(["lint", "net.prototxt", f"--output-format={form}"]) == 1
        assert "\x1b" not in capsys.readouterr().out


def test_explain(capsys: Capture) -> None:
    assert cli.main(["explain", "mc121", "BN001"]) == 0
    printed = capsys.readouterr().out
    assert "# MC121: softmax-twice" in printed
    assert "# BN001: no-scale" in printed
    assert cli.main(["explain"]) == 0
    assert len(capsys.readouterr().out.splitlines()) > 50
    assert cli.main(["explain", "MC1211"]) == 1
    assert "there is no code 'MC1211'; did you mean `MC121`?" in one_line_each(
        capsys.readouterr().err
    )
