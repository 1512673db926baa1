"""How fast a training goes, from one display to the next."""

from __future__ import annotations

import time


class Pace:
    """Measures the iterations a second between the times that it is asked."""

    def __init__(self) -> None:
        self._last: tuple[int, float] | None = None

    def since_last(self, iteration: int) -> tuple[float, float]:
        """Iterations a second, and seconds, since the last call; zeros at the first one."""
        now = time.perf_counter()
        done, then = self._last or (iteration, now)
        self._last = (iteration, now)
        seconds = now - then
        return ((iteration - done) / seconds if seconds else 0.0), seconds
