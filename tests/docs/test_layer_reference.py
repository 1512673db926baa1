"""The layer reference says what docstrings, schema and tests say."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("layers", ROOT / "tools" / "generate_layers.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


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
