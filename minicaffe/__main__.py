"""Where the command ``minicaffe``, ``python -m minicaffe`` and the scripts in ``tools/`` begin.

Until the command line's own imports are over, Ctrl-C ends the process here: with the exit status
that it always has, and without a traceback of whatever was just being imported. The package itself,
which is imported before, imports next to nothing; a verb's imports come later.
"""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType


def main(*verb: str) -> int:
    """Run the command line; ``verb`` comes before the process's own arguments.

    Returns:
        The exit status, as :func:`minicaffe.cli.main` does.
    """
    python_handles = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if python_handles:  # a shell's `minicaffe ... &` ignores Ctrl-C
        signal.signal(signal.SIGINT, _leave)
    from minicaffe import cli

    if python_handles:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    return cli.main([*verb, *sys.argv[1:]])


def tool(script: str) -> int:
    """Run the verb that a script in ``tools/`` is named after: ``tools/train.py`` is ``train``."""
    name, _ = os.path.splitext(os.path.basename(script))
    return main(name)


def _leave(number: int, frame: FrameType | None) -> None:
    os._exit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
