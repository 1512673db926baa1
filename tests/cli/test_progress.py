"""The progress bar and the log's handler, on a clock that the test winds."""

from __future__ import annotations

import io
import logging
import re
import sys

import pytest

from minicaffe.cli._progress import Counter
from minicaffe.glog import GlogFormatter, StatusHandler, is_terminal, log_to
from minicaffe.solver.events import Finish, Iteration, Start, TestBatch, TestResult
from minicaffe.solver.progress import ProgressBar, bar, duration


class Rig:
    """A bar whose lines are kept, and its clock."""

    def __init__(self, columns: int, monkeypatch: pytest.MonkeyPatch, end: int = 200) -> None:
        monkeypatch.setenv("COLUMNS", str(columns + 1))  # of which one stays free
        self.now = 0.0
        self.lines: list[str] = []
        self.bar = ProgressBar(self.lines.append, clock=lambda: self.now)
        self.bar.on_start(Start(0, end, "net", "fixed"))

    def iterate(self, done: int, now: float, loss: float = 0.5) -> None:
        self.now = now
        self.bar.on_iteration(Iteration(done, 9.0, loss, 0.01))


def test_bar_tells_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    rig = Rig(100, monkeypatch)
    rig.iterate(1, 10.0)
    rig.iterate(50, 20.0)
    facts = " 50/200  4.9 iter/s  loss 0.5  lr 0.01  ETA 0:31"
    assert rig.lines[-1] == "[##########" + "." * 30 + "]" + facts
    assert "ETA ?" in rig.lines[0]


def test_bar_leaves_room_on_a_narrow_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    rig = Rig(30, monkeypatch)
    rig.iterate(1, 10.0)
    assert rig.lines[-1] == "1/200  0 iter/s  loss 0.5  lr 0.01  ETA ?"[:30]
    rig = Rig(60, monkeypatch)
    rig.iterate(200, 10.0)
    assert len(rig.lines[-1]) <= 60
    assert rig.lines[-1].startswith("[####")


def test_bar_is_not_drawn_too_often(monkeypatch: pytest.MonkeyPatch) -> None:
    rig = Rig(100, monkeypatch)
    for done in range(1, 101):
        rig.iterate(done, done * 0.01)
    assert 9 <= len(rig.lines) <= 11
    rig.iterate(200, 1.001)  # the last one in any case
    assert " 200/200 " in rig.lines[-1]


def test_rate_is_that_of_the_last_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    rig = Rig(100, monkeypatch, end=1000)
    rig.iterate(1, 0.0)
    rig.iterate(12, 11.0)  # 1 a second
    assert " 1 iter/s" in rig.lines[-1]
    rig.iterate(32, 13.0)  # then 10 a second
    assert " 10 iter/s" in rig.lines[-1]


def test_time_of_a_test_is_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    rig = Rig(120, monkeypatch)
    rig.iterate(10, 0.0)
    rig.iterate(20, 1.0)
    rig.now = 50.0
    rig.bar.on_test_batch(TestBatch(20, 0, 3, 5))
    assert rig.lines[-1].endswith("  testing 3/5")
    rig.bar.on_test_batch(TestBatch(20, 0, 4, 5))  # a moment later: not drawn
    assert rig.lines[-1].endswith("  testing 3/5")
    rig.bar.on_test_result(TestResult(20, 0, []))
    assert "testing" not in rig.lines[-1]
    rig.iterate(21, 100.0)
    rig.iterate(31, 101.0)
    assert " 10 iter/s" in rig.lines[-1]


def test_bar_goes_away(monkeypatch: pytest.MonkeyPatch) -> None:
    rig = Rig(100, monkeypatch)
    rig.iterate(10, 0.0)
    rig.bar.on_finish(Finish(10, True))
    assert rig.lines[-1] == ""


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("total", "want"),
    [
        (40, "[##########" + "." * 30 + "] 10/40 images  5/s  ETA 0:06"),
        (None, "10 images  5/s"),
    ],
)
def test_counting(total: int | None, want: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "101")
    monkeypatch.setenv("TERM", "xterm")
    now = [0.0]
    stream = Terminal()
    handler = StatusHandler(stream)
    with Counter(handler, total, "images", clock=lambda: now[0]) as counter:
        counter.show(1)  # at once: nothing is drawn
        assert stream.getvalue() == ""
        now[0] = 2.0
        counter.show(10)
        counter.show(11)
    assert stream.getvalue() == f"\r{want}\x1b[K\r\x1b[K"


def test_counting_without_a_terminal_shows_nothing() -> None:
    stream = io.StringIO()
    now = [0.0]
    with Counter(StatusHandler(stream), 4, "images", clock=lambda: now[0]) as counter:
        now[0] = 2.0
        counter.show(2)
    assert stream.getvalue() == ""


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0:00"), (59.6, "1:00"), (123, "2:03"), (3723, "1:02:03")]
)
def test_duration(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_width_is_the_terminals(monkeypatch: pytest.MonkeyPatch) -> None:
    """One column of it stays free: a full line would wrap on some terminals."""
    monkeypatch.setenv("COLUMNS", "77")
    assert len(bar(3, 7, " 3/7" + 90 * "x")) == 76
    assert len(bar(3, 7, " 3/7" + 55 * "x")) == 76


def test_lines_are_written_above_the_status() -> None:
    stream = io.StringIO()
    with log_to(stream) as handler:
        handler.show("half way")
        handler.show("half way")  # no change: nothing is written
        logging.getLogger("minicaffe").warning("look out")
    parts = stream.getvalue().split("\r")
    assert parts[1:3] == ["half way\x1b[K", parts[2]]
    assert re.fullmatch(r"\x1b\[KW\d{4} .* test_progress.py:\d+\] look out\n", parts[2])
    assert parts[3:] == ["half way\x1b[K", "\x1b[K"]


def test_without_a_status_nothing_but_lines_is_written() -> None:
    stream = io.StringIO()
    with log_to(stream):
        logging.getLogger("minicaffe").info("first\nsecond")
    assert re.fullmatch(r"I\d{4} [\d:]{8}\.\d{6} +\d+ \S+:\d+\] first\nsecond\n", stream.getvalue())


@pytest.mark.parametrize(
    ("least", "shown"),
    [("", "IWE"), ("0", "IWE"), ("1", "WE"), ("2", "E"), ("3", ""), ("x", "IWE")],
)
def test_glogs_variable(least: str, shown: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GLOG_minloglevel", least)
    stream = io.StringIO()
    with log_to(stream):
        logger = logging.getLogger("minicaffe")
        logger.info("a")
        logger.warning("b")
        logger.error("c")
    assert "".join(line[0] for line in stream.getvalue().splitlines()) == shown


def test_traceback_of_a_logged_exception() -> None:
    try:
        raise ZeroDivisionError("by 0")
    except ZeroDivisionError:
        record = logging.LogRecord("x", logging.ERROR, "a/b.py", 3, "oh", None, sys.exc_info())
    text = GlogFormatter().format(record)
    assert text.split("\n")[0].endswith(" b.py:3] oh")
    assert text.endswith("ZeroDivisionError: by 0")


def test_log_goes_to_stderr_by_default(capsys: pytest.CaptureFixture[str]) -> None:
    with log_to() as handler:
        assert isinstance(handler, StatusHandler)
        logging.getLogger("minicaffe").info("hello")
    assert capsys.readouterr().err.endswith("hello\n")
    assert not is_terminal(io.StringIO())
