"""Write the tables of packages and modules into ``docs/design.md``: a docstring's first line each.

    python tools/generate_house.py

``tests/test_house.py`` compares them with the packages that there are.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "design.md"

#: Where a table is in the page, by its name.
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


def page() -> str:
    """What the page should say."""
    text = PAGE.read_text(encoding="utf-8")
    for name, paths in (("packages", packages()), ("modules", modules())):
        table = "\n".join(_table(paths))
        first, last = (mark.format(name=name) for mark in _MARKS)
        pattern = f"(?<={re.escape(first)}).*?(?={re.escape(last)})"
        text, found = re.subn(pattern, table.replace("\\", r"\\"), text, flags=re.DOTALL)
        if found != 1:
            raise SystemExit(f"{PAGE} has {found} places between {first.strip()} and its end")
    return text


def _table(paths: list[Path]) -> Iterator[str]:
    yield "| where | what |"
    yield "| --- | --- |"
    yield from map(described, paths)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
