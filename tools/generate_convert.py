"""Write the tables of ``docs/convert.md``: layers and operators of ONNX, in both directions.

    python tools/generate_convert.py [--check]

Every row of the layers' tests is exported; a type's operators are those of all of its rows. Every
row of the operators' tests is imported; an operator's layers are those of all rows. ``tests/docs``
compares.
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
from minicaffe.convert.onnx.import_model import import_model  # noqa: E402
from minicaffe.convert.onnx.readers import read_operators  # noqa: E402
from tests.convert.onnx.graphs import model_of  # noqa: E402
from tests.convert.onnx.test_import_nodes import ROWS  # noqa: E402
from tests.convert.onnx.test_rows import GOOD, net_of_row  # noqa: E402

_MARKS = (
    "<!-- {name}: made by tools/generate_convert.py -->\n\n",
    "\n\n<!-- end of {name} -->",
)


def operators() -> dict[str, list[str]]:
    """The operators by layer type, in the order in which its rows use them."""
    found: dict[str, list[str]] = {}
    for case in GOOD:
        nodes = export(net_of_row(case)).model.graph.node
        known = found.setdefault(case.type, [])
        known += dict.fromkeys(node.op_type for node in nodes if node.op_type not in known)
    return {name: found[name] for name in sorted(found, key=str.lower)}


def layers() -> dict[str, list[str]]:
    """The layers by operator that is read, in the order in which its rows use them."""
    found: dict[str, list[str]] = {name: [] for name in read_operators()}
    for nodes, _, shape, tensors, opset in ROWS.values():
        param = import_model(model_of(nodes, {"x": shape}, opset=opset, **tensors)).param
        for node in nodes:
            own = node.name or node.output[0]
            known = found.setdefault(node.op_type, [])
            for layer in param.layer:
                mine = layer.name == own or layer.name.startswith(f"{own}/")
                if mine and layer.type not in known:
                    known.append(layer.type)
    return found


def _exported() -> Iterator[str]:
    yield "| layer | operators |"
    yield "| --- | --- |"
    for name, types in operators().items():
        yield f"| [{name}](layers/{name}.md) | {', '.join(types)} |"


def _imported() -> Iterator[str]:
    yield "| operator | layers |"
    yield "| --- | --- |"
    for name, types in layers().items():
        links = ", ".join(f"[{kind}](layers/{kind}.md)" for kind in types)
        yield f"| {name} | {links or 'none: the blob stays'} |"


def text() -> str:
    """What the page should say."""
    page = PAGE.read_text(encoding="utf-8")
    for name, lines in (("operators", _exported()), ("layers", _imported())):
        first, last = (mark.format(name=name) for mark in _MARKS)
        pattern = f"(?<={re.escape(first)}).*?(?={re.escape(last)})"
        made = "\n".join(lines).replace("\\", r"\\")
        page, found = re.subn(pattern, made, page, flags=re.DOTALL)
        if found != 1:
            raise SystemExit(f"{PAGE} has {found} places for the table of {name}")
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
