"""The form in which mistakes are printed, as rustc prints its own: a head, and remarks below it.

    error[MC029]: unknown flag --solvr
      = help: did you mean --solver?

Needs no package, so that a mistake in the flags is told at once, even where numpy is missing.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from minicaffe.errors import MinicaffeError, visible

BLUE = "\x1b[1;34m"
RED = "\x1b[1;31m"
_BOLD, _RESET = "\x1b[1m", "\x1b[0m"

#: Puts a text into a colour, or leaves it as it is.
Painter = Callable[[str, str], str]

#: How the beginning of a message looks that lists mistakes of several layers.
_SECOND = re.compile(r"layer '[^']*' (?!\()")


def painter(colour: bool) -> Painter:
    """What puts texts into terminals' colours, if that is wanted."""

    def paint(text: str, code: str) -> str:
        return f"{code}{text}{_RESET}" if colour else text

    return paint


def head(severity: str, code: str, text: str, tint: str, paint: Painter) -> str:
    """The first line: how much it matters, its code, and what was found."""
    return f"{paint(f'{severity}[{code}]', tint)}{paint(': ' + visible(text), _BOLD)}"


def remark(margin: str, name: str, text: str, paint: Painter) -> str:
    """A line below it, ``= help: …``, where source lines have a margin of this width."""
    return f"{margin} {paint('=', BLUE)} {paint(name, _BOLD)}: {visible(text)}"


def without_place(error: MinicaffeError, *, colour: bool = False) -> str:
    """An error that is about no file and no layer: what was found, and what to do."""
    paint = painter(colour)
    found, help = parts(error.message)
    lines = [head("error", error.code, found, RED, paint)]
    return "\n".join([*lines, *([remark(" ", "help", help, paint)] if help else [])])


def parts(message: str) -> tuple[str, str]:
    """What was found, and what to do: messages of errors have both, with a semicolon between.

    (Or a second mistake, of another layer.)
    """
    end = _end(message)
    help = message[end + 1 :].strip()
    if not help or (_SECOND.match(help) and _SECOND.match(message)):
        return message, ""
    return message[:end], help


def _end(message: str) -> int:
    """The first semicolon that is in no quotes and no parentheses; the length without one."""
    quote, depth = "", 0
    for index, sign in enumerate(message):
        if quote:
            quote = "" if sign == quote else quote
        elif sign in '`"' or (sign == "'" and not message[index - 1 : index].isalnum()):
            quote = sign
        elif sign in "()":
            depth += 1 if sign == "(" else -1
        elif sign == ";" and depth <= 0 and message[index + 1 : index + 2] == " ":
            return index
    return len(message)
