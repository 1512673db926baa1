"""Where something is in its prototxt, for errors that are noticed long after reading."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from minicaffe.errors import MinicaffeError, Problem, SettingError
from minicaffe.proto.lexer import END, SIGN, STRING, WORD, Text, Token, printable

_LARGEST = 1 << 24  # bytes of a file that is read again
MAX_NOTED = 6_000  # fields whose lines are remembered
_DEPTH = {"{": 1, "<": 1, "}": -1, ">": -1}


class SourceMap:
    """The lines of fields in their file; of a very long file, of the first ones."""

    def __init__(self) -> None:
        self._lines: dict[str, int] = {}

    def line(self, field: str) -> int | None:
        """The line of a field such as ``lr_policy``, ``layer[3].name`` or ``test_iter[0]``.

        A repeated field without an index is its first element.
        """
        return self._lines.get(field, self._lines.get(f"{field}[0]"))

    def note(self, field: str, line: int) -> None:
        """Remember a field's line."""
        if not self.full:
            self._lines.setdefault(field, line)

    def forget(self, fields: Iterable[str]) -> None:
        """Remember these fields' lines no more: their values are others than the file's."""
        for field in fields:
            self._lines = {
                name: line for name, line in self._lines.items()
                if name != field and not name.startswith((f"{field}[", f"{field}."))
            }  # fmt: skip

    @property
    def full(self) -> bool:
        """Whether further fields are not remembered."""
        return len(self._lines) >= MAX_NOTED


@dataclass(frozen=True)
class Place:
    """A word in a text file.

    Attributes:
        path: the file, None for a text from elsewhere.
        line, column: where, counted from 1; 0 where that is not known.
        width: of the word, in characters.
        source_line: the line itself.
    """

    path: str | None
    line: int = 0
    column: int = 0
    width: int = 1
    source_line: str = ""


class Places:
    """The layers of a file, which is read again when the first place is asked for.

    Args:
        path: the file; None, or one that is gone, has no places.
    """

    def __init__(self, path: str | None) -> None:
        self._path = path
        self._text: Text | None = None
        self._asked = False

    def problem(
        self,
        error: MinicaffeError,
        field: Sequence[str] = (),
        value: int | None = None,
        *,
        alone: bool = False,
    ) -> Problem:
        """An error about a layer with its place: with a column, if that can be found.

        Args:
            error: knows its file, line and layer.
            field: the field of the layer, and the one inside it, that it is about.
            value: the number of the value, in a repeated field.
            alone: no column where only the layer as a whole can be shown.
        """
        place = None
        if error.line is not None and error.layer is not None and error.path == self._path:
            place, exact = self._find(error.layer, error.line, field, value, error)
            place = place if exact or not alone else None
        if place is None:
            return Problem(error.path, error.line or 0, 0, str(error), "", error.code)
        return Problem(
            self._path,
            place.line,
            place.column,
            error.told,
            place.source_line,
            error.code,
            place.width,
            self.related(error),
        )

    def setting(self, error: SettingError) -> Problem:
        """An error about a field outside of layers, with its place as far as that is known."""
        place = Place(error.path, error.line or 0)
        if error.path == self._path and error.line:
            fields = [error.field, *([error.near] if error.near else [])]
            found = [self.of_field(field, error.line) for field in fields]
            place = next((exact for exact in found if exact.column), place)
        return Problem(
            place.path, place.line, place.column, error.message, place.source_line, error.code,
            place.width,
        )  # fmt: skip

    def mentioned(self, error: MinicaffeError) -> Place | None:
        """The word of a layer that an error's message is about; None if nothing is found.

        Args:
            error: knows its layer and line, in this file.
        """
        if error.line is None or error.layer is None:
            return None
        return self._find(error.layer, error.line, (), None, error)[0]

    def related(self, error: MinicaffeError) -> tuple[Problem, ...]:
        """The other places of this file that an error names."""
        places = [(self.of_line(line), text) for line, text in error.related]
        return tuple(
            Problem(
                self._path, place.line, place.column, text, place.source_line, width=place.width
            )
            for place, text in places
        )

    def of_line(self, line: int) -> Place:
        """The first word of a line."""
        text = self._read()
        if text is None:
            return Place(self._path, line)
        token = text.token_from(line)
        there = text.line(token.offset) == line
        return _place(self._path, text, token) if there else Place(self._path, line)

    def of_layer(
        self, layer: str, line: int | None, field: Sequence[str] = (), value: int | None = None
    ) -> Place:
        """Where a layer, or a field of it, is written; as far as it is known.

        Args:
            layer: its name.
            line: on which it begins.
            field, value: as :meth:`problem` takes them; without a field, where its name is.
        """
        place = None
        if line is not None:
            place, exact = self._find(layer, line, field or ("name",), value)
            if not exact and field:
                place, _ = self._find(layer, line, ("name",))
        return place or Place(self._path, line or 0)

    def of_field(self, field: str, line: int | None) -> Place:
        """Where a field outside of layers is written.

        Args:
            field: its name.
            line: on which it is.
        """
        text = self._read()
        if text is None or line is None:
            return Place(self._path, line or 0)
        tokens = text.tokens(text.token_from(line).offset)
        token = next((token for token in tokens if token.text == field), None)
        if token is None or text.line(token.offset) != line:
            return Place(self._path, line)
        return _place(self._path, text, token)

    def block(self, layer: str, line: int | None) -> tuple[str, Token] | None:
        """The file's text, and the word ``layer`` at which a layer begins; None if not found."""
        text = self._read()
        if text is None or line is None:
            return None
        found = _layer_at(text, layer, line)
        return None if found is None else (text.text, found[0])

    def text_of_layer(self, layer: str, line: int | None) -> str | None:
        """A layer as it is written, with its comments; None if it is not found."""
        text = self._read()
        found = None if text is None or line is None else _layer_at(text, layer, line)
        if text is None or found is None:
            return None
        start, _ = found
        depth = 0
        for token in text.tokens(start.offset):
            depth += _DEPTH.get(token.text, 0) if token.kind == SIGN else 0
            ends = token.kind == SIGN and token.text in "}>" and not depth
            if token.kind == END or ends:
                return text.text[start.offset : token.offset + len(token.text)]
        return None

    def _find(
        self,
        layer: str,
        line: int,
        field: Sequence[str],
        value: int | None = None,
        error: MinicaffeError | None = None,
    ) -> tuple[Place | None, bool]:
        """The word that a field or an error is about, and whether it is more than the layer's
        beginning."""
        text = self._read()
        block = None if text is None else _layer_at(text, layer, line)
        if text is None or block is None:
            return None, False
        start, body = block
        if field:
            found = next(islice(_values(body, field), value or 0, None), None)
        else:
            found = None if error is None else _mentioned(body, error)
        return _place(self._path, text, found or start), found is not None

    def _read(self) -> Text | None:
        if not self._asked and self._path is not None:
            self._asked = True
            try:
                status = os.stat(self._path)
                if stat.S_ISREG(status.st_mode) and status.st_size < _LARGEST:
                    with open(self._path, encoding="utf-8-sig", errors="surrogateescape") as file:
                        self._text = Text(file.read())
            except (OSError, ValueError):
                pass
        return self._text


def _place(path: str | None, text: Text, token: Token) -> Place:
    line, column = text.line(token.offset), text.column(token.offset)
    return Place(path, line, column, len(token.text), text.source_line(token.offset))


def _layer_at(text: Text, name: str, line: int) -> tuple[Token, list[Token]] | None:
    """The block of a layer that begins on a line: its first word, and the tokens inside."""
    for start, body in _layers_at(text, line):
        if text.line(start.offset) != line:
            break
        names = [token for token in _values(body, ("name",)) if token.kind == STRING]
        if not names or names[0].text[1:-1] == name:
            return start, body
    return None


def _layers_at(text: Text, line: int) -> Iterator[tuple[Token, list[Token]]]:
    """The blocks ``layer`` and ``layers`` from a line on, each with the tokens inside."""
    tokens = text.tokens(text.token_from(line).offset)
    for token in tokens:
        if token.kind == WORD and token.text in ("layer", "layers"):
            yield token, _block(tokens)


def _values(body: Sequence[Token], field: Sequence[str]) -> Iterator[Token]:
    """The values of a field of a block, each as its first token."""
    depth = 0
    inside = False  # after the field's name, before its values end
    for index, token in enumerate(body):
        if token.kind == SIGN:
            depth += _DEPTH.get(token.text, 0)
            inside = inside and (token.text in ":[,-" or depth > 0)
        elif depth == 0:
            if inside and not _is_name(body, index):
                yield token
                continue
            inside = token.kind == WORD and token.text == field[0] and _is_name(body, index)
            if inside and len(field) > 1:
                yield from _values(_block(body[index + 1 :]), field[1:])
                inside = False


def _is_name(body: Sequence[Token], index: int) -> bool:
    if body[index].kind != WORD or index + 1 == len(body):
        return False
    following = body[index + 1]
    return following.kind == SIGN and following.text in ":{<"


def _block(tokens: Iterable[Token]) -> list[Token]:
    """The tokens of the block that begins here, after a colon or not."""
    inside: list[Token] = []
    depth = 0
    for token in tokens:
        before = depth
        depth += _DEPTH.get(token.text, 0) if token.kind == SIGN else 0
        if token.kind == END or (not depth and token.text != ":"):
            break
        if before:
            inside.append(token)
    return inside


def _mentioned(body: Sequence[Token], error: MinicaffeError) -> Token | None:
    """The first field in a layer that an error's message speaks of.

    Words without an underscore come second, and only where the message begins with one (after a
    number) or gives its value: elsewhere they are no names of fields.
    """
    fields = {
        token.text: token for index, token in reversed(list(enumerate(body)))
        if _is_name(body, index)
    }  # fmt: skip
    text = printable(error.message.split(";")[0])
    words = [word for word in re.findall(r"[a-z]\w*", text) if "_" in word]
    words += re.findall(r"^(?:\d+ )?'?([a-z]\w*)", text) + re.findall(r"[a-z]\w*(?=: )", text)
    words += [word[:-1] for word in words if word in ("bottoms", "tops")]
    found = next((fields[word] for word in words if word in fields), None)
    return found or _quoted(body, text)


def _quoted(body: Sequence[Token], text: str) -> Token | None:
    """The string in a layer's settings that a message has in quotes, such as a file's name."""
    depth = 0
    for token in body:
        depth += _DEPTH.get(token.text, 0) if token.kind == SIGN else 0
        value = token.text[1:-1] if depth and token.kind == STRING else ""
        if value and f"'{value}'" in text:
            return token
    return None
