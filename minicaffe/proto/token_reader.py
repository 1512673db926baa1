"""The tokens of a prototxt one after another, what is wrong with them, and how to read on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from minicaffe.errors import MAX_COUNTED, Problem, PrototxtError
from minicaffe.proto.lexer import CLOSING, END, SIGN, WORD, Text, Token, foreign

MAX_PROBLEMS = 50
#: Quotation marks of word processors.
CURLY_QUOTES = "\u201c\u201d\u201e\u201f\u2018\u2019\u201a\u00ab\u00bb"


class Wrong(Exception):
    """A problem after which the reader has to find the next field."""

    def __init__(
        self, token: Token, message: str, kind: type[PrototxtError] = PrototxtError
    ) -> None:
        super().__init__(message)
        self.token, self.message, self.kind = token, message, kind


class TokenReader:
    """Reads tokens and collects problems; it knows nothing of messages.

    Args:
        text: what the file holds.
        path: the file's name, for messages.

    Attributes:
        next: the token to be read.
        last: the token before it.
        problems: what was wrong so far, at most ``MAX_PROBLEMS``.
        more: how many problems there were beyond these.
        kind: the class of the error that the first problem makes.
    """

    def __init__(self, text: Text, path: str | None) -> None:
        self.text = text
        self.path = path
        self.problems: list[Problem] = []
        self.more = 0
        self.kind = PrototxtError
        self._tokens = text.tokens()
        self.next = self.last = next(self._tokens)
        self._following = next(self._tokens, self.next)
        self._said: set[str] = set()  # what is said once a file

    def take(self) -> Token:
        """Read a token."""
        token = self.last = self.next
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

    def at_list(self) -> bool:
        """Whether a colon and a list follow."""
        return self.next.text == ":" and self._following.text == "["

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
                self.go_to(len(self.text.text))
            return
        self.kind = self.kind if self.problems else kind
        text, path = self.text, self.path
        others = tuple(text.problem(text.token_from(n), told, path) for n, told in related)
        found = text.problem(token, message, path)
        self.problems.append(replace(found, code=kind.code, related=others))

    def complain_once(self, token: Token, message: str) -> None:
        """Note a kind of problem where it is first met: the others are mended like it."""
        if message not in self._said:
            self._said.add(message)
            self.complain(token, message)

    def go_to(self, offset: int) -> None:
        """Read on at another place of the text."""
        self._tokens = self.text.tokens(offset)
        self.next = next(self._tokens)
        self._following = next(self._tokens, self.next)

    # --------------------------------------------------------------- recovery

    def passed_foreign(self) -> bool:
        """Pass over what no prototxt has, a comment as C has them say, which is a mistake."""
        token = self.next
        found = foreign(self.text.text, token) if token.text in ("/", "<", ">", "=") else None
        if found is None:
            return False
        self.complain_once(token, found[0])
        self.go_to(found[1])
        return True

    def pass_curly_quotes(self, token: Token) -> None:
        """Pass over a string in typographic quotes, or what is left of its line."""
        self.complain_once(
            token,
            f"{token.text} is a typographic quote; a string is written in plain ones: \" or '",
        )
        end = re.compile(f"\n|[{CURLY_QUOTES}]").search(self.text.text, token.offset + 1)
        self.go_to(len(self.text.text) if end is None else end.end())

    def find_field(self) -> None:
        """After a mistake: pass over what is left of the field."""
        while (kind := self.next.kind) != END:
            if kind == WORD and self.at_field():
                return
            if kind == SIGN and self.next.text in "}>":
                return
            if kind == SIGN and self.next.text in CLOSING:
                self.skip_block()
            else:
                self.take()

    def skip_value(self) -> None:
        """Pass over the value of a field that is not known, whatever kind it has."""
        self.took(":")
        if self.next.kind == SIGN and self.next.text in CLOSING:
            self.skip_block()
        else:
            self.find_field()

    def skip_block(self) -> None:
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
