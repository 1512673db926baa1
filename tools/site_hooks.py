"""What the site of the documentation needs beyond mkdocs: folders in the nav, links out of docs/.

The pages are written to be read in the repository, too, so that they link to README.md, to models
and to sources. The site gets copies of what they name, below ``repository/``: pages as pages, other
files as text.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
_LINK = re.compile(r"(?<=\]\()(?!https?:|mailto:|#)([^)\s#]+)(#[^)\s]*)?(?=\))")
_ROLE = re.compile(r":(?:mod|class|func|meth|data|attr|exc|mimetype):<code>~?")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Put a folder's pages where the nav names the folder."""
    config.nav = [_expanded(item) for item in config.nav or []]
    return config


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add the files of the repository that pages lead to."""
    from mkdocs.structure.files import File, InclusionLevel

    todo = sorted(DOCS.glob("**/*.md"))
    known = set(todo)
    while todo:
        for target in _targets(todo.pop()):
            if target in known or target.is_relative_to(DOCS):
                continue
            known.add(target)
            file = File.generated(config, place(target), abs_src_path=str(target))
            file.inclusion = InclusionLevel.NOT_IN_NAV
            files.append(file)
            if target.suffix == ".md":
                todo.append(target)
    return files


def on_page_markdown(markdown: str, *, page: Page, **_: object) -> str:
    """Make links lead to where the site has what they name."""
    source = Path(page.file.abs_src_path or "")
    start = os.path.dirname(place(source))

    def moved(match: re.Match[str]) -> str:
        target = _page_of(source.parent / match[1])
        if not target.exists():  # mkdocs says so
            return match[0]
        return os.path.relpath(place(target), start or ".") + (match[2] or "")

    return _LINK.sub(moved, markdown)


def on_page_content(html: str, **_: object) -> str:
    """Show Sphinx's roles, which docstrings have, as code."""
    return _ROLE.sub("<code>", html)


def place(path: Path) -> str:
    """Where the site's sources have a file of the repository."""
    if path.is_relative_to(DOCS):
        return path.relative_to(DOCS).as_posix()
    name = path.relative_to(ROOT).as_posix()
    return (
        f"repository/{name}" if path.suffix in (".md", ".svg", ".png") else f"repository/{name}.txt"
    )


def _targets(page: Path) -> Iterator[Path]:
    for match in _LINK.finditer(page.read_text(encoding="utf-8")):
        target = _page_of(page.parent / match[1])
        if target.is_file():
            yield target


def _page_of(path: Path) -> Path:
    """The file that a link's path means: of a folder its README."""
    path = path.resolve()
    if path.is_dir():
        return next((p for p in (path / "README.md", path / "readme.md") if p.exists()), path)
    return path


def _expanded(item: object) -> object:
    if isinstance(item, dict):
        return {title: _expanded(value) for title, value in item.items()}
    if isinstance(item, list):
        return [_expanded(value) for value in item]
    if isinstance(item, str) and item.endswith("/"):
        pages = sorted(p.name for p in (DOCS / item).glob("*.md"))
        pages.sort(key=lambda name: name not in ("README.md", "index.md"))
        return [item + name for name in pages]
    return item
