"""How often a net is right about the fields of a map, and how well its boxes fit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from minicaffe.errors import GraphError, MinicaffeError
from minicaffe.layer import Blobs, Layer, refuse_gradient
from minicaffe.layers.detection.field_predictions import FieldPredictions, Fields
from minicaffe.layers.detection.pixel_boxes import Common, normalizer_mistakes
from minicaffe.layers.loss.labels import ignore_label
from minicaffe.proto import caffe_pb2
from minicaffe.proto.dialects import meant

Settings = caffe_pb2.DetectionGroupAccuracyParameter | caffe_pb2.DetectionAccuracyParameter


class FieldAccuracyLayer(Layer):
    """The parts that DetectionGroupAccuracy and DetectionAccuracy share."""

    measures = True
    in_place = False
    min_tops = 1
    max_tops = 2
    backward_reads = ()
    fork_fields = meant("bbox_reg_param")

    @property
    def settings(self) -> Settings:
        """The layer's message."""
        raise NotImplementedError(f"{type(self).__name__}.settings")

    def fields(self) -> Fields:
        """The fields at each place."""
        raise NotImplementedError(f"{type(self).__name__}.fields")

    def predictions(self, bottom: Blobs) -> FieldPredictions:
        """What the bottoms hold."""
        raise NotImplementedError(f"{type(self).__name__}.predictions")

    def right(self, scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """Which labels (I, H, W) the scores (I, classes, H, W) give."""
        raise NotImplementedError(f"{type(self).__name__}.right")

    @property
    def common(self) -> Common:
        """The area that boxes have in common."""
        raise NotImplementedError(f"{type(self).__name__}.common")

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        yield from class_mistakes(self.settings.cls_num, objectness=self.settings.objectness)
        yield from self.fields().limits.mistakes()
        yield from normalizer_mistakes(self.param)

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        for blob, width in zip(top, (2, 1), strict=False):
            blob.reshape(1, 1, 1, width)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        of = self.predictions(bottom)
        labels = of.labels
        own = np.minimum(labels, 1) if self.settings.objectness else labels
        ignored = ignore_label(self.param.loss_param)
        counted = ~((own == 0) & (of.overlaps >= self.settings.bg_threshold))
        if ignored is not None:
            counted &= own != ignored
        right = self.right(of.scores, own) & counted
        objects = counted & (own != 0)
        top[0].data[0, 0, 0] = [_share(right, counted), _share(right & objects, objects)]
        if len(top) > 1:
            boxes = labels != 0
            if ignored is not None:
                boxes &= labels != ignored
            fits = of.fits(self.fields(), boxes, self.common)
            top[1].data[...] = fits.mean() if len(fits) else -1

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        for index in range(len(bottom)):
            refuse_gradient(propagate_down, index, "what an accuracy is of")


def _share(part: np.ndarray, whole: np.ndarray) -> float:
    """How many of the whole are in the part; -1 for nothing."""
    count = int(np.count_nonzero(whole))
    return np.count_nonzero(part) / count if count else -1.0


def class_mistakes(classes: int, *, objectness: bool) -> Iterator[MinicaffeError]:
    """What is wrong with ``cls_num`` and ``objectness``."""
    if not classes:
        yield GraphError("cls_num is missing; give the number of classes and background")
    elif objectness and classes != 2:
        yield GraphError(
            f"objectness is true and cls_num {classes}; expected 2, background and objects"
        )
