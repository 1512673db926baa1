"""The words of protobuf's text format, with the places where they stand."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass

WORD, NUMBER, STRING, SIGN, BAD, END = "word", "number", "string", "sign", "bad", "end"

_PATTERN = re.compile(
    r"""(?P<skip>[\s\ufeff]+|\#[^\n]*)
    |(?P<word>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<number>(?:0[xX][0-9a-fA-F]+|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?)[0-9A-Za-z_.]*)
    |(?P<string>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')
    |(?P<sign>[-{}<>\[\]:;,./])
    |(?P<bad>["'][^\n]*|.)""",
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Token:
    """One word: what kind it is, how it is written, and its offset in the text."""

    kind: str
    text: str
    offset: int


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
        return self.text[start:].split("\n", 1)[0].rstrip("\r")
