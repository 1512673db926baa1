"""``minicaffe plot_training_log``."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from minicaffe import cli
from minicaffe.cli.plot_training_log import AXES, CHART_TYPES, FIELDS, series, smoothed
from minicaffe.errors import DataError
from tests.cli.test_parse_log import CAFFE_LOG
from tests.told import one_line_each

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.log").write_text(CAFFE_LOG.replace("nan", "0.5"))


def test_chart_types_are_caffes() -> None:
    titles = [f"{field.title} vs. {axis}" for field, axis in CHART_TYPES]
    assert titles == sorted(titles)  # Caffe's script sorts them
    assert len(titles) == len(FIELDS) * len(AXES) == 8


def test_the_help_lists_the_chart_types(capsys: Capture) -> None:
    assert cli.main(["plot_training_log", "--help"]) == 0
    text = capsys.readouterr().out
    for number, (field, axis) in enumerate(CHART_TYPES):
        assert f"{number}: {field.title} vs. {axis}" in text


@pytest.mark.parametrize(
    ("title", "want"),
    [
        ("Test accuracy", [(0, 0.75, 0.0986), (200, 7.0, 0.9)]),
        ("Test loss", [(0, 0.75, 2.36384), (200, 7.5, 0.5)]),
        ("Train learning rate", [(0, 1.125, 0.01), (100, 5.0, 0.00992565)]),
        ("Train loss", [(0, 1.0, 2.4), (100, 5.0, 0.215375), (200, 8.0, 0.1)]),
    ],
)
def test_what_is_plotted(title: str, want: list[tuple[int, float, float]]) -> None:
    field = next(item for item in FIELDS if item.title == title)
    found = [(point.iteration, point.seconds, point.value) for point in series("a.log", field)]
    assert found == want


def test_outputs_of_other_names_are_taken_by_number_as_caffe_does() -> None:
    text = CAFFE_LOG.replace("#0: accuracy", "#0: top1").replace("#1: loss", "#1: cost")
    Path("b.log").write_text(text.replace("nan", "0.5"))
    assert [point.value for point in series("b.log", FIELDS[0])] == [0.0986, 0.9]
    assert [point.value for point in series("b.log", FIELDS[1])] == [2.36384, 0.5]


def test_a_log_without_tests() -> None:
    lines = [line for line in CAFFE_LOG.splitlines(keepends=True) if "Test net" not in line]
    Path("b.log").write_text("".join(lines))
    with pytest.raises(DataError, match=r"b.log: the log holds no test accuracy; does the solver"):
        series("b.log", FIELDS[0])


@pytest.mark.parametrize("ending", ["png", "svg", "pdf"])
@pytest.mark.parametrize("chart", [0, 7])
def test_pictures(chart: int, ending: str) -> None:
    pytest.importorskip("matplotlib", reason="plots need matplotlib")
    Path("second.log").write_text(CAFFE_LOG.replace("0.9", "0.8"))
    assert cli.main(["plot_training_log", str(chart), f"p.{ending}", "a.log", "second.log"]) == 0
    content = Path(f"p.{ending}").read_bytes()
    assert content.startswith({"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}[ending])
    if ending == "svg":
        field, axis = CHART_TYPES[chart]
        for text in (f"{field.title} vs. {axis}", "a", "second", axis):
            assert f"<!-- {text} -->".encode() in content


@pytest.mark.parametrize(
    ("words", "code", "complaint"),
    [
        (["8", "p.png", "a.log"], 2, "; expected 0 to 7"),
        (["x", "p.png", "a.log"], 2, "; expected 0 to 7"),
        (["0", "p.txt", "a.log"], 2, "expected a name that ends with .png, .svg or .pdf"),
        (["0", "p.png"], 2, "LOG"),
    ],
)
def test_mistakes(words: list[str], code: int, complaint: str, capsys: Capture) -> None:
    assert cli.main(["plot_training_log", *words]) == code
    assert complaint in one_line_each(capsys.readouterr().err)


def test_a_missing_log(capsys: Capture) -> None:
    pytest.importorskip("matplotlib", reason="plots need matplotlib")
    assert cli.main(["plot_training_log", "0", "p.png", "nowhere.log"]) == 1
    assert "error: nowhere.log: there is no such file" in one_line_each(capsys.readouterr().err)
    assert not Path("p.png").exists()


def test_without_matplotlib(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    assert cli.main(["plot_training_log", "0", "p.png", "a.log"]) == 1
    assert "pip install 'minicaffe[plot]'" in capsys.readouterr().err


def test_train_and_test_in_one_chart(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    Path("b.log").write_text(CAFFE_LOG.replace("nan", "0.5"))
    assert cli.main(["plot_training_log", "loss", "x.svg", "a.log", "b.log", "--smooth=0.5"]) == 0
    text = Path("x.svg").read_text()
    for label in ("a: train loss", "a: test loss", "b: train loss", "b: test loss"):
        assert f"<!-- {label} -->" in text
    assert cli.main(["plot_training_log", "accuracy", "y.svg", "a.log"]) == 0
    assert "<!-- a: train accuracy -->" not in Path("y.svg").read_text()


def test_logs_of_one_name_are_told_apart() -> None:
    pytest.importorskip("matplotlib")
    for folder in ("one", "two"):
        Path(folder).mkdir()
        Path(folder, "a.log").write_text(Path("a.log").read_text())
    assert cli.main(["plot_training_log", "6", "x.svg", "one/a.log", "two/a.log"]) == 0
    for label in ("one/a", "two/a"):
        assert f"<!-- {label} -->" in Path("x.svg").read_text()


def test_moving_means() -> None:
    assert smoothed([4.0, 1.0, 1.0], 0.0) == [4, 1, 1]
    assert smoothed([4.0, 1.0, 1.0], 0.5) == pytest.approx([4, 2, (4 + 2 + 4) / 7])


@pytest.mark.parametrize("words", [["8"], ["-1"], ["lost"], ["loss", "--smooth=1"]])
def test_charts_that_there_are_not(words: list[str], capsys: Capture) -> None:
    assert cli.main(["plot_training_log", words[0], "x.svg", "a.log", *words[1:]]) == 2
    assert capsys.readouterr().err.startswith("error[MC029]: ")
