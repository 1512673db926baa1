"""docs/tools.md and docs/migration.md name verbs and flags that there are."""

from __future__ import annotations

import importlib
import re
import shlex
from pathlib import Path

import pytest

from minicaffe import cli
from minicaffe.cli._flags import double_dashes
from tests.cli.test_main import VERBS

ROOT = Path(__file__).parents[2]
TOOLS = (ROOT / "docs" / "tools.md").read_text(encoding="utf-8")
MIGRATION = (ROOT / "docs" / "migration.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^    minicaffe (.*)$", re.sub(r"\\\n *", "", TOOLS), re.MULTILINE)
TABLE = re.findall(r"\| `minicaffe ([^`]*)`", MIGRATION)


@pytest.mark.parametrize("command", EXAMPLES + TABLE)
def test_the_command_line_is_understood(command: str) -> None:
    verb, *words = double_dashes(shlex.split(command.partition(" 2> ")[0]))
    module = importlib.import_module(f"minicaffe.cli.{verb}")
    numbered = ["3" if word == "N" else word for word in words]
    cli.verb_parser(verb, module).parse_args(numbered)


def test_every_tool_has_a_section_and_a_line_for_users_of_caffe() -> None:
    assert {command.split()[0] for command in TABLE} == set(VERBS)
    headings = set(re.findall(r"\w+", " ".join(re.findall(r"^## (.*)$", TOOLS, re.MULTILINE))))
    assert headings >= set(VERBS) - {"train", "test", "time", "device_query"}


def test_links_lead_somewhere() -> None:
    for text in (TOOLS, MIGRATION):
        for target in re.findall(r"\]\(([^)]*)\)", text):
            name, _, anchor = target.partition("#")
            page = (ROOT / "docs" / name).read_text(encoding="utf-8") if name else text
            headings = re.findall(r"^#+ (.*)$", page, re.MULTILINE)
            anchors = {
                re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings
            }
            assert not anchor or anchor in anchors, target
