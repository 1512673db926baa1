"""What is shown of a training: series of numbers that stay short however long it lasts."""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

_MOST = 1000  # points of a series; a screen has few more columns
_MESSAGES = 50


@dataclass
class Series:
    """Values by iteration; when there are too many, neighbours become their mean.

    Attributes:
        points: pairs of iteration and value, each the mean of ``each`` values.
    """

    points: list[tuple[float, float]] = field(default_factory=list)
    each: int = 1
    _sums: list[float] = field(default_factory=lambda: [0.0, 0.0, 0.0])

    def add(self, iteration: float, value: float) -> None:
        """Add a value; one that is not finite is left out, as nothing can show it."""
        if not math.isfinite(value):
            return
        self._sums = [self._sums[0] + iteration, self._sums[1] + value, self._sums[2] + 1]
        if self._sums[2] < self.each:
            return
        self.points.append((self._sums[0] / self.each, self._sums[1] / self.each))
        self._sums = [0.0, 0.0, 0.0]
        if len(self.points) >= 2 * _MOST:
            pairs = zip(self.points[::2], self.points[1::2], strict=True)
            self.points = [((a + c) / 2, (b + d) / 2) for (a, b), (c, d) in pairs]
            self.each *= 2


class Run:
    """One training, as far as it is known; filled by one thread and shown by another.

    Args:
        name: its title.
        live: whether it takes orders.
    """

    def __init__(self, name: str, *, live: bool = False) -> None:
        self.name = name
        self.live = live
        self.version = 0
        self._lock = threading.Lock()
        self._facts: dict[str, object] = {}
        self._series: dict[tuple[str, str], Series] = {}
        self._layers: list[Mapping[str, object]] = []
        self._filters: Mapping[str, object] | None = None
        self._messages: list[str] = []

    def note(self, **facts: object) -> None:
        """Set facts, such as ``iter`` and ``rate``."""
        with self._lock:
            self._facts |= facts
            self.version += 1

    def add(self, chart: str, name: str, iteration: float, value: float) -> None:
        """Add a value to a line of a chart."""
        with self._lock:
            self._series.setdefault((chart, name), Series()).add(iteration, value)
            self.version += 1

    def tell(self, message: str) -> None:
        """Add a line to what has happened; the newest are kept."""
        with self._lock:
            self._messages = [*self._messages, message][-_MESSAGES:]
            self.version += 1

    def add_outputs(
        self, of: str, iteration: int, values: Sequence[tuple[str, float]], net: object = 0
    ) -> None:
        """Add what a net gave, element by element, to the charts that the names belong to.

        Args:
            of: ``train`` or ``test``.
            iteration: when.
            values: each element's blob and value.
            net: the number of the test net.
        """
        names = [name for name, _ in values]
        for index, (name, value) in enumerate(values):
            line = f"{of} {name}" + (f" [{index}]" if names.count(name) > 1 else "")
            self.add(chart_of(name), line + (f" (net {net})" if net else ""), iteration, value)

    def show_stats(self, iteration: int, arrays: Sequence[Mapping[str, object]]) -> None:
        """Replace what is known of the layers, and add their updates to a chart.

        Args:
            iteration: when.
            arrays: the attributes of :class:`~minicaffe.solver.layer_stats.ArrayStats`.
        """
        for array in arrays:
            update = array.get("update")
            if isinstance(update, float) and update > 0:  # 0 is what no solver changes
                self.add("update / weight", str(array.get("name")), iteration, update)
        with self._lock:
            self._layers = list(arrays)
            self.version += 1

    def clear(self) -> None:
        """Forget the curves, which come again."""
        with self._lock:
            self._series.clear()
            self._messages = []
            self.version += 1

    def show_filters(self, filters: Mapping[str, object]) -> None:
        """Replace the picture of the first layer's filters."""
        with self._lock:
            self._filters = filters
            self.version += 1

    def shown(self) -> dict[str, object]:
        """All of it, in terms of JSON."""
        with self._lock:
            return {
                "name": self.name,
                "live": self.live,
                "facts": {key: plain(value) for key, value in self._facts.items()},
                "series": [
                    {"chart": chart, "name": name, "points": list(series.points)}
                    for (chart, name), series in self._series.items()
                ],
                "layers": [
                    {key: plain(value) for key, value in layer.items()} for layer in self._layers
                ],
                "filters": self._filters,
                "messages": list(self._messages),
            }


def plain(value: object) -> object:
    """A value as JSON has it: no number that is not finite."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def chart_of(name: str) -> str:
    """The chart in which a net's output is shown: accuracies apart from losses."""
    return "accuracy" if "acc" in name.lower() or name.lower().startswith("top") else "loss"
