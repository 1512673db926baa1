"""Quoted strings of protobuf's text format: their escapes read and written.

The rules are those of protobuf's own C++ reader, which is Caffe's: an escape that it does
not know is a mistake, whereas its Python reader lets some of them pass.
"""

from __future__ import annotations

import re

from minicaffe.visible import BEYOND_ASCII

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
    """The bytes of a string, given what stands between its quotes.

    Raises:
        BadString: an escape that is none.
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
    """The bytes that one escape stands for."""
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
