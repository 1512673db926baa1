"""YoloDetectionOutput: boxes of YOLO's second version."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from minicaffe.errors import GraphError, MinicaffeError
from minicaffe.layer import Blobs, Layer, refuse_gradient, register
from minicaffe.layers.detection.boxes import around
from minicaffe.layers.detection.finds_boxes import FindsBoxes
from minicaffe.layers.detection.yolo import (
    box_places,
    check_bottoms,
    fill_rows,
    kept,
    per_anchor,
    sigmoid,
)


def anchor_mistakes(
    biases: Sequence[float], anchors: int, classes: int
) -> Iterator[MinicaffeError]:
    """What is wrong with the anchors and classes of a YOLO layer."""
    if len(biases) < 2 * anchors or not anchors:
        yield GraphError(
            f"biases has {len(biases)} value(s) for num_box {anchors}; expected a width and a "
            "height for each box"
        )
    if not classes:
        yield GraphError("num_classes is 0; give the number of classes, without a background")


def region_predictions(
    values: np.ndarray, biases: Sequence[float]
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Of (N, H, W, anchors, 5 + classes): middles, sides, scores and classes.

    score = sigmoid(objectness) · the largest softmax of the classes
    """
    anchors = np.array(biases[: 2 * values.shape[3]]).reshape(-1, 2)
    unit = values.shape[2], values.shape[1]
    middles, sides = box_places(sigmoid(values[..., :2]), values[..., 2:4], anchors, unit)
    with np.errstate(over="ignore", invalid="ignore"):
        shares = np.exp(values[..., 5:] - values[..., 5:].max(axis=-1, keepdims=True))
        best = shares.max(axis=-1) / shares.sum(axis=-1)
    return middles, sides, sigmoid(values[..., 4]) * best, values[..., 5:].argmax(axis=-1)


@register("YoloDetectionOutput")
class YoloDetectionOutput(FindsBoxes, Layer):
    """Makes boxes of what a net says of each anchor at each place of its grid (YOLO 2).

    Of x, y, w, h, objectness and the classes' scores: the middle is ((column + sigmoid(x)) / W,
    (row + sigmoid(y)) / H), the sides are exp(w) · the anchor's width / W and exp(h) · its height /
    H. The score is the sigmoid of the objectness times the largest softmax of the classes; what has
    at least ``confidence_threshold`` counts. A box that overlaps a better one of any class by at
    least ``nms_threshold`` is dropped. The fork puts the boxes of all images together as image 0;
    here each image has its own.

    Shapes: bottoms (N, num_box · (5 + classes), H, W), one or two; top (1, 1, boxes, 7), shaped in
    forward: image, class + 1, score, xmin, ymin, xmax, ymax in image sides, by falling score; where
    nothing is found one row (image, -1, -1, …) for each image.

    Settings: ``yolo_detection_output_param``: num_classes (20), num_box (5), biases, the anchors'
    widths and heights in places, required; confidence_threshold (0.01), nms_threshold (0.45),
    coords (4). side and label_map_file change nothing.

    Gradients: none; one that is asked for is refused.

    Raises:
        GraphError: there are too few biases; a gradient is asked for.
        ShapeError: a bottom has other axes.

    Source: yolo_detection_output_layer.cpp (eric612/MobileNet-YOLO); Redmon & Farhadi, "YOLO9000:
    better, faster, stronger", 2017 (arXiv:1612.08242).
    """

    decides = True
    in_place = False
    min_bottoms = 1
    max_bottoms = 2
    exact_tops = 1
    reshapes_always = True  # the number of boxes depends on the bottoms' values
    backward_reads = ()

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        param = self.param.yolo_detection_output_param
        yield from anchor_mistakes(param.biases, param.num_box, param.num_classes)

    def labels(self) -> range:
        return range(1, 1 + self.param.yolo_detection_output_param.num_classes)

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        param = self.param.yolo_detection_output_param
        check_bottoms(bottom, param.num_box, 5 + param.num_classes)
        top[0].reshape(1, 1, 1, 7)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        param = self.param.yolo_detection_output_param
        values = [
            region_predictions(
                per_anchor(blob, index, param.num_box, 5 + param.num_classes), param.biases
            )
            for index, blob in enumerate(bottom)
        ]
        rows = []
        for item in range(bottom[0].shape[0]):
            middles, sides, scores, labels = (
                np.concatenate([part[item].reshape(-1, *part.shape[4:]) for part in parts])
                for parts in zip(*values, strict=True)
            )
            good = np.flatnonzero(scores >= param.confidence_threshold)
            best = good[kept(middles[good], sides[good], scores[good], param.nms_threshold)]
            boxes = around(middles[best], sides[best])
            head = (np.full(len(best), item), labels[best] + 1, scores[best])
            rows.append(np.column_stack([*head, boxes]))
        fill_rows(top[0], rows)

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        for index in range(len(bottom)):
            refuse_gradient(propagate_down, index, "what boxes are made of")
