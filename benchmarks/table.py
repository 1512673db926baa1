"""What was measured, and the tables that say so."""

from __future__ import annotations

import json
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from minicaffe.files import write_beside

BEGIN, END = "<!-- compare.py writes from here -->", "<!-- to here -->"


@dataclass
class Slice:
    """A while of one contender running.

    Attributes:
        times: seconds of each iteration.
        others: share of the machine that others took meanwhile; None if no one knows.
    """

    times: list[float]
    others: float | None = None


def quiet(slices: Sequence[Slice], limit: float) -> tuple[list[Slice], bool]:
    """The slices that count, and whether they were undisturbed.

    Those in which others took more than ``limit`` of the machine are dropped. If that leaves
    less than half of them, the least disturbed half is used, and is not called undisturbed.
    """
    calm = [part for part in slices if part.others is None or part.others <= limit]
    if 2 * len(calm) >= len(slices):
        return calm, True
    ordered = sorted(slices, key=lambda item: item.others or 0.0)
    return ordered[: (len(slices) + 1) // 2], False


@dataclass
class Measured:
    """One contender's result.

    Attributes:
        milliseconds: the median of one iteration.
        memory: peak, in MiB.
        quiet: whether no one disturbed it.
    """

    milliseconds: float
    memory: float | None
    quiet: bool

    @classmethod
    def of(cls, slices: Sequence[Slice], limit: float, memory: float | None) -> Measured:
        """The median of all iterations of the slices that count."""
        counting, calm = quiet(slices, limit)
        times = [seconds for item in counting for seconds in item.times]
        return cls(1e3 * statistics.median(times), memory, calm)


@dataclass
class Row:
    """One net, compared in one session.

    Attributes:
        results: by contender's name; minicaffe's own are called "minicaffe…".
        operations: floating-point operations of one iteration.
        peak: the machine's best, in operations per second; None if not measured.
        machine, versions, date, command: where, what, when, how.
    """

    mode: str
    precision: str
    net: str
    batch: int
    threads: int
    results: dict[str, Measured]
    operations: int
    peak: float | None
    machine: str
    versions: list[str] = field(default_factory=list)
    date: str = ""
    command: str = ""

    @property
    def key(self) -> tuple[Any, ...]:
        """What a newer row of the same key replaces."""
        batch = self.batch if self.mode == "infer" else 0
        return self.mode, self.precision, batch, self.threads, self.net, self.machine

    def best_rival(self) -> tuple[str, Measured] | None:
        """The fastest of the others."""
        rivals = [value for value in self.results.items() if not value[0].startswith("minicaffe")]
        return min(rivals, key=lambda item: item[1].milliseconds) if rivals else None


def load(path: Path) -> list[Row]:
    """Rows measured before; none if there is no such file."""
    if not path.exists():
        return []
    rows = json.loads(path.read_text())
    return [
        Row(**{**row, "results": {n: Measured(**value) for n, value in row["results"].items()}})
        for row in rows
    ]


def save(path: Path, rows: Sequence[Row]) -> None:
    """Keep rows for later."""
    text = json.dumps([asdict(row) for row in rows], indent=1, ensure_ascii=False)
    with write_beside(path) as beside:
        beside.write_text(text + "\n")


def merged(old: Sequence[Row], new: Sequence[Row], order: Sequence[str]) -> list[Row]:
    """Old rows, replaced by new ones of the same net, mode and batch; nets in a given order."""
    rows = {row.key: row for row in (*old, *new)}
    modes = ("train", "infer")
    return sorted(
        rows.values(),
        key=lambda row: (
            modes.index(row.mode), row.precision != "float32", row.threads, row.key[2],
            row.machine, order.index(row.net) if row.net in order else len(order),
        ),
    )  # fmt: skip


def markdown(rows: Sequence[Row]) -> str:
    """One table for each mode, precision, number of threads and (inference) batch."""
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault((*row.key[:4], row.machine), []).append(row)
    parts = [_table(group) for group in groups.values()]
    if not all(value.quiet for row in rows for value in row.results.values()):
        parts.append("\\* others used the machine meanwhile; the least disturbed slices.")
    return "\n\n".join(parts)


def _table(rows: Sequence[Row]) -> str:
    first = rows[0]
    names = list(dict.fromkeys(name for row in rows for name in row.results))
    names.sort(key=lambda name: not name.startswith("minicaffe"))
    title = "Training" if first.mode == "train" else f"Inference, batch {first.batch}"
    header = ["net", *names, "best rival", "ratio", "of peak", "memory", "best rival's memory"]
    if first.mode == "train":
        header.insert(1, "batch")
    lines = [
        f"### {title}, {first.precision}, {first.threads} thread{'s' * (first.threads > 1)}",
        "",
        _about(rows),
        "",
        _line(header),
        _line(["---"] * len(header)),
        *(_line(_cells(row, names)) for row in rows),
    ]
    return "\n".join(lines)


def _about(rows: Sequence[Row]) -> str:
    """Machine, versions, dates and commands of a table."""
    versions = sorted({version for row in rows for version in row.versions if version})
    dates = sorted({row.date for row in rows})
    commands = sorted({row.command for row in rows})
    return (
        f"Milliseconds per iteration (medians). {rows[0].machine}; {', '.join(versions)}; "
        f"{' and '.join(dates)}; " + ", ".join(f"`{command}`" for command in commands)
    )


def _cells(row: Row, names: Sequence[str]) -> list[str]:
    ours, best = row.results.get("minicaffe"), row.best_rival()
    cells = [row.net]
    if row.mode == "train":
        cells.append(str(row.batch))
    for name in names:
        one = row.results.get(name)
        cells.append("" if one is None else _number(one.milliseconds) + "\\*" * (not one.quiet))
    cells.append(best[0] if best else "")
    cells.append(f"**{ours.milliseconds / best[1].milliseconds:.2f}**" if ours and best else "")
    if ours and row.peak:
        share = row.operations / (ours.milliseconds / 1e3) / row.peak
        cells.append(f"{100 * share:.0f} %")
    else:
        cells.append("")
    cells.append(_mebibytes(ours))
    cells.append(_mebibytes(best[1] if best else None))
    return cells


def _number(value: float) -> str:
    """Three digits, as far as they are after the point."""
    return f"{value:.2f}" if value < 10 else f"{value:.1f}" if value < 100 else f"{value:.0f}"


def _mebibytes(measured: Measured | None) -> str:
    return "" if measured is None or measured.memory is None else f"{measured.memory:,.0f} MiB"


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def around_markers(path: Path) -> tuple[str, str]:
    """What a document says before and after its tables.

    Raises:
        ValueError: there is no such document, or it does not have each marker, in order.
    """
    try:
        before, begin, rest = path.read_text().partition(BEGIN)
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from error
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{path} has no lines '{BEGIN}' and '{END}' to write between")
    return before, after


def replace_between_markers(path: Path, text: str) -> None:
    """Put the tables where a document wants them.

    Raises:
        ValueError: see :func:`around_markers`.
    """
    before, after = around_markers(path)
    with write_beside(path) as beside:
        beside.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}")
