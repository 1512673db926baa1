"""Writes messages as prototxt that Caffe reads."""

from __future__ import annotations

import os
from typing import Any

from google.protobuf import text_format

from minicaffe.files import write_beside


def to_text(message: Any) -> str:
    """The message as prototxt, without the marks that our reader leaves in it."""
    clean = type(message)()
    clean.CopyFrom(message)
    _forget_source_lines(clean)
    return text_format.MessageToString(clean, as_utf8=True)


def write_text(path: str | os.PathLike[str], message: Any) -> None:
    """Write a prototxt file; should that fail, an old one stays as it was.

    Raises:
        SnapshotError: the file cannot be written.
    """
    with write_beside(path) as beside:
        beside.write_bytes(to_text(message).encode("utf-8"))


def _forget_source_lines(message: Any) -> None:
    """Clear every ``source_line``, in messages within messages too."""
    for field, value in message.ListFields():
        if field.name == "source_line":
            message.ClearField("source_line")
        elif field.message_type is not None:
            for one in value if hasattr(value, "add") else [value]:
                _forget_source_lines(one)
