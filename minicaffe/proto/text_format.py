"""Reads protobuf's text format, reporting everything that is wrong with a file at once.

What it takes is what protobuf's own reader in C++ takes, which is Caffe's; what it refuses
is what that refuses. After a mistake it goes on at the next place that looks like a field.
"""

from __future__ import annotations

import logging
import re
from collections import Counter
from typing import Any

from minicaffe.errors import PrototxtError
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
    full_width,
    looks_binary,
    no_name,
    no_value,
    odd_number,
)
from minicaffe.proto.places import SourceMap
from minicaffe.proto.scalars import COMMA, NUMBERS, BadValue, again, plain_numbers, scalar
from minicaffe.proto.synonyms import Synonym, for_each_axis, repeated_in, synonym
from minicaffe.proto.token_reader import CURLY_QUOTES, MAX_PROBLEMS, TokenReader, Wrong
from minicaffe.proto.wire import MessageBudget, TooManyMessages, is_repeated

logger = logging.getLogger("minicaffe")
MAX_DEPTH = 100  # of messages inside messages; protobuf's own limit
TEXT_FACTOR = 3  # bytes that messages may take for each of the text, see MessageBudget
MAX_PIECES = 10_000  # of one string


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


class _Reader(TokenReader):
    def __init__(self, text: Text, path: str | None, skip_unknown: bool) -> None:
        super().__init__(text, path)
        self.skipped: Counter[str] | None = Counter() if skip_unknown else None  # unknown fields
        self.source = SourceMap()
        self.notes: dict[str, tuple[int, str]] = {}  # fork's field → where first met, what of it
        self._room = MessageBudget(len(text.text), factor=TEXT_FACTOR)
        self._braces = Braces(text)
        self._roots = [0, 0]  # fields that only this kind of file has, and only the other kind

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
            except Wrong as wrong:
                self.complain(wrong.token, wrong.message, wrong.kind)
                self.find_field()
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
        while self.passed_foreign():
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
            self._refuse_name(self.take())
        descriptor = message.DESCRIPTOR
        field, other = descriptor.fields_by_name.get(token.text), None
        if field is None and (other := synonym(descriptor.name, token.text)):
            field = descriptor.fields_by_name[other.name]  # by a fork's name
        if field is None and self.at_field() and self._reopen(token):
            return
        self.take()
        if len(self._braces.blocks) == 1:
            self._note_root(token.text, descriptor)
        if field is None or token.text in OWN_FIELDS:
            self._skip_unknown(token, descriptor)
            return
        line = self.text.line(token.offset)
        field = self._of_axes(message, field)
        if not is_repeated(field):
            if field.name in first_lines or message.HasField(field.name):
                self._skip_second(token, field, other is not None, first_lines.get(field.name))
                return
            first_lines[field.name] = line
        if not self.took(":") and field.message_type is None:
            found = ", not `=`" if self.next.text == "=" else ""
            wide = full_width(self.next)
            raise Wrong(self.next, wide or f"`:` expected after `{token.text}`{found}")
        if other is not None:
            self._translate(token, other)
        self._read_values(message, field, prefix, line, plain=other is None)

    def _of_axes(self, message: Any, field: Any) -> Any:
        """The field for values of each axis, where a fork gives several for a field of one."""
        name = for_each_axis(message.DESCRIPTOR.name, field.name)
        if name is None:
            return field
        values = getattr(message, name)
        if message.HasField(field.name):
            values.append(getattr(message, field.name))
            message.ClearField(field.name)
        elif not values and not self.at_list():
            return field
        return message.DESCRIPTOR.fields_by_name[name]

    def _refuse_name(self, token: Token) -> None:
        """Complain about what is in the place of a field's name."""
        if odd := odd_number(self.text.text, token):
            raise Wrong(*odd, WrongValueError)
        raise Wrong(token, no_name(token))

    def _skip_unknown(self, token: Token, descriptor: Any) -> None:
        """Pass over a field that the message does not have: counted, or a mistake."""
        if self.skipped is not None:
            self.skipped[f"{descriptor.name}.{token.text}"] += 1
        else:
            hint = "" if self.tired else unknown_field(token.text, self._braces.blocks)
            self.complain(token, hint, UnknownFieldError)
        self.skip_value()

    def _skip_second(self, token: Token, field: Any, by_synonym: bool, first: int | None) -> None:
        """Pass over the second value of a field that has one: a mistake, but for some forks'."""
        if repeated_in(field.containing_type.name, field.name):
            self._note_first(field, token)
        else:
            where = f", first on line {first}" if first else " or was set before"
            same = f" (as `{field.name}`)" if by_synonym else ""
            here = self.text.line(token.offset)
            related = ((first, "first here"),) if first is not None and first != here else ()
            told = f"`{token.text}` is given twice{same}{where}"
            self.complain(token, f"{told}; take one of the two out", related=related)
        self.skip_value()

    def _read_values(
        self, message: Any, field: Any, prefix: str, line: int, *, plain: bool
    ) -> None:
        """What follows a field's name: a value, a list, or many lines of numbers (if ``plain``)."""
        repeated = is_repeated(field)
        listed = repeated or repeated_in(message.DESCRIPTOR.name, field.name)
        if listed and self.took("["):
            read = self._read_list if repeated else self._read_first
            read(message, field, prefix)
            return
        if repeated and plain and not self._braces.unbalanced(1):
            self._read_numbers(message, field, again(field.name))
        self._read_value(message, field, prefix, line)

    def _translate(self, name: Token, other: Synonym) -> None:
        """Let the next word, the value of a fork's field, be Caffe's."""
        value = self.next
        if other.words:
            if value.kind not in (WORD, NUMBER) or value.text not in other.words:
                found = f"{name.text}: {value.shown()} found"
                raise Wrong(value, f"{found}, {other.expected} expected", WrongValueError)
            self.next = value._replace(kind=WORD, text=other.words[value.text])
        note = other.note(name.text, value.text)
        self.notes.setdefault(name.text, (self.text.line(name.offset), note))

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
                raise Wrong(self.next, f"`,` or `]` expected in the list of `{field.name}`")

    def _read_first(self, message: Any, field: Any, prefix: str) -> None:
        """The first value of a list, where a fork has one and Caffe a single value."""
        name = self.next
        self._read_value(message, field, prefix, self.text.line(name.offset))
        while self.took(","):
            self.take()
        if not self.took("]"):
            raise Wrong(self.next, f"`,` or `]` expected in the list of `{field.name}`")
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
            self.go_to(end)

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
        if token.text in CURLY_QUOTES:
            self.pass_curly_quotes(token)
            return
        if token.kind not in (WORD, NUMBER, STRING) or self.at_field():
            raise Wrong(token, f"{field.name}: {no_value(token)}", WrongValueError)
        self.take()
        strings = [token.text]
        while token.kind == STRING and self.next.kind == STRING:
            if len(strings) >= MAX_PIECES:
                raise Wrong(token, f"{field.name}: a string in more than {MAX_PIECES} pieces")
            strings.append(self.take().text)
        try:
            value = scalar(field, negative, token, strings)
        except BadValue as error:
            problem = f"{field.name}: {error}{wrong_value(message, field, token)}"
            if token.kind == WORD:  # more of it may follow, as in a path without quotes
                raise Wrong(token, problem, WrongValueError) from None
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
            raise Wrong(token, f"blocks are nested deeper than {MAX_DEPTH}")
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
        self._braces.ended(Closed(inner, f"{path}.", block, self.last))

    def _complain_of_no_brace(self, token: Token, field: Any, brace: str) -> None:
        """For a block without `{`: read it all the same if a field of its own follows."""
        what = f"which is a block{how_to_write(field, token)}"
        message = f"`{brace}` expected after `{field.name}`, {what}"
        inside = field.message_type.fields_by_name
        if not (self.at_field() and token.text in inside and self._braces.unbalanced(-1)):
            raise Wrong(token, message)
        self._braces.found(-1)
        self.complain(self.last, message)

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
