"""A stopwatch (pycaffe's ``Timer``)."""

from __future__ import annotations

import time


class Timer:
    """Measures the time from :meth:`start` to :meth:`stop`, read as :attr:`ms`."""

    def __init__(self) -> None:
        self._started: float | None = None
        self._seconds = 0.0

    def start(self) -> None:
        """Begin to measure, unless it is measuring already."""
        if self._started is None:
            self._started = time.perf_counter()

    def stop(self) -> None:
        """End measuring; nothing happens when it is not."""
        if self._started is not None:
            self._seconds = time.perf_counter() - self._started
            self._started = None

    @property
    def ms(self) -> float:
        """The milliseconds of the last measurement (a running one is stopped); 0 before any."""
        self.stop()
        return self._seconds * 1000
