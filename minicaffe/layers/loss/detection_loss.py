"""DetectionLoss: what MS-CNN's proposals learn from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from minicaffe.layer import Blobs, Layer, refuse_gradient, register
from minicaffe.layers.detection.field_layer import JoinedFieldLayer
from minicaffe.layers.detection.field_predictions import FieldPredictions, Fields
from minicaffe.layers.detection.field_sampling import Candidates, sample_places
from minicaffe.layers.loss.field_loss import FieldLossLayer, bound
from minicaffe.layers.loss.yolo_detection_loss import YoloDetectionLoss
from minicaffe.proto import caffe_pb2
from minicaffe.proto.dialects import Origin, Reading

#: Fields that only one of the layers of this name has, and that its nets give.
_FIELDS = {
    "mscnn": ("cls_num", "downsample_rate", "field_w", "field_h"),
    "yolo": (
        "side",
        "num_class",
        "num_object",
        "object_scale",
        "noobject_scale",
        "class_scale",
        "coord_scale",
        "sqrt",
        "constriant",
    ),
}


@register("DetectionLoss")
class DetectionLoss(JoinedFieldLayer, FieldLossLayer):
    """L = L_cls + λ · L_box over the places of objects, and of the background that is chosen.

    L_cls
        the mean of -w · log softmax(scores)[label]
    L_box
        the mean over the four offsets of each object of f(offset - target), f being smooth (d²/2
        where |d| < 1, |d| - 1/2 elsewhere), or d²/2 unless ``bb_smooth``

    Background is places of label 0 that overlap an object by less than ``bg_threshold``. With
    ``sample_mode`` random it is drawn: bg_multiple times as many places as have objects, at least 4
    · (classes - 1), with repetition, of which those count that are background. With bootstrap, for
    each class of objects the places with its largest scores, bg_multiple times as many as have it,
    at least 4; with mixture both, each half of it; with anything else all. w is 1, or with
    ``iou_weighted`` an object's overlap; ``pos_neg_weighted`` makes the weights of objects sum up
    to 1/(1 + bg_multiple) of the number chosen, and, if there are any, those of background to the
    rest. The targets are the offsets by which BoxOutput finds the true box, minus bbox_mean,
    divided by bbox_std; sides below 2 pixels count as 2. The offsets are first put within what
    field_xyr and field_whr allow.

    With side, num_class or others of YOLO 1's fields it is YOLO 1's layer of that name,
    :class:`YoloDetectionLoss`.

    Shapes: bottom 0, scores and then offsets (N, classes + 4, H, W) of one field; bottom 1, labels
    (N, 6, H, W): label, middle x, middle y, width and height of the true box in pixels, overlap
    with it. Top (1, 1, 1, 2): L, and λ · L_box for the log. Both count in the net's loss, as in the
    fork, but the gradients are those of L.

    Settings: ``detection_loss_param``: cls_num, field_w, field_h and downsample_rate, required;
    coord_num (4, nothing else), lambda (1), field_whr (2), field_xyr (2), bb_smooth (true),
    bg_threshold (0.5), bg_multiple (4), sample_mode ("random"), objectness (false; all labels above
    0 are 1), iou_weighted (false), pos_neg_weighted (false). ``loss_param``: ignore_label (unset).
    ``bbox_reg_param``: bbox_mean (0 each) and bbox_std (1 each), four numbers or none.

    Gradients: those of L by scores and offsets, the choice being fixed; an offset beyond what
    field_xyr and field_whr allow has that of the nearest one within. None for the labels.

    Raises:
        GraphError: a setting is missing or outside of its range; a gradient of the labels is asked
            for.
        ShapeError: the bottoms do not fit each other, or the settings.
        DataError: a label is of a class that there is not.

    Source: detection_loss_layer.cpp (zhaoweicai/mscnn); Cai et al., "A unified multi-scale deep
    convolutional neural network for fast object detection", 2016 (arXiv:1607.07155), section 3.
    """

    dialects = ("mscnn", "yolo")

    @classmethod
    def reading_of(cls, param: caffe_pb2.LayerParameter, origin: Origin) -> Reading:
        given = {field.name for field, _ in param.detection_loss_param.ListFields()}
        return origin.choose(
            cls.dialects,
            [
                (dialect, f"`{name}` is given")
                for dialect, names in _FIELDS.items()
                for name in names
                if name in given
            ],
        )

    @classmethod
    def class_for(cls, param: caffe_pb2.LayerParameter, reading: Reading) -> type[Layer]:
        return YoloDetectionLoss if reading.dialect == "yolo" else cls

    @property
    def settings(self) -> caffe_pb2.DetectionLossParameter:
        return self.param.detection_loss_param

    def sample(self, of: Candidates) -> np.ndarray:
        return sample_places(self.settings, of, self.rng)

    def weights(self, of: FieldPredictions, kept: np.ndarray) -> np.ndarray:
        objects = of.labels != 0
        weights = np.ones(kept.shape, of.scores.dtype)
        if self.settings.iou_weighted:
            weights[objects] = of.overlaps[objects]
        total = weights[objects].sum()
        if self.settings.pos_neg_weighted and total:
            share, count = 1 / (1 + self.settings.bg_multiple), np.count_nonzero(kept)
            weights[objects] *= share * count / total
            background = int(np.count_nonzero(kept & ~objects))
            weights[~objects] = (1 - share) * count / max(1, background)
        return weights

    def bounded(self, offsets: np.ndarray, fields: Fields) -> np.ndarray:
        return bound(offsets, fields)

    def box_losses(self, differences: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if not self.settings.bb_smooth:
            return np.square(differences) / 2, differences
        return super().box_losses(differences)

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        refuse_gradient(propagate_down, 1, "the labels")
        if propagate_down[0]:
            slopes = np.concatenate(self.slopes, axis=1)
            np.multiply(slopes, self.weight(top), out=bottom[0].diff)
