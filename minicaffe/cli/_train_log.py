"""Reading the log of a training, Caffe's or minicaffe's."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from minicaffe.errors import DataError
from minicaffe.files import open_to_read

# glog's prefix: level, month and day (newer versions put the year before them), time of day
_STAMP = re.compile(r"[IWEF](\d{4})?(\d\d)(\d\d) (\d\d):(\d\d):(\d\d)\.(\d{1,6}) ")
_ITERATION = re.compile(r"Iteration (\d+)")
_NUMBER = r"([-+.\deE]+|[-+]?nan|[-+]?inf)"
_LOSS = re.compile(rf"Iteration (\d+)\b.*, loss = {_NUMBER}")
_RATE = re.compile(rf"Iteration (\d+), lr = {_NUMBER}")
_OUTPUT = re.compile(rf"(Train|Test) net output #(\d+): (\S+) = {_NUMBER}")


@dataclass(frozen=True)
class Value:
    """A number that a line of the log states.

    Attributes:
        kind: ``rate`` and ``loss`` (the smoothed one), or ``train`` and ``test`` for what one
            of these nets gave.
        iteration: the last one that was named before or in the line.
        seconds: since the line that begins the training.
        name: of the output's blob.
        index: the output's number.
    """

    kind: str
    iteration: int
    seconds: float
    value: float
    name: str = ""
    index: int = 0


def read_values(path: str) -> list[Value]:
    """All numbers in a log, in order.

    Raises:
        DataError: the file cannot be read, or no training begins in it.
    """
    return list(_values(path))


def _values(path: str) -> Iterator[Value]:
    iteration = None
    for seconds, text in _lines(path):
        named = _ITERATION.search(text)
        if named:
            iteration = int(named[1])
        if iteration is None:
            continue
        for kind, pattern in (("loss", _LOSS), ("rate", _RATE)):
            if found := pattern.search(text):
                yield _value(path, found[2], kind, iteration, seconds)
        if found := _OUTPUT.search(text):
            yield _value(
                path, found[4], found[1].lower(), iteration, seconds, found[3], int(found[2])
            )


def _value(
    path: str, text: str, kind: str, iteration: int, seconds: float, name: str = "", index: int = 0
) -> Value:
    try:
        number = float(text)
    except ValueError:
        raise DataError(
            f"the log says '{text}' at iteration {iteration}, expected a number", path=path
        ) from None
    return Value(kind, iteration, seconds, number, name, index)


def _lines(path: str) -> Iterator[tuple[float, str]]:
    """Seconds and text of each line after the one that begins the training."""
    try:
        with open_to_read(path, pipes=True) as stream:
            lines = stream.read().decode("utf-8", "replace").splitlines()
        year = datetime.fromtimestamp(os.path.getctime(path)).year
    except OSError as reason:
        raise DataError(f"cannot read the log: {reason.strerror}", path=path) from reason
    start = last = None
    for line in lines:
        moment = _moment(line, year)
        if moment is None:
            continue
        if start is None:
            if "] Solving " in line:
                start = last = moment
            continue
        if last is not None and moment.month < last.month:  # a new year
            year += 1
            moment = _moment(line, year) or moment
        last = moment
        yield (moment - start).total_seconds(), line.partition("] ")[2]
    if start is None:
        raise DataError(
            "no line says '] Solving NET', with which the log of a training begins; choose "
            "another file (caffe train writes its log to stderr)",
            path=path,
        )


def _moment(line: str, year: int) -> datetime | None:
    """When a line was written; None for those without glog's prefix."""
    stamp = _STAMP.match(line)
    if stamp is None:
        return None
    month, day, hour, minute, second = map(int, stamp.groups()[1:6])
    fraction = int(stamp[7].ljust(6, "0"))
    try:
        return datetime(int(stamp[1] or year), month, day, hour, minute, second, fraction)
    except ValueError:  # no such day or hour
        return None
