"""Write the pages of all diagnostics, ``docs/diagnostics/``: one for each code, and an index.

    python tools/generate_diagnostics.py [--check]

A page is what ``minicaffe explain CODE`` prints: the docstring of the rule, or of the class of
errors. ``tests/docs`` compares.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from minicaffe.lint import codes, explain
from minicaffe.lint.codes import error_kinds
from minicaffe.lint.rules import all_rules
from tools.generated_pages import ROOT, main

PAGES = ROOT / "docs" / "diagnostics"

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


if __name__ == "__main__":
    sys.exit(main(PAGES, pages, __doc__))
