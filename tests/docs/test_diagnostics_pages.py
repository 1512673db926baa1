"""The pages of the diagnostics say what docstrings say."""

from __future__ import annotations

from types import ModuleType

import pytest

from tests.docs.generators import load


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    return load("generate_diagnostics")


def test_pages_are_up_to_date(generator: ModuleType) -> None:
    wanted = generator.pages()
    there = {path: path.read_text(encoding="utf-8") for path in generator.PAGES.glob("*.md")}
    assert set(there) == set(wanted), "run python tools/generate_diagnostics.py"
    stale = [path.name for path, text in wanted.items() if there[path] != text]
    assert stale == [], "run python tools/generate_diagnostics.py"


def test_pages_of_rules_have_two_examples_or_say_how_they_are_found(generator: ModuleType) -> None:
    for rule in generator.all_rules():
        page = (generator.PAGES / f"{rule.code}.md").read_text(encoding="utf-8")
        examples = "\nFound:\n" in page and "\nMended:\n" in page
        asked_for = ("with `--data`", "with `--weights`", "With `--target=")
        assert examples or any(words in page for words in asked_for), rule.code
