"""Reads protobuf's text format, reporting everything that is wrong with a file at once.

What it takes is what protobuf's own reader in C++ takes, which is Caffe's; what it refuses
is what that refuses. After a mistake it goes on at the next place that looks like a field.
"""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from minicaffe.errors import MAX_COUNTED, Problem, PrototxtError
from minicaffe.errors.mistakes import FileKindError, UnknownFieldError, WrongValueError
from minicaffe.proto.braces import Braces, Closed
from minicaffe.proto.file_kinds import PROTOTXT, other_kind, yaml_text
from minicaffe.proto.hints import (
    OWN_FIELDS,
    Block,
    how_to_write,
    is_other_root,
    other_root,
    unknown_field,
    wrong_value,
)
from minicaffe.proto.lexer import (
    BINARY,
    CLOSING,
    END,
    NUMBER,
    SIGN,
    STRING,
    WORD,
    Text,
    Token,
    decode_text,
    foreign,
    looks_binary,
    no_name,
    no_value,
    odd_number,
)
from minicaffe.proto.places import SourceMap
from minicaffe.proto.scalars import COMMA, NUMBERS, BadValue, again, plain_numbers, scalar
from minicaffe.proto.synonyms import Synonym, repeated_in, synonym
from minicaffe.proto.wire import MessageBudget, TooManyMessages, is_repeated

logger = logging.getLogger("minicaffe")
MAX_DEPTH = 100  # of messages inside messages; protobuf's own limit
MAX_PROBLEMS = 50
TEXT_FACTOR = 3  # bytes that messages may take for each of the text, see MessageBudget
MAX_PIECES = 10_000  # of one string
_CURLY_QUOTES = "\u201c\u201d\u201e\u201f\u2018\u2019\u201a\u00ab\u00bb"


def parse(
    text: str | bytes, message: Any, path: str | None = None, *, skip_unknown: bool = False
) -> SourceMap:
    """Fill a message from text.

    Args:
        text: what the file holds. Comments may hold bytes that are not UTF-8.
        message: filled in place; its ``source_line`` fields too, where it has such.
        path: the file's name, for messages.
        skip_unknown: pass over fields that are not known, which a warning lists.

    Returns:
        The line of each field.

    Raises:
        PrototxtError: with all problems of the text.
    """
    decoded = decode_text(text, path)
    del text  # it takes memory
    reader = _Reader(Text(decoded), path, skip_unknown)
    try:
        reader.read_message(message, "", None, Block(message.DESCRIPTOR, "", 1))
    except TooManyMessages as error:
        line = reader.text.line(reader.next.offset)
        raise PrototxtError(str(error), path=path, line=line) from None
    if not reader.problems:
        reader.look_for_missing(message)
    if reader.problems and looks_binary(decoded):
        raise PrototxtError(BINARY, path=path)
    if reader.problems and (reason := reader.other_root(message.DESCRIPTOR)):
        raise FileKindError(reason, path=path)
    if reader.problems and yaml_text(decoded):
        raise FileKindError(other_kind(b"--- ", PROTOTXT), path=path)
    if reader.problems:
        raise reader.kind.of_problems(reader.problems, path, more=reader.more)
    if skipped := ", ".join(f"{name} ({n})" for name, n in (reader.skipped or {}).items()):
        logger.warning("%s: unknown fields were skipped: %s", path or "text", skipped)
    for line, note in reader.notes.values():
        logger.warning("%s:%d: %s", path or "text", line, note)
    return reader.source


class _Wrong(Exception):
    """A problem after which the reader has to find the next field."""

    def __init__(
        self, token: Token, message: str, kind: type[PrototxtError] = PrototxtError
    ) -> None:
        super().__init__(message)
        self.token, self.message, self.kind = token, message, kind


class _Reader:
    def __init__(self, text: Text, path: str | None, skip_unknown: bool) -> None:
        self.text = text
        self.path = path
        self.skipped: Counter[str] | None = Counter() if skip_unknown else None  # unknown fields
        self.problems: list[Problem] = []
        self.kind = PrototxtError  # of the first
        self.more = 0  # problems beyond the limit
        self.source = SourceMap()
        self.notes: dict[str, tuple[int, str]] = {}  # fork's field → where first met, what of it
        self._tokens = text.tokens()
        self.next = self._last = next(self._tokens)  # the token to be read, and that before it
        self._following = next(self._tokens, self.next)
        self._room = MessageBudget(len(text.text), factor=TEXT_FACTOR)
        self._braces = Braces(text)
        self._said: set[str] = set()  # what is said once a file
        self._roots = [0, 0]  # fields that only this kind of file has, and only the other kind

    # ----------------------------------------------------------------- tokens

    def take(self) -> Token:
        """Read a token."""
        token = self._last = self.next
        self.next = self._following
        self._following = next(self._tokens, self.next)  # the end again, once it is reached
        return token

    def took(self, *signs: str) -> bool:
        """Read the token if it is one of these signs."""
        if self.next.kind == SIGN and self.next.text in signs:
            self.take()
            return True
        return False

    def at_field(self) -> bool:
        """Whether the next token looks like the name of a field."""
        if self.next.kind != WORD:
            return False
        return self._following.kind == SIGN and self._following.text in ":{<"

    @property
    def tired(self) -> bool:
        """Whether further problems are only counted."""
        return len(self.problems) >= MAX_PROBLEMS

    def complain(
        self,
        token: Token,
        message: str,
        kind: type[PrototxtError] = PrototxtError,
        related: tuple[tuple[int, str], ...] = (),
    ) -> None:
        """Note a problem (``related``: other lines, each with what is there); after many only
        count it; after very many read no further."""
        if self.tired:
            self.more += 1
            if self.more > MAX_COUNTED:
                self._go_to(len(self.text.text))
            return
        self.kind = self.kind if self.problems else kind
        text, path = self.text, self.path
        others = tuple(text.problem(text.token_from(n), told, path) for n, told in related)
        found = text.problem(token, message, path)
        self.problems.append(replace(found, code=kind.code, related=others))

    def _complain_once(self, token: Token, message: str) -> None:
        """Note a kind of problem where it is first met: the others are mended like it."""
        if message not in self._said:
            self._said.add(message)
            self.complain(token, message)

    def _go_to(self, offset: int) -> None:
        """Read on at another place of the text."""
        self._tokens = self.text.tokens(offset)
        self.next = next(self._tokens)
        self._following = next(self._tokens, self.next)

    # --------------------------------------------------------------- messages

    def read_message(self, message: Any, prefix: str, closing: str | None, block: Block) -> None:
        """Read fields up to the closing sign (None: the end of the file)."""
        self._braces.enter(block)
        first_lines: dict[str, int] = {}
        while not self._at_end(closing):
            self._braces.begin_field(self.next)
            try:
                self._read_field(message, prefix, first_lines)
                self.took(";", ",")
            except _Wrong as wrong:
                self.complain(wrong.token, wrong.message, wrong.kind)
                self._find_field()
        self._braces.leave()

    def look_for_missing(self, message: Any) -> None:
        """Complain about required fields that are not there (Caffe refuses them too)."""
        found = message.FindInitializationErrors()
        self.more += max(0, len(found) - MAX_PROBLEMS)
        for missing in found[:MAX_PROBLEMS]:
            block, _, name = missing.rpartition(".")
            line = self.source.line(block) or 1
            place = re.sub(r"\[\d+\]", "", block.rpartition(".")[2]) or "the file"
            token = self.text.token_from(line)
            self.complain(token, f"{place} lacks the field `{name}`, which is required")

    def _at_end(self, closing: str | None) -> bool:
        """Whether a message is over; reads its closing sign."""
        while self._passed_foreign():
            pass
        token, block = self.next, self._braces.blocks[-1]
        while closing is None and token.kind == SIGN and token.text in "}>":
            self.complain(self.take(), f"`{token.text}` found without an opening one")
            token = self.next
        if token.kind == END:
            if closing is not None:
                self.complain(token, f"`{closing}` is missing for the block of line {block.line}")
            return True
        if token.kind == SIGN and token.text in "}>":
            if self._braces.ends_an_outer_block(token):
                what = f"`{block.name}` of line {block.line} is not closed"
                self.complain(token, f"`{closing}` is missing before this one: {what}")
                return True
            if token.text != closing:
                self.complain(token, f"`{token.text}` found; `{closing}` expected")
            self.take()
            return True
        if closing is not None and self.at_field() and self._braces.was_left_open(token):
            what = f"`{block.name}` of line {block.line} is not closed"
            self.complain(token, f"`{closing}` expected before `{token.text}`: {what}")
            return True
        return False

    def _reopen(self, token: Token) -> bool:
        """Whether a field belongs to the block that ended last, by a brace too many; reads it on.

        Args:
            token: the field's name, which has not been taken.
        """
        closed = self._braces.reopened(token)
        if closed is None:
            return False
        self.complain(
            closed.end,
            f"a `}}` too many: `{closed.block.name}` of line {closed.block.line} ends here, but "
            f"`{token.text}` on line {self.text.line(token.offset)} is one of its fields",
        )
        self.read_message(closed.message, closed.path, closed.end.text, closed.block)
        return True

    def _read_field(self, message: Any, prefix: str, first_lines: dict[str, int]) -> None:
        token = self.next
        if token.kind != WORD:
            self.take()
            if odd := odd_number(self.text.text, token):
                raise _Wrong(*odd, WrongValueError)
            raise _Wrong(token, no_name(token))
        fields = message.DESCRIPTOR.fields_by_name
        field, other = fields.get(token.text), None
        if field is None and (other := synonym(message.DESCRIPTOR.name, token.text)):
            field = fields[other.name]  # by a fork's name
        if field is None and self.at_field() and self._reopen(token):
            return
        self.take()
        if len(self._braces.blocks) == 1:
            self._note_root(token.text, message.DESCRIPTOR)
        if field is None or token.text in OWN_FIELDS:
            if self.skipped is not None:
                self.skipped[f"{message.DESCRIPTOR.name}.{token.text}"] += 1
            else:
                hint = "" if self.tired else unknown_field(token.text, self._braces.blocks)
                self.complain(token, hint, UnknownFieldError)
            self._skip_value()
            return
        line = self.text.line(token.offset)
        repeated = is_repeated(field)
        if not repeated:
            if field.name in first_lines or message.HasField(field.name):
                if repeated_in(message.DESCRIPTOR.name, field.name):
                    self._note_first(field, token)
                    self._skip_value()
                    return
                first = first_lines.get(field.name)
                where = f", first on line {first}" if first else " or was set before"
                same = "" if other is None else f" (as `{field.name}`)"
                related = ((first, "first here"),) if first not in (None, line) else ()
                told = f"`{token.text}` is given twice{same}{where}"
                self.complain(token, f"{told}; take one of the two out", related=related)
                self._skip_value()
                return
            first_lines[field.name] = line
        if not self.took(":") and field.message_type is None:
            found = ", not `=`" if self.next.text == "=" else ""
            raise _Wrong(self.next, f"`:` expected after `{token.text}`{found}")
        if other is not None:
            self.next = self._translated(token, other)
        listed = repeated or repeated_in(message.DESCRIPTOR.name, field.name)
        if listed and self.took("["):
            read = self._read_list if repeated else self._read_first
            read(message, field, prefix)
            return
        if repeated and other is None and not self._braces.unbalanced(1):
            self._read_numbers(message, field, again(field.name))
        self._read_value(message, field, prefix, line)

    def _translated(self, name: Token, other: Synonym) -> Token:
        """The word of Caffe for the next one, the value of a fork's field."""
        value = self.next
        if value.kind not in (WORD, NUMBER) or value.text not in other.words:
            found = f"{name.text}: {value.shown()} found"
            raise _Wrong(value, f"{found}, {other.expected} expected", WrongValueError)
        word = other.words[value.text]
        note = f"`{name.text}: {value.text}` is read as `{other.name}: {word}`, Caffe's name for it"
        self.notes.setdefault(name.text, (self.text.line(name.offset), note))
        return value._replace(kind=WORD, text=word)

    def _read_list(self, message: Any, field: Any, prefix: str) -> None:
        if self.took("]"):
            return
        while True:
            self._read_numbers(message, field, COMMA)
            noted = field.message_type is not None or not self.source.full
            line = self.text.line(self.next.offset) if noted else 0
            self._read_value(message, field, prefix, line)
            if self.took("]"):
                return
            if not self.took(","):
                raise _Wrong(self.next, f"`,` or `]` expected in the list of `{field.name}`")

    def _read_first(self, message: Any, field: Any, prefix: str) -> None:
        """The first value of a list, where a fork has one and Caffe a single value."""
        name = self.next
        self._read_value(message, field, prefix, self.text.line(name.offset))
        while self.took(","):
            self.take()
        if not self.took("]"):
            raise _Wrong(self.next, f"`,` or `]` expected in the list of `{field.name}`")
        self._note_first(field, name)

    def _note_first(self, field: Any, at: Token) -> None:
        note = f"`{field.name}` has several values, as in some forks; the first one is taken"
        self.notes.setdefault(field.name, (self.text.line(at.offset), note))

    def _read_numbers(self, message: Any, field: Any, separator: str) -> None:
        """Begin a very long list: plain numbers, each with a separator, up to anything else."""
        if not self.source.full or field.cpp_type not in NUMBERS:
            return
        values = getattr(message, field.name)
        for numbers, end in plain_numbers(field, self.text.text, self.next.offset, separator):
            self._room.take_values(field, len(numbers))
            values.extend(numbers)
            self._go_to(end)

    # ----------------------------------------------------------------- values

    def _read_value(self, message: Any, field: Any, prefix: str, line: int) -> None:
        path = ""
        if not self.source.full:
            path = prefix + field.name
            if is_repeated(field):
                path += f"[{len(getattr(message, field.name))}]"
            self.source.note(path, line)
        if field.message_type is not None:
            self._read_submessage(message, field, path, line)
            return
        negative = self.took("-")
        token = self.next
        if token.text in _CURLY_QUOTES:
            self._pass_curly_quotes(token)
            return
        if token.kind not in (WORD, NUMBER, STRING) or self.at_field():
            raise _Wrong(token, f"{field.name}: {no_value(token)}", WrongValueError)
        self.take()
        strings = [token.text]
        while token.kind == STRING and self.next.kind == STRING:
            if len(strings) >= MAX_PIECES:
                raise _Wrong(token, f"{field.name}: a string in more than {MAX_PIECES} pieces")
            strings.append(self.take().text)
        try:
            value = scalar(field, negative, token, strings)
        except BadValue as error:
            problem = f"{field.name}: {error}{wrong_value(message, field, token)}"
            if token.kind == WORD:  # more of it may follow, as in a path without quotes
                raise _Wrong(token, problem, WrongValueError) from None
            return self.complain(token, problem, WrongValueError)
        if is_repeated(field):
            self._room.take_values(field, 1)
            getattr(message, field.name).append(value)
        else:
            setattr(message, field.name, value)

    def _read_submessage(self, message: Any, field: Any, path: str, line: int) -> None:
        token = self.next
        if token.kind == SIGN and token.text in "{<":
            brace = token.text
        else:  # not before: it looks through the whole text
            brace = "<" if "<" in self.text.text and "{" not in self.text.text else "{"
            self._complain_of_no_brace(token, field, brace)
        if len(self._braces.blocks) > MAX_DEPTH:
            raise _Wrong(token, f"blocks are nested deeper than {MAX_DEPTH}")
        self._room.take(field.message_type)
        self.took(brace)
        if is_repeated(field):
            inner = getattr(message, field.name).add()
        else:
            inner = getattr(message, field.name)
            inner.SetInParent()
        if "source_line" in inner.DESCRIPTOR.fields_by_name:
            inner.source_line = line
        block = Block(inner.DESCRIPTOR, field.name, line, inner)
        self.read_message(inner, f"{path}.", CLOSING[brace], block)
        self._braces.ended(Closed(inner, f"{path}.", block, self._last))

    def _complain_of_no_brace(self, token: Token, field: Any, brace: str) -> None:
        """For a block without `{`: read it all the same if a field of its own follows."""
        what = f"which is a block{how_to_write(field, token)}"
        message = f"`{brace}` expected after `{field.name}`, {what}"
        inside = field.message_type.fields_by_name
        if not (self.at_field() and token.text in inside and self._braces.unbalanced(-1)):
            raise _Wrong(token, message)
        self._braces.found(-1)
        self.complain(self._last, message)

    # ------------------------------------------- what belongs into other files

    def _note_root(self, name: str, root: Any) -> None:
        other = other_root(root)
        if other is not None:
            here, there = name in root.fields_by_name, name in other.fields_by_name
            self._roots[0] += here and not there
            self._roots[1] += there and not here

    def other_root(self, root: Any) -> str:
        """What to say of a net in the place of a solver, or the other way round; else ""."""
        own, foreign = self._roots
        return "" if own or foreign < 2 else is_other_root(root, self.text.text)

    def _passed_foreign(self) -> bool:
        """Pass over what no prototxt has, a comment as C has them say, which is a mistake."""
        token = self.next
        found = foreign(self.text.text, token) if token.text in ("/", "<", ">", "=") else None
        if found is None:
            return False
        self._complain_once(token, found[0])
        self._go_to(found[1])
        return True

    def _pass_curly_quotes(self, token: Token) -> None:
        """Pass over a string in typographic quotes, or what is left of its line."""
        self._complain_once(
            token,
            f"{token.text} is a typographic quote; a string is written in plain ones: \" or '",
        )
        end = re.compile(f"\n|[{_CURLY_QUOTES}]").search(self.text.text, token.offset + 1)
        self._go_to(len(self.text.text) if end is None else end.end())

    # --------------------------------------------------------------- recovery

    def _find_field(self) -> None:
        """After a mistake: pass over what is left of the field."""
        while (kind := self.next.kind) != END:
            if kind == WORD and self.at_field():
                return
            if kind == SIGN and self.next.text in "}>":
                return
            if kind == SIGN and self.next.text in CLOSING:
                self._skip_block()
            else:
                self.take()

    def _skip_value(self) -> None:
        """Pass over the value of a field that is not known, whatever kind it has."""
        self.took(":")
        if self.next.kind == SIGN and self.next.text in CLOSING:
            self._skip_block()
        else:
            self._find_field()

    def _skip_block(self) -> None:
        """Pass over a block or list, with all that is in it."""
        depth = 0
        for token in self._rest():
            if token.kind == SIGN and token.text in CLOSING:
                depth += 1
            elif token.kind == SIGN and token.text in "}>]":
                depth -= 1
                if not depth:
                    return

    def _rest(self) -> Iterator[Token]:
        while self.next.kind != END:
            yield self.take()
