"""The DetectionLoss of YOLO 1."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from minicaffe.blob import shape_text
from minicaffe.errors import DataError, GraphError, MinicaffeError, ShapeError
from minicaffe.layer import Blobs, refuse_gradient
from minicaffe.layers.detection.boxes import around, overlaps
from minicaffe.layers.detection.yolo_grid import (
    GRID_LABELS,
    GridBoxes,
    GridOutputs,
    box_values,
    grid_truths,
    place_corners,
)
from minicaffe.layers.loss.loss_layer import LossLayer


class YoloDetectionLoss(LossLayer):
    """L = Σ over the places with an object of (class_scale · Σ (c - t)² + object_scale · (o - 1)² +
    coord_scale · Σ (b - b*)²) / their number + noobject_scale · Σ o² of all other boxes / theirs.

    c are the classes' shares of a place, t is 1 for its class; o and b = (x, y, w, h) are of the
    one of its num_object boxes that overlaps the true box most, or, if none does, is nearest to it
    by the root of the summed squares of x, y, w and h (less than 20). b* is the true box, as
    ``constriant`` (x and y from the place's corner, in places) and ``sqrt`` (w and h as roots) have
    it. Without any object L is not a number, as in the fork.

    Shapes: bottom 0 (N, side² · (classes + 5 · num_object)), planes of the classes, of o, and of x,
    y, w, h of each box; bottom 1 (N, side² · 7), planes of difficult, object, class, then x, y, w,
    h of each place. Top L, a scalar.

    Settings: ``detection_loss_param``: side (7), num_class (20), num_object (2), object_scale (1),
    noobject_scale (0.5), class_scale (1), coord_scale (5), sqrt (true), constriant (false).

    Gradients: for bottom 0 half of what the squares have, divided by N and not by the numbers of
    boxes, as in the fork; o of an object's box is drawn to its overlap with the true box instead of
    1. None for the labels.

    Raises:
        DataError: a label is no class.
        GraphError: a number is 0; a gradient of the labels is asked for.
        ShapeError: a bottom has another number of elements.

    Source: detection_loss_layer.cpp (yeahkun/caffe-yolo, gklz1982/caffe-yolov2); Redmon et al.,
    "You only look once", 2016 (arXiv:1506.02640), equation 3.
    """

    type = "DetectionLoss"

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        for field in ("side", "num_class", "num_object"):
            if not getattr(self.param.detection_loss_param, field):
                yield GraphError(f"{field} is 0; expected at least 1")

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        super().reshape(bottom, top)
        param, items = self.param.detection_loss_param, bottom[0].shape[0]
        places = param.side**2
        each = (places * (param.num_class + 5 * param.num_object), places * GRID_LABELS)
        for index, count in enumerate(each):
            if bottom[index].count != items * count:
                raise ShapeError(
                    f"bottom {index} has shape {shape_text(bottom[index].shape)}; expected "
                    f"{items}×{count} for side {param.side}, num_class {param.num_class} and "
                    f"num_object {param.num_object}"
                )

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        """Keeps the differences for backward."""
        param, items = self.param.detection_loss_param, bottom[0].shape[0]
        shape = items, bottom[0].count // max(items, 1)
        self._differences = np.zeros(shape, self.dtype)
        sums, objects = np.zeros(2), 0
        for item in range(items):
            truths = self._checked(grid_truths(bottom[1].data.reshape(items, -1)[item], param.side))
            values, own = bottom[0].data.reshape(shape)[item], self._differences[item]
            with np.errstate(over="ignore", invalid="ignore"):
                sums += self._image(self._parts(values), self._parts(own), truths)
            objects += len(truths.places)
        others = items * param.side**2 * param.num_object - objects
        with np.errstate(divide="ignore", invalid="ignore"):
            top[0].data[...] = (sums / np.array([objects, others])).sum()

    def _parts(self, values: np.ndarray) -> GridOutputs:
        param = self.param.detection_loss_param
        return GridOutputs.of(values, param.side, param.num_class, param.num_object)

    def _checked(self, truths: GridBoxes) -> GridBoxes:
        classes = self.param.detection_loss_param.num_class
        wrong = truths.labels[~((truths.labels >= 0) & (truths.labels < classes))]
        if len(wrong):
            raise DataError(f"a label is {wrong[0]:g}; expected a class from 0 to {classes - 1}")
        return truths

    def _image(self, out: GridOutputs, own: GridOutputs, truths: GridBoxes) -> np.ndarray:
        """Set the differences of one image.

        Returns:
            the summed squares of the places with an object, and of all other boxes' objectness.
        """
        param, at = self.param.detection_loss_param, truths.places
        own.objectness[...] = param.noobject_scale * out.objectness
        free = param.noobject_scale * np.square(out.objectness, dtype=np.float64)
        best, iou = self._best(out, truths)
        shares = out.shares[:, at]
        target = np.arange(param.num_class)[:, None] == truths.labels
        own.shares[:, at] = param.class_scale * (shares - target)
        wanted = np.concatenate([truths.middles, truths.sides], axis=1)
        if param.constriant:
            wanted[:, :2] = wanted[:, :2] * param.side - place_corners(param.side)[at]
        if param.sqrt:
            wanted[:, 2:] = np.sqrt(wanted[:, 2:])
        off = out.boxes[best, :, at] - wanted
        own.boxes[best, :, at] = param.coord_scale * off
        sure = out.objectness[best, at]
        own.objectness[best, at] = param.object_scale * (sure - iou)
        total = (
            param.class_scale * np.square(shares - target, dtype=np.float64).sum()
            + param.object_scale * np.square(sure - 1, dtype=np.float64).sum()
            + param.coord_scale * np.square(off, dtype=np.float64).sum()
        )
        return np.array([total, free.sum() - free[best, at].sum()])

    def _best(self, out: GridOutputs, truths: GridBoxes) -> tuple[np.ndarray, np.ndarray]:
        """Which of a place's boxes each true box has, and their overlap."""
        param = self.param.detection_loss_param
        places = box_values(
            out.boxes.transpose(2, 1, 0), param.side, relative=param.constriant, roots=param.sqrt
        )[truths.places]
        best, shared = np.zeros(len(places), int), np.zeros(len(places))
        for number, (boxes, middle, side) in enumerate(
            zip(places.transpose(0, 2, 1), truths.middles, truths.sides, strict=True)
        ):
            true = around(middle[None], side[None])
            iou = overlaps(around(boxes[:, :2], boxes[:, 2:]), true)[:, 0]
            away = np.sqrt(np.square(boxes - np.concatenate([middle, side])).sum(axis=1))
            if (iou > 0).any():
                best[number] = int(np.nan_to_num(iou).argmax())
                shared[number] = iou[best[number]]
            elif (away < _FAR).any():
                best[number] = int(np.where(away < _FAR, away, np.inf).argmin())
        return best, shared

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        refuse_gradient(propagate_down, 1, "the true boxes")
        if propagate_down[0]:
            scale = self.weight(top) / max(bottom[0].shape[0], 1)
            bottom[0].diff[...] = (self._differences * scale).reshape(bottom[0].shape)


_FAR = 20.0  # the distance from which on a box that overlaps nothing is not looked at
