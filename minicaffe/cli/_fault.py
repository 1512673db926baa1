"""What the command line says of an exception that is not minicaffe's own.

Whatever a user does wrong raises a :class:`minicaffe.MinicaffeError`, which says so. Another
exception is minicaffe's fault: its trace goes into a file, and two lines say where and what to do.
"""

from __future__ import annotations

import errno
import os
import platform
import shlex
import sys
import tempfile
import traceback
from collections.abc import Sequence

import minicaffe
from minicaffe.errors import MemoryLimitError, MinicaffeError, MissingPackageError, visible

#: The exit status of the command after a fault of its own (BSD's EX_SOFTWARE).
STATUS = 70

#: What minicaffe cannot do without, by the name of the module.
_NEEDED = {"numpy": "numpy", "google": "protobuf", "google.protobuf": "protobuf", "yaml": "pyyaml"}
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG)
_LONGEST = 200  # of an exception's text in the message; the file has all of it


def outside_error(error: Exception) -> MinicaffeError | None:
    """What is wrong with the world outside, where the exception is about that."""
    if isinstance(error, ModuleNotFoundError) and error.name in _NEEDED:
        package = _NEEDED[error.name]
        return MissingPackageError(
            f"minicaffe needs the package {package}, which is not here; pip install {package}"
        )
    if isinstance(error, OSError) and error.errno in _NO_ROOM and error.filename is None:
        return MinicaffeError(f"cannot write the output: {error.strerror}")
    if isinstance(error, MemoryError):
        reason = str(error) or "no reason is given"
        return MemoryLimitError(
            f"there is not enough memory: {reason}; lower batch_size, or make the net smaller"
        )
    return None


def report_fault(error: Exception, words: Sequence[str]) -> None:
    """Write the trace into a file, and on stderr whose fault it is, where the file is and what
    to report; with ``--traceback`` among the command's words, the trace itself.

    Args:
        error: what was raised.
        words: the command line, without the program's name.
    """
    text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    text = visible(text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…")
    print(f"error: this is a fault of minicaffe, not of yours: {text}", file=sys.stderr)
    report = _report(error, words)
    path = None if "--traceback" in words else _written(report)
    if path is None:
        print(report, file=sys.stderr, end="")
        return
    print(
        f"please report it with the file {path}, which holds the trace, and with the files that "
        "the command was given (--traceback shows the trace here)",
        file=sys.stderr,
    )


def _report(error: Exception, words: Sequence[str]) -> str:
    trace = "".join(traceback.format_exception(error))
    versions = f"minicaffe {minicaffe.__version__}, Python {platform.python_version()}"
    for name in ("numpy", "google.protobuf"):
        if name in sys.modules:  # else it has no part in this
            versions += f", {name} {getattr(sys.modules[name], '__version__', 'of no version')}"
    command = shlex.join(["minicaffe", *words])
    return visible(f"{versions}, {platform.platform()}\n{command}\n\n{trace}", lines=True)


def _written(report: str) -> str | None:
    """The path of a new file with the report; None where none can be written."""
    try:
        descriptor, path = tempfile.mkstemp(prefix="minicaffe-", suffix=".txt")
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(report)
    except OSError:
        return None
    return path
