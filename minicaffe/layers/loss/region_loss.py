"""RegionLoss: YOLO 2's loss."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from minicaffe.blob import shape_text
from minicaffe.data.source import State, number_in
from minicaffe.errors import GraphError, MinicaffeError, ShapeError
from minicaffe.layer import Blobs, refuse_gradient, register
from minicaffe.layers.detection.boxes import around, overlaps
from minicaffe.layers.detection.yolo import (
    box_places,
    per_anchor,
    place_of,
    sigmoid,
    until_zero,
)
from minicaffe.layers.loss.loss_layer import LossLayer
from minicaffe.layers.utility.softmax import softmax

#: Rows of true boxes that an image has: in caffe-yolov2, and in MobileNet-YOLO.
_FEW, _MANY = 30, 300

#: So many images are shown to caffe-yolov2 before anchors are left to themselves.
_WARM_UP = 12800


@register("RegionLoss")
class RegionLoss(LossLayer):
    """L = Σ d² over what the net says of each anchor at each place, d being darknet's differences.

    Of x, y, w, h, objectness o and the classes' scores, s being the sigmoid::

        objectness      noobject_scale · s(o) · s'(o)           where no true box overlaps the box
                                                                by more than thresh; else 0
        of each true box, the anchor of its place that has its shape best:
        x, y            coord_scale · (s(x) - x of the box in its place) · s'(x)
        w, h            coord_scale · (w - log(box / anchor))
        objectness      object_scale · (s(o) - 1) · s'(o)
        classes         class_scale · (softmax - 1 for the class)

    Two forks have it, told apart by the labels. caffe-yolov2's (30 rows an image): L is that sum,
    and for the first 12,800 images every box without a true one is drawn to its anchor, by 0.01.
    MobileNet-YOLO's (300 rows): L is divided by N; with ``rescore`` the objectness is drawn to the
    box's overlap with its true box, and without it coord_scale is times 2 - the true box's area.

    Shapes: bottom 0 (N, num · (5 + classes), H, W); bottom 1, true boxes (N, …) of 30 or 300 rows
    an image: class, middle x and y, width, height in image sides; zeros end them. Top L, a scalar.

    Settings: ``region_loss_param``: num_class (20), num (5), biases, widths and heights of the
    anchors in places, required; bias_match (1; else anchors are compared as the net changes them),
    rescore (1), object_scale (1), noobject_scale (0.5), class_scale (1), coord_scale (5), thresh
    (0.2), coords (4). side, jitter, absolute, random and softmax change nothing. softmax_tree and
    class_map are refused.

    Gradients: d / N, the derivative of half the sum of squares as darknet has it, not that of L;
    none for the labels.

    Raises:
        GraphError: there are too few biases; softmax_tree or class_map is given; a gradient of the
            labels is asked for.
        ShapeError: a bottom has another shape.

    Source: region_loss_layer.cpp (gklz1982/caffe-yolov2), and that of eric612/MobileNet-YOLO;
    Redmon & Farhadi, "YOLO9000: better, faster, stronger", 2017 (arXiv:1612.08242).
    """

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        param = self.param.region_loss_param
        if not param.num or len(param.biases) < 2 * param.num:
            yield GraphError(
                f"biases has {len(param.biases)} value(s) for num {param.num}; expected a width "
                "and a height for each anchor"
            )
        if not param.num_class:
            yield GraphError("num_class is 0; expected at least 1")
        for field in ("softmax_tree", "class_map"):
            if getattr(param, field):
                yield GraphError(f"{field} is not supported: classes here have no tree")

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        self._seen = 0

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        super().reshape(bottom, top)
        per_anchor(bottom[0], 0, self.param.region_loss_param.num, self._numbers)
        items = bottom[0].shape[0]
        if bottom[1].count not in (items * 5 * _FEW, items * 5 * _MANY):
            raise ShapeError(
                f"bottom 1 has shape {shape_text(bottom[1].shape)}; expected {items}×{5 * _FEW} or "
                f"{items}×1×{_MANY}×5, rows of class, x, y, width, height"
            )

    @property
    def _numbers(self) -> int:
        return 5 + self.param.region_loss_param.num_class

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        """Keeps the differences for backward."""
        param, items = self.param.region_loss_param, bottom[0].shape[0]
        values = per_anchor(bottom[0], 0, param.num, self._numbers)
        labels = bottom[1].data.reshape(items, bottom[1].count // max(5 * items, 1), 5)
        self._anchors = np.array(param.biases[: 2 * param.num]).reshape(-1, 2).astype(values.dtype)
        unit = values.shape[2], values.shape[1]
        places, sides = box_places(sigmoid(values[..., :2]), values[..., 2:4], self._anchors, unit)
        shares = np.empty(values[..., 5:].shape, values.dtype)
        softmax(np.ascontiguousarray(values[..., 5:]), 4, shares)
        objectness = sigmoid(values[..., 4])
        self._differences = np.zeros(values.shape, values.dtype)
        many = labels.shape[1] == _MANY
        for item in range(items if values.size else 0):
            own, boxes = self._differences[item], around(places[item], sides[item])
            self._everywhere(own, values[item], objectness[item], boxes, labels[item])
            if not many and self._seen < _WARM_UP // max(items, 1):
                own[..., :4] = self._box_differences(values[item], None, 0.01)
            for label in until_zero(labels[item], 3):
                self._true_box(
                    own, values[item], objectness[item], shares[item], boxes, label, many=many
                )
        self._seen += 1
        total = float(np.square(self._differences).sum(dtype=np.float64))
        top[0].data[...] = total / max(items, 1) if many else total

    def _everywhere(
        self, own: np.ndarray, values: np.ndarray, objectness: np.ndarray, boxes: np.ndarray,
        labels: np.ndarray,
    ) -> None:  # fmt: skip
        """Objectness is drawn to 0 where no true box is."""
        param = self.param.region_loss_param
        own[..., 4] = param.noobject_scale * objectness * objectness * (1 - objectness)
        true = until_zero(labels, 1)
        best = overlaps(boxes.reshape(-1, 4), around(true[:, 1:3], true[:, 3:]))
        near = best.max(axis=1, initial=0) > param.thresh
        own[..., 4][near.reshape(own.shape[:3])] = 0

    def _box_differences(
        self, values: np.ndarray, label: np.ndarray | None, scale: float
    ) -> np.ndarray:
        """Of x, y, w, h of (H, W, anchors, …) from a true box, or without one from the anchors."""
        moves = sigmoid(values[..., :2])
        height, width = values.shape[:2]
        if label is None:
            wanted, sizes = np.full(2, 0.5), np.zeros(2)
        else:
            grid = np.array([width, height])
            wanted = label[1:3] * grid - place_of(label[1:3], values.shape)[::-1]
            sizes = np.log(np.maximum(label[3:] * grid, 1e-30) / self._anchors)
        place = scale * (moves - wanted) * moves * (1 - moves)
        return np.concatenate([place, scale * (values[..., 2:4] - sizes)], axis=-1)

    def _true_box(
        self, own: np.ndarray, values: np.ndarray, objectness: np.ndarray, shares: np.ndarray,
        boxes: np.ndarray, label: np.ndarray, *, many: bool,
    ) -> None:  # fmt: skip
        param = self.param.region_loss_param
        row, column = place_of(label[1:3], values.shape)
        grid = np.array([values.shape[1], values.shape[0]])
        sides = self._anchors / grid
        if not param.bias_match:
            sides = boxes[row, column, :, 2:] - boxes[row, column, :, :2]
        zero = np.zeros_like(sides)
        best = int(overlaps(around(zero, sides), around(zero[:1], label[None, 3:]))[:, 0].argmax())
        at = (row, column, best)
        true = around(label[None, 1:3], label[None, 3:])
        iou = float(overlaps(boxes[at][None], true)[0, 0])
        rescored = many and param.rescore
        scale = param.coord_scale
        if many and not param.rescore:
            scale *= 2 - float(label[3] * label[4])
        own[at][:4] = self._box_differences(values, label, scale)[at]
        sure = objectness[at]
        own[at][4] = param.object_scale * (sure - (iou if rescored else 1)) * sure * (1 - sure)
        own[at][5:] = param.class_scale * shares[at]
        if 0 <= label[0] < param.num_class:
            own[at][5 + int(label[0])] -= param.class_scale

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        refuse_gradient(propagate_down, 1, "the true boxes")
        if propagate_down[0]:
            scale = self.weight(top) / max(bottom[0].shape[0], 1)
            moved = (self._differences * scale).transpose(0, 3, 4, 1, 2)
            bottom[0].diff[...] = moved.reshape(bottom[0].shape)

    def state(self) -> State:
        """How often it has run."""
        return {"seen": self._seen}

    def restore(self, state: State) -> None:
        """Go on from there."""
        self._seen = number_in(state, "seen")

    @property
    def repeatable(self) -> bool:
        return False
