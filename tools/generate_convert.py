"""Write the tables of ``docs/convert.md``: the operators of ONNX that each layer type becomes.

    python tools/generate_convert.py [--check]

Every row of the layers' tests is exported; a type's operators are those of all of its rows.
``tests/docs`` compares.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "convert.md"
sys.path.insert(0, str(ROOT))

from minicaffe.convert.onnx.export import export  # noqa: E402
from tests.convert.onnx.test_rows import GOOD, net_of_row  # noqa: E402

_MARKS = (
    "<!-- operators: made by tools/generate_convert.py -->\n\n",
    "\n\n<!-- end of operators -->",
)


def operators() -> dict[str, list[str]]:
    """The operators by layer type, in the order in which its rows use them."""
    found: dict[str, list[str]] = {}
    for case in GOOD:
        nodes = export(net_of_row(case)).model.graph.node
        known = found.setdefault(case.type, [])
        known += dict.fromkeys(node.op_type for node in nodes if node.op_type not in known)
    return {name: found[name] for name in sorted(found, key=str.lower)}


def _lines() -> Iterator[str]:
    made = operators()
    yield "| layer | operators |"
    yield "| --- | --- |"
    for name, types in made.items():
        yield f"| [{name}](layers/{name}.md) | {', '.join(types)} |"


def text() -> str:
    """What the page should say."""
    first, last = _MARKS
    pattern = f"(?<={re.escape(first)}).*?(?={re.escape(last)})"
    made = "\n".join(_lines())
    page, found = re.subn(
        pattern, lambda _: made, PAGE.read_text(encoding="utf-8"), flags=re.DOTALL
    )
    if found != 1:
        raise SystemExit(f"{PAGE} has {found} places for the table")
    return page


def main() -> int:
    """Write the page, or say whether it is as it should be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="write nothing; status 1 if it differs"
    )
    args = parser.parse_args()
    wanted = text()
    if args.check:
        return int(PAGE.read_text(encoding="utf-8") != wanted)
    PAGE.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
