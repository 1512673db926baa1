"""Confusion, top-k and average precision, worked out by hand and by the layers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from minicaffe import TEST, Net
from minicaffe.errors import ArgumentError, DataError, GraphError
from minicaffe.layers.detection.precision import average_precision
from minicaffe.layers.loss.labels import Labels
from minicaffe.metrics import ClassPrecisions, Collector, Confusion, Ranks, measure, read_metrics
from minicaffe.metrics.precisions import mean_precision

NET = """
layer {
  name: "data" type: "DummyData" top: "x" top: "label"
  dummy_data_param {
    shape { dim: 4 dim: 5 dim: 2 dim: 3 } shape { dim: 4 dim: 2 dim: 3 }
    data_filler { type: "gaussian" } data_filler { type: "uniform" max: 5 }
  }
}
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "x" bottom: "label" top: "loss" }
"""
ACCURACY = """
layer {{
  name: "top{k}" type: "Accuracy" bottom: "x" bottom: "label" top: "top{k}" {more}
  accuracy_param {{ top_k: {k} ignore_label: {ignored} }}
}}
"""


def scores_and_labels(
    rng: np.random.Generator, items: int, classes: int
) -> tuple[np.ndarray, Labels]:
    values = rng.integers(classes, size=(items, 1))
    valid = np.ones((items, 1), bool)
    valid[::4] = False
    return rng.normal(size=(items, classes, 1)), Labels(values, valid)


def test_confusion_by_hand() -> None:
    confusion = Confusion(3)
    scores = np.eye(3)[[0, 0, 1, 2, 0]][:, :, None]
    confusion.add(scores, Labels(np.array([[0], [1], [1], [0], [0]]), None))
    np.testing.assert_array_equal(confusion.counts, [[2, 0, 1], [1, 1, 0], [0, 0, 0]])
    assert confusion.accuracy == 3 / 5
    first, second, third = confusion.per_class()
    assert (first.count, first.recall, first.precision) == (3, 2 / 3, 2 / 3)
    assert (second.recall, second.precision, second.f1, second.iou) == (0.5, 1, 2 / 3, 0.5)
    assert (third.count, third.recall, third.precision, third.iou) == (0, None, 0, 0)
    assert confusion.most_confused(5) == [(0, 2, 1), (1, 0, 1)]


def test_batches_add_up_and_ignored_labels_do_not_count() -> None:
    rng = np.random.default_rng(0)
    whole, parts = Confusion(4), Confusion(4)
    scores, labels = scores_and_labels(rng, 30, 4)
    whole.add(scores, labels)
    for part in (slice(0, 11), slice(11, 30)):
        assert labels.valid is not None
        parts.add(scores[part], Labels(labels.values[part], labels.valid[part]))
    np.testing.assert_array_equal(whole.counts, parts.counts)
    assert whole.items == labels.count


def test_nothing_counted() -> None:
    assert Confusion(3).accuracy is None
    assert Ranks(3).top(1) is None
    assert Ranks(2).top_by_class(1) == [None, None]


@pytest.mark.parametrize("metric", ["confusion", "top2", "map"])
def test_scores_that_are_nan_have_no_best_class(metric: str, tmp_path: Path) -> None:
    (tmp_path / "net.prototxt").write_text(NET)
    with Net(str(tmp_path / "net.prototxt"), TEST) as net:
        net.keep_all()
        net.forward_loss()
        net.blobs["x"].data[1, 2, 0, 1] = np.nan
        with pytest.raises(DataError, match=r"'loss'.*1 of 120 scores are nan"):
            Collector(net, [metric]).add()


def test_ties_count_against_the_true_class() -> None:
    ranks = Ranks(3)
    ranks.add(np.array([[1.0, 1, 0], [0, 0, 2]])[:, :, None], Labels(np.array([[0], [2]]), None))
    assert (ranks.top(1), ranks.top(2)) == (0.5, 1)
    assert ranks.top_by_class(1) == [0, None, 1]


def test_a_score_that_is_no_number_is_the_worst() -> None:
    ranks = Ranks(3)
    ranks.add(np.array([[[np.nan], [1], [0]]]), Labels(np.array([[0]]), None))
    assert (ranks.top(2), ranks.top(3)) == (0, 1)


def test_average_precision_of_classes() -> None:
    rng = np.random.default_rng(1)
    scores, labels = scores_and_labels(rng, 40, 4)
    labels.values[labels.values == 3] = 0
    precisions = ClassPrecisions()
    precisions.add(scores[:20], Labels(labels.values[:20], None))
    precisions.add(scores[20:], Labels(labels.values[20:], None))
    found = precisions.by_class("AllPoint")
    for label in range(3):
        right = labels.values[:, 0] == label
        order = np.argsort(-scores[:, label, 0])
        hits = np.flatnonzero(right[order])
        precision = np.arange(1, len(hits) + 1) / (hits + 1)
        best = [precision[place:].max() for place in range(len(hits))]
        assert found[label] == pytest.approx(np.mean(best))
    assert found[3] is None
    assert mean_precision(found) == pytest.approx(np.mean([found[0], found[1], found[2]]))  # type: ignore[arg-type]


def test_all_point_is_the_area_under_the_best_precision() -> None:
    scores, right = np.array([0.9, 0.8, 0.7, 0.6]), np.array([True, False, True, True])
    # precision 1, 1/2, 2/3, 3/4; from each on: 1, 3/4, 3/4, 3/4; each right one is a third
    assert average_precision(scores, right, 3, "AllPoint") == pytest.approx((1 + 0.75 + 0.75) / 3)


@pytest.mark.parametrize(
    ("name", "plain"), [("Top-3", "top3"), ("per_class", "per-class"), (" map11", "map11")]
)
def test_names_of_metrics(name: str, plain: str) -> None:
    assert read_metrics([name, name]) == [plain]


@pytest.mark.parametrize("name", ["top0", "top", "recal", "mapp", ""])
def test_no_such_metric(name: str) -> None:
    with pytest.raises(ArgumentError, match="there is no metric"):
        read_metrics([name])


def write(path: Path, text: str) -> str:
    path.write_text(text)
    return str(path)


def test_metrics_of_a_net_are_those_of_its_accuracy_layers(tmp_path: Path) -> None:
    """Scores of pixels, with labels that are ignored: the layers' own results are what counts."""
    by_class = 'top: "by_class"'
    text = NET + ACCURACY.format(k=1, ignored=2, more=by_class) + ACCURACY.format(
        k=3, ignored=2, more=""
    )  # fmt: skip
    with Net(write(tmp_path / "net.prototxt", text), TEST) as net:
        report = measure(net, 1, ["confusion", "top1", "top3", "per-class"])
        assert report.confusion is not None
        assert report.confusion.accuracy == pytest.approx(float(net.blobs["top1"].data))
        assert report.top[1] == pytest.approx(float(net.blobs["top1"].data))
        assert report.top[3] == pytest.approx(float(net.blobs["top3"].data))
        recalls = [score.recall or 0 for score in report.confusion.per_class()]
        np.testing.assert_allclose(recalls, net.blobs["by_class"].data, rtol=1e-6)
        assert report.confusion.counts[2].sum() == 0


def test_a_net_with_a_loss_alone(tmp_path: Path) -> None:
    with Net(write(tmp_path / "net.prototxt", NET), TEST) as net:
        report = measure(net, 3, ["confusion"])
    assert report.confusion is not None
    assert report.confusion.items == 3 * 4 * 6


def test_the_engine_keeps_what_is_measured(tmp_path: Path) -> None:
    with Net(write(tmp_path / "net.prototxt", NET), TEST, keep="outputs") as net:
        report = measure(net, 1, ["map"])
    assert len(report.precisions["map"]) == 5


def test_boxes_are_measured_as_the_solver_does(tmp_path: Path) -> None:
    text = """
    input: "boxes" input_shape { dim: 1 dim: 1 dim: 2 dim: 7 }
    input: "truth" input_shape { dim: 1 dim: 1 dim: 2 dim: 8 }
    layer {
      name: "judge" type: "DetectionEvaluate" bottom: "boxes" bottom: "truth" top: "judged"
      detection_evaluate_param { num_classes: 3 }
    }"""
    with Net(write(tmp_path / "net.prototxt", text), TEST) as net:
        net.blobs["boxes"].data[0, 0] = [
            [0, 1, 0.9, 0.1, 0.1, 0.5, 0.5], [0, 2, 0.8, 0.6, 0.6, 0.7, 0.7],
        ]  # fmt: skip
        net.blobs["truth"].data[0, 0] = [
            [0, 1, 0, 0.1, 0.1, 0.5, 0.5, 0], [0, 2, 0, 0.1, 0.6, 0.2, 0.7, 0],
        ]  # fmt: skip
        report = measure(net, 1, ["map", "map11"])
        assert report.precisions == {"map": {1: 1, 2: 0}, "map11": {1: 1, 2: 0}}
        assert report.as_json()["map"] == 0.5
        assert report.labels == range(1, 3)
        with pytest.raises(GraphError, match="finds boxes, of which there is no 'confusion'"):
            Collector(net, ["map", "confusion"])


def test_a_net_without_labels(tmp_path: Path) -> None:
    text = 'input: "x" input_shape { dim: 1 } layer { name: "y" type: "ReLU" bottom: "x" top: "y" }'
    net = Net(write(tmp_path / "net.prototxt", text), TEST)
    with pytest.raises(GraphError, match="so there is nothing to measure"):
        measure(net, 1, ["confusion"])


def test_more_than_there_are_classes(tmp_path: Path) -> None:
    with Net(write(tmp_path / "net.prototxt", NET), TEST) as net:
        with pytest.raises(ArgumentError, match="'top6' is asked of a net with only 5 classes"):
            measure(net, 1, ["top6"])
        with pytest.raises(ArgumentError, match="no batch has been run"):
            measure(net, 0, ["top1"])
