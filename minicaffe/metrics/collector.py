"""Metrics of what a net computes: where its scores and labels are, and the running over batches."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from minicaffe.errors import ArgumentError, DataError, GraphError, did_you_mean
from minicaffe.layers.detection.evaluate_layer import EvaluateLayer
from minicaffe.layers.loss.judges_classes import JudgesClasses
from minicaffe.layers.loss.labels import Labels
from minicaffe.metrics.confusion import Confusion
from minicaffe.metrics.precisions import BoxPrecisions, ClassPrecisions
from minicaffe.metrics.ranks import Ranks
from minicaffe.metrics.report import Report
from minicaffe.net.net import Net
from minicaffe.net.node import Node

#: The metrics that average precisions are, and the version of each.
PRECISIONS = {"map": "AllPoint", "map11": "11point"}

#: All metrics; ``top5`` is an example of any number.
METRICS = ("accuracy", "confusion", "per-class", "top5", *PRECISIONS)


def read_metrics(names: Sequence[str]) -> list[str]:
    """The metrics of these names.

    Args:
        names: of :data:`METRICS`, or ``topN``.

    Raises:
        ArgumentError: there is none of a name.
    """
    found = []
    for name in names:
        plain = name.strip().lower().replace("_", "-").replace("top-", "top")
        if plain not in METRICS and not re.fullmatch(r"top[1-9]\d{0,5}", plain):
            hint = did_you_mean(plain, METRICS) or f"; expected some of {', '.join(METRICS)}"
            raise ArgumentError(f"there is no metric '{name}'{hint}")
        found.append(plain)
    return list(dict.fromkeys(found))


class Collector:
    """Takes in, batch by batch, what the metrics of a net are computed of.

    Args:
        net: which keeps all its blobs.
        metrics: names, see :func:`read_metrics`.

    Raises:
        ArgumentError: there is no such metric, or top-k of a k above the number of classes.
        GraphError: the net has no layer that compares with labels.
    """

    def __init__(self, net: Net, metrics: Sequence[str]) -> None:
        self._metrics = read_metrics(metrics)
        self._judge = find_judge(net, self._metrics)
        self._boxes = BoxPrecisions() if isinstance(self._judge.layer, EvaluateLayer) else None
        self._confusion: Confusion | None = None
        self._ranks: Ranks | None = None
        self._precisions = ClassPrecisions()
        self._batches = 0

    def add(self) -> None:
        """Take in what the net's last forward has left.

        Raises:
            DataError: a label outside the classes, or a score that is nan.
        """
        self._batches += 1
        layer = self._judge.layer
        if self._boxes is not None:
            self._boxes.add(self._judge.tops[0].data)
        elif isinstance(layer, JudgesClasses):
            self._add_classes(*compared(self._judge, layer))

    def _add_classes(self, scores: np.ndarray, labels: Labels) -> None:
        classes = scores.shape[1]
        if self._confusion is None or self._ranks is None:
            self._confusion, self._ranks = Confusion(classes), Ranks(classes)
            _check_top(self._metrics, classes)
        self._confusion.add(scores, labels)
        if any(name.startswith("top") for name in self._metrics):
            self._ranks.add(scores, labels)
        if not PRECISIONS.keys().isdisjoint(self._metrics):
            self._precisions.add(scores, labels)

    def report(self) -> Report:
        """The metrics of all batches so far.

        Raises:
            ArgumentError: there was none.
        """
        if not self._batches:
            raise ArgumentError("no batch has been run yet, so there are no metrics")
        source = self._boxes or self._precisions
        tops = {name: int(name[3:]) for name in self._metrics if name.startswith("top")}
        return Report(
            metrics=self._metrics,
            batches=self._batches,
            confusion=self._confusion,
            top={k: self._ranks.top(k) for k in tops.values() if self._ranks is not None},
            precisions={
                name: source.by_class(version)
                for name, version in PRECISIONS.items()
                if name in self._metrics
            },
        )


def measure(net: Net, batches: int, metrics: Sequence[str]) -> Report:
    """Run a net forward and compute metrics of what it gives.

    Args:
        net: in the phase TEST, as a rule; it keeps all its blobs from now on.
        batches: how many batches to run.
        metrics: names, see :func:`read_metrics`.

    Raises:
        ArgumentError: there is no such metric, or there are no batches.
        GraphError: the net has no layer that compares with labels.
        DataError: a label outside the classes, or a score that is nan.
    """
    net.keep_all()
    collector = Collector(net, metrics)
    for _ in range(batches):
        net.forward_loss()
        collector.add()
    return collector.report()


def compared(judge: Node, layer: JudgesClasses) -> tuple[np.ndarray, Labels]:
    """The scores (outer, classes, inner) and labels that a layer compares.

    Args:
        judge: the layer in its place.
        layer: ``judge.layer``.

    Raises:
        DataError: a label outside the classes, or a score that is nan: it has no order among the
            others, so there is no best class.
    """
    with judge.located():
        scores, labels = layer.judged(judge.bottoms)
        wrong = np.isnan(scores)
        if wrong.any():
            raise DataError(
                f"{np.count_nonzero(wrong)} of {scores.size} scores are nan, so there is no best "
                "class; look for such values in the weights (minicaffe view --weights) and data"
            )
    return scores, labels


def find_judge(net: Net, metrics: Sequence[str]) -> Node:
    """The layer whose scores and labels count: the last one that measures, else the last loss.

    Args:
        net: the net.
        metrics: names, see :func:`read_metrics`; average precisions alone are also those of boxes.

    Raises:
        GraphError: the net has no layer that compares with labels.
    """
    boxes = [node for node in net.nodes if isinstance(node.layer, EvaluateLayer)]
    if boxes and set(metrics) <= PRECISIONS.keys():
        return boxes[-1]
    judges = [node for node in net.nodes if isinstance(node.layer, JudgesClasses)]
    measuring = [node for node in judges if node.layer.measures]
    if judges:
        return (measuring or judges)[-1]
    if boxes:
        other = next(name for name in metrics if name not in PRECISIONS)
        raise GraphError(
            f"the net finds boxes, of which there is no '{other}'; expected "
            f"{' or '.join(PRECISIONS)}",
            path=net.path,
        )
    raise GraphError(
        "no layer of the net compares scores with labels (Accuracy, SoftmaxWithLoss, "
        "DetectionEvaluate), so there is nothing to measure; metrics need a net with labels, such "
        "as train_val.prototxt",
        path=net.path,
    )


def _check_top(metrics: Sequence[str], classes: int) -> None:
    for name in metrics:
        if name.startswith("top") and int(name[3:]) > classes:
            raise ArgumentError(f"'{name}' is asked of a net with only {classes} classes")
