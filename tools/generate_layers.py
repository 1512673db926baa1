"""Write the layer reference, ``docs/layers/``: a page for each layer type, and an index.

    python tools/generate_layers.py [--check]

A page says what the class's docstring says, shows a layer's prototxt (the first row of its tests),
and lists the fields of its settings with their comments in the schema. ``tests/docs`` compares.
"""

from __future__ import annotations

import argparse
import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import cast

from google.protobuf.descriptor import FieldDescriptor

ROOT = Path(__file__).resolve().parent.parent
PAGES = ROOT / "docs" / "layers"
sys.path.insert(0, str(ROOT))

from minicaffe.layer import Layer, layer_class, layer_types  # noqa: E402
from minicaffe.proto import caffe_pb2, schema_docs  # noqa: E402
from minicaffe.proto.own_fields import own_field  # noqa: E402
from tests.layers.harness import Case  # noqa: E402
from tests.layers.test_layers import CASES  # noqa: E402

#: The sections of a layer's docstring, as docs/add-a-layer.md has them.
_SECTIONS = ("Shapes", "Settings", "Gradients", "Raises", "Source")
_INDEX = """# Layers

Every layer type, by the heading of the catalogue. The pages are made of the classes' docstrings,
the schema's comments and the tests' first rows by `python tools/generate_layers.py`.
"""


def types() -> dict[str, type[Layer]]:
    """The classes of the package's own layer types, by name."""
    found = {name: layer_class(name) for name in sorted(layer_types())}
    return {name: cls for name, cls in found.items() if cls.__module__.startswith("minicaffe.")}


def pages() -> dict[Path, str]:
    """What the files in ``docs/layers`` should hold."""
    found = types()
    examples: dict[str, Case] = {}
    for case in CASES:
        examples.setdefault(case.type, case)
    made = {
        PAGES / f"{name}.md": page(name, cls, examples.get(name)) for name, cls in found.items()
    }
    made[PAGES / "README.md"] = index(found)
    return made


def index(found: dict[str, type[Layer]]) -> str:
    """The list of all pages."""
    headings: dict[str, list[str]] = {}
    for name, cls in found.items():
        line = f"- [{name}]({name}.md): {summary(cls)}"
        headings.setdefault(heading(cls), []).append(line)
    parts = [
        f"## {title.capitalize()}\n\n" + "\n".join(headings[title]) for title in sorted(headings)
    ]
    return _INDEX + "\n" + "\n\n".join(parts) + "\n"


def heading(cls: type[Layer]) -> str:
    """The package below ``minicaffe.layers`` that a class is in."""
    return cls.__module__.split(".")[2]


def summary(cls: type[Layer]) -> str:
    """The first paragraph of its docstring, on one line."""
    return _marked(" ".join(_doc(cls).partition("\n\n")[0].split()))


def page(name: str, cls: type[Layer], case: Case | None) -> str:
    """A type's page."""
    file = f"minicaffe/{'/'.join(cls.__module__.split('.')[1:])}.py"
    body = re.sub(r"\n{3,}", "\n\n", "\n".join(_body(_doc(cls))))
    parts = [f"# {name}", body]
    if case is not None:
        parts.append(f"## Example\n\n```\n{example(case)}\n```")
    parts += _settings(name)
    parts.append(f"Heading: {heading(cls)}; written in [{file}](../../{file}).")
    return "\n\n".join(parts) + "\n"


def example(case: Case) -> str:
    """A row of the tests as a layer's prototxt."""
    bottoms = "".join(f'  bottom: "bottom{n or ""}"\n' for n in range(len(case.bottoms)))
    tops = "".join(f'  top: "top{n or ""}"\n' for n in range(case.tops))
    param = " ".join(case.param.split())
    lines = f"  {param}\n" if param else ""
    return f'layer {{\n  name: "layer" type: "{case.type}"\n{bottoms}{tops}{lines}}}'


def _doc(cls: type[Layer]) -> str:
    return inspect.cleandoc(cls.__doc__ or "")


def _body(doc: str) -> Iterator[str]:
    """A docstring as Markdown: formulas as code, sections by their names in bold."""
    inside = False
    for line in doc.split("\n"):
        section = re.match(rf"({'|'.join(_SECTIONS)}):", line)
        indented = line.startswith("    ")
        if indented and not inside and section is None:
            yield ""
        inside = indented
        if section is not None:
            yield ""
            line = f"**{section[1]}.**{line[section.end() :]}"
        yield line if indented else _marked(line.replace("::", ":"))


def _marked(line: str) -> str:
    line = re.sub(r":(?:mod|class|func|meth|data):`~?([^`]*)`", r"`\1`", line)
    return line.replace("``", "`")


def _settings(name: str) -> Iterator[str]:
    """The fields of a type's own message."""
    own = own_field(name)
    if own is None:
        return
    message = type(getattr(caffe_pb2.LayerParameter(), own)).DESCRIPTOR
    rows = [_row(message.name, cast(FieldDescriptor, field)) for field in message.fields]
    yield (
        f"## Fields of `{own}`\n\n| field | default | meaning |\n| --- | --- | --- |\n"
        + "\n".join(rows)
    )


def _row(message: str, field: FieldDescriptor) -> str:
    text = (schema_docs.describe(f"{message}.{field.name}") or "").replace("|", r"\|")
    default = ""
    if field.has_default_value:
        default = str(field.default_value)
        if field.enum_type is not None:
            default = field.enum_type.values_by_number[field.default_value].name
        elif isinstance(field.default_value, float):
            default = f"{field.default_value:.7g}"
    return f"| `{field.name}` | {default} | {text} |"


def main() -> int:
    """Write the pages, or with ``--check`` say which are not what they should be."""
    parser = argparse.ArgumentParser(description="Write docs/layers.")
    parser.add_argument("--check", action="store_true", help="write nothing; 1 if out of date")
    check = parser.parse_args().check
    wanted = pages()
    stale = [path for path, text in wanted.items() if not _holds(path, text)]
    left = [path for path in PAGES.glob("*.md") if path not in wanted] if PAGES.exists() else []
    for path in (*stale, *left):
        print(f"{path.relative_to(ROOT)} is out of date" + ("" if check else ": made again"))
    if not check:
        PAGES.mkdir(exist_ok=True)
        for path in left:
            path.unlink()
        for path in stale:
            path.write_text(wanted[path], encoding="utf-8")
    return int(check and bool(stale or left))


def _holds(path: Path, text: str) -> bool:
    return path.exists() and path.read_text(encoding="utf-8") == text


if __name__ == "__main__":
    raise SystemExit(main())
