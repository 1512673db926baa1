"""EvalDetection: which of YOLO's boxes are right."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from minicaffe.blob import shape_text
from minicaffe.errors import GraphError, MinicaffeError, ShapeError
from minicaffe.layer import Blobs, Layer, refuse_gradient, register
from minicaffe.layers.detection.boxes import around, overlaps
from minicaffe.layers.detection.ground_truth import COLUMNS
from minicaffe.layers.detection.yolo import box_places, kept, per_anchor, sigmoid, until_zero
from minicaffe.layers.detection.yolo_grid import GRID_LABELS, GridBoxes, grid_boxes, grid_truths
from minicaffe.layers.utility.softmax import softmax
from minicaffe.proto import caffe_pb2

_SCORES = caffe_pb2.EvalDetectionParameter

_ROWS = 30  # true boxes of an image, for YOLO 2
_LEAST = 0.005  # darknet's limit for a score


class _Boxes(NamedTuple):
    """Boxes of one image: middles and sides (n, 2) each, classes, scores of detections, and which
    of the true ones are difficult."""

    middles: np.ndarray
    sides: np.ndarray
    labels: np.ndarray
    scores: np.ndarray
    hard: np.ndarray

    def pick(self, which: np.ndarray) -> _Boxes:
        return _Boxes(*(part[which] for part in self))

    @property
    def corners(self) -> np.ndarray:
        return around(self.middles, self.sides)


@register("EvalDetection")
class EvalDetection(Layer):
    """Makes boxes of what a net says, and says of each whether it is right: for YOLO 1 or 2.

    With biases it is YOLO 2's: the boxes are made as by RegionLoss. Without them it is YOLO 1's: of
    the planes of bottom 0 the first are the classes' shares, then num_object of objectness, then
    for each of these x, y, w, h; with ``constriant`` x and y count from the place, in places, and
    with ``sqrt`` w and h are roots.

    A box has the likeliest class of its place (YOLO 1) or its own. Its score is its objectness
    times that class's share, or by ``score_type`` one of both. A box that overlaps a better one of
    any class by at least ``nms`` is dropped; with YOLO 2 a score below 0.005, too, and below nms 0
    all boxes, as in the forks.

    By falling score within a class, a box is right if it overlaps a true one of its class by at
    least ``threshold`` that no other has, and wrong if another has it. If it overlaps none so much
    it is wrong, but with YOLO 2 where its class is in the image, neither. Of difficult ones, which
    are not counted, it is neither.

    Shapes: bottom 0 (N, side² · (classes + 5 · num_object)) for YOLO 1, (N, num_object · (5 +
    classes), side, side) for YOLO 2. Bottom 1, true boxes: for YOLO 1 (N, side² · 7), planes of
    difficult, object, class, then x, y, w, h of each place; for YOLO 2 (N, 150), 30 rows of class,
    x, y, w, h that zeros end (caffe-yolov2), or SSD's (1, 1, G, 8) with classes from 1 (Intel
    Caffe). Bottom 2, optional, is not looked at. Top (N, classes + side² · num_object · 4): the
    number of true boxes of each class, then rows of class, score, right, wrong by rising class;
    zeros after the last.

    Settings: ``eval_detection_param``: side (7), num_class (20), num_object (2), threshold (0.5),
    sqrt (true), constriant (true), score_type (MULTIPLY), nms (-1), biases, widths and heights of
    the anchors in places.

    Gradients: none; one that is asked for is refused.

    Raises:
        GraphError: there are too few biases; a number is 0; a gradient is asked for.
        ShapeError: a bottom has another shape.

    Source: eval_detection_layer.cpp (yeahkun/caffe-yolo, gklz1982/caffe-yolov2, intel/caffe);
    Redmon et al., "You only look once", 2016 (arXiv:1506.02640); Redmon & Farhadi, "YOLO9000:
    better, faster, stronger", 2017 (arXiv:1612.08242).
    """

    in_place = False
    min_bottoms = 2
    max_bottoms = 3
    exact_tops = 1
    measures = True
    backward_reads = ()

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        param = self.param.eval_detection_param
        if param.biases and len(param.biases) < 2 * param.num_object:
            yield GraphError(
                f"biases has {len(param.biases)} value(s) for num_object {param.num_object}; "
                "expected a width and a height for each anchor"
            )
        for field in ("side", "num_class", "num_object"):
            if not getattr(param, field):
                yield GraphError(f"{field} is 0; expected at least 1")

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        param, items = self.param.eval_detection_param, bottom[0].shape[0]
        places = param.side**2
        if param.biases:
            per_anchor(bottom[0], 0, param.num_object, 5 + param.num_class)
            if bottom[0].shape[2:] != (param.side, param.side):
                raise ShapeError(
                    f"bottom 0 has shape {shape_text(bottom[0].shape)}, but side is {param.side}"
                )
        elif bottom[0].count != items * places * (param.num_class + 5 * param.num_object):
            raise ShapeError(
                f"bottom 0 has shape {shape_text(bottom[0].shape)}; expected {items} items of "
                f"side² · (num_class + 5 · num_object) = "
                f"{places * (param.num_class + 5 * param.num_object)} numbers"
            )
        rows, each = bottom[1].shape, 5 * _ROWS if param.biases else places * GRID_LABELS
        ssd = bool(param.biases) and rows[:2] == (1, 1) and rows[3:] == (COLUMNS,)
        if not ssd and bottom[1].count != items * each:
            more = f", or 1×1×G×{COLUMNS}" if param.biases else ""
            raise ShapeError(
                f"bottom 1 has shape {shape_text(rows)}; expected {items}×{each}{more}"
            )
        self._ssd = ssd
        top[0].reshape(items, param.num_class + places * param.num_object * 4)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        param, items = self.param.eval_detection_param, bottom[0].shape[0]
        top[0].data[...] = 0
        for item in range(items):
            truths, found = self._truths(bottom[1].data, item, items), self._found(bottom, item)
            own = truths.labels[~truths.hard]
            own = own[(own >= 0) & (own < param.num_class)].astype(int)
            top[0].data[item, : param.num_class] = np.bincount(own, minlength=param.num_class)
            rows = self._judged(found, truths).reshape(-1)
            top[0].data[item, param.num_class : param.num_class + len(rows)] = rows

    def _truths(self, labels: np.ndarray, item: int, items: int) -> _Boxes:
        param = self.param.eval_detection_param
        if not param.biases:
            return _of_grid(grid_truths(labels.reshape(items, -1)[item], param.side))
        if self._ssd:
            rows = labels.reshape(-1, COLUMNS)
            rows = rows[rows[:, 0] == item]
            middles, sides = (rows[:, 3:5] + rows[:, 5:7]) / 2, rows[:, 5:7] - rows[:, 3:5]
            classes = rows[:, 1] - 1
        else:
            rows = until_zero(labels.reshape(items, _ROWS, 5)[item], 1)
            classes, middles, sides = rows[:, 0], rows[:, 1:3], rows[:, 3:]
        none = np.zeros(len(rows))
        return _Boxes(middles, sides, np.trunc(classes), none, none != 0)

    def _found(self, bottom: Blobs, item: int) -> _Boxes:
        """The boxes that are left, by class and falling score."""
        param = self.param.eval_detection_param
        if param.biases:
            boxes = self._of_anchors(bottom, item)
        else:
            values = bottom[0].data.reshape(bottom[0].shape[0], -1)[item]
            made = grid_boxes(
                values, param.side, param.num_class, param.num_object,
                relative=param.constriant, roots=param.sqrt,
            )  # fmt: skip
            boxes = self._scored(made.middles, made.sides, made.objectness, made.shares)
        order = np.argsort(-boxes.scores, kind="stable")
        if param.nms >= 0:
            order = kept(boxes.middles, boxes.sides, boxes.scores, param.nms)
        if param.biases:
            order = order[boxes.scores[order] >= _LEAST] if param.nms >= 0 else order[:0]
        return boxes.pick(order[np.argsort(boxes.labels[order], kind="stable")])

    def _of_anchors(self, bottom: Blobs, item: int) -> _Boxes:
        param = self.param.eval_detection_param
        values = per_anchor(bottom[0], 0, param.num_object, 5 + param.num_class)[item : item + 1]
        anchors = np.array(param.biases[: 2 * param.num_object]).reshape(-1, 2)
        unit = param.side, param.side
        middles, sides = box_places(sigmoid(values[..., :2]), values[..., 2:4], anchors, unit)
        shares = np.empty(values[..., 5:].shape, values.dtype)
        softmax(np.ascontiguousarray(values[..., 5:]), 4, shares)
        flat = (part.reshape(-1, part.shape[-1]) for part in (middles, sides, shares))
        middles, sides, shares = flat
        return self._scored(middles, sides, sigmoid(values[..., 4]).reshape(-1), shares)

    def _scored(
        self, middles: np.ndarray, sides: np.ndarray, objectness: np.ndarray, shares: np.ndarray
    ) -> _Boxes:
        kind = self.param.eval_detection_param.score_type
        best = shares.max(axis=1)
        scores = {_SCORES.OBJ: objectness, _SCORES.PROB: best}.get(kind, objectness * best)
        labels = shares.argmax(axis=1).astype(float)
        return _Boxes(middles, sides, labels, scores, np.zeros(len(labels), bool))

    def _judged(self, found: _Boxes, truths: _Boxes) -> np.ndarray:
        """Rows of class, score, right, wrong."""
        rows = np.zeros((len(found.labels), 4))
        rows[:, 0], rows[:, 1] = found.labels, found.scores
        for label in np.unique(found.labels):
            here = np.flatnonzero(found.labels == label)
            own = truths.pick(truths.labels == label)
            pairs = overlaps(found.corners[here], own.corners)
            rows[here, 2:] = self._verdicts(np.nan_to_num(pairs), own.hard)
        return rows

    def _verdicts(self, pairs: np.ndarray, hard: np.ndarray) -> list[tuple[int, int]]:
        param = self.param.eval_detection_param
        taken: set[int] = set()
        verdicts = []
        for row in pairs:
            best = int(row.argmax()) if len(row) else -1
            if best < 0:
                verdicts.append((0, 1))
            elif not row[best] >= param.threshold:
                verdicts.append((0, 0 if param.biases else 1))
            elif hard[best]:
                verdicts.append((0, 0))
            else:
                verdicts.append((0, 1) if best in taken else (1, 0))
                taken.add(best)
        return verdicts

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        for index in range(len(bottom)):
            refuse_gradient(propagate_down, index, "what boxes are judged by")


def _of_grid(truths: GridBoxes) -> _Boxes:
    return _Boxes(
        truths.middles, truths.sides, truths.labels, truths.objectness, truths.difficult
    )  # fmt: skip
