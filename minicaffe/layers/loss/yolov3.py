"""Yolov3: YOLO 3's loss."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from minicaffe.blob import shape_text
from minicaffe.errors import GraphError, MinicaffeError, ShapeError
from minicaffe.layer import Blobs, refuse_gradient, register
from minicaffe.layers.detection.boxes import around
from minicaffe.layers.detection.overlap_kinds import overlaps_of_kind, rise
from minicaffe.layers.detection.yolo import (
    box_places,
    per_anchor,
    place_of,
    sigmoid,
    until_zero,
)
from minicaffe.layers.loss.loss_layer import LossLayer
from minicaffe.proto import caffe_pb2

_KINDS = caffe_pb2.Yolov3Parameter

_ROWS = 300  # true boxes of an image
_FOCAL = 0.5  # darknet's alpha


@register("Yolov3")
class Yolov3(LossLayer):
    """L = Σ d² / N over what the net says of each anchor at each place, d being darknet's
    differences.

    Of x, y, w, h, objectness o and the classes' scores c, s being the sigmoid::

        objectness      s(o)            where no true box fits the box better than thresh; else 0
        of each true box, the anchor of all that has its shape best, if the mask has it, and the
        mask's others that fit it better than iou_thresh, all at the place of its middle:
        x, y            f · (s(x) - x of the box in its place), with f = coord_scale ·
                        (2 - the true box's area)
        w, h            f · (w - log(box / anchor))
        objectness      s(o) - 1
        classes         class_scale · (s(c) - t); t is 1 for the class and 0 for others, moved by
                        label_smooth_eps towards 1/2
                        with use_focal_loss, t not moved: also times 1/2 of
                        -(1 - p) · (2 p · log p + p - 1), with p = s(the class's score)
        where d of the class is not 0 already, of another true box: that of the class alone

    With iou_loss other than MSE, d of x, y, w, h is what :func:`rise` says of that measure, times
    exp(w) and exp(h) for w and h, times -iou_normalizer, limited to max_delta, added to that of
    another true box (``accumulate``); L has Σ d² of the other numbers, and iou_normalizer times the
    mean of 1 - the measure. "Fits" is by that measure, too (:func:`overlaps_of_kind`).

    The fork forgets that it renamed the best anchor by its number in the mask: where that differs,
    the best anchor is counted a second time if it fits better than iou_thresh.

    Shapes: bottom 0 (N, num · (5 + classes), H, W); bottom 1, true boxes (N, 1, 300, 5): class,
    middle x and y, width, height in image sides; zeros end them. Top L, a scalar.

    Settings: ``yolov3_param``: num_class (20), num (5), which anchors there are at a place; mask,
    their numbers in biases, required; biases, widths and heights of all anchors in pixels of an
    image of W · anchors_scale by H · anchors_scale, required; anchors_scale (32), class_scale (1),
    coord_scale (5), thresh (0.2), use_logic_gradient (false), object_scale (1; counts with
    use_logic_gradient, for the objectness of true boxes), use_focal_loss (false), iou_loss (MSE),
    iou_normalizer (0.25), iou_thresh (0.5), max_delta (10), accumulate (true), label_smooth_eps
    (0.1). side and noobject_scale change nothing.

    Gradients: d / N, as darknet has it, which is not the derivative of L: of the cross-entropies of
    x, y, o and c, and of half the squares of w and h. With use_logic_gradient d of all but w and h
    is times s' first (with an iou_loss that of x and y times x · (1 - x), as in the fork). None for
    the labels.

    Raises:
        GraphError: mask, biases and num do not fit each other; a gradient of the labels is asked
            for.
        ShapeError: a bottom has another shape.

    Source: yolov3_layer.cpp (eric612/MobileNet-YOLO); Redmon & Farhadi, "YOLOv3: an incremental
    improvement", 2018 (arXiv:1804.02767); Rezatofighi et al., "Generalized intersection over
    union", 2019 (arXiv:1902.09630); Zheng et al., "Distance-IoU loss", 2020 (arXiv:1911.08287).
    """

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        param = self.param.yolov3_param
        if not param.num or len(param.mask) < param.num:
            yield GraphError(
                f"mask has {len(param.mask)} value(s) for num {param.num}; expected the number of "
                "each anchor at a place, and at least one"
            )
        if param.mask and 2 * max(param.mask) + 1 >= len(param.biases):
            yield GraphError(
                f"biases has {len(param.biases)} value(s), but mask asks for anchor "
                f"{max(param.mask)}; expected a width and a height for each anchor"
            )
        for field in ("num_class", "anchors_scale"):
            if not getattr(param, field):
                yield GraphError(f"{field} is 0; expected at least 1")

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        param = self.param.yolov3_param
        self._numbers, self._kind = 5 + param.num_class, param.iou_loss
        self._mask = list(param.mask[: param.num])
        self._anchors = np.array(param.biases[: len(param.biases) // 2 * 2]).reshape(-1, 2)

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        super().reshape(bottom, top)
        per_anchor(bottom[0], 0, len(self._mask), self._numbers)
        items = bottom[0].shape[0]
        if bottom[1].count != items * 5 * _ROWS:
            raise ShapeError(
                f"bottom 1 has shape {shape_text(bottom[1].shape)}; expected {items}×1×{_ROWS}×5, "
                "rows of class, x, y, width, height"
            )

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        """Keeps the differences for backward."""
        param, items = self.param.yolov3_param, bottom[0].shape[0]
        self._values = per_anchor(bottom[0], 0, len(self._mask), self._numbers)
        self._squashed = sigmoid(self._values)
        self._differences = np.zeros(self._values.shape, self._values.dtype)
        self._unit = param.anchors_scale * np.array(self._values.shape[2:0:-1])
        labels = bottom[1].data.reshape(items, _ROWS, 5)
        anchors = self._anchors[self._mask]
        moves, sizes = self._squashed[..., :2], self._values[..., 2:4]
        middles, sides = box_places(moves, sizes, anchors, self._unit.tolist())
        self._boxes = np.concatenate([middles, sides], axis=-1)
        lost: list[float] = []
        with np.errstate(all="ignore"):
            for item in range(items if self._values.size else 0):
                self._everywhere(item, labels[item])
                for label in until_zero(labels[item], 3):
                    for anchor in self._anchors_of(label):
                        place = place_of(label[1:3], self._values.shape[1:])
                        at = (item, *place, anchor)
                        self._true_box(at, label)
                        if self._kind != _KINDS.MSE:
                            lost.append(self._lost(at, label))
            of_boxes = 0 if self._kind == _KINDS.MSE else 4
            total = float(np.square(self._differences[..., of_boxes:]).sum(dtype=np.float64))
        if of_boxes and lost:
            total += param.iou_normalizer * sum(lost) / len(lost)
        top[0].data[...] = total / max(items, 1)

    def _everywhere(self, item: int, labels: np.ndarray) -> None:
        """Objectness is drawn to 0 where no true box is."""
        boxes, true = self._boxes[item], until_zero(labels, 1)
        fits = overlaps_of_kind(
            self._kind, _corners(boxes.reshape(-1, 4)), _corners(true[:, 1:])
        )  # fmt: skip
        near = np.fmax.reduce(fits, axis=1, initial=0) > self.param.yolov3_param.thresh
        objectness = self._squashed[item, ..., 4]
        self._differences[item, ..., 4] = np.where(near.reshape(objectness.shape), 0, objectness)

    def _anchors_of(self, label: np.ndarray) -> Iterator[int]:
        """Which of the mask's anchors a true box has, one after the other."""
        limit = self.param.yolov3_param.iou_thresh
        sides = self._anchors / self._unit
        zero = np.zeros_like(sides)
        fits = overlaps_of_kind(self._kind, around(zero, sides), around(zero[:1], label[None, 3:]))
        fits = np.nan_to_num(fits[:, 0])
        best = int(fits.argmax()) if fits.max() > 0 else -1
        if best in self._mask:
            best = self._mask.index(best)
            yield best
        for number, fit in enumerate(fits if limit < 1 else ()):
            if number in self._mask and number != best and fit > limit:
                yield self._mask.index(number)

    def _true_box(self, at: tuple[int, ...], label: np.ndarray) -> None:
        """Set the differences of a true box at one place and anchor."""
        param, own = self.param.yolov3_param, self._differences[at]
        squashed = self._squashed[at]
        if self._kind == _KINDS.MSE:
            own[:4] = self._box_difference(at, label)
        else:
            own[:4] = self._overlap_difference(at, label) + own[:4] * param.accumulate
        own[4] = squashed[4] - 1
        if param.use_logic_gradient:
            own[4] *= param.object_scale
        own[5:] = self._class_difference(own[5:], squashed[5:], int(np.nan_to_num(label[0])))

    def _lost(self, at: tuple[int, ...], label: np.ndarray) -> float:
        """How much the net's box lacks to fit a true one; with IOU DIOU's measure, as there."""
        kind = _KINDS.DIOU if self._kind == _KINDS.IOU else self._kind
        pair = _corners(self._boxes[at][None]), _corners(label[None, 1:])
        return 1 - float(overlaps_of_kind(kind, *pair)[0, 0])

    def _box_difference(self, at: tuple[int, ...], label: np.ndarray) -> np.ndarray:
        """Of x, y, w, h."""
        scale = self.param.yolov3_param.coord_scale * (2 - float(label[3] * label[4]))
        grid = np.array(self._values.shape[2:0:-1])
        moves = self._squashed[at][:2] - (label[1:3] * grid - at[2:0:-1])
        anchor = self._anchors[self._mask[at[3]]]
        sizes = np.log(np.maximum(label[3:] * self._unit, 1e-30) / anchor)
        return scale * np.concatenate([moves, self._values[at][2:4] - sizes])

    def _overlap_difference(self, at: tuple[int, ...], label: np.ndarray) -> np.ndarray:
        """Of x, y, w, h, by an overlap."""
        param = self.param.yolov3_param
        box = np.array(self._boxes[at], np.float64)
        box[2:][box[2:] == 0] = 1
        growth = np.array(rise(self._kind, box, label[1:].astype(np.float64)))
        growth[2:] *= np.exp(self._values[at][2:4])
        growth *= param.iou_normalizer
        growth[~np.isfinite(growth)] = 0
        return -np.clip(growth, -param.max_delta, param.max_delta)

    def _class_difference(self, own: np.ndarray, shares: np.ndarray, label: int) -> np.ndarray:
        """Of the classes' scores."""
        param = self.param.yolov3_param
        known = 0 <= label < len(shares)
        target = (np.arange(len(shares)) == label).astype(shares.dtype)
        smooth = target * (1 - param.label_smooth_eps) + param.label_smooth_eps / 2
        plain = param.class_scale * (shares - smooth)
        plain = np.where(np.isfinite(plain), plain, own)
        if known and own[label]:
            return np.where(target == 1, plain, own)
        if not param.use_focal_loss:
            return plain
        share = float(shares[label]) + 1e-15 if known else 1.0
        weight = -(1 - share) * (2 * share * np.log(share) + share - 1)
        return param.class_scale * _FOCAL * weight * (shares - target)

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        refuse_gradient(propagate_down, 1, "the true boxes")
        if propagate_down[0]:
            down = self._differences * (self.weight(top) / max(bottom[0].shape[0], 1))
            if self.param.yolov3_param.use_logic_gradient:
                values = self._squashed.copy()
                if self._kind != _KINDS.MSE:
                    values[..., :2] = self._values[..., :2]
                slopes = values * (1 - values)
                slopes[..., 2:4] = 1
                down *= slopes
            bottom[0].diff[...] = down.transpose(0, 3, 4, 1, 2).reshape(bottom[0].shape)


def _corners(boxes: np.ndarray) -> np.ndarray:
    """Boxes (n, 4) of middles and sides as corners."""
    return around(boxes[:, :2], boxes[:, 2:])
