"""Log lines as Caffe's scripts expect them, and a line of status that stays below them.

A line looks as Google's glog writes it, because the world's scripts parse that::

    I1121 07:55:23.123456  1234 solver.py:239] Iteration 100, lr = 0.01

that is: the level's letter with month and day, the time of day, the thread's number, file
and line, and the text. The library only calls ``logging.getLogger("minicaffe")``; who runs
it decides what becomes of that. The command line calls :func:`log_to`.
"""

from __future__ import annotations

import getpass
import logging
import os
import platform
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import TextIO

from minicaffe.errors import MinicaffeError, visible, visible_arguments

#: glog's environment variable: 0 shows everything, 1 warnings, 2 errors, 3 fatal errors.
MINIMUM_LEVEL = "GLOG_minloglevel"

#: glog's environment variable for the folder of log files.
FOLDER = "GLOG_log_dir"

_LETTERS = {
    logging.DEBUG: "I",
    logging.INFO: "I",
    logging.WARNING: "W",
    logging.ERROR: "E",
    logging.CRITICAL: "F",
}
_LEVELS = {"1": logging.WARNING, "2": logging.ERROR, "3": logging.CRITICAL}


class GlogFormatter(logging.Formatter):
    """Puts glog's prefix before a record's first line (glog leaves the others as they are).

    Names that are put into a message become visible (see :mod:`minicaffe.errors`): the end of a
    line in one does not begin another line of the log.
    """

    def format(self, record: logging.LogRecord) -> str:
        """The prefix and the text."""
        when = datetime.fromtimestamp(record.created)
        letter = _LETTERS.get(record.levelno, "I")
        text = (
            f"{letter}{when:%m%d %H:%M:%S.%f} {threading.get_native_id():5d} "
            f"{record.filename}:{record.lineno}] {_message(record)}"
        )
        if record.exc_info:
            text += "\n" + visible(self.formatException(record.exc_info), lines=True)
        return text


def _message(record: logging.LogRecord) -> str:
    """What a record says, with all names visible."""
    text = str(record.msg)
    if record.args:
        try:
            text = text % visible_arguments(record.args)
        except TypeError:  # something else that counts as a number
            text = record.getMessage()
    return visible(text, lines=True)


class StatusHandler(logging.StreamHandler):
    """Writes log lines; below them is at most one line of status, redrawn at will.

    Args:
        stream: where to write; the status needs a terminal (see :func:`is_terminal`).
    """

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self.setFormatter(GlogFormatter())
        self._status = ""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record above the status."""
        status = self._status
        self.show("")
        super().emit(record)
        self.show(status)

    def show(self, status: str) -> None:
        """Replace the line of status; the empty text removes it."""
        self.acquire()
        try:
            if status != self._status:
                # back to the line's start, the new text, and nothing of the old one after it
                self.stream.write(f"\r{visible(status)}\x1b[K")
                self.stream.flush()
                self._status = status
        finally:
            self.release()


def is_terminal(stream: TextIO) -> bool:
    """Whether a line on this stream can be redrawn: a terminal that is not a dumb one."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def _least(level: int | None) -> int:
    """The level from which on lines are written."""
    return _LEVELS.get(os.environ.get(MINIMUM_LEVEL, ""), logging.INFO) if level is None else level


@contextmanager
def log_to(stream: TextIO | None = None, level: int | None = None) -> Iterator[StatusHandler]:
    """Write minicaffe's log to a stream (stderr by default) in glog's form, for a while.

    The level, or the environment variable ``GLOG_minloglevel``, leaves out what is less
    important.
    """
    logger = logging.getLogger("minicaffe")
    handler = StatusHandler(sys.stderr if stream is None else stream)
    handler.setLevel(_least(level))
    before = logger.level, logger.propagate
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    try:
        yield handler
    finally:
        handler.show("")
        logger.removeHandler(handler)
        logger.level, logger.propagate = before
        logger.setLevel(before[0])


@contextmanager
def each_line_once() -> Iterator[None]:
    """Leave out lines that minicaffe's log has had already, for a while.

    For what makes a net several times, of which each says what it has to say of its text.
    """
    logger, told = logging.getLogger("minicaffe"), set[tuple[int, str]]()

    def is_new(record: logging.LogRecord) -> bool:
        line = record.levelno, record.getMessage()
        known = line in told
        told.add(line)
        return not known

    logger.addFilter(is_new)
    try:
        yield
    finally:
        logger.removeFilter(is_new)


class _LogFile(logging.FileHandler):
    """Writes log lines into a file; a disk that is full must not end what is logged."""

    def handleError(self, record: logging.LogRecord) -> None:
        """Leave the line out: a full disk ends no training."""


@contextmanager
def log_file(
    folder: str | os.PathLike[str] | None, program: str, level: int | None = None
) -> Iterator[None]:
    """Write minicaffe's log into a file, too, for a while, named as glog names it.

    ``PROGRAM.INFO`` in the folder is a link to the newest file,
    ``PROGRAM.HOST.USER.log.INFO.DATE-TIME.PROCESS``.

    Args:
        folder: where; None means the environment variable ``GLOG_log_dir``, or no file.
        program: the program's name.
        level: leaves out what is less important, as in :func:`log_to`.

    Raises:
        MinicaffeError: the file cannot be created there.
    """
    folder = folder or os.environ.get(FOLDER)
    if not folder:
        yield
        return
    now = datetime.now()
    host = platform.node() or "unknown"
    name = f"{program}.{host}.{_user()}.log.INFO.{now:%Y%m%d-%H%M%S}.{os.getpid()}"
    path = Path(folder, name)
    try:
        path.write_text(
            f"Log file created at: {now:%Y/%m/%d %H:%M:%S}\nRunning on machine: {host}\n"
            "Log line format: [IWEF]mmdd hh:mm:ss.uuuuuu threadid file:line] msg\n"
        )
        handler = _LogFile(path, encoding="utf-8")
    except OSError as error:
        raise MinicaffeError(
            f"{path}: cannot write the log: {error.strerror}; --log_dir names a folder that "
            "exists and is writable"
        ) from None
    _link(path, Path(folder, f"{program}.INFO"))
    handler.setFormatter(GlogFormatter())
    handler.setLevel(_least(level))
    logger = logging.getLogger("minicaffe")
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        with suppress(OSError):  # what was left to write to a full disk
            handler.close()


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # no user has this number
        return "unknown"


def _link(path: Path, link: Path) -> None:
    """Let the program's own name lead to its newest log, where the system has links."""
    beside = link.with_name(path.name + ".link")
    with suppress(OSError, NotImplementedError):
        beside.symlink_to(path.name)
        beside.replace(link)
