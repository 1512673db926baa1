"""Names that others chose, as a terminal, a log or a picture may show them.

A prototxt's names may hold anything: ESC and what follows it moves a terminal's cursor or
renames its window, a line's end forges a line of the log, characters that turn the direction of
writing show another name than is there. XML has no way at all to write most of them. So whatever
shows a name to people escapes it here: errors, log lines, tables, pictures. Files that are read
again (prototxt, weights, databases) keep names as they are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from numbers import Number
from typing import Any

#: The inside of a regular expression's class: Unicode's classes Cc, Cf, Cs, Zl and Zp, and what is
#: no character at all, above ASCII.
BEYOND_ASCII = (
    "\x80-\x9f\xad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\ufdd0-\ufdef\ufeff\ufff0-\ufffb\ufffe\uffff\ud800-\udfff\U000110bd\U000110cd"
    "\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_HIDDEN = re.compile(f"[\0-\x1f\x7f{BEYOND_ASCII}]")
_HIDDEN_BUT_LINES = re.compile(f"[\0-\x08\x0b-\x1f\x7f{BEYOND_ASCII}]")
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def visible(text: str, *, lines: bool = False) -> str:
    r"""The text with each control character written as in Python: ``\n``, ``\x1b``, ``\u202e``.

    Args:
        text: a name, or a sentence with names in it. What is visible stays as it is, letters of
            any script too.
        lines: keep tabs and the ends of lines: of a text whose names are visible already.
    """
    pattern = _HIDDEN_BUT_LINES if lines else _HIDDEN
    return pattern.sub(_escaped, text) if pattern.search(text) else text


def _escaped(match: re.Match[str]) -> str:
    found = match[0]
    code = ord(found)
    width = ("x", 2) if code < 0x100 else ("u", 4) if code < 0x10000 else ("U", 8)
    return _SHORT.get(found) or f"\\{width[0]}{code:0{width[1]}x}"


class Lines(str):
    """A text of several lines whose names are visible already, to be logged as it is."""


def visible_arguments(arguments: Any) -> Any:
    """What is put into a log line, a tuple or a mapping, made visible; numbers stay numbers."""
    if isinstance(arguments, Mapping):
        return {key: _argument(value) for key, value in arguments.items()}
    return tuple(map(_argument, arguments)) if isinstance(arguments, tuple) else arguments


def _argument(value: Any) -> Any:
    if isinstance(value, Lines | Number) or value is None:
        return value
    return _Shown(value)


class _Shown:
    """Stands for a value where ``%s`` or ``%r`` writes it."""

    def __init__(self, value: Any) -> None:
        self._value = value

    def __str__(self) -> str:
        # an error of minicaffe has made its names visible, and may have lines
        return visible(str(self._value), lines=hasattr(self._value, "locate"))

    def __repr__(self) -> str:
        return visible(repr(self._value))
