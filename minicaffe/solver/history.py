"""What a training has shown so far, as a table: losses, rates, and what its tests gave."""

from __future__ import annotations

import html
from collections.abc import Sequence

from minicaffe.errors import visible
from minicaffe.solver import events
from minicaffe.solver.curves import curves

_FIRST = ("iteration", "lr", "loss")


class HistoryTable(events.Observer):
    """A row for each iteration at which a loss was shown or a test was run.

    The columns are ``iteration``, ``lr``, ``loss`` (the smoothed one, as in the log), then the
    outputs of the tests; those of test nets after the first have the net's number, as in
    ``accuracy #1``. A notebook shows it as curves and a table, and ``pandas.DataFrame(table.rows)``
    takes it.
    """

    def __init__(self) -> None:
        self._rows: dict[int, dict[str, float]] = {}

    @property
    def rows(self) -> list[dict[str, float]]:
        """The rows by iteration; a column that has no value there is left out."""
        return [self._rows[iteration] for iteration in sorted(self._rows)]

    @property
    def columns(self) -> list[str]:
        """What any row has a value of: iteration, rate and loss before the others."""
        found = dict.fromkeys(name for row in self.rows for name in row)
        return [name for name in _FIRST if name in found] + [
            name for name in found if name not in _FIRST
        ]

    def on_display(self, event: events.Display) -> None:
        """Note the mean loss since the last line."""
        self._row(event.iter)["loss"] = event.loss

    def on_learning_rate(self, event: events.LearningRate) -> None:
        """Note the rate of the next update."""
        self._row(event.iter)["lr"] = event.rate

    def on_test_result(self, event: events.TestResult) -> None:
        """Note what the test gave; of an output with several elements, each by its number."""
        outputs = event.outputs or []
        names = [output.name for output in outputs]
        for output in outputs:
            name = output.name
            if names.count(name) > 1:
                name = f"{name}[{output.index - names.index(name)}]"
            self._row(event.iter)[f"{name} #{event.net}" if event.net else name] = output.value

    def _row(self, iteration: int) -> dict[str, float]:
        return self._rows.setdefault(iteration, {"iteration": iteration})

    def _cells(self) -> list[Sequence[str]]:
        return [
            [visible(name) for name in self.columns],
            *([f"{row[name]:g}" if name in row else "" for name in self.columns]
              for row in self.rows),
        ]  # fmt: skip

    def __str__(self) -> str:
        """Aligned columns."""
        cells = self._cells()
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        return "\n".join(
            "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in cells
        )

    def _repr_html_(self) -> str:
        head, *rows = self._cells()
        lines = ["".join(f"<td>{html.escape(cell)}</td>" for cell in row) for row in rows]
        names = "".join(f"<th>{html.escape(name)}</th>" for name in head)
        body = "".join(f"<tr>{line}</tr>" for line in lines)
        curve = curves(self.rows, self.columns[1:])
        return f"{curve}<table><thead><tr>{names}</tr></thead><tbody>{body}</tbody></table>"
