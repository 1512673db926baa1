"""Compile ``proto/caffe.proto`` into the package.

Run after every change of the schema; needs the package ``grpcio-tools``, which brings the
protobuf compiler::

    python tools/generate_proto.py [--check]

It writes to ``minicaffe/proto`` ``caffe.desc``, from which the message classes are made at
import, and ``schema_docs.json``, the comments, which are only read when asked for; and the type
stubs of the messages and of NetSpec's layers (see ``tools/generate_stubs.py``).
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from google.protobuf import descriptor_pb2
from google.protobuf.descriptor_pb2 import DescriptorProto, FileDescriptorProto

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "proto" / "caffe.proto"
TARGET = ROOT / "minicaffe"

# The fields of FileDescriptorProto and its parts by number, as source locations name them.
_FILE = {4: "message_type", 5: "enum_type"}
_MESSAGE = {2: "field", 3: "nested_type", 4: "enum_type"}
_ENUM = {2: "value"}


def compile_schema(source: Path = SOURCE) -> dict[str, bytes]:
    """The contents of the generated files by name."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "caffe.desc"
        command = [sys.executable, "-m", "grpc_tools.protoc", f"-I{source.parent}"]
        command += [f"--descriptor_set_out={out}", "--include_source_info", str(source)]
        subprocess.run(command, check=True)
        files = descriptor_pb2.FileDescriptorSet.FromString(out.read_bytes())
    docs = dict(_comments(files.file[0]))
    for file in files.file:
        file.ClearField("source_code_info")
    text = json.dumps(docs, indent=0, ensure_ascii=False, sort_keys=True) + "\n"
    return {
        "proto/caffe.desc": files.SerializeToString(deterministic=True),
        "proto/schema_docs.json": text.encode(),
        **_stubs(source, files.file[0], docs),
    }


def _stubs(source: Path, file: FileDescriptorProto, docs: dict[str, str]) -> dict[str, bytes]:
    sys.path[:0] = [str(ROOT), str(ROOT / "tools")]
    try:
        import generate_stubs  # type: ignore[import-not-found]

        from minicaffe.layer import layer_class, layer_types
        from minicaffe.proto.own_fields import own_field

        classes = {name: layer_class(name) for name in layer_types()}
        ours = [n for n, cls in classes.items() if cls.__module__.startswith("minicaffe.")]
        (layer,) = (m for m in file.message_type if m.name == "LayerParameter")
        types = {name: own_field(name, layer.field) for name in ours}
    finally:
        del sys.path[:2]
    stubs = {
        "proto/caffe_pb2.pyi": generate_stubs.message_stub(source),
        "layers/__init__.pyi": generate_stubs.layers_stub(file, types, docs),
        "params.pyi": generate_stubs.parameters_stub(file),
    }
    return {name: text.encode() for name, text in stubs.items()}


def _comments(file: FileDescriptorProto) -> Iterator[tuple[str, str]]:
    """Pairs of a thing's dotted name and its comment, before it or at the end of its line.

    What has none, in a message or an enum that only forks have, is of that message's fork.
    """
    own: dict[str, str] = {}
    names = []
    for location in file.source_code_info.location:
        name = _dotted_name(file, location.path)
        comment = " ".join((location.leading_comments or location.trailing_comments).split())
        if name and len(location.path) % 2 == 0:
            names.append(name)
            if comment:
                own[name] = comment
    for name in names:
        comment = own.get(name) or _fork(own, name)
        if comment:
            yield name, comment


def _fork(own: Mapping[str, str], name: str) -> str:
    """The fork in brackets that the nearest enclosing thing's comment ends with, or nothing."""
    while "." in name:
        name = name.rpartition(".")[0]
        found = re.search(r"\[[^\[\]]+\]$", own.get(name, ""))
        if found:
            return found[0]
    return ""


def _dotted_name(file: FileDescriptorProto, path: Sequence[int]) -> str:
    """What is at a path of a source location: "ConvolutionParameter.kernel_size"."""
    thing: FileDescriptorProto | DescriptorProto = file
    names = []
    numbers: dict[int, str] = _FILE
    for kind, index in zip(path[::2], path[1::2], strict=False):
        if kind not in numbers:
            return ""
        attribute = numbers[kind]
        thing = getattr(thing, attribute)[index]
        names.append(thing.name)
        numbers = _ENUM if attribute == "enum_type" else _MESSAGE
    return ".".join(names)


def main() -> int:
    """Write the files, or with ``--check`` say whether they are what they should be."""
    parser = argparse.ArgumentParser(description="Compile proto/caffe.proto into the package.")
    parser.add_argument("--check", action="store_true", help="write nothing; 1 if out of date")
    check = parser.parse_args().check
    stale = False
    for name, content in compile_schema().items():
        path = TARGET / name
        if path.exists() and path.read_bytes() == content:
            continue
        stale = True
        if check:
            print(f"{path.relative_to(ROOT)} is out of date; run tools/generate_proto.py")
        else:
            path.write_bytes(content)
            print(f"wrote {path.relative_to(ROOT)}")
    return int(check and stale)


if __name__ == "__main__":
    raise SystemExit(main())
