"""YOLO 2's DetectionOutput, which has one bottom."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from minicaffe.errors import MinicaffeError
from minicaffe.layer import Blobs, Layer, refuse_gradient
from minicaffe.layers.detection.boxes import around, clip, suppress
from minicaffe.layers.detection.finds_boxes import FindsBoxes
from minicaffe.layers.detection.yolo import fill_rows, per_anchor
from minicaffe.layers.detection.yolo_detection_output import anchor_mistakes, region_predictions


class RegionDetectionOutput(FindsBoxes, Layer):
    """Makes boxes of YOLO 2's grid, as YoloDetectionOutput does, but for these rules of its fork.

    Boxes are compared, cut at the image's edge, in the order of the grid: a box that overlaps an
    earlier one by at least ``nms_threshold`` is dropped, whatever their scores. Classes count from
    0. The box is given by its middle and sides.

    Shapes: bottom (N, num_box · (5 + classes), H, W); top (1, 1, boxes, 7), shaped in forward:
    image, class, score, x and y of the middle, width, height, in image sides, by image and place;
    where nothing is found one row (image, -1, -1, …) for each image.

    Settings: ``detection_output_param``: num_classes, required; num_box (5), biases, the anchors'
    widths and heights in places, required; confidence_threshold (0.01, where it is not given),
    nms_threshold (0.45), coords (4). side and label_map_file change nothing.

    Gradients: none; one that is asked for is refused.

    Source: detection_output_layer.cpp (gklz1982/caffe-yolov2).
    """

    type = "DetectionOutput"
    decides = True
    in_place = False
    exact_bottoms = exact_tops = 1
    reshapes_always = True  # the number of boxes depends on the bottom's values
    backward_reads = ()

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        param = self.param.detection_output_param
        yield from anchor_mistakes(param.biases, param.num_box, param.num_classes)

    def labels(self) -> range:
        return range(self.param.detection_output_param.num_classes)

    def boxes_found(self, top: Blobs) -> np.ndarray:
        rows = super().boxes_found(top)
        rows[:, 3:] = around(rows[:, 3:5], rows[:, 5:])
        return rows

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        param = self.param.detection_output_param
        per_anchor(bottom[0], 0, param.num_box, 5 + param.num_classes)
        top[0].reshape(1, 1, 1, 7)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        param = self.param.detection_output_param
        given = param.HasField("confidence_threshold")
        threshold = param.confidence_threshold if given else 0.01
        values = per_anchor(bottom[0], 0, param.num_box, 5 + param.num_classes)
        below = float(np.nextafter(np.float32(param.nms_threshold), np.float32(-1)))
        rows = []
        for item, parts in enumerate(zip(*region_predictions(values, param.biases), strict=True)):
            middles, sides, scores, labels = (p.reshape(-1, *p.shape[3:]) for p in parts)
            good = np.flatnonzero(scores >= threshold)
            boxes = clip(around(middles[good], sides[good]))
            best = good[suppress(boxes, below)]
            head = (np.full(len(best), item), labels[best], scores[best])
            rows.append(np.column_stack([*head, middles[best], sides[best]]))
        fill_rows(top[0], rows)

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        refuse_gradient(propagate_down, 0, "what boxes are made of")
