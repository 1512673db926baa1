"""A training's events as JSON lines, for other programs: ``train --log-json FILE``."""

from __future__ import annotations

import dataclasses
import json
import math
import re
import time

from minicaffe.errors import SolverError
from minicaffe.files import WRITING_ADVICE
from minicaffe.solver import events


class JsonObserver(events.Observer):
    """Writes a line for each event: ``{"event": "iteration", "time": …, "iter": …, …}``.

    The names are those of the classes in :mod:`minicaffe.solver.events` and of their attributes;
    ``time`` is in seconds since 1970. Numbers that JSON does not have (NaN, infinity) are null.
    Each line is written at once, so that another program can follow a training.

    A context manager, which closes the file.

    Args:
        path: the file; lines are added to what it holds, so that a training that is resumed goes
            on in it.

    Raises:
        SolverError: it cannot be written.
    """

    def __init__(self, path: str) -> None:
        try:
            self._stream = open(path, "a", encoding="utf-8")  # noqa: SIM115  (see __exit__)
        except (OSError, ValueError) as reason:  # ValueError: the name holds a NUL
            text = getattr(reason, "strerror", None) or reason
            raise SolverError(
                f"the log cannot be written ({text}); {WRITING_ADVICE}", path=path
            ) from reason

    def __enter__(self) -> JsonObserver:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()

    def on_event(self, event: events.Event) -> None:
        name = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", type(event).__name__).lower()
        fields = {key: _plain(value) for key, value in dataclasses.asdict(event).items()}
        line = json.dumps({"event": name, "time": round(time.time(), 3)} | fields)
        self._stream.write(line + "\n")
        self._stream.flush()


def _plain(value: object) -> object:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list | tuple) else value
