"""Trainings of other processes: their logs, read again and again as they grow.

Two kinds are read: the JSON lines of ``train --log-json``, and the log of ``caffe train`` or
``minicaffe train``.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Mapping

from minicaffe.dashboard.run import Run, chart_of
from minicaffe.errors import MinicaffeError
from minicaffe.errors.reading import cannot_read
from minicaffe.files import open_to_read, short_names
from minicaffe.solver.train_log import read_values

_SECONDS = 1.0
_FIRST = 64  # bytes, enough to tell the kinds apart


class Follower:
    """Reads logs into runs, at once and then once a second in a thread of its own.

    A context manager, which ends the thread.

    Args:
        paths: the logs.

    Raises:
        DataError: one of them cannot be read, or is no log.
    """

    def __init__(self, paths: list[str]) -> None:
        names = short_names(paths)
        self._logs = [_Log(path, name) for path, name in zip(paths, names, strict=True)]
        self.read()
        self.runs = [log.run for log in self._logs]
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="logs", daemon=True)

    def __enter__(self) -> Follower:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def read(self) -> None:
        """Read what is new in each log.

        Raises:
            DataError: one of them cannot be read, or is no log.
        """
        for log in self._logs:
            log.read()

    def _follow(self) -> None:
        while not self._ended.wait(_SECONDS):
            for log in self._logs:  # each by itself: one that is being replaced keeps none waiting
                try:
                    log.read()
                except MinicaffeError as error:
                    log.run.note(status=str(error))


class _Log:
    """One file and what it has held so far."""

    def __init__(self, path: str, name: str) -> None:
        self._path = path
        self._size = -1
        self._at = 0  # what of a JSON file has been read
        self.run = Run(name)
        try:
            with open_to_read(path) as stream:
                self._is_json = stream.read(_FIRST).lstrip().startswith(b'{"event"')
        except OSError as reason:
            raise cannot_read(path, reason) from reason

    def read(self) -> None:
        """Read what is new; a log in Caffe's format from its beginning."""
        size = os.path.getsize(self._path) if os.path.exists(self._path) else -1
        if size == self._size:
            return
        if size < self._size or not self._is_json:
            self._at = 0
            self.run.clear()
        self._size = size
        if self._is_json:
            self._read_lines()
        else:
            self._read_log()

    def _read_lines(self) -> None:
        try:
            with open_to_read(self._path) as stream:
                stream.seek(self._at)
                found = stream.read()
        except OSError as reason:
            raise cannot_read(self._path, reason) from reason
        whole = found.rfind(b"\n") + 1  # what comes after it is being written
        self._at += whole
        for line in found[:whole].splitlines():
            try:
                event = json.loads(line)
            except ValueError:  # a line that a killed process left unfinished
                continue
            if isinstance(event, dict):
                _add(self.run, event)

    def _read_log(self) -> None:
        values = read_values(self._path)
        for reading in values:
            if reading.kind == "loss":
                self.run.add("loss", "train loss", reading.iteration, reading.value)
            elif reading.kind == "rate":
                self.run.add("learning rate", "learning rate", reading.iteration, reading.value)
            elif reading.kind == "test" or "loss" not in reading.name:  # that line has been read
                name = f"{reading.kind} {reading.name}"
                self.run.add(chart_of(reading.name), name, reading.iteration, reading.value)
        if values:
            last = values[-1]
            per_second = last.iteration / last.seconds if last.seconds > 0 else 0.0
            newest = {reading.kind: reading.value for reading in values}
            self.run.note(
                iter=last.iteration, loss=newest.get("loss"), lr=newest.get("rate"),
                per_second=per_second, status="log",
            )  # fmt: skip


def _add(run: Run, event: Mapping[str, object]) -> None:
    """Add one line of JSON; whatever is not as minicaffe writes it is left out."""
    iteration, kind = event.get("iter"), event.get("event")
    if not isinstance(iteration, int):
        return
    if kind == "start":
        run.note(net=str(event.get("net")), iter=iteration, end=event.get("end"), status="training")
    elif kind == "iteration":
        for chart, name, key in (
            ("loss", "train loss", "smoothed_loss"), ("learning rate", "learning rate", "rate"),
        ):  # fmt: skip
            value = event.get(key)
            if isinstance(value, float | int):
                run.add(chart, name, iteration, value)
        run.note(iter=iteration, loss=event.get("smoothed_loss"), lr=event.get("rate"))
    elif kind in ("test_result", "display"):
        _add_outputs(run, iteration, event)
    elif kind == "stats" and isinstance(event.get("arrays"), list):
        run.show_stats(iteration, [a for a in event["arrays"] if isinstance(a, dict)])  # type: ignore[attr-defined]
    elif kind in ("snapshot", "snapshot_failed"):
        run.tell(f"iteration {iteration}: {event.get('path') or event.get('reason')}")
    elif kind == "finish":
        run.note(status="stopped early" if event.get("early") else "done")


def _add_outputs(run: Run, iteration: int, event: Mapping[str, object]) -> None:
    outputs = event.get("outputs")
    test = event.get("event") == "test_result"
    run.add_outputs(
        "test" if test else "train",
        iteration,
        [
            (str(out.get("name")), float(out["value"]))
            for out in (outputs if isinstance(outputs, list) else [])
            if isinstance(out, dict)
            and isinstance(out.get("value"), float | int)
            and (test or not out.get("loss_weight"))
        ],
        event.get("net") if test else 0,
    )
