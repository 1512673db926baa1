"""Messages in their binary form: the fields on the wire, without making objects of them."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any, NamedTuple

from google.protobuf.descriptor import FieldDescriptor

MAX_MESSAGES = 50_000  # in one file
FREE_BYTES = 2**24  # bytes that messages may take as objects in the smallest file
BUDGET_FACTOR = 2  # and this many more for each byte of the file
MAX_DEPTH = 100  # of groups in groups; protobuf's own limit

#: What a message of an old form is copied into.
_UPGRADED = {"V1LayerParameter": "LayerParameter", "V0LayerParameter": "LayerParameter"}

#: What a value takes in an object, where it is not 4 bytes; of strings that is the least.
_VALUE_SIZES = {
    FieldDescriptor.CPPTYPE_BOOL: 1,
    FieldDescriptor.CPPTYPE_INT64: 8,
    FieldDescriptor.CPPTYPE_UINT64: 8,
    FieldDescriptor.CPPTYPE_DOUBLE: 8,
    FieldDescriptor.CPPTYPE_MESSAGE: 8,
    FieldDescriptor.CPPTYPE_STRING: 16,
}

VARINT, FIXED64, BYTES, GROUP, END_GROUP, FIXED32 = range(6)


class WireError(ValueError):
    """Bytes that are no protobuf message, or only the beginning of one."""


class TooManyMessages(WireError):
    """A message that consists of a great number of others."""


class NotText(WireError):
    """A string that is not UTF-8."""


class WireField(NamedTuple):
    """A field of a message.

    Attributes:
        number: which field of the schema.
        wire: ``VARINT``, ``BYTES``, … ; a group is one field, ``GROUP``.
        value: a whole number for ``VARINT``, else a view of the bytes.
        raw: all its bytes, with number and length.
    """

    number: int
    wire: int
    value: Any
    raw: memoryview


class MessageBudget:
    """How much memory the messages in a file may take as objects.

    A message takes tens to hundreds of bytes as an object, even if two bytes in the file ask
    for it: a layer 2 kB, 8 for each type that has parameters. In the nets of ``models/`` messages
    take 10 to 17 times their text and 20 to 50 times their binary form, so a file is allowed some
    memory however small it is: enough for a net of 5,000 layers.

    Args:
        size: of the file, in bytes.
        limit: how many messages there may be at most.
        factor: how many bytes they may take for each of the file.
    """

    def __init__(self, size: int, limit: int = MAX_MESSAGES, factor: int = BUDGET_FACTOR) -> None:
        self._size, self._limit = size, limit
        self._left = FREE_BYTES + factor * size
        self._count = 0

    def take(self, descriptor: Any) -> None:
        """Count a message of a type.

        Raises:
            TooManyMessages: there are too many, or they would take too much.
        """
        self._count += 1
        if self._count > self._limit:
            raise TooManyMessages(f"more than {self._limit} messages (blocks)")
        self._spend(object_size(descriptor), f"{self._count} messages (blocks)")

    def take_values(self, field: Any, count: int) -> None:
        """Count ``count`` more values of a repeated field that holds no messages.

        Raises:
            TooManyMessages: they would take too much.
        """
        size = _VALUE_SIZES.get(field.cpp_type, 4)
        size *= 4  # it grows by doubling, and what it has outgrown stays
        self._spend(size * count, f"too many values of {field.name}")

    def _spend(self, size: int, what: str) -> None:
        self._left -= size
        if self._left < 0:
            raise TooManyMessages(
                f"{what} in {self._size} bytes, which would take very much more memory than the "
                "file"
            )


@functools.cache
def object_size(descriptor: Any) -> int:
    """About how many bytes an empty message takes as an object, by its fields."""
    fields = descriptor.fields
    size = 40 + sum(8 if is_repeated(f) else _VALUE_SIZES.get(f.cpp_type, 4) for f in fields)
    newer = _UPGRADED.get(descriptor.name)
    return size + (object_size(descriptor.file.message_types_by_name[newer]) if newer else 0)


def is_repeated(field: Any) -> bool:
    """Whether a field may be given several times (asked differently in old protobuf releases)."""
    known = getattr(field, "is_repeated", None)
    return field.label == FieldDescriptor.LABEL_REPEATED if known is None else bool(known)


def wire_fields(buffer: memoryview) -> Iterator[WireField]:
    """The fields of a message, in order; nothing is copied.

    Raises:
        WireError: what follows cannot be a field.
    """
    position, end = 0, len(buffer)
    while position < end:
        start = position
        number, wire, position = _read_tag(buffer, position)
        value, position = _read_value(buffer, position, number, wire)
        yield WireField(number, wire, value, buffer[start:position])


def check_messages(
    buffer: memoryview, descriptor: Any, limit: int = MAX_MESSAGES, *, text: bool = False
) -> None:
    """Refuse a message that would take very much more memory than its bytes.

    An empty message is two bytes in a file and hundreds as an object.

    Args:
        buffer: the message's bytes.
        descriptor: of its type.
        text: whether strings must be UTF-8. protobuf reads others, and fails when they are used.

    Raises:
        TooManyMessages: there are more messages in it than ``limit``, or than such a file may
            have.
        NotText: a string is not UTF-8.
    """
    budget = MessageBudget(len(buffer), limit)
    waiting = [(buffer, descriptor)]
    while waiting:
        here, kind = waiting.pop()
        inner = _message_fields(kind)
        strings = _string_fields(kind) if text else {}
        if not inner and not strings:
            continue
        try:
            for field in wire_fields(here):
                if field.wire == BYTES and field.number in inner:
                    budget.take(inner[field.number])
                    if len(field.value):
                        waiting.append((field.value, inner[field.number]))
                elif field.wire == BYTES and field.number in strings:
                    _require_utf8(field.value, strings[field.number])
        except (TooManyMessages, NotText):
            raise
        except WireError:  # reported when the message is parsed
            return


@functools.cache
def _message_fields(descriptor: Any) -> dict[int, Any]:
    """The types of a message's fields that are messages themselves, by number."""
    fields = descriptor.fields
    return {f.number: f.message_type for f in fields if f.message_type is not None}


@functools.cache
def _string_fields(descriptor: Any) -> dict[int, str]:
    """The full names of a message's fields that are text, by number."""
    return {f.number: f.full_name for f in descriptor.fields if f.type == f.TYPE_STRING}


def _require_utf8(value: memoryview, name: str) -> None:
    try:
        str(value, "utf-8")
    except UnicodeDecodeError as reason:
        where = f"byte 0x{value[reason.start]:02x}"
        raise NotText(f"{name} is not UTF-8 text ({where}, number {reason.start})") from None


def write_varint(value: int) -> bytes:
    """A whole number as a ``VARINT``."""
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def _read_tag(buffer: memoryview, position: int) -> tuple[int, int, int]:
    tag, position = _read_varint(buffer, position)
    number, wire = tag >> 3, tag & 7
    if not 0 < number < 1 << 29 or wire > FIXED32:
        raise WireError(f"no field begins at byte {position - 1}")
    return number, wire, position


def _read_value(buffer: memoryview, position: int, number: int, wire: int) -> tuple[Any, int]:
    if wire == VARINT:
        return _read_varint(buffer, position)
    if wire == GROUP:
        return _read_group(buffer, position, number)
    if wire == BYTES:
        size, position = _read_varint(buffer, position)
    elif wire == END_GROUP:
        raise WireError(f"a group ends at byte {position} that has not begun")
    else:
        size = 4 if wire == FIXED32 else 8
    if position + size > len(buffer):
        raise WireError(f"a field of {size} bytes passes the end")
    return buffer[position : position + size], position + size


def _read_group(buffer: memoryview, position: int, number: int) -> tuple[memoryview, int]:
    start = before = position
    open_groups = [number]
    while open_groups:
        before = position
        inner, wire, position = _read_tag(buffer, position)
        if wire == GROUP:
            open_groups.append(inner)
            if len(open_groups) > MAX_DEPTH:
                raise WireError(f"groups are nested deeper than {MAX_DEPTH}")
        elif wire == END_GROUP:
            if inner != open_groups.pop():
                raise WireError(f"a group ends as {inner}, which has not begun")
        else:
            _, position = _read_value(buffer, position, inner, wire)
    return buffer[start:before], position


def _read_varint(buffer: memoryview, position: int) -> tuple[int, int]:
    value = shift = 0
    while shift < 70:
        if position >= len(buffer):
            raise WireError("a number passes the end")
        byte = buffer[position]
        position += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, position
        shift += 7
    raise WireError(f"a number of more than 64 bits at byte {position}")
