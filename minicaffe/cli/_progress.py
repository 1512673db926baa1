"""Progress on a terminal: the bar of verbs that count."""

from __future__ import annotations

import time
from collections.abc import Callable

from minicaffe.glog import StatusHandler, is_terminal
from minicaffe.solver.progress import bar, duration, width


class Counter:
    """One line that says how many things of how many are done.

    Args:
        handler: shows the line, where it writes to a terminal.
        total: how many there are; None where that is unknown.
        what: their name, such as "images".
        clock: seconds, for the rate.
        interval: seconds between two drawings.
    """

    def __init__(
        self,
        handler: StatusHandler,
        total: int | None,
        what: str,
        *,
        clock: Callable[[], float] = time.monotonic,
        interval: float = 0.1,
    ) -> None:
        self._handler = handler
        self._shown = is_terminal(handler.stream)
        self._total = total
        self._what = what
        self._clock = clock
        self._interval = interval
        self._start = self._drawn = clock()

    def show(self, done: int, total: int | None = None) -> None:
        """Show how many are done, unless the line was drawn a moment ago.

        Args:
            done: how many.
            total: of how many, where that was not known before.
        """
        self._total = total or self._total
        now = self._clock()
        if not self._shown or now - self._drawn < self._interval:
            return
        self._drawn = now
        rate = done / max(now - self._start, 1e-9)
        if self._total is None:
            self._handler.show(f"{done} {self._what}  {rate:.3g}/s"[: width()])
            return
        eta = duration((self._total - done) / rate) if rate else "?"
        facts = f" {done}/{self._total} {self._what}  {rate:.3g}/s  ETA {eta}"
        self._handler.show(bar(done, self._total, facts))

    def __enter__(self) -> Counter:
        return self

    def __exit__(self, *error: object) -> None:
        self._handler.show("")
