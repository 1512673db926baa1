"""The layer reference says what docstrings, schema and tests say."""

from __future__ import annotations

from types import ModuleType

import pytest

from tests.docs.generators import load


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    return load("generate_layers")


def test_pages_are_up_to_date(generator: ModuleType) -> None:
    wanted = generator.pages()
    there = {path: path.read_text(encoding="utf-8") for path in generator.PAGES.glob("*.md")}
    assert set(there) == set(wanted), "run python tools/generate_layers.py"
    stale = [path.name for path, text in wanted.items() if there[path] != text]
    assert stale == [], "run python tools/generate_layers.py"


def test_every_layer_of_the_package_has_its_page(generator: ModuleType) -> None:
    text = (generator.PAGES / "README.md").read_text(encoding="utf-8")
    for name, cls in generator.types().items():
        assert f"[{name}]({name}.md)" in text
        page = (generator.PAGES / f"{name}.md").read_text(encoding="utf-8")
        assert "**Shapes.**" in page, name
        assert "**Source.**" in page, name
        assert f"Heading: {generator.heading(cls)}" in page
