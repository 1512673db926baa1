"""A bar that shows how far a training is, on a terminal or in a notebook."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable

from minicaffe.errors import visible
from minicaffe.solver.events import Finish, Iteration, Observer, Start, TestBatch, TestResult


class ProgressBar(Observer):
    """One line that says how far a training is, drawn again as it goes on.

    Args:
        show: replaces the line on the terminal; the empty text removes it.
        clock: seconds, for the rate.
        interval: seconds between two drawings.
    """

    def __init__(
        self,
        show: Callable[[str], None],
        *,
        clock: Callable[[], float] = time.monotonic,
        interval: float = 0.1,
    ) -> None:
        self._show = show
        self._clock = clock
        self._interval = interval
        self._end = 0
        self._drawn = -interval
        self._mark: tuple[int, float] | None = None
        self._rate = 0.0
        self._line = ""

    def on_start(self, event: Start) -> None:
        """Remember the last iteration, at which the bar is full."""
        self._end = event.end

    def on_iteration(self, event: Iteration) -> None:
        """Draw, unless that was done a moment ago."""
        now = self._clock()
        # A test or a resumed state lies between: measure from here on.
        if self._mark is None or event.iter <= self._mark[0]:
            self._mark = (event.iter, now)
        if now - self._drawn < self._interval and event.iter < self._end:
            return
        self._drawn = now
        self._measure(event.iter, now)
        self._line = self._text(event)
        self._show(self._line)

    def on_test_batch(self, event: TestBatch) -> None:
        """Show that a test runs."""
        now = self._clock()
        if now - self._drawn >= self._interval:
            self._drawn = now
            self._show(f"{self._line}  testing {event.done}/{event.batches}"[: width()])

    def on_test_result(self, event: TestResult) -> None:
        """Do not count the time of the test as training."""
        self._mark = None
        self._show(self._line)

    def on_finish(self, event: Finish) -> None:
        """Remove the bar from the terminal."""
        self._show("")

    def _measure(self, done: int, now: float) -> None:
        """Update the rate: the mean since the mark, which moves on every few seconds."""
        start, then = self._mark or (done, now)
        if done > start and now > then:
            self._rate = (done - start) / (now - then)
            if now - then > 10:
                self._mark = (done, now)

    def _text(self, event: Iteration) -> str:
        left = max(self._end - event.iter, 0)
        eta = duration(left / self._rate) if self._rate else "?"
        facts = (
            f" {event.iter}/{self._end}  {self._rate:.3g} iter/s  "
            f"loss {event.smoothed_loss:.4g}  lr {event.rate:.3g}  ETA {eta}"
        )
        return bar(event.iter, self._end, facts)


def show_line(text: str) -> None:
    """Replace the last line of stdout, on a terminal or in a notebook's cell.

    Args:
        text: the new line; the empty one removes it.
    """
    sys.stdout.write(f"\r{visible(text).ljust(width())}\r" if text else f"\r{' ' * width()}\r")
    sys.stdout.flush()


def bar(done: int, total: int, facts: str) -> str:
    """A bar with facts after it, as wide as the terminal allows.

    Args:
        done, total: how many iterations of how many are done.
        facts: what to write after it.
    """
    length = min(width() - len(facts) - 2, 40)
    if length < 5:
        return facts.strip()[: width()]
    filled = length * done // max(total, 1)
    return "[" + "#" * filled + "." * (length - filled) + "]" + facts


def duration(seconds: float) -> str:
    """``1:02:03`` or ``2:03``, rounded to seconds."""
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


def width() -> int:
    """How many columns a line of the terminal may take."""
    # One column less: a full line would wrap on some terminals.
    return shutil.get_terminal_size().columns - 1
