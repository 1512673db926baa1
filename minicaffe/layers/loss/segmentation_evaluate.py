"""SegmentationEvaluate: how well maps of classes fit, one overlap for each class."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from minicaffe.blob import shape_text
from minicaffe.errors import GraphError, MinicaffeError, ShapeError
from minicaffe.layer import Blobs, Layer, register
from minicaffe.layers.gradients import refuse_gradients
from minicaffe.layers.images import require_images


@register("SegmentationEvaluate")
class SegmentationEvaluate(Layer):
    """The intersection over union of each class's pixels, of the first image of the batch.

    A pixel belongs to a class where its value is above threshold, in the maps and in the labels.
    Where they have none in common the overlap is 0. The fork also takes labels of another size than
    the maps, which it resizes by OpenCV in bytes; here an Interp before the layer must do that.

    Shapes: bottom 0, maps (N, C, H, W), such as sigmoids; bottom 1, labels of the same shape, 0 or
    1; top (1, 1, 1, C), from 0 to 1.

    Settings: ``segmentation_evaluate_param``: num_classes, required, which chooses nothing;
    threshold (0.5).

    Gradients: none; one that is asked for is refused.

    Raises:
        GraphError: num_classes is missing; a gradient is asked for.
        ShapeError: the bottoms differ in shape, or have no image.

    Source: segmentation_evaluate_layer.cpp (eric612/MobileNet-YOLO).
    """

    measures = True
    in_place = False
    exact_bottoms = 2
    exact_tops = 1
    backward_reads = ()

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        if not self.param.segmentation_evaluate_param.HasField("num_classes"):
            yield GraphError("num_classes is missing; give the number of classes")

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        require_images(bottom[0])
        maps, labels = (blob.shape for blob in bottom)
        if maps != labels or not maps[0]:
            raise ShapeError(
                f"the maps have shape {shape_text(maps)}, the labels {shape_text(labels)}; one "
                "shape, with an image at least, is expected: resize the maps by an Interp layer"
            )
        top[0].reshape(1, 1, 1, maps[1])

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        threshold = self.param.segmentation_evaluate_param.threshold
        found, wanted = (blob.data[0] > threshold for blob in bottom)
        both = (found & wanted).sum(axis=(1, 2))
        either = (found | wanted).sum(axis=(1, 2))
        top[0].data[0, 0, 0] = both / np.maximum(either, 1)

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        refuse_gradients(propagate_down, "the maps", "the labels")
