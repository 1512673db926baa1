"""CtcLoss: how unlikely a sequence of labels is, wherever its labels lie in time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from minicaffe.blob import shape_text
from minicaffe.errors import DataError, MinicaffeError, ShapeError
from minicaffe.layer import Blobs, refuse_gradient, register
from minicaffe.layers.loss.labels import truncated
from minicaffe.layers.loss.loss_layer import LossLayer
from minicaffe.layers.utility.softmax import softmax


@register("CtcLoss")
class CtcLoss(LossLayer):
    """Connectionist temporal classification: the mean over items of -log P(labels | x).

    P is the sum over all ways in which a class at each step, a softmax of x, gives the labels when
    equal neighbours are joined and blanks are left out. Among an item's labels those that are the
    blank fill up its row and do not count. An item that needs more steps than there are counts 0,
    and has no gradient.

    As in the forks the gradient is that of the sum over items, not of their mean: it is as many
    times as large as there are items.

    Shapes: bottom 0, scores x (T, N, C); bottom 1, labels (N, L), cast to int by truncation; top, a
    scalar.

    Settings: ``ctc_loss_param``: blank_label (0); time_step (0), of which steps only the first so
    many count, and alphabet_size (0): where they are given, x must have as many classes, and at
    least as many steps.

    Gradients: w · (softmax(x) - the share of the ways that have this class at this step) with the
    loss weight w; none for the labels.

    Raises:
        DataError: a label outside the classes; no item has any label.
        ShapeError: other shapes, or they contradict the settings.
        GraphError: a gradient of the labels is asked for.

    Source: ctc_loss_layer.cpp (jolibrain/caffe), by yalecyu/crnn.caffe with Baidu's warp-ctc;
    Graves, Fernández, Gomez, Schmidhuber, "Connectionist temporal classification", 2006.
    """

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        param = self.param.ctc_loss_param
        if param.blank_label < 0:
            yield ShapeError(f"blank_label is {param.blank_label}, expected at least 0")

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        param, shape, labels = self.param.ctc_loss_param, bottom[0].shape, bottom[1].shape
        if len(shape) != 3 or len(labels) != 2 or labels[0] != shape[1]:
            raise ShapeError(
                f"the scores have shape {shape_text(shape)}, the labels {shape_text(labels)}; "
                "steps×items×classes and items×labels are expected"
            )
        if param.alphabet_size not in (0, shape[2]) or not param.blank_label < shape[2]:
            raise ShapeError(
                f"{shape[2]} classes (shape {shape_text(shape)}), but alphabet_size is "
                f"{param.alphabet_size} and blank_label {param.blank_label}"
            )
        if param.time_step > shape[0]:
            raise ShapeError(f"time_step is {param.time_step}, but there are {shape[0]} steps")
        self._steps = param.time_step or shape[0]
        top[0].reshape()

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        blank, scores = self.param.ctc_loss_param.blank_label, bottom[0].data
        rows = self._labels(bottom[1].data, scores.shape[2])
        used = scores[: self._steps].astype(np.float64)
        self._gradient = np.zeros(scores.shape, np.float64)
        prob = np.empty_like(used)
        softmax(used, 2, prob)
        total = 0.0
        for item, row in enumerate(rows):
            labels = row[row != blank]
            loss, share = labelling(prob[:, item], labels, blank)
            if np.isfinite(loss):
                total += loss
                self._gradient[: self._steps, item] = prob[:, item] - share
        top[0].data[...] = total / max(1, len(rows))

    def _labels(self, values: np.ndarray, classes: int) -> np.ndarray:
        rows = truncated(values)
        outside = (rows < 0) | (rows >= classes)
        if outside.any():
            item, place = (int(i) for i in np.argwhere(outside)[0])
            raise DataError(
                f"label {values[item, place]:g} of item {item} is outside the {classes} classes "
                f"(0 to {classes - 1}); blanks ({self.param.ctc_loss_param.blank_label}) fill up a "
                "row"
            )
        if rows.size and (rows == self.param.ctc_loss_param.blank_label).all():
            raise DataError("no item has any label but the blank; is blank_label right?")
        return rows

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        refuse_gradient(propagate_down, 1, "the labels")
        if propagate_down[0]:
            np.multiply(self._gradient, self.weight(top), out=bottom[0].diff, casting="same_kind")


def labelling(prob: np.ndarray, labels: np.ndarray, blank: int) -> tuple[float, np.ndarray]:
    """-log of the probability of labels, and which share of it each class has at each step.

    Args:
        prob: steps × classes, float64; rows add up to 1.
        labels: whole numbers, without blanks.
        blank: the class that means nothing.

    Returns:
        The loss, infinite where no way gives the labels, and an array like ``prob``.
    """
    steps, share = len(prob), np.zeros_like(prob)
    path = np.full(2 * len(labels) + 1, blank)
    path[1::2] = labels
    skips = np.zeros(len(path), bool)  # from two places before: over a blank, to another label
    skips[2:] = (path[2:] != blank) & (path[2:] != path[:-2])
    with np.errstate(divide="ignore"):
        emitted = np.log(prob)[:, path]
    forward = _ways(emitted, skips)
    backward = _ways(emitted[::-1, ::-1], np.r_[False, False, skips[:1:-1]])[::-1, ::-1]
    total = np.logaddexp.reduce(forward[-1, -2:]) if steps else -np.inf
    if not np.isfinite(total):
        return np.inf, share
    with np.errstate(invalid="ignore"):  # -inf of a place that no way comes to
        ways = np.exp(forward + backward - emitted - total)
    np.add.at(share.T, path, np.nan_to_num(ways).T)
    return float(-total), share


def _ways(emitted: np.ndarray, skips: np.ndarray) -> np.ndarray:
    """log of the probability of all ways to each place of a path at each step.

    Args:
        emitted: steps × places, the log of the probability of the place's class.
        skips: whether a place can be reached from two places before it.
    """
    found = np.full(emitted.shape, -np.inf)
    found[:1, :2] = emitted[:1, :2]
    for step in range(1, len(emitted)):
        before = found[step - 1]
        ways = before.copy()
        ways[1:] = np.logaddexp(ways[1:], before[:-1])
        ways[2:] = np.where(skips[2:], np.logaddexp(ways[2:], before[:-2]), ways[2:])
        found[step] = ways + emitted[step]
    return found
