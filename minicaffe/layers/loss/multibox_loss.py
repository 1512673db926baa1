"""MultiBoxLoss: SSD's loss of boxes and classes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from minicaffe.blob import shape_text
from minicaffe.errors import GraphError, MinicaffeError, ShapeError
from minicaffe.layer import Blobs, refuse_gradient, register
from minicaffe.layers.detection.boxes import decode
from minicaffe.layers.detection.ground_truth import check_rows, read_truths
from minicaffe.layers.detection.multibox import Chosen, Predictions, class_losses, one_hot
from minicaffe.layers.loss.labels import DIVISOR_FIELDS, normalizer
from minicaffe.layers.loss.loss_layer import LossLayer
from minicaffe.proto import caffe_pb2

_NAMES = ("offsets", "scores", "prior boxes", "true boxes", "objectness", "first offsets")


@register("MultiBoxLoss")
class MultiBoxLoss(LossLayer):
    """L = (loc_weight · L_loc + L_conf) / n over the prior boxes that count.

    Each prior box is given to a true box or to the background (:func:`match`), and of the
    background only the hardest count (:func:`mine`).

    L_loc
        Σ over the priors with a true box of f(offset - encoded true box), f being the square's half
        (L2) or smooth (SMOOTH_L1).
    L_conf
        Σ over the priors that count of -log softmax(scores)[class] (SOFTMAX), or of the cross
        entropy of each class's sigmoid with 1 for the prior's class and 0 for the others
        (LOGISTIC). Without mining LOGISTIC has no 1 for background.

    n is the number of priors with a true box by default, and at least 1. Images without true boxes
    give no loss when there is mining.

    Shapes: bottom 0, offsets (N, P · 4), or (N, P · classes · 4) unless ``share_location``; bottom
    1, scores (N, P · classes); bottom 2, prior boxes and variances (1, 2, P · 4); bottom 3, true
    boxes (1, 1, G, 8), rows of image, class, instance, xmin, ymin, xmax, ymax, difficult. Optional,
    RefineDet's: bottom 4, objectness (N, P · 2): what is below ``objectness_score`` is never mined;
    bottom 5, offsets (N, P · 4) that move the priors first. Top L, a scalar.

    Settings: ``multibox_loss_param``: num_classes, required, background included; loc_loss_type
    (SMOOTH_L1), conf_loss_type (SOFTMAX), loc_weight (1), share_location (true), match_type
    (PER_PREDICTION, or BIPARTITE: only the best prior for each true box), overlap_threshold (0.5),
    use_prior_for_matching (true; else the boxes predicted), background_label_id (0),
    use_difficult_gt (true), mining_type (MAX_NEGATIVE, HARD_EXAMPLE, NONE) or its old form
    do_neg_mining, neg_pos_ratio (3), neg_overlap (0.5), sample_size (64), nms_param (none),
    use_prior_for_nms (false), code_type (CORNER), encode_variance_in_target (false; divides the
    difference, not the code, by the variances), map_object_to_agnostic (false; all objects are one
    class), ignore_cross_boundary_bbox (false), bp_inside (false; corners of priors outside the
    image give nothing), objectness_score (0.01). ``loss_param``: normalization (VALID; FULL: N · P;
    BATCH_SIZE: N; NONE: 1; PRE_FIXED: pre_fixed_normalizer).

    Gradients: those of L by offsets and scores, the choice being fixed. The fork forgets to divide
    by the variances with encode_variance_in_target, and without mining puts LOGISTIC's targets of
    all images but the first in wrong places; both are right here. None for the other bottoms.

    Raises:
        GraphError: num_classes is missing; settings that exclude each other; a gradient of another
            bottom is asked for.
        ShapeError: the bottoms do not fit each other.
        DataError: a true box has the background's class, or one that there is not.

    Source: multibox_loss_layer.cpp (weiliu89/caffe), with bbox_util.cpp; RefineDet's:
    jolibrain/caffe; Liu et al., "SSD: single shot multibox detector", 2016 (arXiv:1512.02325),
    section 2.2.
    """

    fork_fields = DIVISOR_FIELDS
    exact_bottoms = None
    min_bottoms = 4
    max_bottoms = 6
    reshapes_always = True  # true boxes are others in each batch: no plan is made for their number

    @classmethod
    def allow_force_backward(cls, index: int) -> bool:
        return index < 2

    @property
    def mining(self) -> bool:
        """Whether only the hardest of the background count."""
        param = self.param.multibox_loss_param
        if param.HasField("do_neg_mining") and not param.HasField("mining_type"):
            return param.do_neg_mining
        return param.mining_type != param.NONE

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        param = self.param.multibox_loss_param
        if not param.num_classes:
            yield GraphError("num_classes is missing; give the number of classes and background")
        elif param.background_label_id >= param.num_classes:
            yield GraphError(
                f"background_label_id is {param.background_label_id}; expected a class, 0 to "
                f"{param.num_classes - 1}"
            )
        if param.HasField("do_neg_mining") and param.do_neg_mining != self.mining:
            yield GraphError("do_neg_mining and mining_type say different things; keep one")
        if not param.share_location:
            for wrong, what in (
                (self.mining, "mining (mining_type is not NONE)"),
                (len(self.param.bottom) > 5, "a sixth bottom"),
            ):
                if wrong:
                    yield GraphError(f"share_location is false; {what} needs true")
        if param.map_object_to_agnostic and param.num_classes not in (0, 2):
            yield GraphError(
                f"map_object_to_agnostic is true and num_classes {param.num_classes}; expected 2"
            )

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        param = self.param.multibox_loss_param
        self._sets = 1 if param.share_location else param.num_classes

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        super().reshape(bottom, top)
        param, shape = self.param.multibox_loss_param, bottom[2].shape
        if len(shape) != 3 or shape[0] < 1 or shape[1] != 2 or shape[2] % 4:
            raise ShapeError(
                f"the prior boxes have shape {shape_text(shape)}; expected 1×2×4P, boxes and "
                "variances"
            )
        check_rows(bottom[3], 3)
        self._priors = shape[2] // 4
        widths = {0: 4 * self._sets, 1: param.num_classes, 4: 2, 5: 4}
        items = bottom[0].shape[0]
        for index, width in widths.items():
            if index < len(bottom) and (
                bottom[index].shape[:1] != (items,)
                or bottom[index].count != items * self._priors * width
            ):
                raise ShapeError(
                    f"the {_NAMES[index]} have shape {shape_text(bottom[index].shape)}; expected "
                    f"{items}×{self._priors * width} for {self._priors} prior boxes and "
                    f"{param.num_classes} classes"
                )

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        """Keeps the derivatives for backward."""
        param, items = self.param.multibox_loss_param, bottom[0].shape[0]
        predictions = self._predictions(bottom)
        truths = read_truths(
            bottom[3].data,
            classes=param.num_classes,
            background=param.background_label_id,
            difficult=param.use_difficult_gt,
        )
        objects, background = predictions.choose(truths, mining=self.mining)
        full, valid = items * self._priors, len(objects.priors)
        self._normalizer = normalizer(
            self.param.loss_param,
            caffe_pb2.LossParameter.VALID,
            batch=items,
            full=full,
            valid=valid,
        )
        box_losses, slopes = predictions.box_losses(objects)
        self._loc = (objects.images, objects.priors, objects.sets), slopes
        class_loss = self._classify(predictions.scores, objects, background)
        box_loss = param.loc_weight * float(box_losses.sum(dtype=np.float64))
        losses = box_loss, float(class_loss.sum(dtype=np.float64))
        wanted = self.param.propagate_down or (True, True)
        total = sum(loss for loss, counts in zip(losses, wanted, strict=False) if counts)
        top[0].data[...] = total / self._normalizer

    def _predictions(self, bottom: Blobs) -> Predictions:
        param, shape = self.param.multibox_loss_param, (len(bottom[0].data), self._priors)
        priors, variances = bottom[2].data[0].reshape(2, self._priors, 4)
        moved = np.broadcast_to(priors, (*shape, 4))
        if len(bottom) > 5:
            encoded = param.encode_variance_in_target
            moves = bottom[5].data.reshape(*shape, 4)
            moved = decode(param.code_type, priors, 1.0 if encoded else variances, moves)
        return Predictions(
            param,
            offsets=bottom[0].data.reshape(*shape, self._sets, 4),
            scores=bottom[1].data.reshape(*shape, param.num_classes),
            priors=priors,
            variances=variances,
            moved=moved,
            objectness=bottom[4].data.reshape(*shape, 2)[..., 1] if len(bottom) > 4 else None,
        )

    def _classify(self, scores: np.ndarray, objects: Chosen, background: Chosen) -> np.ndarray:
        """The loss of each score that counts; keeps the derivatives."""
        param = self.param.multibox_loss_param
        if self.mining:
            images = np.concatenate([objects.images, background.images])
            priors = np.concatenate([objects.priors, background.priors])
            labels = np.concatenate([objects.labels, background.labels])
            own = scores[images, priors]
            targets = one_hot(labels, own)
        else:
            images, priors = (index.reshape(-1) for index in np.indices(scores.shape[:2]))
            own = scores.reshape(-1, param.num_classes)
            targets = np.zeros_like(own)
            at = objects.images * self._priors + objects.priors
            if param.conf_loss_type == param.SOFTMAX:
                labels = np.full(len(own), param.background_label_id)
                labels[at] = objects.labels
                targets = one_hot(labels, own)
            else:
                targets[at, objects.labels] = 1
        losses, slopes = class_losses(param, own, targets)
        self._conf = (images, priors), slopes
        return losses

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        for index in range(2, len(bottom)):
            refuse_gradient(propagate_down, index, _NAMES[index])
        weight = self.weight(top) / self._normalizer
        param, shape = self.param.multibox_loss_param, (len(bottom[0].data), self._priors)
        for blob, wanted, (at, slopes), factor, width in (
            (bottom[0], propagate_down[0], self._loc, param.loc_weight, (self._sets, 4)),
            (bottom[1], propagate_down[1], self._conf, 1, (param.num_classes,)),
        ):
            if wanted:
                blob.diff[...] = 0
                blob.diff.reshape(*shape, *width)[at] = slopes * (weight * factor)
