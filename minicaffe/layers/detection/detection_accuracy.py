"""DetectionAccuracy: how often MS-CNN's proposals are right."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from minicaffe.errors import GraphError, MinicaffeError
from minicaffe.layer import register
from minicaffe.layers.detection.field_accuracy import FieldAccuracyLayer
from minicaffe.layers.detection.field_layer import JoinedFieldLayer
from minicaffe.layers.detection.pixel_boxes import Common, common_areas
from minicaffe.proto import caffe_pb2


@register("DetectionAccuracy")
class DetectionAccuracy(JoinedFieldLayer, FieldAccuracyLayer):
    """The fraction of places whose label is among the ``top_k`` best scores, of all and of objects.

    Places of label 0 that overlap an object by ``bg_threshold`` do not count, nor those of
    ``ignore_label``. With ``objectness`` all labels above 0 are 1. Of equal scores the last counts
    first.

    Shapes: bottom 0, scores and then offsets (N, classes + 4, H, W) of one field; bottom 1, labels
    (N, 6, H, W): label, middle x, middle y, width and height of the true box in pixels, overlap
    with it. Top 0 (1, 1, 1, 2): the fraction of all, that of objects; top 1, optional, (1, 1, 1,
    1), the mean overlap of the boxes that the offsets mean (BoxOutput's, not clipped) with the true
    ones. -1 where nothing counts.

    Settings: ``detection_accuracy_param``: cls_num, field_w, field_h and downsample_rate, required;
    coord_num (4, nothing else), top_k (1), field_xyr (4), field_whr (2), bg_threshold (0.5),
    objectness (false). ``loss_param``: ignore_label (unset). ``bbox_reg_param``: bbox_mean (0 each)
    and bbox_std (1 each), four numbers or none.

    Gradients: none; one that is asked for is refused.

    Raises:
        GraphError: a setting is missing or outside of its range; a gradient is asked for.
        ShapeError: the bottoms do not fit each other, or the settings.

    Source: detection_accuracy_layer.cpp (zhaoweicai/mscnn); Cai et al., "A unified multi-scale deep
    convolutional neural network for fast object detection", 2016 (arXiv:1607.07155).
    """

    @property
    def common(self) -> Common:
        return common_areas

    @property
    def settings(self) -> caffe_pb2.DetectionAccuracyParameter:
        return self.param.detection_accuracy_param

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        param = self.settings
        yield from super().param_mistakes()
        if not 1 <= param.top_k <= max(1, param.cls_num):
            yield GraphError(f"top_k is {param.top_k}; expected 1 to cls_num, {param.cls_num}")

    def right(self, scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
        classes = np.arange(scores.shape[1]).reshape(-1, 1, 1)
        own = np.where(classes == labels[:, None], scores, 0).sum(axis=1, keepdims=True)
        better = (scores > own) | ((scores == own) & (classes > labels[:, None]))
        known = (labels >= 0) & (labels < len(classes)) & ~np.isnan(own[:, 0])
        return np.asarray((better.sum(axis=1) < self.settings.top_k) & known)
