"""Write what docstrings say into ``docs/``, so that it is said once.

    python tools/generate_house.py

``design.md`` gets the tables of packages and modules, a docstring's first line each; ``tools.md``
the verbs' docstrings, which are their help. ``tests/test_house.py`` compares.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"

#: Where a part is in its page, by its name.
_MARKS = "<!-- {name}: made by tools/generate_house.py -->\n\n", "\n\n<!-- end of {name} -->"


def packages() -> list[Path]:
    """The folders of all packages, those of a folder after the folder itself."""
    found = {path.parent for path in (ROOT / "minicaffe").rglob("__init__.py")}
    return sorted(found)


def modules() -> list[Path]:
    """The files of the top level."""
    return sorted(path for path in (ROOT / "minicaffe").glob("*.py") if path.stem != "__init__")


def described(path: Path) -> str:
    """A row: where it is, and what it says of itself."""
    file = path / "__init__.py" if path.is_dir() else path
    doc = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    line = doc.partition("\n")[0].replace("``", "`").replace("|", r"\|").removesuffix("::")
    name = path.relative_to(ROOT).as_posix()
    return f"| `{name}/` | {line} |" if path.is_dir() else f"| `{name}` | {line} |"


def help_of(verb: str) -> str:
    """What ``minicaffe VERB --help`` says of a verb, as Markdown: its docstring."""
    file = ROOT / "minicaffe" / "cli" / f"{verb}.py"
    doc = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    examples = re.sub(r"^minicaffe ", "    minicaffe ", doc, flags=re.MULTILINE)
    return examples.replace("``", "`")


def pages() -> dict[Path, str]:
    """What the pages should say."""
    design = {name: "\n".join(_table(paths())) for name, paths in TABLES.items()}
    tools = DOCS / "tools.md"
    marked = re.findall(_MARKS[0].strip().format(name=r"(\w+)"), tools.read_text(encoding="utf-8"))
    return {
        DOCS / "design.md": _with_parts(DOCS / "design.md", design),
        tools: _with_parts(tools, {verb: help_of(verb) for verb in marked}),
    }


def _with_parts(page: Path, parts: dict[str, str]) -> str:
    """A page's text with each part between its marks."""
    text = page.read_text(encoding="utf-8")
    for name, part in parts.items():
        first, last = (mark.format(name=name) for mark in _MARKS)
        pattern = f"(?<={re.escape(first)}).*?(?={re.escape(last)})"
        text, found = re.subn(pattern, part.replace("\\", r"\\"), text, flags=re.DOTALL)
        if found != 1:
            raise SystemExit(f"{page} has {found} places between {first.strip()} and its end")
    return text


def _table(paths: list[Path]) -> Iterator[str]:
    yield "| where | what |"
    yield "| --- | --- |"
    yield from map(described, paths)


#: The tables of design.md, and what they list.
TABLES = {"packages": packages, "modules": modules}

if __name__ == "__main__":
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")
