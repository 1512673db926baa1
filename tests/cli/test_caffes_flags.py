"""Command lines of Caffe's scripts: flags of other verbs, glog's flags, log files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from minicaffe import cli
from tests.told import one_line_each

Capture = pytest.CaptureFixture[str]

CAFFES = [
    "--gpu=",
    "--solver=s",
    "--model=net.prototxt",
    "--phase=TEST",
    "--level=0",
    "--stage=",
    "--snapshot=",
    "--weights=",
    "--iterations=1",
    "--sigint_effect=stop",
    "--sighup_effect=stop",
]
SCORE = ["--model=net.prototxt", "--iterations=1"]


@pytest.mark.parametrize("verb", ["time", "device_query"])
def test_a_verb_takes_all_flags_of_caffe(verb: str, tiny: Path, capsys: Capture) -> None:
    assert cli.main([verb, *CAFFES]) == 0
    log = one_line_each(capsys.readouterr().err)
    assert f"--solver is not used by {verb}" in log
    assert f"--gpu is not used by {verb}" not in log


def test_train_takes_the_model_flag(tiny: Path, capsys: Capture) -> None:
    assert cli.main(["train", "-solver", "solver.prototxt", "-model", "x"]) == 0
    assert "--model is not used by train" in one_line_each(capsys.readouterr().err)


def test_flags_of_caffe_are_not_flags_of_its_tools(tiny: Path, capsys: Capture) -> None:
    assert cli.main(["summarize", "--solver=s", "net.prototxt"]) == 2
    assert "--solver" in one_line_each(capsys.readouterr().err)


@pytest.mark.parametrize(
    "words",
    [
        ["--logtostderr=1"], ["-logtostderr"], ["-nologtostderr"], ["--alsologtostderr=false"],
        ["--colorlogtostderr"], ["-v=1"], ["--v=2"], ["--v", "2"], ["--stderrthreshold=0"],
        ["--vmodule=net=1"], ["--log_prefix=true"], ["--logbufsecs", "3"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_glogs_flags_are_accepted(words: list[str], tiny: Path, capsys: Capture) -> None:
    assert cli.main(["time", *words, *SCORE]) == 0
    assert "Benchmark ends" in one_line_each(capsys.readouterr().err)


def test_a_switch_leaves_the_next_word_alone(tiny: Path, capsys: Capture) -> None:
    assert cli.main(["summarize", "--logtostderr", "net.prototxt"]) == 0
    assert "InnerProduct" in capsys.readouterr().out


@pytest.mark.parametrize(
    "words",
    [
        ["-model", "net.prototxt", "-iterations", "1", "time"],
        ["--logtostderr", "time", *SCORE],
        ["--model=net.prototxt", "time", "--iterations=1"],
    ],
    ids=" ".join,
)
def test_flags_may_come_before_the_verb(words: list[str], tiny: Path, capsys: Capture) -> None:
    assert cli.main(words) == 0
    assert "Benchmark ends" in one_line_each(capsys.readouterr().err)


def test_an_unknown_verb_after_flags_is_named(capsys: Capture) -> None:
    assert cli.main(["--logtostderr", "tiem"]) == 2
    assert "unknown verb 'tiem'; did you mean `time`?" in one_line_each(capsys.readouterr().err)


@pytest.mark.parametrize("level", ["1", "2", "3"])
def test_the_least_level_of_the_log(level: str, tiny: Path, capsys: Capture) -> None:
    assert cli.main(["time", *SCORE, "--minloglevel", level]) == 0
    assert one_line_each(capsys.readouterr().err) == ""


@pytest.mark.parametrize("level", ["4", "-1", "x"])
def test_no_such_level(level: str, tiny: Path, capsys: Capture) -> None:
    assert cli.main(["time", *SCORE, f"--minloglevel={level}"]) == 2
    assert "expected 0, 1, 2 or 3" in one_line_each(capsys.readouterr().err)


@pytest.mark.parametrize("by", ["flag", "environment"])
def test_a_log_file(by: str, tiny: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkdir("logs")
    words = ["train", "--solver=solver.prototxt"]
    if by == "flag":
        words.append("--log_dir=logs")
    else:
        monkeypatch.setenv("GLOG_log_dir", "logs")
    assert cli.main(words) == 0
    shown = one_line_each(capsys.readouterr().err).splitlines()
    link = tiny / "logs" / "caffe.INFO"
    assert link.readlink().name.startswith("caffe.")
    assert sorted(os.listdir("logs")) == sorted([link.name, link.readlink().name])
    lines = link.read_text().splitlines()
    assert lines[0].startswith("Log file created at: ")
    assert lines[3:] == shown
    # What minicaffe's own tools read is also what Caffe's read.
    assert cli.main(["parse_log", str(link), "logs"]) == 0
    assert "accuracy" in (tiny / "logs" / "caffe.INFO.test").read_text()


def test_the_link_leads_to_the_newest_log(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkdir("logs")
    Path("logs/summarize.INFO").symlink_to("older")
    assert cli.main(["summarize", "net.prototxt", "--log_dir", "logs"]) == 0
    assert Path("logs/summarize.INFO").read_text().startswith("Log file created at: ")


def test_a_folder_that_is_not_there(tiny: Path, capsys: Capture) -> None:
    assert cli.main(["time", *SCORE, "--log_dir=nowhere"]) == 1
    error = one_line_each(capsys.readouterr().err)
    assert error.startswith("error: nowhere")
    assert "--log_dir" in error
