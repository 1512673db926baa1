"""Which block a field belongs to, in a text whose braces do not match.

protobuf's reader ends at the first brace that is missing, and reports the end of the file. This
module finds the place: where the braces of a file do not balance, indentation and the schema
(which message has a field of this name) tell which block was left open, or was closed too early.
Each guess is made once for each brace that the file has too many or too few.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from minicaffe.proto.hints import Block
from minicaffe.proto.lexer import Text, Token

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor
    from google.protobuf.message import Message

_WORTH = {"{": 1, "<": 1, "}": -1, ">": -1}
_FAR = 1 << 30


class Closed(NamedTuple):
    """A block that has ended, with what is needed to read on in it.

    Attributes:
        message: what it has filled.
        path: how its fields are called, such as ``layer[3].``.
        block: its name and place.
        end: the closing sign.
    """

    message: Message
    path: str
    block: Block
    end: Token


class Braces:
    """The blocks that are open at the place where a reader is, and the braces it has to guess.

    Args:
        text: the whole text.

    Attributes:
        blocks: those that are open, the file itself first.
    """

    def __init__(self, text: Text) -> None:
        self.blocks: list[Block] = []
        self._text = text
        self._indents: list[int | None] = []  # of each block's first line, where one begins there
        self._closed: dict[int, Closed] = {}  # by depth: the block that ended last
        self._surplus: int | None = None  # opening braces less closing ones; None: not counted yet

    def enter(self, block: Block) -> None:
        """Count a block that begins at this token."""
        self.blocks.append(block)
        self._indents.append(None)

    def leave(self) -> None:
        """Count the end of the innermost block."""
        self.blocks.pop()
        self._indents.pop()

    def ended(self, closed: Closed) -> None:
        """Remember the block that was left last, for :meth:`reopened`."""
        self._closed[len(self.blocks)] = closed

    def begin_field(self, token: Token) -> None:
        """The innermost block has a field here; the first one shows how far it is indented."""
        if self._indents[-1] is None:
            self._indents[-1] = self._text.indent(token.offset)

    def unbalanced(self, sign: int) -> bool:
        """Whether the text has more opening braces than closing ones (sign 1), or fewer (-1),
        besides those that were found.
        """
        if self._surplus is None:
            self._surplus = sum(map(_WORTH.__getitem__, self._text.braces()))
        return self._surplus * sign > 0

    def found(self, sign: int) -> bool:
        """The place of one brace too many (1) or too few (-1) is found; returns True."""
        self._surplus = (self._surplus or 0) - sign
        return True

    def was_left_open(self, token: Token) -> bool:
        """Whether the innermost block should have ended before a field.

        It should if a block around it has such a field, and it has none or is indented more,
        and the file closes fewer blocks than it opens.

        Args:
            token: the field's name.
        """
        if not self.unbalanced(1):
            return False
        around = [block.descriptor for block in self.blocks[:-1]]
        if self._leaves_the_block(token):
            ends = any(token.text in outer.fields_by_name for outer in around)
        else:
            unknown = token.text not in self.blocks[-1].descriptor.fields_by_name
            ends = unknown and any(_is_block(outer, token.text) for outer in around)
        return ends and self.found(1)

    def ends_an_outer_block(self, token: Token) -> bool:
        """Whether a closing brace belongs to an outer block, by its indentation."""
        if len(self.blocks) < 3 or not self.unbalanced(1) or not self._leaves_the_block(token):
            return False
        own = self._text.indent_of_line(self.blocks[-1].line)
        indent = self._text.indent(token.offset)
        return indent is not None and indent < own and self.found(1)

    def reopened(self, token: Token) -> Closed | None:
        """The block that ended last, if a field belongs to it and a brace too many has ended it.

        Args:
            token: the field's name.
        """
        closed = self._closed.get(len(self.blocks))
        if closed is None or token.text not in closed.block.descriptor.fields_by_name:
            return None
        if not self.unbalanced(-1):
            return None
        self.found(-1)
        return closed

    def _leaves_the_block(self, token: Token) -> bool:
        """Whether a token begins a line that is indented less than the block's fields, and not
        more than the line on which the block begins.
        """
        inner, indent = self._indents[-1], self._text.indent(token.offset)
        if inner is None and token.text not in self.blocks[-1].descriptor.fields_by_name:
            inner = _FAR  # a block that was to end on its line
        if inner is None or indent is None or indent >= inner:
            return False
        return indent <= self._text.indent_of_line(self.blocks[-1].line)


def _is_block(descriptor: Descriptor, name: str) -> bool:
    """Whether a message has a field of this name that is itself a message."""
    field = descriptor.fields_by_name.get(name)
    return field is not None and field.message_type is not None
