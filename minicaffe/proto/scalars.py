"""Scalar values of protobuf's text format: from their words to Python's values."""

from __future__ import annotations

import math
import re
from typing import Any

from google.protobuf.descriptor import FieldDescriptor

from minicaffe.proto.forks import fork_of_value
from minicaffe.proto.strings import BadString, unescape
from minicaffe.proto.tokens import NUMBER, STRING, WORD, Token
from minicaffe.suggest import did_you_mean

_INTEGERS = {
    FieldDescriptor.CPPTYPE_INT32: (-(2**31), 2**31 - 1, "int32"),
    FieldDescriptor.CPPTYPE_INT64: (-(2**63), 2**63 - 1, "int64"),
    FieldDescriptor.CPPTYPE_UINT32: (0, 2**32 - 1, "uint32"),
    FieldDescriptor.CPPTYPE_UINT64: (0, 2**64 - 1, "uint64"),
}
_FLOATS = (FieldDescriptor.CPPTYPE_FLOAT, FieldDescriptor.CPPTYPE_DOUBLE)
#: The types whose values have no sign.
UNSIGNED = (FieldDescriptor.CPPTYPE_UINT32, FieldDescriptor.CPPTYPE_UINT64)
#: The types whose values are numbers.
NUMBERS = frozenset((*_INTEGERS, *_FLOATS))
_BOOLS = {
    **dict.fromkeys(("true", "True", "t", "1"), True),
    **dict.fromkeys(("false", "False", "f", "0"), False),
}
_LONGEST = 1000  # of a whole number; Python itself refuses very long ones
# No digit may fit in two places, or a long word that is no number takes its length squared
_FLOAT = re.compile(r"([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?[fF]?")


class BadValue(Exception):
    """What is wrong with a value: what was found, what is expected."""


def scalar(field: Any, negative: bool, token: Token, strings: list[str]) -> Any:
    """The value of a field.

    Args:
        field: the field's descriptor.
        negative: a minus sign stands before it.
        token: the word itself.
        strings: all words of a string that is written in pieces.

    Raises:
        BadValue: it is no value of the field's type.
    """
    kind = field.cpp_type
    if negative and token.kind == STRING:
        raise BadValue("a minus sign before a string")
    if kind in _INTEGERS:
        return _integer(kind, negative, token)
    if kind in _FLOATS:
        return _float(negative, token)
    if kind == FieldDescriptor.CPPTYPE_ENUM:
        return _enum(field, negative, token)
    if kind == FieldDescriptor.CPPTYPE_BOOL:
        return _bool(negative, token)
    if token.kind != STRING:
        raise BadValue(f"{token.shown()} found, a string in quotes expected")
    return _string(field, strings)


def _whole(token: Token) -> int | None:
    """A decimal, octal (leading 0) or hexadecimal number; None when it is not one."""
    text = token.text
    if token.kind != NUMBER or len(text) > _LONGEST:
        return None
    if text[0] != "0" and text.isdecimal():  # nearly all of them
        return int(text)
    if re.fullmatch(r"0[0-7]+", text):
        return int(text, 8)
    if re.fullmatch(r"0[xX][0-9a-fA-F]+|0", text):
        return int(text, 0)
    return None


def _integer(kind: int, negative: bool, token: Token) -> int:
    low, high, name = _INTEGERS[kind]
    value = _whole(token)
    if value is None:
        raise BadValue(f"{token.shown()} found, a whole number ({name}) expected")
    value = -value if negative else value
    if not low <= value <= high:
        raise BadValue(f"{value} is out of range for {name}: {low} to {high}")
    return value


def _float(negative: bool, token: Token) -> float:
    text = token.text
    if token.kind == WORD and text.lower() in ("inf", "infinity", "inff", "nan", "nanf"):
        value = math.nan if text.lower().startswith("nan") else math.inf
    elif token.kind == NUMBER and _FLOAT.fullmatch(text) and not re.match(r"0[0-9]", text):
        value = float(text.rstrip("fF"))
    else:  # octal and hexadecimal numbers among them, as in protobuf
        raise BadValue(f"{token.shown()} found, a number expected")
    return -value if negative else value


def _bool(negative: bool, token: Token) -> bool:
    whole = _whole(token)
    found = _BOOLS.get(token.text if whole is None else str(whole))
    if negative or found is None or token.kind == STRING:
        raise BadValue(f"{token.shown()} found, true or false expected")
    return found


def _enum(field: Any, negative: bool, token: Token) -> int:
    values = field.enum_type.values_by_name
    if token.kind == WORD and not negative:
        if token.text in values:
            return values[token.text].number
        fork = fork_of_value(token.text)
        origin = f"; it is a value of {fork}" if fork else ""
        hint = origin or did_you_mean(token.text, values) or f"; it may be {_listed(values)}"
        raise BadValue(f"unknown value `{token.text}`{hint}")
    number = _whole(token)
    if number is None:
        raise BadValue(f"{token.shown()} found, one of {_listed(values)} expected")
    number = -number if negative else number
    # not values_by_number, which takes numbers modulo 2^32 in some protobuf runtimes
    if all(number != value.number for value in field.enum_type.values):
        raise BadValue(f"there is no value number {number}; it may be {_listed(values)}")
    return number


def _listed(values: Any) -> str:
    names = list(values)
    return ", ".join(names[:8]) + (", …" if len(names) > 8 else "")


def _string(field: Any, pieces: list[str]) -> str | bytes:
    try:
        raw = b"".join(unescape(piece[1:-1]) for piece in pieces)
    except BadString as error:
        raise BadValue(str(error)) from None
    if field.type == FieldDescriptor.TYPE_BYTES:
        return raw
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        byte = f"byte 0x{raw[error.start]:02x}"
        raise BadValue(f"{byte} found, a string of UTF-8 text expected") from None
