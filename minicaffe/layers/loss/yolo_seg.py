"""YoloSeg: the loss of classes of pixels, beside YOLO 3's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from minicaffe.blob import shape_text
from minicaffe.errors import ShapeError
from minicaffe.layer import Blobs, refuse_gradient, register
from minicaffe.layers.detection.yolo import sigmoid
from minicaffe.layers.loss.loss_layer import LossLayer


@register("YoloSeg")
class YoloSeg(LossLayer):
    """L = Σ d² / N with d = b · (s - t), s being the sigmoid of the scores and t the labels.

    b is object_scale; with bottom 2, where t is above 1/2, times 2 - the share of the class's
    pixels, which is their number over that of all others, in all images together.

    Shapes: bottom 0, scores (N, classes, H, W); bottom 1, labels of the same shape, 0 to 1; bottom
    2, optional, the number of each class's pixels (N, classes). Top L, a scalar.

    Settings: ``yolo_seg_param``: object_scale (5). num_class, class_scale, use_logic_gradient and
    use_hardsigmoid change nothing, as in the fork.

    Gradients: d / N, that of the cross-entropies and not that of L, as darknet has it; none for the
    labels and numbers.

    Raises:
        GraphError: a gradient of the labels or the numbers is asked for.
        ShapeError: the bottoms do not fit each other.

    Source: yolo_seg.cpp (eric612/MobileNet-YOLO).
    """

    exact_bottoms: ClassVar[int | None] = None
    min_bottoms = 2
    max_bottoms = 3

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        super().reshape(bottom, top)
        shape = bottom[0].shape
        if len(shape) != 4 or bottom[1].shape != shape:
            raise ShapeError(
                f"the scores have shape {shape_text(shape)}, the labels "
                f"{shape_text(bottom[1].shape)}; expected one shape N×classes×H×W"
            )
        if len(bottom) > 2 and bottom[2].count != shape[0] * shape[1]:
            raise ShapeError(
                f"bottom 2 has shape {shape_text(bottom[2].shape)}; expected {shape[0]}×{shape[1]},"
                " a number of pixels for each class of each image"
            )

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        """Keeps the differences for backward."""
        items, classes, height, width = bottom[0].shape
        labels = bottom[1].data
        scale = np.full((classes, 1, 1), self.param.yolo_seg_param.object_scale, labels.dtype)
        with np.errstate(all="ignore"):
            self._differences = (sigmoid(bottom[0].data) - labels) * scale
            if len(bottom) > 2:
                pixels = bottom[2].data.reshape(items, classes).astype(np.float64)
                shares = pixels.sum(axis=0) / (height * width - pixels).sum(axis=0)
                more = (2 - shares).astype(labels.dtype)[:, None, None]
                self._differences *= np.where(labels > 0.5, more, labels.dtype.type(1))
            total = float(np.square(self._differences).sum(dtype=np.float64))
        top[0].data[...] = total / max(items, 1)

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        for index, what in ((1, "the labels"), (2, "numbers of pixels")):
            refuse_gradient(propagate_down, index, what)
        if propagate_down[0]:
            scale = self.weight(top) / max(bottom[0].shape[0], 1)
            np.multiply(self._differences, scale, out=bottom[0].diff)
