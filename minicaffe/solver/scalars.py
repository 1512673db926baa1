"""A training's numbers for other programs: a CSV table, and TensorBoard's event files."""

from __future__ import annotations

import csv
import time
from collections.abc import Iterator
from typing import NamedTuple

from minicaffe.errors import SolverError, require
from minicaffe.files import WRITING_ADVICE
from minicaffe.solver import events


class Scalar(NamedTuple):
    """One number of a training.

    Attributes:
        name: ``train/loss`` (smoothed), ``train/rate``, ``test/accuracy`` (``test1/…`` for the
            second test net; elements of one blob end with ``[index]``), ``gradient/conv1[0]``,
            ``update/conv1[0]``.
        iteration: how many updates the weights have had.
        value: the number.
    """

    name: str
    iteration: int
    value: float


def scalars(event: events.Event) -> Iterator[Scalar]:
    """The numbers that an event brings; most bring none."""
    if isinstance(event, events.Iteration):
        yield Scalar("train/loss", event.iter, event.smoothed_loss)
        yield Scalar("train/rate", event.iter, event.rate)
    elif isinstance(event, events.TestResult):
        prefix = f"test{event.net or ''}"
        names = [output.name for output in event.outputs or []]
        for output in event.outputs or []:
            place = f"[{output.index}]" if names.count(output.name) > 1 else ""
            yield Scalar(f"{prefix}/{output.name}{place}", event.iter, output.value)
    elif isinstance(event, events.Stats):
        for array in event.arrays:
            for kind, value in (("gradient", array.gradient), ("update", array.update)):
                if value is not None:
                    yield Scalar(f"{kind}/{array.name}", event.iter, value)


class CsvObserver(events.Observer):
    """Adds a line ``name,iteration,seconds,value`` to a table for each number.

    ``seconds`` are counted from when the file was opened. A context manager, which closes the file.

    Args:
        path: the file; lines are added to what it holds.

    Raises:
        SolverError: it cannot be written.
    """

    def __init__(self, path: str) -> None:
        try:
            self._stream = open(path, "a", encoding="utf-8", newline="")  # noqa: SIM115  (__exit__)
        except (OSError, ValueError) as reason:  # ValueError: the name holds a NUL
            text = getattr(reason, "strerror", None) or reason
            raise SolverError(
                f"the table cannot be written ({text}); {WRITING_ADVICE}", path=path
            ) from reason
        self._writer = csv.writer(self._stream, lineterminator="\n")
        self._start = time.monotonic()
        if self._stream.tell() == 0:
            self._writer.writerow(["name", "iteration", "seconds", "value"])

    def __enter__(self) -> CsvObserver:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()

    def on_event(self, event: events.Event) -> None:
        """Write what it brings, at once."""
        for name, iteration, value in scalars(event):
            seconds = round(time.monotonic() - self._start, 3)
            self._writer.writerow([name, iteration, seconds, repr(value)])
            self._stream.flush()


class TensorBoardObserver(events.Observer):
    """Writes the numbers as TensorBoard reads them.

    A context manager, which closes the file.

    Args:
        folder: of this training; TensorBoard compares the folders beside each other.

    Raises:
        MissingExtraError: tensorboardX is not installed.
        SolverError: the folder cannot be written.
    """

    def __init__(self, folder: str) -> None:
        writer = require("tensorboardX", extra="tensorboard", purpose="writing TensorBoard's files")
        try:
            self._writer = writer.SummaryWriter(folder, write_to_disk=True)
        except OSError as reason:
            text = f"the folder cannot be written ({reason.strerror or reason}); {WRITING_ADVICE}"
            raise SolverError(text, path=folder) from reason

    def __enter__(self) -> TensorBoardObserver:
        return self

    def __exit__(self, *_: object) -> None:
        self._writer.close()

    def on_event(self, event: events.Event) -> None:
        """Write what it brings."""
        for name, iteration, value in scalars(event):
            self._writer.add_scalar(name, value, iteration)
