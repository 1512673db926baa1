"""DetectionOutput: a net's scores and offsets made boxes."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator, Sequence

import numpy as np

from minicaffe.blob import Blob, shape_text
from minicaffe.errors import GraphError, MinicaffeError, ShapeError
from minicaffe.layer import Blobs, Layer, refuse_gradient, register
from minicaffe.layers.detection.boxes import best_first, decode, suppress, suppress_softly
from minicaffe.layers.detection.finds_boxes import FindsBoxes
from minicaffe.layers.detection.region_detection_output import RegionDetectionOutput
from minicaffe.proto import caffe_pb2
from minicaffe.proto.dialects import Origin, Reading, meant

logger = logging.getLogger("minicaffe")

#: C's -FLT_MAX: a score above it counts where no confidence_threshold is given.
_LEAST = -float(np.finfo(np.float32).max)

#: What the first bottoms hold.
_LOC, _CONF, _PRIOR = range(3)


@register("DetectionOutput")
class DetectionOutput(FindsBoxes, Layer):
    """Makes boxes of a net's scores and offsets: decodes them, and drops doubles class by class.

    For each image and class but the background: the scores above ``confidence_threshold``, the best
    ``top_k`` of them; their boxes decoded from the prior boxes; those that overlap a better box by
    more than ``nms_threshold`` dropped. Of all classes together the best ``keep_top_k`` are kept.
    Where no image has a box, the top has one row (image, -1, -1, …) for each.

    Objectness (RefineDet): a prior whose second objectness score is below ``objectness_score`` is
    background; its scores are 1 for class 0 and 0 for the others. A fifth bottom has offsets that
    move the priors first.

    With one bottom it is YOLO 2's layer of that name, :class:`RegionDetectionOutput`.

    Shapes: bottom 0, offsets (N, P · 4), or (N, P · classes · 4) unless ``share_location``; bottom
    1, scores (N, P · classes); bottom 2, priors of PriorBox (1, 2, P · 4): boxes, then variances,
    which may be missing with ``variance_encoded_in_target``. Optional bottoms: 3, objectness (N,
    P · 2), or the images of SSD's ``visualize``, which only passed through there; 4, the first
    offsets (N, P · 4). With ``output_logits`` the last bottom is logits, shaped like the scores.
    Further axes of length 1 do not matter. Top 0 (1, 1, boxes, 7), shaped in forward: image, class,
    score, xmin, ymin, xmax, ymax in image sides, by image, class and falling score; top 1, with
    ``output_logits``, the logits of each box (1, 1, boxes, classes), where the fork wrote those of
    the first priors.

    Settings: ``detection_output_param``: num_classes, required, background included; share_location
    (true), background_label_id (0; -1 none), code_type (CORNER), variance_encoded_in_target
    (false), keep_top_k (-1; all), confidence_threshold (all scores count without it),
    objectness_score (0.01), output_logits (false). Its nms_param: nms_threshold 0.3, top_k
    (all), eta 1 (see :func:`suppress`), soft_nms and theta (see :func:`suppress_softly`); OpenCV
    takes nms_threshold and top_k beside it, too. normalized (true), input_height and input_width:
    unless normalized, OpenVINO's priors are proposals, rows of image, x1, y1, x2, y2 in pixels of
    an image of that size. save_output_param and visualize are told and passed over.

    Gradients: none; one that is asked for is refused.

    Raises:
        GraphError: num_classes is missing, or a setting is outside of its range; a gradient is
            asked for.
        ShapeError: the bottoms do not fit each other.
        DataError: a prior box has no width or height, and the code needs them.

    Source: detection_output_layer.cpp (weiliu89/caffe), with bbox_util.cpp; objectness and logits:
    jolibrain/caffe; Liu et al., "SSD: single shot multibox detector",
    2016 (arXiv:1512.02325); Zhang et al., "Single-shot refinement neural network for object
    detection", 2018 (arXiv:1711.06897).
    """

    decides = True
    fork_fields = meant("transform_param.resize_param")  # only visualize would look at it
    in_place = False
    min_bottoms = 3
    max_bottoms = 6
    min_tops = 1
    max_tops = 2
    reshapes_always = True  # the number of boxes depends on the bottoms' values
    backward_reads = ()

    @classmethod
    def reading_of(cls, param: caffe_pb2.LayerParameter, origin: Origin) -> Reading:
        """The number of bottoms alone decides; the others are one layer with more or less of it."""
        if len(param.bottom) == 1:
            return Reading("yolo", "it has one bottom")
        return Reading()

    @classmethod
    def class_for(cls, param: caffe_pb2.LayerParameter, reading: Reading) -> type[Layer]:
        return RegionDetectionOutput if len(param.bottom) == 1 else cls

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        param, tops = self.param.detection_output_param, len(self.param.top)
        if not param.num_classes:
            yield GraphError("num_classes is missing; give the number of classes and background")
        if tops != 1 + param.output_logits:
            asked = "true" if param.output_logits else "false"
            yield GraphError(
                f"output_logits is {asked}, but there are {tops} top(s); "
                f"expected {1 + param.output_logits}"
            )
        if not param.normalized and not param.variance_encoded_in_target:
            yield GraphError(
                "normalized is false: proposals have no variances; expected "
                "variance_encoded_in_target: true"
            )
        nms, threshold = param.nms_param, self._nms_threshold()
        for name, value, good, expected in (
            ("nms_threshold", threshold, threshold >= 0, "at least 0"),
            ("eta", nms.eta, 0 < nms.eta <= 1, "above 0, at most 1"),
            ("theta", nms.theta, nms.theta > 0, "above 0"),
        ):
            if not good:
                yield GraphError(f"{name} is {value:g}; expected {expected}")

    def labels(self) -> range:
        param = self.param.detection_output_param
        return range(0 if param.background_label_id else 1, param.num_classes)

    def _nms_threshold(self) -> float:
        param = self.param.detection_output_param
        given = param.HasField("nms_threshold") and not param.nms_param.HasField("nms_threshold")
        return param.nms_threshold if given else param.nms_param.nms_threshold

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        param = self.param.detection_output_param
        nms = param.nms_param
        top_k = nms.top_k if nms.HasField("top_k") else -1
        self.top_k = param.top_k if param.HasField("top_k") else top_k
        self.nms_threshold = self._nms_threshold()
        self.threshold: float = (
            param.confidence_threshold if param.HasField("confidence_threshold") else _LEAST
        )
        for field in ("save_output_param", "visualize"):
            if param.HasField(field) and getattr(param, field):
                logger.warning("layer '%s': %s is passed over", self.param.name, field)

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        param = self.param.detection_output_param
        self._priors = self._count_priors(bottom[_PRIOR])
        self._choose_bottoms(bottom)
        sets = 1 if param.share_location else param.num_classes
        per_prior: dict[int | None, int] = {
            _LOC: 4 * sets,
            _CONF: param.num_classes,
            self._logits: param.num_classes,
            self._objectness: 2,
            self._first_offsets: 4,
        }
        items = bottom[_LOC].shape[bottom[_LOC].axis(0)]
        for index, width in per_prior.items():
            if index is None:
                continue
            if bottom[index].shape[:1] != (items,) or (
                bottom[index].count != items * self._priors * width
            ):
                raise ShapeError(
                    f"bottom {index} has shape {shape_text(bottom[index].shape)}; expected "
                    f"{items}×{self._priors * width} for {self._priors} prior boxes (bottom 2 has "
                    f"shape {shape_text(bottom[_PRIOR].shape)}) and {param.num_classes} classes"
                )
        for blob, columns in zip(top, (7, param.num_classes), strict=False):
            blob.reshape(1, 1, 1, columns)

    def _count_priors(self, blob: Blob) -> int:
        """How many prior boxes there are."""
        param, shape = self.param.detection_output_param, blob.shape
        if not param.normalized:
            if not blob.count % 5:
                return blob.count // 5
            raise ShapeError(f"bottom 2 has shape {shape_text(shape)}; expected P×5, proposals")
        channels = 1 if param.variance_encoded_in_target else 2
        if len(shape) < 3 or not shape[0] or shape[1] < channels or math.prod(shape[2:]) % 4:
            raise ShapeError(
                f"bottom 2 has shape {shape_text(shape)}; expected 1×2×4P, prior boxes and their "
                "variances"
            )
        return math.prod(shape[2:]) // 4

    def _choose_bottoms(self, bottom: Blobs) -> None:
        """Which bottoms hold logits, objectness and first offsets; None for those not given."""
        param = self.param.detection_output_param
        others = list(range(3, len(bottom)))
        if param.output_logits and not others:
            raise GraphError("output_logits is true, but the last bottom, the logits, is missing")
        self._logits = others.pop() if param.output_logits else None
        expected = (*bottom[_LOC].shape[:1], self._priors * 2)
        if len(others) == 1 and param.visualize and bottom[3].shape[:2] != expected:
            others = []  # images, which SSD draws upon
        if len(others) > 2:
            raise GraphError(f"{len(bottom)} bottoms given, at most 5 without output_logits")
        self._objectness = others[0] if others else None
        self._first_offsets = others[1] if len(others) > 1 else None
        if self._first_offsets and not param.share_location:
            raise GraphError("first offsets, a fifth bottom, need share_location: true")

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        items = bottom[_LOC].shape[0]
        rows = [np.empty((0, 7), self.dtype)]
        priors = []
        for item in range(items):
            found, indices = self._detect(bottom, item)
            rows.append(found)
            priors.append(indices)
        detected = np.concatenate(rows)
        if not len(detected):
            detected = np.full((items, 7), -1, self.dtype)
            detected[:, 0] = np.arange(items)
        _fill(top[0], detected)
        if self._logits is not None:
            values = bottom[self._logits].data.reshape(items, self._priors, top[1].shape[3])
            chosen = [values[item, indices] for item, indices in enumerate(priors)]
            logits = np.concatenate([*chosen, values[:0, 0]])
            _fill(top[1], logits if len(logits) else np.full_like(values[:, 0], -1))

    def _detect(self, bottom: Blobs, item: int) -> tuple[np.ndarray, np.ndarray]:
        """One image's rows of the top, and the priors that they are of."""
        param = self.param.detection_output_param
        scores, boxes = self._scores(bottom, item), self._boxes(bottom, item)
        classes, priors = [np.empty(0, int)], [np.empty(0, int)]
        for label in range(param.num_classes):
            if label != param.background_label_id:
                own = boxes[:, 0 if param.share_location else label]
                kept = self._without_doubles(own, scores[label])
                priors.append(kept)
                classes.append(np.full(len(kept), label))
        labels, prior = np.concatenate(classes), np.concatenate(priors)
        if -1 < param.keep_top_k < len(prior):
            best = best_first(scores[labels, prior], top_k=param.keep_top_k)
            best = best[np.argsort(labels[best], kind="stable")]
            labels, prior = labels[best], prior[best]
        rows = np.empty((len(prior), 7), self.dtype)
        rows[:, 0], rows[:, 1], rows[:, 2] = item, labels, scores[labels, prior]
        rows[:, 3:] = boxes[prior, 0 if param.share_location else labels]
        return rows, prior

    def _scores(self, bottom: Blobs, item: int) -> np.ndarray:
        """One image's scores (classes, P); those of priors that are no object say background."""
        param = self.param.detection_output_param
        scores = bottom[_CONF].data[item].reshape(self._priors, param.num_classes).T
        if self._objectness is not None:
            objectness = bottom[self._objectness].data[item].reshape(self._priors, 2)[:, 1]
            nothing = objectness < param.objectness_score
            scores = np.where(nothing, scores.dtype.type(0), scores)
            scores[0, nothing] = 1
        return np.ascontiguousarray(scores)

    def _boxes(self, bottom: Blobs, item: int) -> np.ndarray:
        """One image's boxes (P, 1 or classes, 4)."""
        param = self.param.detection_output_param
        boxes, variances = self._prior_boxes(bottom[_PRIOR].data)
        if self._first_offsets is not None:
            moves = bottom[self._first_offsets].data[item].reshape(self._priors, 4)
            boxes = decode(param.code_type, boxes, variances, moves)
        sets = 1 if param.share_location else param.num_classes
        offsets = bottom[_LOC].data[item].reshape(self._priors, sets, 4)
        wide = variances if isinstance(variances, float) else variances[:, None]
        return decode(param.code_type, boxes[:, None], wide, offsets)

    def _prior_boxes(self, data: np.ndarray) -> tuple[np.ndarray, np.ndarray | float]:
        """The priors (P, 4) in image sides, and what multiplies offsets."""
        param = self.param.detection_output_param
        if not param.normalized:
            size = np.array([param.input_width, param.input_height] * 2, data.dtype)
            return data.reshape(-1, 5)[:, 1:] / size, 1.0
        channels = data[0].reshape(data.shape[1], self._priors, 4)
        return channels[0], 1.0 if param.variance_encoded_in_target else channels[1]

    def _without_doubles(self, boxes: np.ndarray, scores: np.ndarray) -> np.ndarray:
        """Which of one class's boxes are kept, the best first."""
        nms = self.param.detection_output_param.nms_param
        best = best_first(scores, self.threshold, self.top_k)
        if nms.soft_nms:
            kept = suppress_softly(
                boxes[best], scores[best], self.nms_threshold, nms.eta, nms.theta
            )
        else:
            kept = suppress(boxes[best], self.nms_threshold, nms.eta)
        return best[kept]

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        for index in range(len(bottom)):
            refuse_gradient(propagate_down, index, "what boxes are made of")


def _fill(blob: Blob, rows: np.ndarray) -> None:
    """Make a top (1, 1, rows, columns) hold these rows."""
    blob.reshape(1, 1, *rows.shape)
    blob.data[0, 0] = rows
