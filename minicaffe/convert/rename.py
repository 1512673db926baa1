"""Layers get other names: in prototxts, whose comments and layout stay, and in weights.

Everything else in the files stays byte by byte, fields of forks among it.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from minicaffe.convert.weights.layers import hdf5_layers
from minicaffe.convert.weights.patterns import LEFT_OUT, Renaming
from minicaffe.errors import DataError, Problem, did_you_mean
from minicaffe.errors.reading import cannot_read
from minicaffe.files import open_to_read
from minicaffe.lint.diagnostic import Edit
from minicaffe.lint.edits import layers_of, net_edits, with_edits
from minicaffe.proto import caffe_pb2
from minicaffe.proto.file_kinds import ENOUGH
from minicaffe.proto.io import map_binary
from minicaffe.proto.lexer import decode_text, looks_binary
from minicaffe.proto.text_format import parse
from minicaffe.proto.wire import BYTES, wire_fields, write_varint
from minicaffe.weights.caffemodel import LAYER_FIELDS, stored_layers
from minicaffe.weights.hdf5 import is_hdf5, new_hdf5, open_hdf5

if TYPE_CHECKING:
    from google.protobuf.message import Message

#: What has a blob's name in a layer, and in a net.
_BLOBS, _INPUT = ("bottom", "top"), "input"

#: The names of a file's parts that hold weights or their gradients.
_PARTS = ("data", "diff")

Names = Callable[[str], str]


@dataclass
class Renamed:
    """A file whose layers have new names.

    Attributes:
        path: the file as it was.
        layers: the old name of each layer, in order, with the new one.
        write: writes what the file becomes.
    """

    path: str
    layers: list[tuple[str, str]]
    write: Callable[[Path], object] = field(repr=False)

    @property
    def changed(self) -> list[tuple[str, str]]:
        """The layers whose names change, each once."""
        return [pair for pair in dict.fromkeys(self.layers) if pair[0] != pair[1]]


def rename_layers(
    paths: Sequence[str], renaming: Renaming, *, blobs: bool = False
) -> list[Renamed]:
    """Give the layers of nets and weights new names; nothing is written yet.

    Args:
        paths: prototxts, ``.caffemodel`` and HDF5 files.
        renaming: from the old names to the new ones; of whole names.
        blobs: give blobs new names by the same rules.

    Raises:
        DataError: a rule that matches no layer of any file, or that leaves layers out; two layers
            that would have one name; tells all of them.
        MinicaffeError: a file cannot be read.
    """
    problems = [
        f"{rule.place}: layers are not left out here; `minicaffe surgery` drops parameters"
        for rule in renaming.rules
        if LEFT_OUT in (rule.old, rule.new)
    ]
    if problems:
        raise _several(problems)

    def new(name: str) -> str:
        return renaming(name) or name

    found = [_renamed(path, new, blobs=blobs) for path in paths]
    for file in found:
        olds: dict[str, str] = {}
        for old, name in file.layers:
            other = olds.setdefault(name, old)
            if other != old:
                problems.append(
                    f"'{file.path}': layers '{other}' and '{old}' would both be called '{name}'"
                )
    names = dict.fromkeys(old for file in found for old, _ in file.layers)
    problems += [
        f"{rule.place}: no layer is called `{rule.old}`{did_you_mean(rule.old, names)}"
        for rule in renaming.unused
    ]
    if problems:
        raise _several(problems)
    return found


def _several(problems: Sequence[str]) -> DataError:
    """One error that tells them all."""
    error = DataError(problems[0])
    error.problems = [Problem(None, 0, 0, told, "") for told in problems]
    return error


def _renamed(path: str, new: Names, *, blobs: bool) -> Renamed:
    if is_hdf5(path):
        with open_hdf5(path) as file:
            layers = [name for name, _ in hdf5_layers(file, _PARTS[0])]
        return Renamed(
            path, [(name, new(name)) for name in layers], lambda beside: _hdf5(path, beside, new)
        )
    text = _text(path)
    if text is not None:
        return _renamed_text(path, text, new, blobs=blobs)
    view = map_binary(path).view
    pairs = [(layer.name, new(layer.name)) for layer in stored_layers(view, path)]
    fields = ("name", *_BLOBS) if blobs else ("name",)
    return Renamed(path, pairs, lambda beside: beside.write_bytes(_binary(view, new, fields)))


def _text(path: str) -> bytes | None:
    """What a text file holds; None for a binary one.

    Raises:
        DataError: it cannot be read.
    """
    try:
        with open_to_read(path) as stream:
            data = stream.read(ENOUGH)
            binary = looks_binary(data.decode("latin-1"))
            return None if binary else data + stream.read()
    except OSError as reason:
        raise cannot_read(path, reason) from reason


# ------------------------------------------------------------------------------ prototxt


def _renamed_text(path: str, data: bytes, new: Names, *, blobs: bool) -> Renamed:
    mark = codecs.BOM_UTF8 if data.startswith(codecs.BOM_UTF8) else b""
    text = decode_text(data, path)
    before = _parsed(text, path)
    changed = with_edits(text, _text_edits(path, text, new, blobs=blobs))
    pairs = list(zip(before, _parsed(changed, path), strict=True))
    for old, now in pairs:
        if new(old) != now:
            raise DataError(
                f"the name of layer '{old}' is written in a form that is not edited; write it "
                f'as name: "{old}"',
                path=path,
            )
    content = mark + changed.encode("utf-8", "surrogateescape")
    return Renamed(path, pairs, lambda beside: beside.write_bytes(content))


def _parsed(text: str, path: str) -> list[str]:
    """The names of a net's layers, as reading its text gives them."""
    net = caffe_pb2.NetParameter()
    parse(text, net, path)
    return [*map(_name, [*net.layer, *net.layers])]


def _text_edits(path: str, text: str, new: Names, *, blobs: bool) -> Iterator[Edit]:
    for layer in layers_of(path, text):
        # in the first format of nets the name is one block deeper
        yield from layer.replace(("name",), new)
        yield from layer.replace(("layer", "name"), new)
        if blobs:
            for name in _BLOBS:
                yield from layer.replace((name,), new)
    if blobs:
        yield from net_edits(text, _INPUT, new)


def _name(layer: Message) -> str:
    inner = getattr(layer, "layer", None)
    name: str = inner.name if inner is not None and inner.name else getattr(layer, "name", "")
    return name


# ------------------------------------------------------------------------------- weights


def _binary(view: memoryview, new: Names, names: Sequence[str]) -> bytes:
    """A binary net with new strings in some fields of its layers; all else stays as it is."""
    parts: list[bytes | memoryview] = []
    inputs = caffe_pb2.NetParameter.DESCRIPTOR.fields_by_name[_INPUT].number
    for found in wire_fields(view):
        message = LAYER_FIELDS.get(found.number)
        if found.wire == BYTES and message is not None:
            parts += _field(found.number, _layer(found.value, message, new, names))
        elif found.wire == BYTES and found.number == inputs and len(names) > 1:
            parts += _field(found.number, _new_bytes(found.value, new))
        else:
            parts.append(found.raw)
    return b"".join(parts)


def _layer(
    view: memoryview, message: type[Message], new: Names, names: Sequence[str]
) -> bytes | memoryview:
    fields = message.DESCRIPTOR.fields_by_name
    numbers = {fields[name].number for name in names if name in fields}
    inner = fields["layer"].number if "layer" in fields else None
    parts: list[bytes | memoryview] = []
    for found in wire_fields(view):
        if found.wire == BYTES and found.number in numbers:
            parts += _field(found.number, _new_bytes(found.value, new))
        elif found.wire == BYTES and found.number == inner:
            v0 = _layer(found.value, caffe_pb2.V0LayerParameter, new, names)
            parts += _field(found.number, v0)
        else:
            parts.append(found.raw)
    return b"".join(parts)


def _field(number: int, value: bytes | memoryview) -> list[bytes | memoryview]:
    return [write_varint(number << 3 | BYTES), write_varint(len(value)), value]


def _new_bytes(value: memoryview, new: Names) -> bytes:
    try:
        return new(bytes(value).decode()).encode()
    except UnicodeDecodeError:
        return bytes(value)  # which no rule's pattern can match


def _hdf5(path: str, beside: Path, new: Names) -> None:
    with open_hdf5(path) as source, new_hdf5(beside) as target:
        for part in _PARTS:
            if not source.is_group(source.find(part)):
                continue
            group = target.create_group(part)
            for name, numbers in hdf5_layers(source, part):
                for number in numbers:
                    where = f"{part}/{name}/{number}"
                    array = source.numbers(source.find(where), f"'{where}'")
                    group.create_dataset(f"{new(name)}/{number}", data=array)
