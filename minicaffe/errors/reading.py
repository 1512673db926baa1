"""What is said of files that cannot be read, in one form for all readers."""

from __future__ import annotations

import os

from minicaffe.errors import DataError, MinicaffeError, closest, tilde_hint
from minicaffe.errors.mistakes import MissingFileError

_LISTED = 1000  # names of a folder that are compared with the one that is missing


def cannot_read(
    path: str | os.PathLike[str],
    reason: Exception,
    kind: type[MinicaffeError] = DataError,
    what: str = "",
    *,
    more: str = "",
) -> MinicaffeError:
    """The error of a file that cannot be read, to be raised from its reason.

    Args:
        path: the file's name.
        reason: the ``OSError`` or ``ValueError`` of opening, reading or decoding it.
        kind: the class, but for a file that is not there: that is a ``MissingFileError``.
        what: what the file is, such as "image list", where another file names it; the message has
            the name then, and its place is left open. Else the place is the file.
        more: what else there is to say, after a semicolon.
    """
    name = os.fspath(path)
    found, hint = _found(name, reason)
    kind = MissingFileError if isinstance(reason, FileNotFoundError) else kind
    if not what:
        shown = name if name.isprintable() else ascii(name)
        return kind("; ".join(part for part in (found, more, hint) if part), path=shown or None)
    seen = f" (as seen from {os.getcwd()})" if kind is MissingFileError and _counts(name) else ""
    told = f"cannot read {what} {shown_name(name)}: {found}{seen}"
    return kind("; ".join(part for part in (told, more, hint) if part))


def listed_in(error: MinicaffeError, source: str, who: str = "") -> MinicaffeError:
    """An error about a file with the list that names the file, to be raised from its cause.

    Args:
        error: its message has what was found, a semicolon, and what to do.
        source: the list.
        who: what of the list it is about, where the message does not say that.
    """
    found, joint, help = error.message.partition("; ")
    who = who or (shown_name(error.path) if error.path else "")
    told = f"{f'{who}: ' if who else ''}{found}, listed in {shown_name(source)}"
    return type(error)(told + joint + help)


def shown_name(path: str) -> str:
    """A file's name in quotes for an error message, its unprintable characters escaped."""
    return f"'{path}'" if path.isprintable() else ascii(path)


def near_file(path: str) -> str:
    """What may be meant by the name of a file that is not there; "" where nothing is known.

    Args:
        path: the missing one.
    """
    if hint := tilde_hint(path):
        return hint.removeprefix("; ")
    folder, name = os.path.split(path)
    if not path or "\0" in path or os.path.exists(path):
        return ""
    try:
        stem, _, ending = name.partition(".")
        there = [other.partition(".") for other in sorted(os.listdir(folder or "."))[:_LISTED]]
        stems = [first for first, _, other in there if other == ending or first == stem]
        near = closest(stem, stems)
        found = [first + dot + other for first, dot, other in there if first == near]
        found.sort(key=lambda other: not other.endswith(ending))
        return f"did you mean `{found[0]}`?" if found else ""
    except OSError:
        return f"there is no folder `{folder}` either"


def _found(name: str, reason: Exception) -> tuple[str, str]:
    """What is wrong, and what may be meant."""
    if isinstance(reason, FileNotFoundError):
        return (
            ("there is no such file", near_file(name))
            if name
            else ("the name of the file is empty", "")
        )
    if isinstance(reason, IsADirectoryError):
        return "this is a folder, a file is expected", ""
    if isinstance(reason, UnicodeDecodeError):
        return "this is no text in UTF-8", ""
    if isinstance(reason, OSError):
        return f"the system does not let it be read ({reason.strerror or reason})", ""
    return f"this is no file name ({reason})", ""


def _counts(name: str) -> bool:
    """Whether a name counts from the current folder."""
    return bool(name) and not os.path.isabs(name) and not name.startswith("~")
