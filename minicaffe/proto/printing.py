"""Writes messages as prototxt that Caffe reads."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import numpy as np
from google.protobuf.descriptor import FieldDescriptor

from minicaffe.files import write_beside
from minicaffe.proto.hints import OWN_FIELDS
from minicaffe.proto.scalars import escape
from minicaffe.proto.wire import is_repeated

_STRINGS = (FieldDescriptor.TYPE_STRING, FieldDescriptor.TYPE_BYTES)


def to_text(message: Any) -> str:
    """The message as prototxt, without the marks that our reader leaves in it.

    The layout is protobuf's: one field a line in the order of the schema, blocks indented by
    two spaces. Numbers have as few digits as bring the same float32 (or double) back.
    Fields that the schema does not know are left out, because no reader would take them.
    """
    return "".join(f"{line}\n" for line in _lines(message, ""))


def write_text(path: str | os.PathLike[str], message: Any) -> None:
    """Write a prototxt file; should that fail, an old one stays as it was.

    Raises:
        SnapshotError: the file cannot be written.
    """
    with write_beside(path) as beside:
        beside.write_bytes(to_text(message).encode("utf-8"))


def _lines(message: Any, indent: str) -> Iterator[str]:
    for field, values in message.ListFields():
        if field.name in OWN_FIELDS:
            continue
        for value in values if is_repeated(field) else (values,):
            if field.message_type is None:
                yield f"{indent}{field.name}: {_scalar(field, value)}"
                continue
            yield f"{indent}{field.name} {{"
            yield from _lines(value, f"{indent}  ")
            yield f"{indent}}}"


def _scalar(field: Any, value: Any) -> str:
    if field.type in _STRINGS:
        return f'"{escape(value)}"'
    if field.cpp_type == FieldDescriptor.CPPTYPE_FLOAT:
        return str(np.float32(value)).removesuffix(".0")
    if field.cpp_type == FieldDescriptor.CPPTYPE_DOUBLE:
        return repr(value).removesuffix(".0")
    if field.cpp_type == FieldDescriptor.CPPTYPE_BOOL:
        return "true" if value else "false"
    if field.cpp_type == FieldDescriptor.CPPTYPE_ENUM:
        return str(field.enum_type.values_by_number[value].name)
    return str(value)
