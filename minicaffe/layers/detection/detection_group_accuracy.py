"""DetectionGroupAccuracy: how often Cascade R-CNN's proposals are right."""

from __future__ import annotations

import numpy as np

from minicaffe.layer import register
from minicaffe.layers.detection.field_accuracy import FieldAccuracyLayer
from minicaffe.layers.detection.field_layer import GroupFieldLayer
from minicaffe.layers.detection.pixel_boxes import Common, common_pixels
from minicaffe.proto import caffe_pb2


@register("DetectionGroupAccuracy")
class DetectionGroupAccuracy(GroupFieldLayer, FieldAccuracyLayer):
    """The fraction of fields and places whose label has the largest score, of all and of objects.

    Places of label 0 that overlap an object by ``bg_threshold`` do not count, nor those of
    ``ignore_label``. With ``objectness`` all labels above 0 are 1. Of equal scores the first is the
    largest.

    Shapes: bottom 0, scores (N · G, classes, H, W) for G fields; bottom 1, offsets (N · G, 4, H,
    W); bottom 2, labels (N · G, 6, H, W): label, middle x, middle y, width and height of the true
    box in pixels, overlap with it. Top 0 (1, 1, 1, 2): the fraction of all, that of objects; top 1,
    optional, (1, 1, 1, 1), the mean overlap of the boxes that the offsets mean (BoxGroupOutput's,
    not clipped) with the true ones. -1 where nothing counts.

    Settings: ``detection_group_accuracy_param``: cls_num, field_w, field_h and stride, required;
    field_xyr (4), field_whr (2), bg_threshold (0.5), objectness (false). ``loss_param``:
    ignore_label (unset). ``bbox_reg_param``: bbox_mean (0 each) and bbox_std (1 each), four numbers
    or none.

    Gradients: none; one that is asked for is refused.

    Raises:
        GraphError: a setting is missing or outside of its range; a gradient is asked for.
        ShapeError: the bottoms do not fit each other, or the settings.

    Source: detection_group_accuracy_layer.cpp (zhaoweicai/cascade-rcnn).
    """

    @property
    def common(self) -> Common:
        return common_pixels

    @property
    def settings(self) -> caffe_pb2.DetectionGroupAccuracyParameter:
        return self.param.detection_group_accuracy_param

    def right(self, scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
        known = np.where(np.isnan(scores), -np.inf, scores)
        return np.asarray((known.argmax(axis=1) == labels) & (known.max(axis=1) > -np.inf))
