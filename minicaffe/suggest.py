"""Finds the word that somebody probably meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

_LONGEST = 100  # longer words are no mistyped names, and take long to compare


def closest(word: str, choices: Iterable[str]) -> str | None:
    """The choice most like ``word`` (upper and lower case count as alike), or None."""
    if len(word) > _LONGEST:
        return None
    by_lower = {choice.lower(): choice for choice in choices}
    found = difflib.get_close_matches(word.lower(), by_lower, n=1, cutoff=0.6)
    return by_lower[found[0]] if found else None


def did_you_mean(word: str, choices: Iterable[str]) -> str:
    """The end of an error message: ``; did you mean `X`?``, or nothing when none is close."""
    choice = closest(word, choices)
    return f"; did you mean `{choice}`?" if choice else ""
