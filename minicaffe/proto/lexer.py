"""The characters and the words (tokens) of protobuf's text format, each word with its place."""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Callable, Iterator
from itertools import islice
from typing import NamedTuple

from minicaffe.errors import Problem, PrototxtError

#: The sign that ends what a sign begins.
CLOSING = {"{": "}", "<": ">", "[": "]"}

WORD, NUMBER, STRING, SIGN, BAD, END = "word", "number", "string", "sign", "bad", "end"

# A token, after the space before it; the last one is of nothing, or a long space at the end of
# the text would be searched again from each of its characters.
_PATTERN = re.compile(
    r"""\s*(?:(?P<word>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<number>(?:0[xX][0-9a-fA-F]+|(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?)[0-9A-Za-z_.]*)
    |(?P<quote>["'])
    |(?P<sign>[-{}<>\[\]:;,./])
    |(?P<skip>\#[^\n]*|\Z)
    |(?P<bad>\S))""",
    re.VERBOSE,
)

#: A line with which git separates two versions of a text.
_CONFLICT = re.compile(r"(<{7}|={7}|>{7})(?![<=>]).*")

_SHOWN = 40  # characters of a word that a message repeats

# What decides which braces are signs: those in comments and strings are none
_BRACES = re.compile(r"""[{}<>]|\#[^\n]*|["']""")

# Where the text between quotes may end. One pattern for all of a string would take the memory
# of several hundred bytes for each of its escapes.
_IN_QUOTES = {quote: re.compile(rf"[{quote}\\\n]") for quote in "\"'"}
_SURROGATES = re.compile("[\ud800-\udfff]")
_DEEPEST = 200  # characters that a line is indented
LONGEST = 40  # of a word in a message
BINARY = "this is a binary file, not text; a .caffemodel is given as weights"

_IS_UTF16 = "this file is UTF-16 text; save it as UTF-8"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_CONTROL = re.compile("[\x01-\x08\x0e-\x19]")


class Token(NamedTuple):
    """One word: what kind it is, how it is written, and its offset in the text."""

    kind: str
    text: str
    offset: int

    def shown(self) -> str:
        """The word as a message shows it."""
        text = self.text if len(self.text) <= LONGEST else self.text[: LONGEST - 1] + "…"
        if self.kind == BAD and len(text) == 1 and "\udc80" <= text <= "\udcff":
            return f"byte 0x{ord(text) - 0xDC00:02x}, which is not UTF-8,"
        if self.kind == STRING:
            return f"the string {text}"
        return text if self.kind == END else f"`{text}`"


#: A token of its three values. The class itself takes them by name, at three times the cost.
_token: Callable[[tuple[str, str, int]], Token] = functools.partial(tuple.__new__, Token)


class Text:
    """A text that is cut into tokens as they are read; turns offsets into lines and columns.

    Neither tokens nor lines are kept: they would take many times the memory of the text.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._known = (0, 1)  # an offset and its line, from which the next one is counted
        self._shown = (-1, "")  # where a line begins, and the line: many mistakes may share it

    def tokens(self, start: int = 0) -> Iterator[Token]:
        """The tokens from an offset on, which is not inside one; the last is an ``END``."""
        at: int | None = start
        while at is not None:
            matches = _PATTERN.finditer(self.text, at)
            at = None
            for match in matches:
                kind = match.lastgroup
                if kind == "quote":
                    token = self._quoted(match.start(kind))
                    yield token
                    at = token.offset + len(token.text)
                    break
                if kind is not None and kind != "skip":
                    yield _token((kind, match[kind], match.start(kind)))
        yield Token(END, "the end of the file", len(self.text.rstrip()))

    def braces(self) -> Iterator[str]:
        """The signs ``{``, ``}``, ``<`` and ``>``: found much faster than among all tokens."""
        at: int | None = 0
        while at is not None:
            matches = _BRACES.finditer(self.text, at)
            at = None
            for match in matches:
                if match[0] in "\"'":
                    token = self._quoted(match.start())
                    at = token.offset + len(token.text)
                    break
                if match[0] in "{}<>":
                    yield match[0]

    def _quoted(self, start: int) -> Token:
        """The string that begins here; where its quote is not closed, the rest of the line."""
        text, stop = self.text, _IN_QUOTES[self.text[start]]
        match = stop.search(text, start + 1)
        while match and match[0] == "\\" and text[match.end() : match.end() + 1] not in ("", "\n"):
            match = stop.search(text, match.end() + 1)
        if match and match[0] == text[start]:
            return Token(STRING, text[start : match.end()], start)
        end = text.find("\n", start)
        return Token(BAD, text[start : end if end >= 0 else None], start)

    def line(self, offset: int) -> int:
        """The line, counted from 1 (fast for offsets that grow from call to call)."""
        before, line = self._known if offset >= self._known[0] else (0, 1)
        line += self.text.count("\n", before, offset)
        self._known = (offset, line)
        return line

    def token_from(self, line: int) -> Token:
        """The first token on a line or after it."""
        ends = (match.end() for match in re.finditer("\n", self.text))
        start = 0 if line == 1 else next(islice(ends, line - 2, None), len(self.text))
        return next(self.tokens(start))

    def column(self, offset: int) -> int:
        """The column, counted from 1."""
        return offset - self._start(offset) + 1

    def source_line(self, offset: int) -> str:
        """The whole line at an offset."""
        start = self._start(offset)
        if start != self._shown[0]:
            end = self.text.find("\n", start)
            line = self.text[start : end if end >= 0 else None]
            self._shown = (start, printable(line.rstrip("\r")))
        return self._shown[1]

    def problem(self, token: Token, message: str, path: str | None) -> Problem:
        """What is wrong with a word.

        Args:
            token: the word.
            message: what was found, what was expected.
            path: the file.
        """
        line, column = self.line(token.offset), self.column(token.offset)
        width = 1 if token.kind == END else len(printable(token.text))
        source = self.source_line(token.offset)
        return Problem(path, line, column, printable(message), source, width=width)

    def indent(self, offset: int) -> int | None:
        """How far a token that is the first on its line is indented; None for any other."""
        before = self.text[max(0, offset - _DEEPEST) : offset].rpartition("\n")[2]
        return None if before.strip() or len(before) == _DEEPEST else len(before.expandtabs(8))

    def indent_of_line(self, line: int) -> int:
        """How far the first token of a line (or of the next that has one) is indented."""
        return self.indent(self.token_from(line).offset) or 0

    def _start(self, offset: int) -> int:
        return self.text.rfind("\n", 0, offset) + 1


def printable(text: str) -> str:
    """The text, with a question mark for each byte of a file that is not UTF-8."""
    return _SURROGATES.sub("\ufffd", text)


def looks_binary(text: str) -> bool:
    """Whether there are control characters, as in a binary file and in no text."""
    return _CONTROL.search(text) is not None


def decode_text(text: str | bytes, path: str | None) -> str:
    """A prototxt's characters; bytes that are not UTF-8 become surrogates.

    Args:
        text: what the file holds.
        path: its name, for messages.

    Raises:
        PrototxtError: another encoding, a binary file, or a damaged one.
    """
    if isinstance(text, bytes):
        if text.startswith(_UTF16):
            raise PrototxtError(_IS_UTF16, path=path)
        text = text.decode("utf-8", "surrogateescape")
    if "\0" in text:
        raise _with_nul(text, path)
    return text.removeprefix("\ufeff")


def _with_nul(text: str, path: str | None) -> PrototxtError:
    """For a text with NUL bytes: in another encoding, damaged, or none at all."""
    if looks_binary(text):
        return PrototxtError(BINARY, path=path)
    if 2 * text.count("\0") >= len(text) - 1 and text.strip("\0\n "):
        return PrototxtError(_IS_UTF16, path=path)
    line = text.count("\n", 0, text.index("\0")) + 1
    message = "a NUL byte, which no text has: the file is damaged; take another copy of it"
    return PrototxtError(message, path=path, line=line)


def foreign(text: str, token: Token) -> tuple[str, int] | None:
    """What to say of a comment as C has them, or of a line of git's, and where it ends."""
    start = text[token.offset : token.offset + 2]
    if start in ("//", "/*"):
        end = text.find("\n" if start == "//" else "*/", token.offset)
        message = f"`{start}` begins no comment in a prototxt; `#` does"
        return message, len(text) if end < 0 else end + (0 if start == "//" else 2)
    mark = _CONFLICT.match(text, token.offset)
    if mark is None or text[: token.offset].rpartition("\n")[2]:
        return None
    return "git left a conflict here; keep one of the two versions, without these lines", mark.end()


def no_name(token: Token) -> str:
    """What is wrong with a token where a field's name is expected."""
    if token.text == "[":
        return "extensions (`[name]`) are not part of Caffe's schema"
    if token.kind == BAD and token.text[0] in "\"'":
        return "a quote that is not closed"
    return full_width(token) or f"{token.shown()} found, the name of a field expected"


def full_width(token: Token) -> str:
    """What is wrong with a sign that an input method has written wide; "" for other tokens."""
    plain = unicodedata.normalize("NFKC", token.text[:1])
    if token.kind == BAD and plain.isascii() and plain != token.text[:1]:
        return f"{token.shown()} is a sign of full width; write `{plain}`, as in ASCII"
    return ""


def odd_number(text: str, token: Token) -> tuple[Token, str] | None:
    """What to say of a sign or number that follows a number without a space: the whole word, and
    what is wrong.

    Args:
        text: the whole text.
        token: what follows.
    """
    before = re.search(r"[0-9][\w.,]*$", text[max(0, token.offset - _SHOWN) : token.offset])
    after = re.match(r"[^\s{}<>\[\];#]+", text[token.offset : token.offset + _SHOWN])
    if before is None or after is None or token.text == ",":
        return None
    found = before[0] + after[0].rstrip(",")
    hint = "decimals come after a point, as in 0.5"
    if token.text == "%":
        hint = "a share is written as in 0.5, without a percent sign"
    elif token.text in "/*":
        hint = "nothing is computed in a prototxt: write the result"
    word = Token(BAD, found, token.offset - len(before[0]))
    return word, f"`{found}` is no number; {hint}"


def no_value(token: Token) -> str:
    """What is wrong with a token where a value is expected."""
    if token.kind == BAD and token.text[0] in "\"'":
        return "a quote that is not closed"
    if token.kind == SIGN and token.text in CLOSING:
        what = "list" if token.text == "[" else "block"
        return f"a {what} found, a single value expected"
    hint = "; a list is written in square brackets: [3, 3]" if token.text == "(" else ""
    return f"{token.shown()} found, a value expected{hint}"
