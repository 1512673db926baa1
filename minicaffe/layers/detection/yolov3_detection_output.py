"""Yolov3DetectionOutput: boxes of YOLO's third version."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from minicaffe.blob import Blob
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


@register("Yolov3DetectionOutput")
class Yolov3DetectionOutput(FindsBoxes, Layer):
    """Makes boxes of what a net says of each anchor at each place of its grids (YOLO 3).

    Of x, y, w, h, objectness and the classes' scores: the middle is ((column + sigmoid(x)) / W,
    (row + sigmoid(y)) / H), the sides are exp(w) · the anchor's width and exp(h) · its height, in
    pixels of an image of W · ``anchors_scale`` by H · ``anchors_scale``. A class's score is its
    sigmoid times that of the objectness; each above ``confidence_threshold`` gives a box. One that
    overlaps a better one of any class by at least ``nms_threshold`` is dropped. The fork puts the
    boxes of all images together as image 0; here each image has its own.

    With ``gaussian_box`` (Gaussian YOLO) each of the four numbers is followed by its uncertainty
    u, and the objectness is times 1 - the mean of sigmoid(u).

    Shapes: bottoms (N, num_box · (5 + classes), H, W), or num_box · (9 + classes), as many as
    mask_group_num; top (1, 1, boxes, 7), shaped in forward: image, class + 1, score, xmin, ymin,
    xmax, ymax in image sides, by falling score; where nothing is found one row (image, -1, -1, …)
    for each image.

    Settings: ``yolov3_detection_output_param``: num_classes (20), num_box (3), biases, widths and
    heights of all anchors, required; mask, which anchors each bottom has, one after the other,
    required; anchors_scale, one for each bottom, required; mask_group_num (2), confidence_threshold
    (0.01), nms_threshold (0.45), gaussian_box (false).

    Gradients: none; one that is asked for is refused.

    Raises:
        GraphError: mask, biases, anchors_scale and the bottoms do not fit each other; a gradient is
            asked for.
        ShapeError: a bottom has other axes.

    Source: yolov3_detection_output_layer.cpp (eric612/MobileNet-YOLO); Redmon & Farhadi, "YOLOv3:
    an incremental improvement", 2018 (arXiv:1804.02767); Choi et al., "Gaussian YOLOv3", 2019
    (arXiv:1904.04620).
    """

    decides = True
    in_place = False
    min_bottoms = 1
    exact_tops = 1
    reshapes_always = True  # the number of boxes depends on the bottoms' values
    backward_reads = ()

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        param, bottoms = self.param.yolov3_detection_output_param, len(self.param.bottom)
        if param.mask_group_num != bottoms:
            yield GraphError(
                f"mask_group_num is {param.mask_group_num}, but there are {bottoms} bottom(s)"
            )
        if len(param.anchors_scale) < bottoms:
            yield GraphError(
                f"anchors_scale has {len(param.anchors_scale)} value(s) for {bottoms} bottom(s)"
            )
        if not param.num_box or len(param.mask) < param.num_box * bottoms:
            yield GraphError(
                f"mask has {len(param.mask)} value(s); expected num_box {param.num_box} (at least "
                f"1) for each of {bottoms} bottom(s)"
            )
        if param.mask and 2 * max(param.mask) + 1 >= len(param.biases):
            yield GraphError(
                f"biases has {len(param.biases)} value(s), but mask asks for anchor "
                f"{max(param.mask)}; expected a width and a height for each anchor"
            )
        if not param.num_classes:
            yield GraphError("num_classes is 0; give the number of classes, without a background")

    def _numbers(self) -> int:
        param = self.param.yolov3_detection_output_param
        return (9 if param.gaussian_box else 5) + param.num_classes

    def labels(self) -> range:
        return range(1, 1 + self.param.yolov3_detection_output_param.num_classes)

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        param = self.param.yolov3_detection_output_param
        check_bottoms(bottom, param.num_box, self._numbers())
        top[0].reshape(1, 1, 1, 7)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        param = self.param.yolov3_detection_output_param
        groups = [self._group(blob, index) for index, blob in enumerate(bottom)]
        rows = []
        for item in range(bottom[0].shape[0]):
            middles, sides, scores = (
                np.concatenate([part[item].reshape(-1, part.shape[-1]) for part in parts])
                for parts in zip(*groups, strict=True)
            )
            box, label = np.nonzero(scores > param.confidence_threshold)
            score = scores[box, label]
            best = kept(middles[box], sides[box], score, param.nms_threshold)
            boxes = around(middles[box[best]], sides[box[best]])
            head = (np.full(len(best), item), label[best] + 1, score[best])
            rows.append(np.column_stack([*head, boxes]))
        fill_rows(top[0], rows)

    def _group(self, blob: Blob, index: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """One bottom's middles, sides and scores of all classes."""
        param = self.param.yolov3_detection_output_param
        values = per_anchor(blob, index, param.num_box, self._numbers())
        each = len(param.mask) // param.mask_group_num
        masked = param.mask[index * each : index * each + param.num_box]
        anchors = np.array(param.biases)[: len(param.biases) // 2 * 2].reshape(-1, 2)[masked]
        unit = [side * param.anchors_scale[index] for side in blob.shape[:1:-1]]
        if param.gaussian_box:
            place, doubt, rest = values[..., :8:2], values[..., 1:8:2], values[..., 8:]
        else:
            place, doubt, rest = values[..., :4], values[..., :0], values[..., 4:]
        middles, sides = box_places(sigmoid(place[..., :2]), place[..., 2:], anchors, unit)
        objectness = sigmoid(rest[..., :1])
        if param.gaussian_box:
            objectness = objectness * (1 - sigmoid(doubt).mean(axis=-1, keepdims=True))
        return middles, sides, objectness * sigmoid(rest[..., 1:])

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        for index in range(len(bottom)):
            refuse_gradient(propagate_down, index, "what boxes are made of")
