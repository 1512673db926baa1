"""Reading the log of a training, Caffe's or minicaffe's."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from minicaffe.errors import DataError, visible
from minicaffe.errors.reading import cannot_read
from minicaffe.files import open_to_read

# glog's prefix: level, month and day (newer versions put the year before them), time of day
_STAMP = re.compile(
    r"[IWEF]([0-9]{4})?([0-9]{2})([0-9]{2}) ([0-9]{2}):([0-9]{2}):([0-9]{2})\.([0-9]{1,6}) "
)
# What is searched for in a line begins with fixed words and has one way to go on from there: a
# pattern with a ".*" in it would take the square of a line's length.
_ITERATION = re.compile(r"Iteration ([0-9]+)")
_NUMBER = r"([-+.0-9eE]+|[-+]?nan|[-+]?inf)"
_LOSS = re.compile(_NUMBER)
_RATE = re.compile(rf"lr = {_NUMBER}")
_OUTPUT = re.compile(rf"(Train|Test) net output #([0-9]{{1,9}}): (\S+) = {_NUMBER}")
_SCORE = re.compile(rf"Test score #([0-9]{{1,9}}): {_NUMBER}")  # until the middle of 2014

_LAST_ITERATION = 2**31 - 1  # Caffe counts in an int
_AFTER_LOSS = ", loss = "


@dataclass(frozen=True, slots=True)
class Reading:
    """A number that a line of the log states.

    Attributes:
        kind: ``rate`` and ``loss`` (the smoothed one), or ``train`` and ``test`` for what one
            of these nets gave.
        iteration: the last one that was named before or in the line.
        seconds: since the line that begins the training.
        name: of the output's blob; "score #0" and so on in logs that name none.
        index: the output's number.
    """

    kind: str
    iteration: int
    seconds: float
    value: float
    name: str = ""
    index: int = 0


def read_values(path: str) -> list[Reading]:
    """All numbers in a log, in order.

    Raises:
        DataError: the file cannot be read, or no training begins in it.
    """
    return list(_values(path))


def _values(path: str) -> Iterator[Reading]:
    iteration = None
    for seconds, text in _lines(path):
        named = _ITERATION.search(text)
        if named:
            iteration = _whole(path, named[1])
        if iteration is None or seconds is None:
            continue
        if named and (loss := _loss(text, named.end())):
            yield _value(path, loss, "loss", iteration, seconds)
        if found := _RATE.search(text):
            yield _value(path, found[1], "rate", iteration, seconds)
        if found := _OUTPUT.search(text):
            yield _value(
                path, found[4], found[1].lower(), iteration, seconds, found[3], int(found[2])
            )
        elif found := _SCORE.search(text):
            number = int(found[1])
            yield _value(path, found[2], "test", iteration, seconds, f"score #{number}", number)


def _loss(text: str, start: int) -> str | None:
    """The loss that a line states after ``start``; the smoothed one is the last on its line."""
    at = text.rfind(_AFTER_LOSS, start)
    found = _LOSS.match(text, at + len(_AFTER_LOSS)) if at >= 0 else None
    return found[1] if found else None


def _whole(path: str, digits: str) -> int:
    if len(digits) > 18 or int(digits) > _LAST_ITERATION:
        shown = digits if len(digits) <= 20 else f"{digits[:19]}…"
        raise DataError(
            f"the log says 'Iteration {shown}', and no training counts further than "
            f"{_LAST_ITERATION}",
            path=path,
        )
    return int(digits)


def _value(
    path: str, text: str, kind: str, iteration: int, seconds: float, name: str = "", index: int = 0
) -> Reading:
    try:
        number = float(text)
    except ValueError:
        raise DataError(
            f"the log says '{text}' at iteration {iteration}, expected a number", path=path
        ) from None
    return Reading(kind, iteration, seconds, number, visible(name), index)


def _lines(path: str) -> Iterator[tuple[float | None, str]]:
    """Seconds and text of each line after the one that begins the training.

    Something else may have been printed before a log line, without a line's end; and lines
    without glog's prefix count for the iteration that they name, as in Caffe's script.
    """
    try:
        with open_to_read(path, pipes=True) as stream:
            lines = stream.read().splitlines()
        year = datetime.fromtimestamp(os.path.getctime(path)).year
    except OSError as reason:
        raise cannot_read(path, reason) from reason
    start = last = None
    for raw in lines:
        line = raw.decode("utf-8", "replace")
        stamp = _STAMP.search(line)
        moment = _moment(stamp, year)
        if start is None or last is None:
            if moment is not None and "] Solving " in line:
                start = last = moment
            continue
        if stamp is None or moment is None:
            yield None, line
            continue
        if moment.month < last.month:  # a new year
            year += 1
            moment = _moment(stamp, year) or moment
        last = moment
        text = line[stamp.end() :].partition("] ")[2]
        yield (moment - start).total_seconds(), text if _ITERATION.search(text) else line
    if start is None:
        raise DataError(
            "no line says '] Solving NET', with which the log of a training begins; choose "
            "another file (caffe train writes its log to stderr)",
            path=path,
        )


def _moment(stamp: re.Match[str] | None, year: int) -> datetime | None:
    """When a line was written; None for those without glog's prefix."""
    if stamp is None:
        return None
    month, day, hour, minute, second = map(int, stamp.groups()[1:6])
    fraction = int(stamp[7].ljust(6, "0"))
    try:
        return datetime(int(stamp[1] or year), month, day, hour, minute, second, fraction)
    except ValueError:  # no such day or hour
        return None
