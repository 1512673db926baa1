"""Type stubs of what is made at run time: messages, and the layers and parameters of NetSpec.

Part of ``tools/generate_proto.py``. Editors and type checkers read them: they complete the
fields of ``caffe_pb2.LayerParameter``, of ``L.Convolution(...)`` and of ``P.Pooling``.
"""

from __future__ import annotations

import keyword
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto

_HEAD = '"""Made by tools/generate_proto.py; do not edit."""\n\n'

#: ``ntop`` decides what a call returns, and 1, which is left out as a rule, is an ``int`` as well.
_OVERLAPPING = '# mypy: disable-error-code="overload-overlap"\n'

#: What a Python value for a field of each protobuf type may be, by the type's number.
_SCALARS = {
    **dict.fromkeys((1, 2), "float"),
    **dict.fromkeys((3, 4, 5, 6, 7, 13, 15, 16, 17, 18), "int"),
    8: "bool", 9: "str", 12: "bytes",
    11: "Mapping[str, object] | Message",
    14: "int | str",
}  # fmt: skip
_REPEATED = 3  # the label of a field in its descriptor

#: Fields of LayerParameter that a call of ``L.Type`` sets by itself.
_SET_BY_THE_CALL = {"type", "bottom", "top", "source_line"}


def message_stub(source: Path) -> str:
    """The stub of ``caffe_pb2``, as the protobuf compiler writes it."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "grpc_tools.protoc", f"-I{source.parent}"]
        subprocess.run([*command, f"--pyi_out={folder}", str(source)], check=True)
        text = (Path(folder) / f"{source.stem}_pb2.pyi").read_text(encoding="utf-8")
    # the compiler writes so where a field's name is a word of Python's, such as `lambda`
    return _HEAD + text.replace("**kwargs)", "**kwargs: object)")


def layers_stub(
    file: FileDescriptorProto, types: Mapping[str, str | None], docs: Mapping[str, str]
) -> str:
    """The stub of ``minicaffe.layers``: a function for each layer type.

    Args:
        file: the schema's ``FileDescriptorProto``.
        types: for each layer type the field of ``LayerParameter`` that holds its settings.
        docs: the schema's comments by dotted name.
    """
    messages = {message.name: message for message in file.message_type}
    layer = {field.name: field for field in messages["LayerParameter"].field}
    shared = [field for name, field in layer.items() if name not in _SET_BY_THE_CALL]
    shared = [field for field in shared if not field.name.endswith("_param")]
    lines = [_OVERLAPPING + _HEAD + "from collections.abc import Mapping, Sequence"]
    lines.append("from typing import Literal, overload\n")
    lines.append("from google.protobuf.message import Message\n")
    lines.append("from minicaffe.net_spec import Function, Top\n")
    for name, settings in sorted(types.items()):
        own: list[FieldDescriptorProto] = []
        if settings:
            own = list(messages[layer[settings].type_name.rpartition(".")[2]].field)
        lines.append("\n".join(_function(name, settings, own, shared, docs, layer)))
    return "\n".join(lines) + "\n"


def _function(
    name: str,
    settings: str | None,
    own: Iterable[FieldDescriptorProto],
    shared: Iterable[FieldDescriptorProto],
    docs: Mapping[str, str],
    layer: Mapping[str, FieldDescriptorProto],
) -> Iterator[str]:
    fields = {field.name: field for field in (*shared, *own)}  # its own field wins, as in a call
    fields = {name: field for name, field in fields.items() if not keyword.iskeyword(name)}
    yield f"\n@overload\ndef {name}(\n    *bottoms: Top,"
    yield "    ntop: Literal[1] = ...,\n    in_place: bool = ...,"
    yield from (f"    {field.name}: {_kind(field)} = ...," for field in fields.values())
    yield '    **more: object,\n) -> Top:\n    """'
    yield f"    A {name} layer: its bottoms, then fields as keywords." + (
        f" Those of {settings}:\n" if settings else ""
    )
    if settings:
        message = layer[settings].type_name.rpartition(".")[2]
        for field in own:
            text = f"{field.name}: {docs.get(f'{message}.{field.name}', '')}".replace("\\", r"\\")
            yield from textwrap.wrap(text, 92, initial_indent="    ", subsequent_indent="        ")
    yield '    """'
    for ntop, made in (("Literal[0]", "Function"), ("int", "tuple[Top, ...]")):
        yield f"\n@overload\ndef {name}("
        yield f"    *bottoms: Top, ntop: {ntop}, **fields: object\n) -> {made}: ..."


def _kind(field: FieldDescriptorProto) -> str:
    kind = _SCALARS[field.type]
    return f"{kind} | Sequence[{kind}]" if field.label == _REPEATED else kind


def parameters_stub(file: FileDescriptorProto) -> str:
    """The stub of ``minicaffe.params``: ``Pooling`` is ``caffe_pb2.PoolingParameter``."""
    names = [message.name for message in file.message_type]
    names = sorted(name for name in names if name.endswith("Parameter"))
    lines = [f"{name.removesuffix('Parameter')} = caffe_pb2.{name}" for name in names]
    lines = [line for line in lines if not line.startswith(" ")]
    return _HEAD + "from minicaffe.proto import caffe_pb2\n\n" + "\n".join(lines) + "\n"
