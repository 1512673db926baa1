"""``minicaffe view``; what is on the page is tested with ``minicaffe.draw``."""

from __future__ import annotations

from pathlib import Path

import pytest

from minicaffe import cli

Capture = pytest.CaptureFixture[str]


def test_a_page_is_written(tiny: Path, capsys: Capture) -> None:
    assert cli.main(["view", "net.prototxt"]) == 0
    assert capsys.readouterr().out == "Wrote net.html\n"
    text = (tiny / "net.html").read_text(encoding="utf-8")
    assert text.startswith("<!DOCTYPE html>")
    assert "4×3" in text
    assert "</html>" in text


def test_a_network_by_its_name(tiny: Path, capsys: Capture) -> None:
    assert cli.main(["view", "lenet"]) == 0
    assert capsys.readouterr().out == "Wrote lenet.html\n"


def test_the_weights_of_a_network_come_with_its_name(tiny: Path) -> None:
    assert cli.main(["view", "lenet_bn"]) == 0
    page = (tiny / "lenet_bn.html").read_text(encoding="utf-8")
    assert '"deviation"' in page
    assert cli.main(["view", "lenet"]) == 0
    assert '"deviation"' not in (tiny / "lenet.html").read_text(encoding="utf-8")


def test_what_is_said_of_a_net_is_said_once(tiny: Path, capsys: Capture) -> None:
    """A page has a net for each phase, and the lint makes some, too."""
    (tiny / "ssd.prototxt").write_text(
        'layer { name: "d" type: "Input" top: "d" input_param { shape { dim: 2 dim: 3 dim: 4 } } }'
        'layer { name: "n" type: "Normalize" bottom: "d" top: "n" norm_param { eps: 0.1 } }'
        'layer { name: "t" type: "ReLU" bottom: "n" top: "t" include { phase: TEST } }'
    )
    assert cli.main(["view", "ssd.prototxt"]) == 0
    assert capsys.readouterr().err.count("type Normalize read as in SSD") == 1


def test_flags(tiny: Path) -> None:
    (tiny / "data.prototxt").write_text(
        'layer { name: "d" type: "Data" top: "d" data_param { source: "none" batch_size: 2 } }'
        'layer { name: "u" type: "Unknown" bottom: "d" top: "u" }'
    )
    words = ["view", "data.prototxt", "-o", "page.html", "--shape=d=2,3,4,5", "--skip-unknown"]
    assert cli.main(words) == 0
    assert "2×3×4×5" in (tiny / "page.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "code", "complaint"),
    [
        (["nowhere.prototxt"], 1, "nowhere.prototxt"),
        (["lenett"], 1, "did you mean `lenet`"),
        (["wrong.prototxt"], 1, "unknown field `nam`"),
        (["net.prototxt", "--weights=net.prototxt"], 1, "net.prototxt"),
        (["net.prototxt", "--shape=x=1,2"], 1, "no data or input layer makes a blob 'x'"),
        (["net.prototxt", "-o", "nowhere/net.html"], 1, "nowhere"),
        ([], 2, "NET"),
    ],
)
def test_mistakes(words: list[str], code: int, complaint: str, tiny: Path, capsys: Capture) -> None:
    (tiny / "wrong.prototxt").write_text('layer { nam: "x" }')
    assert cli.main(["view", *words]) == code
    assert complaint in capsys.readouterr().err
    assert not list(tiny.glob("*.html"))
