"""Errors look as the linter's findings do: in colour on a terminal, unless it is not wanted."""

from __future__ import annotations

import io
import re
import sys
from pathlib import Path

import pytest

from minicaffe import cli
from minicaffe.cli._report import takes_colour
from minicaffe.errors.form import without_place
from minicaffe.errors.mistakes import UsageError
from minicaffe.lint.diagnostic import of_error
from minicaffe.lint.render import full

WRONG = 'layer { name: "a" type: "Input" top: "a" }\nlayer { name: "b" tpye: "ReLU" bottom: "a" }\n'
PRINTED = """\
error[MC020]: unknown field `tpye` in layer
 --> net.prototxt:2:19
  |
2 | layer { name: "b" tpye: "ReLU" bottom: "a" }
  |                   ^^^^
  = help: did you mean `type`?
"""


class Terminal(io.StringIO):
    """A stream that says it is one."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def wrong_net(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    Path("net.prototxt").write_text(WRONG, encoding="utf-8")


@pytest.mark.parametrize("words", [["summarize"], ["time", "--model"], ["draw_net"], ["lint"]])
def test_all_verbs_tell_a_mistake_alike(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    command = [*words[:-1], f"{words[-1]}=net.prototxt"] if words[1:] else [*words, "net.prototxt"]
    assert cli.main([*command, *(["net.svg"] if words == ["draw_net"] else [])]) == 1
    printed = capsys.readouterr()
    assert (printed.out or printed.err).endswith(PRINTED)


def test_in_colour_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", Terminal())
    assert cli.main(["summarize", "net.prototxt"]) == 1
    printed = sys.stderr.getvalue()  # type: ignore[attr-defined]
    assert "\x1b[1;31merror[MC020]\x1b[0m" in printed
    assert re.sub(r"\x1b\[[0-9;]*[mKJ]|\r", "", printed).strip() == PRINTED.strip()


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_plain_where_it_is_asked_for(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert takes_colour(Terminal())
    monkeypatch.setenv(name, value)
    assert not takes_colour(Terminal())


def test_an_empty_no_color_asks_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "")
    assert takes_colour(Terminal())


def test_a_file_has_no_colours() -> None:
    assert not takes_colour(io.StringIO())


@pytest.mark.parametrize("colour", [False, True])
@pytest.mark.parametrize(
    "message", ["what was found; what is expected; more", "no; 'a; b' (c; d)", "found alone"]
)
def test_errors_without_a_place_have_the_form_of_all_others(message: str, colour: bool) -> None:
    error = UsageError(message)
    assert without_place(error, colour=colour) == full(of_error(error), colour=colour)
