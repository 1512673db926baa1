"""DetectionGroupLoss: what Cascade R-CNN's proposals learn from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from minicaffe.errors import GraphError, MinicaffeError
from minicaffe.layer import Blobs, refuse_gradient, register
from minicaffe.layers.detection.field_layer import GroupFieldLayer
from minicaffe.layers.detection.field_predictions import FieldPredictions, Fields
from minicaffe.layers.detection.field_sampling import Candidates, sample_groups
from minicaffe.layers.loss.field_loss import FieldLossLayer, bound, choice_mistakes
from minicaffe.proto import caffe_pb2

_CHOICES = {
    "neg_mining_type": ("random", "bootstrap", "mixture"),
    "neg_ranking_type": ("conf_loss", "conf_prob"),
    "bbox_loss_type": ("Smooth_L1", "Euclidean_L2"),
}


@register("DetectionGroupLoss")
class DetectionGroupLoss(GroupFieldLayer, FieldLossLayer):
    """L = L_cls + λ · L_box over the fields and places that are chosen.

    L_cls
        the mean of -w · log softmax(scores)[label]
    L_box
        the mean over the four offsets of each object of f(offset - target), f being smooth
        (Smooth_L1: d²/2 where |d| < 1, |d| - 1/2 elsewhere) or d²/2 (Euclidean_L2)

    All objects are chosen, and bg_multiple times as much of the background, the places of label 0
    that overlap an object by less than ``bg_threshold``; but at least ``min_num_neg``. With
    ``batch_size`` of each image round(batch_size / (1 + bg_multiple)) objects at most, and as much
    background as fills it up. What is too much is drawn (``neg_mining_type`` random), or the
    hardest are taken (bootstrap), or half and half (mixture); hard is what has a large loss
    (``neg_ranking_type`` conf_loss) or small probability of being background (conf_prob). w is 1;
    with ``pos_neg_weighted`` it makes the weights of objects sum up to 1/(1 + bg_multiple) of the
    number chosen, and those of background to the rest. The targets are the offsets by which
    BoxGroupOutput finds the true box, minus bbox_mean, divided by bbox_std; sides below 2 pixels
    count as 2. Where both field_xyr and field_whr are given the offsets are first put within what
    these allow; the fork does so in the bottom itself, here it is left alone.

    Shapes: bottom 0, scores (N · G, classes, H, W) for G fields; bottom 1, offsets (N · G, 4, H,
    W); bottom 2, labels (N · G, 6, H, W): label, middle x, middle y, width and height of the true
    box in pixels, overlap with it. Top (1, 1, 1, 2): L, and λ · L_box for the log. Both count in
    the net's loss, as in the fork, but the gradients are those of L.

    Settings: ``detection_group_loss_param``: cls_num, field_w, field_h and stride, required; lambda
    (1), field_xyr (0.25), field_whr (4), bg_threshold (0.5), bg_multiple (4), neg_mining_type
    ("random"), neg_ranking_type ("conf_loss"), min_num_neg (5), objectness (false; all labels above
    0 are 1), batch_size (-1), pos_neg_weighted (false), bbox_loss_type ("Smooth_L1").
    ``loss_param``: ignore_label (unset). ``bbox_reg_param``: bbox_mean (0 each) and bbox_std (1
    each), four numbers or none.

    Gradients: those of L by scores and offsets, the choice being fixed; an offset beyond what
    field_xyr and field_whr allow has that of the nearest one within. None for the labels.

    Raises:
        GraphError: a setting is missing or outside of its range; a gradient of the labels is asked
            for.
        ShapeError: the bottoms do not fit each other, or the settings.
        DataError: a label is of a class that there is not.

    Source: detection_group_loss_layer.cpp (zhaoweicai/cascade-rcnn), with bbox_util.cpp; Cai et
    al., "A unified multi-scale deep convolutional neural network for fast object detection", 2016
    (arXiv:1607.07155), section 3.
    """

    @classmethod
    def allow_force_backward(cls, index: int) -> bool:
        return index < 2

    @property
    def settings(self) -> caffe_pb2.DetectionGroupLossParameter:
        return self.param.detection_group_loss_param

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        param = self.settings
        yield from super().param_mistakes()
        for name, known in _CHOICES.items():
            yield from choice_mistakes(name, getattr(param, name), known)
        if param.batch_size < 1 and param.batch_size != -1:
            yield GraphError(
                f"batch_size is {param.batch_size}; expected at least 1, or -1 for all"
            )

    def sample(self, of: Candidates) -> np.ndarray:
        return sample_groups(self.settings, of, self.rng)

    def weights(self, of: FieldPredictions, kept: np.ndarray) -> np.ndarray:
        weights = np.ones(kept.shape, of.scores.dtype)
        if self.settings.pos_neg_weighted:
            objects, share = of.labels > 0, 1 / (1 + self.settings.bg_multiple)
            for of_kind, part in ((objects, share), (~objects, 1 - share)):
                count = np.count_nonzero(kept & of_kind)
                weights[of_kind] = part * np.count_nonzero(kept) / count if count else 1
        return weights

    def bounded(self, offsets: np.ndarray, fields: Fields) -> np.ndarray:
        given = self.settings
        both = given.HasField("field_xyr") and given.HasField("field_whr")
        return bound(offsets, fields) if both else offsets

    def box_losses(self, differences: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if self.settings.bbox_loss_type == "Euclidean_L2":
            return np.square(differences) / 2, differences
        return super().box_losses(differences)

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        refuse_gradient(propagate_down, 2, "the labels")
        for blob, wanted, slopes in zip(bottom, propagate_down, self.slopes, strict=False):
            if wanted:
                np.multiply(slopes, self.weight(top), out=blob.diff)
