"""Write the pages of all diagnostics, ``docs/diagnostics/``: one for each code, and an index.

    python tools/generate_diagnostics.py [--check]

A page is what ``minicaffe explain CODE`` prints: the docstring of the rule, or of the class of
errors. ``tests/docs`` compares.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGES = ROOT / "docs" / "diagnostics"
sys.path.insert(0, str(ROOT))

from minicaffe.lint import codes, explain  # noqa: E402
from minicaffe.lint.codes import error_kinds  # noqa: E402
from minicaffe.lint.rules import all_rules  # noqa: E402

_INDEX = """# Diagnostics

What `minicaffe lint` finds, by code; `minicaffe explain CODE` prints a code's page. The pages are
made of docstrings by `python tools/generate_diagnostics.py`. A comment `# lint: ignore CODE` on a
finding's line lets it pass.
"""


def pages() -> dict[Path, str]:
    """What the files in ``docs/diagnostics`` should hold."""
    return {PAGES / f"{code}.md": explain(code) for code in codes()} | {
        PAGES / "README.md": index()
    }


def index() -> str:
    """The list of all pages: rules first, then kinds of errors."""
    rules = [
        f"- [{rule.code}]({rule.code}.md) {rule.name} ({rule.severity.value}): "
        + rule.summary.replace("``", "`")
        for rule in all_rules()
    ]
    kinds = [
        f"- [{code}]({code}.md) {kind.__name__}: "
        + " ".join((kind.__doc__ or "").partition("\n\n")[0].split()).replace("``", "`")
        for code, kind in sorted(error_kinds().items())
    ]
    return "\n".join([_INDEX, "## Rules\n", *rules, "\n## Errors\n", *kinds, ""])


def main() -> int:
    """Write the pages, or with ``--check`` say which differ."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; 1 if a page differs")
    check = parser.parse_args().check
    wanted = pages()
    old = set(PAGES.glob("*.md")) - wanted.keys()
    changed = [p for p in wanted if not p.exists() or p.read_text("utf-8") != wanted[p]]
    for path in sorted([*changed, *old]):
        print(path.relative_to(ROOT))
    if check:
        return 1 if changed or old else 0
    PAGES.mkdir(exist_ok=True)
    for path in old:
        path.unlink()
    for path in changed:
        path.write_text(wanted[path], encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
