"""What a training came to, in a few lines at its end: for people at a terminal."""

from __future__ import annotations

import time
from collections.abc import Callable

from minicaffe.errors import visible
from minicaffe.solver import events
from minicaffe.solver.progress import duration

_BOLD, _GREEN, _RESET = "\033[1m", "\033[32m", "\033[0m"


class Outcome(events.Observer):
    """Tells at the end how long a training took, what its tests gave, and which files it wrote.

    Args:
        tell: takes the lines.
        coloured: whether they may be.
        clock: seconds.
    """

    def __init__(
        self,
        tell: Callable[[str], None],
        coloured: bool,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._tell = tell
        self._coloured = coloured
        self._clock = clock
        self._start = (0, clock())
        self._loss: float | None = None
        self._tests: dict[str, list[tuple[int, float]]] = {}
        self._weights = ""

    def on_start(self, event: events.Start) -> None:
        """Begin to measure."""
        self._start = (event.iter, self._clock())

    def on_iteration(self, event: events.Iteration) -> None:
        """Remember the loss."""
        self._loss = event.smoothed_loss

    def on_test_result(self, event: events.TestResult) -> None:
        """Remember what each output has been."""
        names = [output.name for output in event.outputs or []]
        for output in event.outputs or []:
            place = f"[{output.index}]" if names.count(output.name) > 1 else ""
            name = f"test {output.name}{place}" + (f" (net {event.net})" if event.net else "")
            self._tests.setdefault(name, []).append((event.iter, output.value))

    def on_snapshot(self, event: events.Snapshot) -> None:
        """Remember the newest weights."""
        if not event.state:
            self._weights = event.path

    def on_finish(self, event: events.Finish) -> None:
        """Tell what the training came to: its losses, its speed, its files."""
        done, seconds = event.iter - self._start[0], self._clock() - self._start[1]
        if done <= 0:
            return
        how = "Stopped early" if event.early else "Trained"
        head = f"{how}: {done} iterations in {duration(seconds)}"
        if seconds > 0:
            head += f", {done / seconds:.3g} a second"
        rows = [("train loss", f"{self._loss:.4g}")] if self._loss is not None else []
        rows += [(name, _course(name, values)) for name, values in self._tests.items()]
        rows += [("weights", self._weights)] if self._weights else []
        width = max((len(visible(name)) for name, _ in rows), default=0)
        lines = [self._painted(head, _BOLD + _GREEN)]
        lines += [f"  {visible(name):{width}}  {visible(text)}" for name, text in rows]
        self._tell("\n".join(lines))

    def _painted(self, text: str, code: str) -> str:
        return f"{code}{text}{_RESET}" if self._coloured else text


def _course(name: str, values: list[tuple[int, float]]) -> str:
    """The last value, and the best one where it came before: for losses the least."""
    last = values[-1]
    choose = min if "loss" in name.lower() else max
    best = choose(values, key=lambda pair: pair[1])
    text = f"{last[1]:.4g}"
    return text if best[1] == last[1] else f"{text}  (best {best[1]:.4g} at iteration {best[0]})"
