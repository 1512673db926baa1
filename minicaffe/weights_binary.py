"""The layers of a ``.caffemodel`` with their blobs, found without reading the values."""

from __future__ import annotations

from typing import Any

from minicaffe.blobproto import StoredBlob
from minicaffe.errors import SnapshotError
from minicaffe.file_kinds import ENOUGH, WEIGHTS, other_kind
from minicaffe.proto import caffe_pb2
from minicaffe.proto.read import why_unreadable
from minicaffe.proto.wire import BYTES, MessageRoom, WireError, wire_fields

MAX_BLOBS = 1000  # of one layer
_NET = caffe_pb2.NetParameter.DESCRIPTOR.fields_by_name


def stored_layers(buffer: memoryview, path: str) -> list[tuple[str, list[StoredBlob]]]:
    """Names and blobs of all layers in a binary ``NetParameter`` of any age.

    Nothing else of the layers is looked at, so fields of forks that contradict the schema do
    not matter. The blobs refer to ``buffer``.

    Raises:
        SnapshotError: the bytes are something else, or only the beginning of such a file.
    """
    layers: list[tuple[str, list[StoredBlob]]] = []
    fields, room = 0, MessageRoom(len(buffer))
    try:
        for field in wire_fields(buffer):
            known = caffe_pb2.NetParameter.DESCRIPTOR.fields_by_number.get(field.number)
            fields += known is not None
            if known in (_NET["layer"], _NET["layers"]) and field.wire == BYTES:
                room.take(known.message_type)
                layers.append(_layer(field.value, known.message_type))
    except (WireError, SnapshotError) as error:
        reason = why_unreadable(bytes(buffer[:ENOUGH]), caffe_pb2.NetParameter)
        raise SnapshotError(reason, path=path) from error
    if not layers and (reason := other_kind(bytes(buffer[:ENOUGH]), WEIGHTS)):
        raise SnapshotError(reason, path=path)
    if not fields:
        raise SnapshotError("there is no net in this file; it is no .caffemodel", path=path)
    return layers


def _layer(buffer: memoryview, message: Any) -> tuple[str, list[StoredBlob]]:
    """A layer of today's form, of V1 or (inside that) of V0."""
    numbers = message.fields_by_name
    name, blobs = "", list[StoredBlob]()
    for field in wire_fields(buffer):
        if field.wire != BYTES:
            continue
        if field.number == numbers["name"].number:
            name = bytes(field.value).decode("utf-8", "replace")
        elif field.number == numbers["blobs"].number:
            if len(blobs) >= MAX_BLOBS:
                raise WireError(f"a layer has more than {MAX_BLOBS} parameters")
            blobs.append(StoredBlob(field.value))
        elif "layer" in numbers and field.number == numbers["layer"].number:
            name, blobs = _layer(field.value, numbers["layer"].message_type)
    return name, blobs
