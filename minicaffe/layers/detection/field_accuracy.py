"""How often a net is right about the fields of a map, and how well its boxes fit."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from minicaffe.layer import Blobs, refuse_gradient
from minicaffe.layers.detection.field_layer import FieldLayer
from minicaffe.layers.detection.pixel_boxes import Common
from minicaffe.layers.loss.labels import ignore_label


class FieldAccuracyLayer(FieldLayer):
    """The parts that DetectionGroupAccuracy and DetectionAccuracy share."""

    measures = True
    in_place = False
    min_tops = 1
    max_tops = 2

    def right(self, scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """Which labels (I, H, W) the scores (I, classes, H, W) give."""
        raise NotImplementedError(f"{type(self).__name__}.right")

    @property
    def common(self) -> Common:
        """The area that boxes have in common."""
        raise NotImplementedError(f"{type(self).__name__}.common")

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
