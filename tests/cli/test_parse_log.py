"""``minicaffe parse_log``: the tables that Caffe's script makes, of its logs and of ours."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import pytest

from minicaffe import cli
from minicaffe.cli.parse_log import parse_log
from minicaffe.cli.plot_training_log import CHART_TYPES, series
from minicaffe.errors import DataError
from minicaffe.solver.train_log import read_values
from tests.told import one_line_each

Capture = pytest.CaptureFixture[str]

# In the form of Caffe's LOG(INFO) lines.
CAFFE_LOG = """\
Log file created at: 2016/02/10 13:38:00
I1231 23:59:58.500000  4711 caffe.cpp:251] Starting Optimization
I1231 23:59:59.000000  4711 solver.cpp:279] Solving LeNet
I1231 23:59:59.000100  4711 solver.cpp:280] Learning Rate Policy: inv
I1231 23:59:59.250000  4711 solver.cpp:337] Iteration 0, Testing net (#0)
I1231 23:59:59.750000  4711 solver.cpp:404]     Test net output #0: accuracy = 0.0986
I1231 23:59:59.750000  4711 solver.cpp:404]     Test net output #1: loss = 2.36384 (* 1 = 2.36384 loss)
I0101 00:00:00.000000  4711 solver.cpp:228] Iteration 0 (-1.4013e-45 iter/s, 0.5s/100 iters), loss = 2.4
I0101 00:00:00.125000  4711 solver.cpp:244]     Train net output #0: loss = 2.38753 (* 1 = 2.38753 loss)
I0101 00:00:00.125000  4711 sgd_solver.cpp:106] Iteration 0, lr = 0.01
[some library wrote this line]
I0101 00:00:04.000000  4711 solver.cpp:228] Iteration 100 (25.0 iter/s, 4s/100 iters), loss = 0.215375
I0101 00:00:04.000000  4711 solver.cpp:244]     Train net output #0: loss = 2.15375e-01 (* 1 = 0.215375 loss)
I0101 00:00:04.000000  4711 sgd_solver.cpp:106] Iteration 100, lr = 0.00992565
I0101 00:00:05.000000  4711 solver.cpp:337] Iteration 200, Testing net (#0)
I0101 00:00:06.000000  4711 solver.cpp:404]     Test net output #0: accuracy = 0.9
I0101 00:00:06.500000  4711 solver.cpp:404]     Test net output #1: loss = nan (* 1 = nan loss)
I0101 00:00:07.000000  4711 solver.cpp:228] Iteration 200 (25.0 iter/s, 4s/100 iters), loss = 0.1
I0101 00:00:07.000000  4711 solver.cpp:244]     Train net output #0: loss = 0.15 (* 1 = 0.15 loss)
I0101 00:00:07.000000  4711 solver.cpp:317] Optimization Done.
"""  # noqa: E501


# In the form of Caffe's logs until the middle of 2014, before it knew the names of outputs.
LOG_OF_2014 = """\
I1231 23:59:50.000000  7 solver.cpp:165] Solving old
I1231 23:59:51.000000  7 solver.cpp:232] Iteration 0, Testing net (#0)
I1231 23:59:55.000000  7 solver.cpp:270] Test score #0: 0.25
I1231 23:59:55.500000  7 solver.cpp:270] Test score #1: 1.5
I0101 00:00:05.000000  7 solver.cpp:195] Iteration 20, loss = 1.1
I0101 00:00:05.000100  7 solver.cpp:209] Iteration 20, lr = 0.001
I0101 00:00:15.000000  7 solver.cpp:209] Iteration 40, lr = 0.0005
I0101 00:00:15.000100  7 solver.cpp:195] Iteration 40, loss = nan
I0101 00:00:16.000000  7 solver.cpp:232] Iteration 50, Testing net (#0)
I0101 00:00:20.000000  7 solver.cpp:270] Test score #0: 0.5
I0101 00:00:20.000000  7 solver.cpp:270] Test score #1: 1.25e-1
"""


@pytest.fixture(autouse=True)
def _in_tmp_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def rows(path: str, delimiter: str = ",") -> list[dict[str, float]]:
    with open(path, newline="") as stream:
        table = csv.DictReader(stream, delimiter=delimiter)
        return [{name: float(text) for name, text in row.items()} for row in table]


def test_log_of_caffe() -> None:
    Path("caffe.INFO").write_text(CAFFE_LOG)
    assert cli.main(["parse_log", "caffe.INFO", "."]) == 0
    assert Path("caffe.INFO.train").read_bytes() == (
        b"NumIters,Seconds,LearningRate,loss\r\n"
        b"0.0,1.125,0.01,2.38753\r\n"
        b"100.0,5.0,0.01,0.215375\r\n"
        b"200.0,8.0,0.00992565,0.15\r\n"
    )
    assert Path("caffe.INFO.test").read_bytes() == (
        b"NumIters,Seconds,LearningRate,accuracy,loss\r\n"
        b"0.0,0.75,0.00992565,0.0986,2.36384\r\n"
        b"200.0,7.0,0.00992565,0.9,nan\r\n"
    )


def test_log_of_our_own_training(tiny: Path, capsys: Capture) -> None:
    assert cli.main(["train", "--solver=solver.prototxt"]) == 0
    log = one_line_each(capsys.readouterr().err)
    Path("train.log").write_text(log)
    assert cli.main(["parse_log", "train.log", ".", "--verbose", "--delimiter=;"]) == 0
    out = capsys.readouterr().out
    assert out == "Wrote ./train.log.train\nWrote ./train.log.test\n"
    train, test = rows("train.log.train", ";"), rows("train.log.test", ";")
    assert [row["NumIters"] for row in train] == [0, 5]  # the last display shows no outputs
    assert [row["NumIters"] for row in test] == [0, 5, 10]
    assert [row["LearningRate"] for row in (*train, *test)] == [0.1] * 5
    losses = [line.rpartition(" ")[0] for line in log.splitlines() if "Test net output #1" in line]
    assert [f"{row['loss']:g}" for row in test] == [
        line.split(" = ")[1].split(" ")[0] for line in losses
    ]
    for table in (train, test):
        seconds = [row["Seconds"] for row in table]
        assert seconds == sorted(seconds)
        assert seconds[0] >= 0


def test_a_log_with_one_test_keeps_it() -> None:
    Path("one.log").write_text("".join(CAFFE_LOG.splitlines(keepends=True)[:7]))
    train, test = parse_log("one.log")
    assert train == []
    assert [(row["accuracy"], row["loss"]) for row in test] == [(0.0986, 2.36384)]
    assert math.isnan(test[0]["LearningRate"])


def test_rows_with_other_outputs_get_all_columns() -> None:
    """Such as those of a log that goes on with another test net."""
    Path("two.log").write_text(CAFFE_LOG.replace("accuracy = 0.9\n", "top5 = 0.9\n"))
    assert cli.main(["parse_log", "two.log", "."]) == 0
    assert Path("two.log.test").read_text().splitlines() == [
        "NumIters,Seconds,LearningRate,accuracy,loss,top5",
        "0.0,0.75,0.00992565,0.0986,2.36384,",
        "200.0,7.0,0.00992565,,nan,0.9",
    ]


def test_newer_glog_writes_the_year() -> None:
    text = CAFFE_LOG.replace("I1231", "I20231231").replace("I0101", "I20240101")
    Path("new.log").write_text(text)
    Path("old.log").write_text(CAFFE_LOG)
    assert str(parse_log("new.log")) == str(parse_log("old.log"))  # nan is not nan


def test_nothing_to_write(capsys: Capture) -> None:
    Path("x.log").write_text("".join(CAFFE_LOG.splitlines(keepends=True)[:5]))
    assert cli.main(["parse_log", "x.log", ".", "--verbose"]) == 0
    captured = capsys.readouterr()
    assert captured.out.count("; no lines to write\n") == 2
    assert "does the solver set display or test_interval?" in one_line_each(captured.err)
    assert sorted(path.name for path in Path().iterdir()) == ["x.log"]


def test_a_number_that_is_none() -> None:
    Path("x.log").write_text(CAFFE_LOG.replace("accuracy = 0.9\n", "accuracy = 0.9.1\n"))
    with pytest.raises(DataError, match=r"x.log: the log says '0.9.1' at iteration 200"):
        parse_log("x.log")


def test_a_line_with_something_printed_before_it() -> None:
    """Of a print without a line's end, or of stdout and stderr in one file."""
    for number, noise in (("0", "speed: 0.1s / iter"), ("100", "Iteration 7 of mine. I0203 ")):
        line = next(item for item in CAFFE_LOG.splitlines() if f"] Iteration {number} (" in item)
        Path("glued.log").write_text(CAFFE_LOG.replace(line, noise + line))
        Path("clean.log").write_text(CAFFE_LOG)
        assert str(parse_log("glued.log")) == str(parse_log("clean.log"))
    Path("glued.log").write_text(CAFFE_LOG.replace("I1231 23:59:59.0000", "hmI1231 23:59:59.0000"))
    assert str(parse_log("glued.log")) == str(parse_log("clean.log"))


def test_an_iteration_is_read_from_lines_without_a_stamp() -> None:
    """As in Caffe's script: here the stamp was torn by what another process wrote."""
    log = CAFFE_LOG.replace("I0101 00:00:04.000000  4711 solver.cpp:228", "I0101 00:00:[x]")
    Path("torn.log").write_text(log)
    train, _ = parse_log("torn.log")
    assert [row["NumIters"] for row in train] == [0, 100, 200]
    assert [row["loss"] for row in train] == [2.38753, 0.215375, 0.15]


def test_the_smoothed_loss_is_the_last_of_its_line() -> None:
    text = CAFFE_LOG.replace("), loss = 0.1\n", "), loss = 7, loss = 0.1\n")
    Path("x.log").write_text(text.replace("), loss = 2.4", "), loss = "))
    losses = [value.value for value in read_values("x.log") if value.kind == "loss"]
    assert losses == [0.215375, 0.1]


@pytest.mark.parametrize("digits", ["2147483648", "9" * 18, "9" * 19, "9" * 5000])
def test_an_iteration_that_no_training_reaches(digits: str) -> None:
    Path("x.log").write_text(CAFFE_LOG.replace("Iteration 200,", f"Iteration {digits},"))
    with pytest.raises(DataError, match=r"x.log: the log says 'Iteration \d+…?', and no training"):
        parse_log("x.log")


def test_other_numbers_of_any_length() -> None:
    long = "9" * 5000
    log = CAFFE_LOG.replace("accuracy = 0.9\n", f"accuracy = {long}\n")
    Path("x.log").write_text(log.replace("output #1: loss = nan", f"output #{long}: loss = 1"))
    train, test = parse_log("x.log")
    assert test[0]["accuracy"] == 0.0986
    assert [row["loss"] for row in train] == [2.38753, 0.215375, 0.15]
    Path("x.log").write_text(log)
    assert parse_log("x.log")[1][1]["accuracy"] == math.inf


@pytest.mark.parametrize(
    "line",
    [
        "Iteration 1 " * 300_000,
        "Iteration 1, loss = " * 200_000,
        "Train net output #1: " * 200_000,
        "Train net output #1: " + "x" * 4_000_000,
        "lr = " * 800_000,
        "I0101 00:00:07." * 300_000,
        "I0101" * 800_000,
    ],
    ids=lambda line: line[:16],
)
def test_long_lines_take_a_time_in_proportion(line: str) -> None:
    """With a pattern that takes the square of this length, the test would run for days."""
    head = "I0101 00:00:06.000000  4711 solver.cpp:228] "
    Path("x.log").write_text(f"{CAFFE_LOG}{head}{line}\n{line}\n")
    train, _ = parse_log("x.log")
    assert [row["loss"] for row in train] == [2.38753, 0.215375, 0.15]


@pytest.mark.parametrize(
    ("words", "code", "complaint"),
    [
        (["nowhere.log", "."], 1, "nowhere.log: there is no such file"),
        (["other.log", "."], 1, "no line says '] Solving NET'"),
        (["caffe.log", "no/such/folder"], 1, "caffe.log.train: cannot write the file"),
        (["caffe.log", ".", "--delimiter=ab"], 2, "--delimiter is 'ab'; expected one character"),
        (["caffe.log"], 2, "output_dir"),
    ],
)
def test_mistakes(words: list[str], code: int, complaint: str, capsys: Capture) -> None:
    Path("caffe.log").write_text(CAFFE_LOG)
    Path("other.log").write_text("hello\n")
    assert cli.main(["parse_log", *words]) == code
    assert complaint in one_line_each(capsys.readouterr().err)


def test_log_of_2014() -> None:
    Path("old.log").write_text(LOG_OF_2014)
    assert cli.main(["parse_log", "old.log", "."]) == 0
    assert Path("old.log.train").read_text().splitlines() == [
        "NumIters,Seconds,LearningRate,loss",
        "20.0,15.0,0.001,1.1",
        "40.0,25.0001,0.0005,nan",
    ]
    assert Path("old.log.test").read_text().splitlines() == [
        "NumIters,Seconds,LearningRate,score #0,score #1",
        "0.0,5.0,0.0005,0.25,1.5",
        "50.0,30.0,0.0005,0.5,0.125",
    ]


def test_log_of_2013_whose_tests_name_no_iteration() -> None:
    """They belong to the display before them; a rate that no one names is nan."""
    log = LOG_OF_2014.replace("Iteration 0, Testing net (#0)", "Iteration 0, loss = 2")
    log = log.replace("Iteration 50, Testing net (#0)", "Testing net").replace("lr = ", "l r ")
    Path("old.log").write_text(log)
    train, test = parse_log("old.log")
    assert [(row["NumIters"], str(row["loss"])) for row in train] == [
        (0, "2.0"), (20, "1.1"), (40, "nan")
    ]  # fmt: skip
    assert all(math.isnan(row["LearningRate"]) for row in train)
    assert [(row["NumIters"], row["score #0"]) for row in test] == [(0, 0.25), (40, 0.5)]


@pytest.mark.parametrize(("chart", "want"), [(0, [0.25, 0.5]), (2, [1.5, 0.125])])
def test_charts_of_a_log_of_2014(chart: int, want: list[float]) -> None:
    Path("old.log").write_text(LOG_OF_2014)
    field, _ = CHART_TYPES[chart]
    assert [reading.value for reading in series("old.log", field)] == want
