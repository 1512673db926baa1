"""The pages of verbs say what ``--help`` says; those of Python, and the site, leave nothing out."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

import minicaffe
from minicaffe import cli
from tests.docs.generators import load

ROOT = Path(__file__).resolve().parents[2]


def test_verbs_pages_are_up_to_date() -> None:
    generator = load("generate_verbs")
    wanted = generator.pages()
    there = {path: path.read_text(encoding="utf-8") for path in generator.PAGES.glob("*.md")}
    assert set(there) == set(wanted), "run python tools/generate_verbs.py"
    stale = [path.name for path, text in wanted.items() if there[path] != text]
    assert stale == [], "run python tools/generate_verbs.py"
    assert {path.stem for path in wanted} == {*cli.verbs(), "README"}


def test_targets_pages_are_up_to_date() -> None:
    generator = load("generate_targets")
    wanted = generator.pages()
    there = {path: path.read_text(encoding="utf-8") for path in generator.PAGES.glob("*.md")}
    assert set(there) == set(wanted), "run python tools/generate_targets.py"
    stale = [path.name for path, text in wanted.items() if there[path] != text]
    assert stale == [], "run python tools/generate_targets.py"


def test_every_flag_is_on_its_verbs_page() -> None:
    for verb, flag in (("train", "--solver=FILE"), ("lint", "--fix"), ("test", "--iterations=N")):
        assert f"`{flag}`" in (ROOT / "docs" / "verbs" / f"{verb}.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", [name for name in minicaffe.__all__ if name[0] != "_"])
def test_every_public_name_is_on_a_page(name: str) -> None:
    text = "".join(p.read_text(encoding="utf-8") for p in (ROOT / "docs" / "python").glob("*.md"))
    assert re.search(rf"\b{name}\b", text)


def test_the_site_names_every_page() -> None:
    plain = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    named = set(_pages(yaml.safe_load(plain)["nav"]))
    assert named >= {page.name for page in (ROOT / "docs").glob("*.md")}
    tutorials = {f"tutorials/{page.name}" for page in (ROOT / "docs" / "tutorials").glob("*.md")}
    assert {name for name in named if name.startswith("tutorials/")} == tutorials
    folders = {page.parent.name + "/" for page in (ROOT / "docs").glob("*/*.md")}
    assert {name for name in named if name.endswith("/")} == folders - {"tutorials/"}


def _pages(nav: Any) -> list[str]:
    if isinstance(nav, str):
        return [nav]
    items = nav.values() if isinstance(nav, dict) else nav
    return [page for item in items for page in _pages(item)]
