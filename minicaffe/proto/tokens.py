"""The words of protobuf's text format, with the places where they stand."""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import NamedTuple

WORD, NUMBER, STRING, SIGN, BAD, END = "word", "number", "string", "sign", "bad", "end"

_PATTERN = re.compile(
    r"""(?P<skip>\s+|\#[^\n]*)
    |(?P<word>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<number>(?:0[xX][0-9a-fA-F]+|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?)[0-9A-Za-z_.]*)
    |(?P<string>"(?:\\[^\n]|[^"\\\n])*"|'(?:\\[^\n]|[^'\\\n])*')
    |(?P<sign>[-{}<>\[\]:;,./])
    |(?P<bad>["'][^\n]*|.)""",
    re.VERBOSE | re.DOTALL,
)
_SURROGATES = re.compile("[\ud800-\udfff]")
_LONGEST = 40  # of a word in a message


class Token(NamedTuple):
    """One word: what kind it is, how it is written, and its offset in the text."""

    kind: str
    text: str
    offset: int

    def shown(self) -> str:
        """The word as a message shows it."""
        text = self.text if len(self.text) <= _LONGEST else self.text[: _LONGEST - 1] + "…"
        if self.kind == BAD and len(text) == 1 and "\udc80" <= text <= "\udcff":
            return f"byte 0x{ord(text) - 0xDC00:02x}, which is not UTF-8,"
        if self.kind == STRING:
            return f"the string {text}"
        return text if self.kind == END else f"`{text}`"


class Text:
    """A text cut into tokens; turns offsets into lines and columns."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = [
            Token(str(match.lastgroup), match.group(), match.start())
            for match in _PATTERN.finditer(text)
            if match.lastgroup != "skip"
        ]
        self.tokens.append(Token(END, "the end of the file", len(text.rstrip())))
        self._starts = [0, *(match.end() for match in re.finditer("\n", text))]

    def line(self, offset: int) -> int:
        """The line, counted from 1."""
        return bisect_right(self._starts, offset)

    def column(self, offset: int) -> int:
        """The column, counted from 1."""
        return offset - self._starts[self.line(offset) - 1] + 1

    def source_line(self, offset: int) -> str:
        """The whole line at an offset."""
        start = self._starts[self.line(offset) - 1]
        return printable(self.text[start:].split("\n", 1)[0].rstrip("\r"))


def printable(text: str) -> str:
    """The text, with a question mark for each byte of a file that is not UTF-8."""
    return _SURROGATES.sub("\ufffd", text)
