"""Names by patterns: which names are meant, and what they become."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from minicaffe.errors import DataError
from minicaffe.errors.reading import cannot_read
from minicaffe.files import open_to_read

#: In place of a new name: what has the old one is left out.
LEFT_OUT = "-"

_LARGEST = 2**24  # bytes of a file of names


class Match(NamedTuple):
    """A name that a pattern matches.

    Attributes:
        stars: the characters in the place of each ``*``.
        rest: what follows, from the dot on: the name of a parameter.
    """

    stars: tuple[str, ...]
    rest: str


def match(pattern: str, name: str, *, whole: bool = False) -> Match | None:
    """Whether a pattern names a layer or one of its parameters.

    Args:
        pattern: a name, in which ``*`` is any characters; ``conv1`` matches
            ``conv1.weight`` too.
        name: a layer's and a parameter's with a dot between them.
        whole: the name is a layer's alone, whose dots mean nothing.
    """
    layer, dot, parameter = ("", "", "") if whole else name.rpartition(".")
    stars = _stars(pattern, layer) if dot else None
    if stars is not None:  # of a layer, and the name is its parameter's
        return Match(stars, f".{parameter}")
    stars = _stars(pattern, name)
    return None if stars is None else Match(stars, "")


def _stars(pattern: str, name: str) -> tuple[str, ...] | None:
    """The characters in the place of each ``*``, as few as will do; None where nothing fits.

    Words between stars are found one after another, so the time is that of reading the name.
    """
    first, *words = pattern.split("*")
    if not words:
        return () if name == first else None
    if not name.startswith(first):
        return None
    at, stars = len(first), []
    for word in words[:-1]:
        found = name.find(word, at)
        if found < 0:
            return None
        stars.append(name[at:found])
        at = found + len(word)
    end = len(name) - len(words[-1])
    if end < at or not name.endswith(words[-1]):
        return None
    return (*stars, name[at:end])


class Rule(NamedTuple):
    """Old names and what they become.

    Attributes:
        old: a pattern of :func:`match`.
        new: the name in its place; each ``*`` becomes what the one of the same number in
            ``old`` has matched. ``-`` for what is left out.
        place: where it is written, for messages.
    """

    old: str
    new: str
    place: str = ""

    def apply(self, name: str, *, whole: bool = False) -> str | None:
        """What a name becomes; None for one that the rule does not match.

        Args:
            name, whole: as for :func:`match`.
        """
        found = match(self.old, name, whole=whole)
        if found is None:
            return None
        if self.new == LEFT_OUT:
            return LEFT_OUT
        stars = iter(found.stars)
        return re.sub(r"\*", lambda _: next(stars), self.new) + found.rest

    def turned(self) -> Rule:
        """From new names to old ones.

        Raises:
            DataError: several old names become one.
        """
        if LEFT_OUT not in (self.old, self.new) and self.old.count("*") != self.new.count("*"):
            raise DataError(
                f"{self.place}: which of `{self.old}` `{self.new}` becomes is not certain"
            )
        return Rule(self.new, self.old, self.place)


class Renaming:
    """What names become by rules, of which the first that matches counts.

    Args:
        rules: in order.
        whole: names are those of layers alone.
    """

    def __init__(self, rules: Iterable[Rule] = (), *, whole: bool = False) -> None:
        self.rules = list(rules)
        self._whole = whole
        self._used: set[Rule] = set()  # those that a name has matched

    def __call__(self, name: str) -> str | None:
        """The new name, the old one where no rule matches; None for what is left out."""
        for rule in self.rules:
            new = rule.apply(name, whole=self._whole)
            if new is not None:
                self._used.add(rule)
                return None if new == LEFT_OUT else new
        return name

    @property
    def unused(self) -> list[Rule]:
        """The rules that no name has matched."""
        return [rule for rule in self.rules if rule not in self._used]

    def turned(self) -> Renaming:
        """From new names to old ones."""
        return Renaming((rule.turned() for rule in self.rules), whole=self._whole)


def parse_rules(texts: Sequence[str], sign: str = "=") -> list[Rule]:
    """The rules ``OLD=NEW`` of a command line.

    Raises:
        DataError: another form; tells all that are wrong.
    """
    rules, wrong = [], []
    for text in texts:
        old, found, new = text.partition(sign)
        rule = Rule(old.strip(), new.strip(), f"`{text}`")
        mistake = f"expected OLD{sign}NEW" if not found else _mistake(rule)
        wrong += [f"{rule.place}: {mistake}"] if mistake else []
        rules.append(rule)
    if wrong:
        raise DataError("; ".join(wrong))
    return rules


def read_rules(path: str) -> list[Rule]:
    """The rules of a file: a line each, the old name and the new one; what follows # is a comment.

    Raises:
        DataError: the file cannot be read, or has lines of another form; tells the first ten.
    """
    try:
        with open_to_read(path, pipes=True) as stream:
            raw = stream.read(_LARGEST + 1)
        if len(raw) > _LARGEST:
            raise DataError(f"more than {_LARGEST:,} bytes, which are no names", path=path)
        text = raw.decode("utf-8-sig")
    except (OSError, ValueError) as reason:
        raise cannot_read(path, reason) from reason
    rules: list[Rule] = []
    wrong: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        if len(words) == 2:
            rules.append(Rule(words[0], words[1], f"{path}:{number}"))
        mistake = _mistake(rules[-1]) if len(words) == 2 else f"{len(words)} words, not OLD NEW"
        wrong += [f"line {number}: {mistake}"] if mistake else []
    if wrong:
        more = [f"and {len(wrong) - 10} more"] if len(wrong) > 10 else []
        raise DataError("; ".join([*wrong[:10], *more]), path=path)
    return rules


def _mistake(rule: Rule) -> str:
    if not rule.old or not rule.new:
        return "a name is missing"
    if LEFT_OUT not in (rule.old, rule.new) and rule.new.count("*") > rule.old.count("*"):
        return f"the new name has more * than the old one, `{rule.old}`"
    return ""
