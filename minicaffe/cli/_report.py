"""How the command line shows a mistake of the user's: as ``minicaffe lint`` shows its findings."""

from __future__ import annotations

import os
import sys
from typing import TextIO

from minicaffe.errors import MinicaffeError, SettingError
from minicaffe.errors.form import without_place


def report(error: MinicaffeError) -> None:
    """Show an error on stderr: its code, its places with their source lines, what mends it."""
    colour = takes_colour(sys.stderr)
    if error.problems or error.path or error.layer or isinstance(error, SettingError):
        from minicaffe.lint.diagnostic import of_error  # which needs numpy and protobuf
        from minicaffe.lint.render import full

        print(full(of_error(error), colour=colour), file=sys.stderr)
    else:
        print(without_place(error, colour=colour), file=sys.stderr)


def takes_colour(stream: TextIO) -> bool:
    """Whether a stream is a terminal, and the environment does not ask for plain text.

    (``NO_COLOR`` counts when it holds anything: https://no-color.org.)
    """
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return stream.isatty() and not plain
