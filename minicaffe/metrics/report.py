"""Metrics as tables for people and as JSON for programs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field

from minicaffe.errors import visible
from minicaffe.metrics.confusion import Confusion
from minicaffe.metrics.precisions import mean_precision

#: With more classes than this a confusion matrix is shown by its largest numbers.
WIDE = 25
_PAIRS = 20  # mistakes that are listed then


@dataclass(frozen=True)
class Report:
    """The metrics of a test.

    Attributes:
        metrics: which were asked for.
        batches: how many were run.
        confusion: of nets that classify.
        top: the top-k accuracy by k.
        precisions: the average precision of each class, by the metric's name.
        names: of classes, by label; the labels' numbers are shown without.
    """

    metrics: Sequence[str]
    batches: int
    confusion: Confusion | None = None
    top: Mapping[int, float | None] = field(default_factory=dict)
    precisions: Mapping[str, Mapping[int, float | None]] = field(default_factory=dict)
    names: Mapping[int, str] = field(default_factory=dict)

    @property
    def labels(self) -> range:
        """The labels of all classes; boxes have no background."""
        if self.confusion is not None:
            return range(self.confusion.classes)
        known = [label for values in self.precisions.values() for label in values]
        return range(min(known, default=0), max(known, default=-1) + 1)

    def name(self, label: int) -> str:
        """What to call a class."""
        return visible(self.names[label]) if label in self.names else str(label)

    def as_json(self) -> dict[str, object]:
        """All that was asked for, in terms of JSON; null where a class has no items."""
        found: dict[str, object] = {"batches": self.batches}
        if self.confusion is not None:
            found["items"] = self.confusion.items
            found["accuracy"] = self.confusion.accuracy
            if "per-class" in self.metrics:
                found["per_class"] = [
                    {"name": self.names.get(score.label), **asdict(score)}
                    for score in self.confusion.per_class()
                ]
            if "confusion" in self.metrics:
                found["confusion"] = self.confusion.counts.tolist()
        found.update({f"top{k}": value for k, value in self.top.items()})
        for metric, values in self.precisions.items():
            found[metric] = mean_precision(values)
            found[f"{metric}_per_class"] = [
                {"label": label, "name": self.names.get(label), "average_precision": value}
                for label, value in values.items()
            ]
        return found

    def text(self) -> str:
        """All that was asked for as tables."""
        return "\n".join(line for part in self._parts() for line in part)

    def _parts(self) -> Iterator[Sequence[str]]:
        if self.confusion is not None:
            items = f"{self.confusion.items} items in {self.batches} batches"
            yield [f"accuracy {_share(self.confusion.accuracy)} of {items}"]
        for k, value in self.top.items():
            yield [f"top {k} {_share(value)}"]
        for metric, values in self.precisions.items():
            yield [f"{metric} {_share(mean_precision(values))}"]
        if self.confusion is not None and "per-class" in self.metrics:
            yield ["", *self._classes(self.confusion)]
        if self.precisions:
            yield ["", *self._precisions()]
        if self.confusion is not None and "confusion" in self.metrics:
            yield ["", *self._matrix(self.confusion)]

    def _classes(self, confusion: Confusion) -> list[str]:
        scores = confusion.per_class()
        rows = [
            [self.name(score.label), str(score.count),
             *map(_share, (score.recall, score.precision, score.f1, score.iou))]
            for score in scores
        ]  # fmt: skip
        means = [
            _share(_mean([getattr(score, column) for score in scores]))
            for column in ("recall", "precision", "f1", "iou")
        ]
        header = ["class", "items", "recall", "precision", "F1", "IoU"]
        return _table([header, *rows, ["mean", str(confusion.items), *means]])

    def _precisions(self) -> list[str]:
        labels = next(iter(self.precisions.values()))
        rows = [
            [self.name(label), *(_share(values[label]) for values in self.precisions.values())]
            for label in labels
        ]
        return _table([["average precision", *self.precisions], *rows])

    def _matrix(self, confusion: Confusion) -> list[str]:
        if confusion.classes > WIDE:
            rows = [
                [self.name(true), self.name(found), str(count)]
                for true, found, count in confusion.most_confused(_PAIRS)
            ]
            return _table([["true class", "predicted", "items"], *rows], words=2)
        labels = range(confusion.classes)
        rows = [[self.name(true), *map(str, confusion.counts[true].tolist())] for true in labels]
        head = ["true \\ predicted", *(self.name(label) for label in labels)]
        return _table([head, *rows])


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"


def _table(rows: Sequence[Sequence[str]], words: int = 1) -> list[str]:
    """Aligned columns: the first ``words`` to the left, numbers to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) if place < words else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
