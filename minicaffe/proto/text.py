"""Reads protobuf's text format, reporting everything that is wrong with a file at once."""

from __future__ import annotations

from typing import Any

from google.protobuf.descriptor import FieldDescriptor

from minicaffe.errors import Problem, PrototxtError
from minicaffe.proto.forks import fork_of_field
from minicaffe.proto.scalars import BadValue, scalar
from minicaffe.proto.tokens import BAD, END, NUMBER, SIGN, STRING, WORD, Text, Token
from minicaffe.suggest import did_you_mean

MAX_DEPTH = 100  # of messages inside messages; protobuf's own limit
MAX_PROBLEMS = 50
_CLOSING = {"{": "}", "<": ">"}


class SourceMap:
    """Where fields stand in their file."""

    def __init__(self) -> None:
        self._lines: dict[str, int] = {}

    def line(self, field: str) -> int | None:
        """The line of a field such as ``lr_policy``, ``layer[3].name`` or ``test_iter[0]``."""
        return self._lines.get(field)

    def note(self, field: str, line: int) -> None:
        """Remember a field's line."""
        self._lines.setdefault(field, line)


def parse(text: str | bytes, message: Any, path: str | None = None) -> SourceMap:
    """Fill a message from text.

    Args:
        text: what the file holds.
        message: filled in place; its ``source_line`` fields too, where it has such.
        path: the file's name, for messages.

    Returns:
        Where each field stands.

    Raises:
        PrototxtError: with all problems of the text.
    """
    reader = _Reader(Text(_decoded(text, path)), path)
    reader.read_message(message, "", None, 0)
    if reader.problems:
        raise PrototxtError.of_problems(reader.problems, path)
    return reader.source


def is_repeated(field: Any) -> bool:
    """Whether a field may stand several times (asked differently in old protobuf releases)."""
    known = getattr(field, "is_repeated", None)
    return field.label == FieldDescriptor.LABEL_REPEATED if known is None else bool(known)


def _decoded(text: str | bytes, path: str | None) -> str:
    if isinstance(text, str):
        return text
    if b"\0" in text:
        raise PrototxtError(
            "this is a binary file, not text; a .caffemodel is given as weights", path=path
        )
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = text.count(b"\n", 0, error.start) + 1
        found = f"byte 0x{text[error.start]:02x} found, UTF-8 text expected"
        raise PrototxtError(f"{found}; is it a binary file?", path=path, line=line) from None


class _Reader:
    def __init__(self, text: Text, path: str | None) -> None:
        self.text = text
        self.path = path
        self.problems: list[Problem] = []
        self.source = SourceMap()
        self._at = 0

    # ----------------------------------------------------------------- tokens

    @property
    def next(self) -> Token:
        """The token to be read."""
        return self.text.tokens[self._at]

    def take(self) -> Token:
        """Read a token."""
        token = self.next
        if token.kind != END:
            self._at += 1
        return token

    def took(self, *signs: str) -> bool:
        """Read the token if it is one of these signs."""
        if self.next.kind == SIGN and self.next.text in signs:
            self._at += 1
            return True
        return False

    def complain(self, token: Token, message: str) -> None:
        """Note a problem; give up after very many."""
        if len(self.problems) >= MAX_PROBLEMS:
            return
        offset = token.offset
        self.problems.append(
            Problem(
                self.path,
                self.text.line(offset),
                self.text.column(offset),
                message,
                self.text.source_line(offset),
            )
        )

    # --------------------------------------------------------------- messages

    def read_message(self, message: Any, prefix: str, closing: str | None, depth: int) -> None:
        """Read fields up to the closing sign (None: the end of the file)."""
        opened = self.text.tokens[self._at - 1] if self._at else self.next
        first_lines: dict[str, int] = {}
        while True:
            token = self.next
            if token.kind == END:
                if closing is not None:
                    line = self.text.line(opened.offset)
                    self.complain(token, f"`{closing}` is missing for the block of line {line}")
                return
            if closing is not None and self.took(closing):
                return
            if token.kind == SIGN and token.text in "}>":
                self.take()
                expected = f"; `{closing}` expected" if closing else " without an opening one"
                self.complain(token, f"`{token.text}` found{expected}")
                if closing is not None:
                    return
                continue
            self._read_field(message, prefix, first_lines, depth)
            self.took(";", ",")

    def _read_field(
        self, message: Any, prefix: str, first_lines: dict[str, int], depth: int
    ) -> None:
        token = self.take()
        if token.kind != WORD:
            self._complain_about_name(token)
            return
        field = message.DESCRIPTOR.fields_by_name.get(token.text)
        if field is None or token.text == "source_line":
            self.complain(token, _unknown(message, token.text, prefix))
            self._skip_value()
            return
        line = self.text.line(token.offset)
        repeated = is_repeated(field)
        if not repeated:
            if field.name in first_lines:
                self.complain(
                    token, f"`{field.name}` is given twice, first on line {first_lines[field.name]}"
                )
                self._skip_value()
                return
            first_lines[field.name] = line
        is_message = field.cpp_type == FieldDescriptor.CPPTYPE_MESSAGE
        if not self.took(":") and not is_message:
            self.complain(self.next, f"`:` expected after `{field.name}`")
            if self.next.kind in (SIGN, BAD):
                self._skip_value()
                return
        if repeated and self.took("["):
            self._read_list(message, field, prefix, depth)
        else:
            self._read_value(message, field, prefix, depth, line)

    def _complain_about_name(self, token: Token) -> None:
        if token.text == "[":
            self.complain(token, "extensions (`[name]`) are not part of Caffe's schema")
            while self.next.kind != END and not self.took("]"):
                self.take()
            self._skip_value()
            return
        what = "a quote that is not closed" if token.text[:1] in "\"'" and token.kind == BAD else ""
        self.complain(token, what or f"`{token.text}` found, the name of a field expected")
        if token.kind in (STRING, NUMBER) or self.next.text in (":", "{", "<"):
            self._skip_value()

    def _read_list(self, message: Any, field: Any, prefix: str, depth: int) -> None:
        if self.took("]"):
            return
        while True:
            before = self._at
            line = self.text.line(self.next.offset)
            self._read_value(message, field, prefix, depth, line)
            if self.took("]"):
                return
            if not self.took(","):
                self.complain(self.next, f"`,` or `]` expected in the list of `{field.name}`")
                while self.next.kind != END and self.next.text not in ("]", "}", ">"):
                    self.take()
                self.took("]")
                return
            if self._at == before:
                return

    # ----------------------------------------------------------------- values

    def _read_value(self, message: Any, field: Any, prefix: str, depth: int, line: int) -> None:
        path = prefix + field.name
        if is_repeated(field):
            path += f"[{len(getattr(message, field.name))}]"
        self.source.note(path, line)
        if field.cpp_type == FieldDescriptor.CPPTYPE_MESSAGE:
            self._read_submessage(message, field, path, depth, line)
            return
        negative = self.took("-")
        token = self.next
        if token.kind not in (WORD, NUMBER, STRING):
            self._complain_about_value(token, field)
            return
        self.take()
        strings = [token.text]
        while token.kind == STRING and self.next.kind == STRING:
            strings.append(self.take().text)
        try:
            value = scalar(field, negative, token, strings)
        except BadValue as error:
            self.complain(token, f"{field.name}: {error}")
            return
        if is_repeated(field):
            getattr(message, field.name).append(value)
        else:
            setattr(message, field.name, value)

    def _complain_about_value(self, token: Token, field: Any) -> None:
        if token.kind == BAD and token.text[:1] in "\"'":
            self.take()
            self.complain(token, f"{field.name}: a quote that is not closed")
        elif token.kind == SIGN and token.text in "{<[":
            what = "block" if token.text in "{<" else "list"
            self.complain(token, f"{field.name}: a {what} found, a single value expected")
            self._skip_value()
        else:
            found = token.text if token.kind == END else f"`{token.text}`"
            self.complain(token, f"{field.name}: {found} found, a value expected")

    def _read_submessage(self, message: Any, field: Any, path: str, depth: int, line: int) -> None:
        token = self.next
        if not self.took("{", "<"):
            self.complain(token, f"`{{` expected after `{field.name}`, which is a block")
            if token.kind in (WORD, NUMBER, STRING) and self._at + 1 < len(self.text.tokens):
                following = self.text.tokens[self._at + 1]
                if following.text not in (":", "{", "<"):
                    self.take()
            return
        if depth >= MAX_DEPTH:
            self.complain(token, f"blocks are nested deeper than {MAX_DEPTH}")
            self._at -= 1
            self._skip_value()
            return
        if is_repeated(field):
            inner = getattr(message, field.name).add()
        else:
            inner = getattr(message, field.name)
            inner.SetInParent()
        if "source_line" in inner.DESCRIPTOR.fields_by_name:
            inner.source_line = line
        self.read_message(inner, f"{path}.", _CLOSING[token.text], depth + 1)

    def _skip_value(self) -> None:
        """Pass over a value of any kind, blocks and lists with all that is in them."""
        self.took(":")
        self.took("-")
        opened: list[str] = []
        closing = {"{": "}", "<": ">", "[": "]"}
        while self.next.kind != END:
            token = self.next
            if not opened and token.kind == SIGN and token.text not in closing:
                return
            self.take()
            if token.kind == SIGN and token.text in closing:
                opened.append(closing[token.text])
            elif opened and token.kind == SIGN and token.text == opened[-1]:
                opened.pop()
            if not opened and not (token.kind == STRING and self.next.kind == STRING):
                return


def _unknown(message: Any, name: str, prefix: str) -> str:
    """What to say of a field that the message does not have."""
    where = prefix.rstrip(".").rsplit(".", 1)[-1].split("[")[0]
    place = f" in {where}" if where else ""
    descriptor = message.DESCRIPTOR
    fork = fork_of_field(descriptor.name, name)
    known = [one for one in descriptor.fields_by_name if one != "source_line"]
    hint = f"; it is a field of {fork}" if fork else did_you_mean(name, known)
    return f"unknown field `{name}`{place}{hint}"
