"""Changes of a prototxt's text by positions: comments and layout stay as they are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from minicaffe.lint.diagnostic import Diagnostic, Edit, Fix
from minicaffe.proto.lexer import SIGN, STRING, WORD, Text, Token
from minicaffe.proto.scalars import escape, unescape

_OPENING, _CLOSING = "{<[", "}>]"


class Field(NamedTuple):
    """A field in a text: where its name begins, its value begins, and the value ends."""

    name: str
    start: int
    value: int
    end: int


class LayerEdits:
    """What may be changed in the text of one layer.

    Args:
        path: the file.
        text: all of it.
        start: the word ``layer``.
    """

    def __init__(self, path: str, text: str, start: Token) -> None:
        self._path = path
        self._text = text
        (self._layer,) = fields_of(text, start.offset, single=True)

    def set(self, path: Sequence[str], value: str, *, safe: bool = True) -> Fix:
        """Give a field a value, whether or not it is there.

        Args:
            path: the field's name after those of the messages that it is in.
            value: as it is written in a prototxt.
            safe: see :class:`Fix`.
        """
        block = self._layer
        for depth, name in enumerate(path):
            inside = {field.name: field for field in self._inside(block)}
            if name not in inside:
                written = _nested(path[depth:], value)
                at = self._after_opening(block)
                return Fix(self._path, (Edit(at, at, f" {written}"),), safe)
            block = inside[name]
        return Fix(self._path, (Edit(block.value, block.end, value),), safe)

    def remove(self, path: Sequence[str], *, safe: bool = True) -> Fix | None:
        """Take a field out with its value; None where it is not there."""
        block = self._layer
        for name in path:
            found = [field for field in self._inside(block) if field.name == name]
            if len(found) != 1:
                return None
            block = found[0]
        return Fix(self._path, (self._cut(block.start, block.end),), safe)

    def remove_layer(self, *, safe: bool = True) -> Fix:
        """Take the layer out."""
        return Fix(self._path, (self._cut(self._layer.start, self._layer.end),), safe)

    def replace(self, path: Sequence[str], new: Callable[[str], str]) -> Iterator[Edit]:
        """Give a string a value that depends on the old one, each of them where it is repeated.

        Args:
            path: as for :meth:`set`; nothing happens where it is not there.
            new: makes the new value.
        """
        blocks = [self._layer]
        for name in path:
            blocks = [found for block in blocks for found in self._inside(block)
                      if found.name == name]  # fmt: skip
        for block in blocks:
            yield from _replaced(self._text, block, new)

    def add_after(self, written: str, *, safe: bool = True) -> Fix:
        """Put another layer after this one, on a line of its own."""
        at = self._layer.end
        return Fix(self._path, (Edit(at, at, f"\n{written}"),), safe)

    def _inside(self, block: Field) -> list[Field]:
        return list(fields_of(self._text, self._after_opening(block)))

    def _after_opening(self, block: Field) -> int:
        return block.value + 1

    def _cut(self, start: int, end: int) -> Edit:
        return cut_of(self._text, start, end)


def cut_of(text: str, start: int, end: int) -> Edit:
    """What takes out a stretch with the separator after it, and the line if it is alone on it.

    Args:
        text: all of the file.
        start, end: of the stretch.
    """
    if text[end : end + 1] in (";", ","):
        end += 1
    line = text.rfind("\n", 0, start) + 1
    after = text.find("\n", end)
    after = len(text) if after < 0 else after + 1
    if not text[line:start].strip() and not text[end:after].strip():
        return Edit(line, after, "")
    while end < len(text) and text[end] == " ":
        end += 1
    return Edit(start, end, "")


def _nested(path: Sequence[str], value: str) -> str:
    """``a { b: value }`` for the path ``a``, ``b``."""
    *outer, last = path
    written = f"{last}: {value}"
    for name in reversed(outer):
        written = f"{name} {{ {written} }}"
    return written


def fields_of(text: str, start: int, *, single: bool = False) -> Iterator[Field]:
    """The fields from an offset on, up to the end of the block that they are in."""
    tokens = Text(text).tokens(start)
    for token in tokens:
        if token.kind != WORD:
            if token.kind == SIGN and token.text in ";,":
                continue
            return
        value = next(tokens)
        if value.kind == SIGN and value.text == ":":
            value = next(tokens)
        yield Field(token.text, token.offset, value.offset, _value_end(value, tokens))
        if single:
            return


def _value_end(value: Token, tokens: Iterator[Token]) -> int:
    """Where a value ends that begins with this token."""
    last, depth = value, 0
    while True:
        if last.kind == SIGN and last.text in _OPENING:
            depth += 1
        elif last.kind == SIGN and last.text in _CLOSING:
            depth -= 1
        if depth <= 0 and not (last.kind == SIGN and last.text == "-"):
            return last.offset + len(last.text)
        last = next(tokens, last._replace(kind=SIGN, text="}"))


def layers_of(path: str, text: str) -> list[LayerEdits]:
    """What may be changed of each layer of a net's text, in order.

    Args:
        path: the file.
        text: all of it; it follows the schema.
    """
    words = ("layer", "layers")
    starts = [found.start for found in fields_of(text, 0) if found.name in words]
    return [LayerEdits(path, text, Token(WORD, words[0], start)) for start in starts]


def net_edits(text: str, name: str, new: Callable[[str], str]) -> Iterator[Edit]:
    """:meth:`LayerEdits.replace` of a string field that is the net's own."""
    for found in fields_of(text, 0):
        if found.name == name:
            yield from _replaced(text, found, new)


def _replaced(text: str, block: Field, new: Callable[[str], str]) -> Iterator[Edit]:
    """The changes of the strings that a field's value consists of."""
    for token in Text(text).tokens(block.value):
        if token.offset >= block.end:
            return
        if token.kind == STRING:
            old = unescape(token.text[1:-1]).decode("utf-8", "surrogateescape")
            value = new(old)
            if value != old:
                end = token.offset + len(token.text)
                yield Edit(token.offset, end, f'"{escape(value)}"')


def apply(text: str, found: Iterable[Diagnostic], *, unsafe: bool) -> tuple[str, int]:
    """A file's text with its fixes, and how many were made.

    Of fixes that overlap the first is made: another round may make the others.

    Args:
        text: all of it.
        found: diagnostics of this file.
        unsafe: make those too that change what the net computes.
    """
    made: list[Edit] = []
    count = 0
    for fix in dict.fromkeys(diagnostic.fix for diagnostic in found):
        if fix is None or not (fix.safe or unsafe):
            continue
        if any(_overlap(edit, other) for edit in fix.edits for other in made):
            continue
        made += fix.edits
        count += 1
    return with_edits(text, made), count


def with_edits(text: str, edits: Iterable[Edit]) -> str:
    """A text with changes that do not overlap."""
    parts, at = [], 0
    for edit in sorted(edits, key=lambda edit: edit.start):
        parts += [text[at : edit.start], edit.text]
        at = edit.end
    return "".join([*parts, text[at:]])


def _overlap(one: Edit, other: Edit) -> bool:
    return one.start <= other.end and other.start <= one.end
