"""docs/dnn.md lists what minicaffe.dnn has; docs/detection.md gives commands that there are."""

from __future__ import annotations

import importlib
import re
import shlex
from pathlib import Path

import pytest

from minicaffe import cli, dnn
from minicaffe.cli._flags import double_dashes

DOCS = Path(__file__).parents[2] / "docs"
DNN = (DOCS / "dnn.md").read_text(encoding="utf-8")
DETECTION = (DOCS / "detection.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^    minicaffe (.*)$", re.sub(r"\\\n *", "", DETECTION), re.MULTILINE)
TABLE = re.findall(r"^\| (`.*?) \|", DNN, re.MULTILINE)


def test_every_name_is_in_the_table() -> None:
    named = set(re.findall(r"\b[A-Za-z_]\w+", " ".join(TABLE)))
    constants = ("DNN_", "CV_", "SOFT_NMSMETHOD_")
    functions = {name for name in dnn.__all__ if not name.startswith(constants)}
    methods = {name for name in vars(dnn.Net) if not name.startswith("_")}
    assert functions - {"Layer"} <= named
    assert methods <= named


def test_the_table_names_what_there_is() -> None:
    for name in re.findall(r"`(?:Net\.)?([A-Za-z]\w+)", " ".join(TABLE)):
        if not name.startswith("DNN_"):
            assert hasattr(dnn, name) or hasattr(dnn.Net, name), name


@pytest.mark.parametrize("command", COMMANDS)
def test_the_command_line_is_understood(command: str) -> None:
    verb, *words = double_dashes(shlex.split(command.partition(" > ")[0]))
    module = importlib.import_module(f"minicaffe.cli.{verb}")
    cli.verb_parser(verb, module).parse_args(words)


def test_there_are_commands() -> None:
    assert len(COMMANDS) >= 4
