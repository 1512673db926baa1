"""What to say of a file that is not there, besides that."""

from __future__ import annotations

import os


def tilde_hint(name: str | os.PathLike[str]) -> str:
    """A clause about a name that begins with ``~``, which only shells understand; else ""."""
    text = os.fspath(name)
    if not isinstance(text, str) or not text.startswith("~"):
        return ""
    full = os.path.expanduser(text)
    where = f"write '{full}'" if full != text else "write the folder's name"
    return f"; `~` is not a folder here, as in Caffe: {where}"


def beside_hint(name: str | os.PathLike[str], named_in: str) -> str:
    """A clause about a file that is there beside the file that names it; else ""."""
    text = os.fspath(name)
    if not isinstance(text, str) or os.path.isabs(text) or not os.path.dirname(named_in):
        return ""
    beside = os.path.join(os.path.dirname(named_in), text)
    if "\0" in beside or not os.path.exists(beside):
        return ""
    return (
        f"; names count from the current folder, '{os.getcwd()}', not from that of the file they "
        f"are in: write '{beside}', or run in '{os.path.dirname(named_in)}'"
    )
