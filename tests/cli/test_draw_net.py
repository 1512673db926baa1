"""``minicaffe draw_net``; what the picture shows is tested with pycaffe's ``draw``."""

from __future__ import annotations

from pathlib import Path

import pytest

from minicaffe import cli
from tests.told import one_line_each

Capture = pytest.CaptureFixture[str]


def test_phases(tiny: Path, capsys: Capture) -> None:
    for phase, shows in (("ALL", True), ("TRAIN", False), ("test", True)):
        assert cli.main(["draw_net", "net.prototxt", "net.svg", f"--phase={phase}"]) == 0
        assert capsys.readouterr().out == "Drawing net to net.svg\n"
        text = (tiny / "net.svg").read_text()
        assert text.lstrip().startswith(("<svg", "<?xml"))
        assert ("accuracy" in text) == shows


def test_direction_and_rates(tiny: Path) -> None:
    assert cli.main(["draw_net", "net.prototxt", "net.dot", "--rankdir=TB", "--display_lrm"]) == 0
    text = (tiny / "net.dot").read_text()
    assert 'rankdir="TB"' in text
    assert "lr mult: 1.0, 1.0" in text


@pytest.mark.parametrize(
    ("words", "code", "complaint"),
    [
        (["nowhere.prototxt", "net.svg"], 1, "nowhere.prototxt"),
        (["net.prototxt", "net.svg", "--rankdir=UP"], 2, "--rankdir"),
        (["net.prototxt", "net.svg", "--phase=BOTH"], 2, "--phase"),
        (["both.prototxt", "net.svg", "--phase=TEST"], 1, "both.prototxt: layer x has both"),
        (["net.prototxt"], 2, "output_image_file"),
        (["net.prototxt", "picture"], 2, "'picture' has no ending; expected .svg"),
    ],
)
def test_mistakes(words: list[str], code: int, complaint: str, tiny: Path, capsys: Capture) -> None:
    (tiny / "both.prototxt").write_text(
        'layer { name: "x" type: "Silence" include { phase: TEST } exclude { phase: TRAIN } }'
    )
    assert cli.main(["draw_net", *words]) == code
    assert complaint in one_line_each(capsys.readouterr().err)
    assert not (tiny / "net.svg").exists()


def test_without_graphviz_a_png_cannot_be_drawn(
    tiny: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    assert cli.main(["draw_net", "net.prototxt", "net.png"]) == 1
    assert "SVG works without it" in one_line_each(capsys.readouterr().err)
