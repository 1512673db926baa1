"""Values in protobuf's text format: strings with their escapes, and numbers, read and written.

The rules are those of protobuf's own C++ reader, which is Caffe's: an escape that it does
not know is a mistake, whereas its Python reader lets some of them pass.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Callable, Iterator
from typing import Any

from google.protobuf.descriptor import FieldDescriptor

from minicaffe.errors import BEYOND_ASCII, did_you_mean
from minicaffe.proto.forks import fork_of_value, without_forks
from minicaffe.proto.lexer import NUMBER, STRING, WORD, Token

_ESCAPE = re.compile(
    r"""\\(?:(?P<octal>[0-7]{1,3})
    |[xX](?P<hex>[0-9a-fA-F]{1,2})
    |u(?P<high>[dD][89abAB][0-9a-fA-F]{2})\\u(?P<low>[dD][c-fC-F][0-9a-fA-F]{2})
    |u(?P<short>[0-9a-fA-F]{4})
    |U(?P<long>[0-9a-fA-F]{8})
    |(?P<one>[abfnrtv?'"\\])
    |(?P<bad>.))""",
    re.VERBOSE,
)

_ONE = {"a": 7, "b": 8, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11}
_WRITTEN = {"\n": "\\n", "\r": "\\r", "\t": "\\t", '"': '\\"', "\\": "\\\\"}
_TO_WRITE = re.compile(rf'[\x00-\x1f\x7f"\\{BEYOND_ASCII}]')


class BadString(Exception):
    """What is wrong with a string, and how it is written right."""


def unescape(body: str) -> bytes:
    """The bytes of a string, given the text between its quotes.

    Raises:
        BadString: an escape that does not exist.
    """
    if "\\" not in body:
        return _utf8(body)
    out = bytearray()
    end = 0
    for match in _ESCAPE.finditer(body):
        if match.start() > end:
            out += _utf8(body[end : match.start()])
        out += _escaped(match)
        end = match.end()
    out += _utf8(body[end:])
    return bytes(out)


def escape(value: str | bytes) -> str:
    """The text between the quotes for a string.

    What is not UTF-8 is written in octal, and so is what cannot be seen.
    """
    if isinstance(value, bytes):
        value = value.decode("utf-8", "surrogateescape")
    return _TO_WRITE.sub(_written, value)


def _written(match: re.Match[str]) -> str:
    """One character by its escape: its own, or its bytes in octal."""
    raw = match[0].encode("utf-8", "surrogateescape")
    return _WRITTEN.get(match[0]) or "".join(f"\\{byte:03o}" for byte in raw)


def _escaped(match: re.Match[str]) -> bytes:
    """The bytes that one escape means."""
    kind = str(match.lastgroup)
    word = match[kind]
    if kind == "octal" and int(word, 8) <= 0xFF:
        return bytes([int(word, 8)])
    if kind == "hex":
        return bytes([int(word, 16)])
    if kind == "one":
        return bytes([_ONE.get(word, ord(word))])
    if kind == "low":
        high, low = int(match["high"], 16), int(word, 16)
        return _utf8(chr(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00)))
    if kind in ("short", "long"):
        code = int(word, 16)
        if code <= 0x10FFFF and not 0xD800 <= code <= 0xDFFF:
            return _utf8(chr(code))
    raise BadString(
        f"`{match[0]}` is no escape; a backslash itself is written `\\\\` (in paths, `/` does)"
    )


def _utf8(text: str) -> bytes:
    """UTF-8, with the bytes of a file that is not UTF-8 as they were."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise BadString("half of a surrogate pair, which is no character") from None


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

#: Other words for them, as other languages and people have.
_MEANT = {
    **dict.fromkeys(("true", "yes", "on", "y"), "true"),
    **dict.fromkeys(("false", "no", "off", "n", "none", "null"), "false"),
}

_SHOWN = 60  # characters of a string that a suggestion repeats
_LONGEST = 1000  # of a whole number; Python itself refuses very long ones

# No digit may fit in two places, or a long word that is no number takes its length squared
_FLOAT = re.compile(r"(?!0[0-9])([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?[fF]?")

# Numbers that every type takes and that mean the same everywhere: those of a whole type, which
# has a sign or none, and those of a float.
_PLAIN_WHOLE = r"(?:0|[1-9][0-9]{0,8})"
_PLAIN_FLOAT = rf"-?{_PLAIN_WHOLE}(?:\.[0-9]{{1,20}})?(?:[eE][-+]?[0-9]{{1,3}})?"

#: What separates the numbers of a list, as a pattern.
COMMA = r"\s*,\s*"


class BadValue(Exception):
    """What is wrong with a value: what was found, what is expected."""


def scalar(field: Any, negative: bool, token: Token, strings: list[str]) -> Any:
    """The value of a field.

    Args:
        field: the field's descriptor.
        negative: a minus sign precedes it.
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
        hint = f'; write "{token.text}"' if token.kind == WORD else ""
        raise BadValue(f"{token.shown()} found, a string in quotes expected{hint}")
    return _string(field, strings)


def again(name: str) -> str:
    """What separates the numbers of a field that is written once for each, as a pattern."""
    return rf"\s+{name}\s*:\s*"


def plain_numbers(
    field: Any, text: str, start: int, separator: str
) -> Iterator[tuple[list[Any], int]]:
    """The plain numbers from an offset on that a separator follows: many at a time, so that the
    long lists of a blob are read in a tenth of the time.

    Args:
        field: the descriptor of a field of ``NUMBERS``.
        text: the whole text.
        start: the offset.
        separator: a pattern, ``COMMA`` or that of :func:`again`.

    Yields:
        Values and the offset after their last separator.
    """
    pattern, number = _run(field.cpp_type, separator)
    split = re.compile(separator)
    while match := pattern.match(text, start):
        start = match.end()
        yield [number(word) for word in split.split(match[0])[:-1]], start


@functools.cache
def _run(kind: int, separator: str) -> tuple[re.Pattern[str], Callable[[str], Any]]:
    """The pattern of numbers of a type, and what makes them values.

    A match has at most 1000 of them, to take little memory.
    """
    if kind in _FLOATS:
        return re.compile(rf"(?:{_PLAIN_FLOAT}{separator}){{1,1000}}"), float
    sign = "" if kind in UNSIGNED else "-?"
    return re.compile(rf"(?:{sign}{_PLAIN_WHOLE}{separator}){{1,1000}}"), int


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
        bare = _bare(token, lambda inner: _whole(inner) is not None)
        raise BadValue(f"{token.shown()} found, a whole number ({name}) expected{bare}")
    value = -value if negative else value
    if not low <= value <= high:
        raise BadValue(f"{value} is out of range for {name}: {low} to {high}")
    return value


def _float(negative: bool, token: Token) -> float:
    text = token.text
    if token.kind == WORD and text.lower() in ("inf", "infinity", "inff", "nan", "nanf"):
        value = math.nan if text.lower().startswith("nan") else math.inf
    elif token.kind == NUMBER and _FLOAT.fullmatch(text):
        value = float(text.rstrip("fF"))
    else:  # octal and hexadecimal numbers among them, as in protobuf
        bare = _bare(token, lambda inner: _FLOAT.fullmatch(inner.text))
        raise BadValue(f"{token.shown()} found, a number expected{bare}")
    return -value if negative else value


def _bool(negative: bool, token: Token) -> bool:
    whole = _whole(token)
    found = _BOOLS.get(token.text if whole is None else str(whole))
    if negative or found is None or token.kind == STRING:
        meant = _MEANT.get(token.text.strip("\"'").lower())
        hint = f"; write {meant}" if meant else ""
        raise BadValue(f"{token.shown()} found, true or false expected{hint}")
    return found


def _enum(field: Any, negative: bool, token: Token) -> int:
    values = field.enum_type.values_by_name
    if token.kind == WORD and not negative:
        if token.text in values:
            return values[token.text].number
        fork = fork_of_value(token.text)
        origin = f"; it is a value of {fork}" if fork else ""
        hint = origin or did_you_mean(token.text, values) or f"; it may be {_listed(field)}"
        raise BadValue(f"unknown value `{token.text}`{hint}")
    number = _whole(token)
    if number is None:
        if bare := _bare(token, lambda inner: inner.text in values):
            raise BadValue(f"{token.shown()} found, a word without quotes expected{bare}")
        raise BadValue(f"{token.shown()} found, one of {_listed(field)} expected")
    number = -number if negative else number
    # not values_by_number, which takes numbers modulo 2^32 in some protobuf runtimes
    if all(number != value.number for value in field.enum_type.values):
        raise BadValue(f"there is no value number {number}; it may be {_listed(field)}")
    return number


def _bare(token: Token, is_right: Callable[[Token], object]) -> str:
    """For a string whose text would be right as a plain word: how to write it."""
    inner = token.text[1:-1]
    # words are ASCII, and protobuf's maps of names break when asked for what is not Unicode
    if token.kind != STRING or not inner.isascii() or not 0 < len(inner) <= _SHOWN:
        return ""
    kind = NUMBER if inner[0] in "0123456789." else WORD
    return f"; write {inner}" if is_right(token._replace(kind=kind, text=inner)) else ""


def _listed(field: Any) -> str:
    owner = field.enum_type.full_name.removeprefix("caffe.")
    names = without_forks(owner, field.enum_type.values_by_name)
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
