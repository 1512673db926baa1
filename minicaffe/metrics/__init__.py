"""How good a net's answers are: confusion matrix, precision and recall, top-k, average precision.

    with Net("train_val.prototxt", TEST, weights="lenet.caffemodel") as net:
        report = measure(net, 20, ["confusion", "per-class", "top5", "map"])
    print(report.text())
    report.confusion.counts          # true classes × predicted ones

The scores and labels are those that the net's last Accuracy layer compares, or its last loss;
boxes are those that its DetectionEvaluate judges.
"""

from minicaffe.metrics.collector import Collector, measure, read_metrics
from minicaffe.metrics.confusion import ClassScore, Confusion
from minicaffe.metrics.precisions import ClassPrecisions
from minicaffe.metrics.ranks import Ranks
from minicaffe.metrics.report import Report

__all__ = [
    "ClassPrecisions",
    "ClassScore",
    "Collector",
    "Confusion",
    "Ranks",
    "Report",
    "measure",
    "read_metrics",
]
