"""Write the layer reference, ``docs/layers/``: a page for each layer type, and an index.

    python tools/generate_layers.py [--check]

A page says what the class's docstring says, shows a layer's prototxt (the first row of its tests),
and lists the fields of its settings with their comments in the schema. ``tests/docs`` compares.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import cast

from google.protobuf.descriptor import FieldDescriptor

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from minicaffe.layer import Layer, layer_class, layer_types
from minicaffe.proto import caffe_pb2, schema_docs
from minicaffe.proto.own_fields import own_field
from tests.layers.harness import Case, Rig
from tests.layers.test_layers import CASES
from tools.generated_pages import ROOT, main

PAGES = ROOT / "docs" / "layers"

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
        parts.append(f"```text\n{drawing(case)}\n```")
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


def drawing(case: Case) -> str:
    """The layer of a row with what goes in and what comes out, and their shapes."""
    rig = Rig(case)
    names = ("bottom", "top", "blobs")
    left, right, inside = (
        [_named(name, index, blob.shape) for index, blob in enumerate(blobs)]
        for name, blobs in zip(names, (rig.bottom, rig.top, rig.layer.blobs), strict=True)
    )
    height = max(len(left), len(right), 1)
    box = [case.type, *inside] + [""] * (height - 1 - len(inside))
    left += [""] * (len(box) - len(left))
    right += [""] * (len(box) - len(right))
    widths = [max(map(len, lines)) for lines in (left, box)]
    rows = [
        f"{into:<{widths[0]}} {'──▶' if into else '   '} │ {name:<{widths[1]}} │"
        + (f" ──▶ {out}" if out else "")
        for into, name, out in zip(left, box, right, strict=True)
    ]
    edge = "─" * (widths[1] + 2)
    indent = " " * (widths[0] + 5)
    return "\n".join([f"{indent}┌{edge}┐", *rows, f"{indent}└{edge}┘"])


def _named(name: str, index: int, shape: tuple[int, ...]) -> str:
    number = f"[{index}]" if name == "blobs" else str(index or "")
    return f"{name}{number} {'×'.join(map(str, shape)) or 'a number'}"


def _doc(cls: type[Layer]) -> str:
    return inspect.cleandoc(cls.__doc__ or "")


def _body(doc: str) -> Iterator[str]:
    """A docstring as Markdown: formulas as code, sections by their names in bold."""
    inside, errors = False, False
    for line in doc.split("\n"):
        section = re.match(rf"({'|'.join(_SECTIONS)}):", line)
        indented = line.startswith("    ")
        if section is not None or line.strip():
            errors = section[1] == "Raises" if section is not None else errors and indented
        if indented and not inside and section is None:
            yield ""
        inside = indented
        if section is not None:
            yield ""
            line = f"**{section[1]}.**{line[section.end() :]}"
        if errors and indented:  # a class to a point of a list
            line = re.sub(r"^    (\w+):", r"- `\1`:", line).replace("        ", "  ", 1)
            indented = False
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


if __name__ == "__main__":
    sys.exit(main(PAGES, pages, __doc__))
