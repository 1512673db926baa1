"""What the command line tells of a mistake, on one line: tests ask what is said, and where.

The form itself, with its source lines and carets, is what ``tests/messages`` has.
"""

from __future__ import annotations

import re

_HEAD = re.compile(r"(error|warning|note)\[\w+\]: (.*)")
_PLACE = re.compile(r" *--> (.*)")
_HELP = re.compile(r" += (help|note): (.*)")
_SHOWN = re.compile(r" *\d* \|| *::: ")


def one_line_each(printed: str) -> str:
    """Each ``error[CODE]: message`` with what is below it as ``error: PLACE: message; help``.

    Args:
        printed: on stderr; lines that belong to no such message are left as they are.
    """
    lines: list[str] = []
    inside = False
    for line in printed.splitlines():
        if head := _HEAD.fullmatch(line):
            lines.append(f"{head[1]}: {head[2]}")
            inside = True
        elif inside and (place := _PLACE.fullmatch(line)):
            kind, _, message = lines[-1].partition(": ")
            lines[-1] = f"{kind}: {place[1]}: {message}"
        elif inside and (remark := _HELP.fullmatch(line)):
            lines[-1] += f"; {remark[2]}"
        elif not (inside and (_SHOWN.match(line) or not line)):
            lines.append(line)
            inside = False
    return "".join(f"{line}\n" for line in lines)
