"""ProposalTargetLayer: which regions py-faster-rcnn's detector learns from, and what."""

from __future__ import annotations

import math
from typing import ClassVar, NamedTuple

import numpy as np

from minicaffe.blob import shape_text
from minicaffe.errors import DataError, ShapeError
from minicaffe.layer import Blobs, register
from minicaffe.layers.detection.boxes import overlaps
from minicaffe.layers.detection.pixel_boxes import encode_from
from minicaffe.layers.detection.rpn_layer import RFCN, RpnLayer, true_boxes


class Drawn(NamedTuple):
    """Regions that are learned from, the objects first.

    ``boxes`` (n, 4); ``labels`` (n,), 0 for background; ``truths`` (n, 4), the true boxes that they
    overlap most.
    """

    boxes: np.ndarray
    labels: np.ndarray
    truths: np.ndarray


@register("ProposalTargetLayer")
class ProposalTargetLayer(RpnLayer):
    """Draws regions to learn from, and gives each its class and the offsets to its true box.

    A layer ``type: "Python"`` with ``module: "rpn.proposal_target_layer"`` and this name is this
    one, if there is no module of that name on the path.

    The true boxes are regions, too. A region has the class of the true box that it overlaps most,
    if by at least FG_THRESH; with an overlap of BG_THRESH_LO up to, not including, BG_THRESH_HI it
    is background. Of the objects round(FG_FRACTION · BATCH_SIZE) are drawn, or all if there are
    less, and of the background as many as then fill up BATCH_SIZE, or all; with BATCH_SIZE -1 all
    of both.

    Shapes: bottom 0, regions (R, 5): 0, x1, y1, x2, y2 in pixels; bottom 1, true boxes (G, 5): x1,
    y1, x2, y2 and the class; further axes of length 1 do not matter. Tops, shaped in forward: 0,
    the n regions (n, 5); 1, their classes (n), 0 for background; 2, offsets (n, 4 · num_classes),
    in sides as ProposalLayer has them, at the class's place, 0 elsewhere; 3, inside weights like
    these, BBOX_INSIDE_WEIGHTS where the offsets are; 4, outside weights, 1 there. In R-FCN they
    have four axes: (n, 5, 1, 1), (n, 1, 1, 1) and so on.

    Settings: ``python_param``: param_str, YAML such as ``'num_classes': 21``: num_classes,
    required, background included; with 2 all classes share one place of the offsets (R-FCN's
    AGNOSTIC). It may also have what fast_rcnn/config.py sets, by its names: BATCH_SIZE 128, -1 for
    R-FCN that mines hard examples; FG_FRACTION 0.25; FG_THRESH 0.5; BG_THRESH_HI 0.5; BG_THRESH_LO
    0.1, where hard examples are mined 0; BBOX_INSIDE_WEIGHTS, 1 each;
    BBOX_NORMALIZE_TARGETS_PRECOMPUTED false: from the offsets BBOX_NORMALIZE_MEANS are taken, 0
    each, and they are divided by BBOX_NORMALIZE_STDS, 0.1, 0.1, 0.2 and 0.2. With it, weights learn
    to give such offsets, which py-faster-rcnn changes back when it writes a snapshot, and minicaffe
    does not.

    Gradients: none; the bottoms' are 0.

    Raises:
        GraphError: param_str is wrong.
        ShapeError: the bottoms do not have five numbers a row.
        DataError: a true box is none, or has a class that there is not; a region is of another
            image than the first.

    Source: proposal_target_layer.py (rbgirshick/py-faster-rcnn, YuwenXiong/py-R-FCN,
    sanghoon/pva-faster-rcnn); Girshick, "Fast R-CNN", 2015 (arXiv:1504.08083), section 2.3.
    """

    exact_bottoms = 2
    exact_tops = 5
    required = "num_classes"
    replaces_modules: ClassVar[tuple[str, ...]] = ("rpn.proposal_target_layer",)

    @property
    def repeatable(self) -> bool:
        return False

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        shape = bottom[0].shape
        if len(shape) < 2 or shape[1] != 5 or bottom[0].count != shape[0] * 5:
            raise ShapeError(
                f"bottom 0 has shape {shape_text(shape)}; expected R×5, for each region 0, x1, y1, "
                "x2, y2"
            )
        self.shape_tops(top, 1)

    def shape_tops(self, top: Blobs, count: int) -> None:
        """Shape the tops for so many regions."""
        offsets = 4 * self.settings.num_classes
        if self.reading.dialect in RFCN:
            for blob, numbers in zip(top, (5, 1, *[offsets] * 3), strict=True):
                blob.reshape(count, numbers, 1, 1)
            return
        for blob, numbers in zip(top, (5, 0, *[offsets] * 3), strict=True):
            blob.reshape(*((count, numbers) if numbers else (count,)))

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        drawn = self.draw(self._regions(bottom), self.truths(bottom))
        count, classes = len(drawn.labels), self.settings.num_classes
        self.shape_tops(top, count)
        rows = np.column_stack([np.zeros(count), drawn.boxes])
        top[0].data[...] = rows.reshape(top[0].shape)
        top[1].data[...] = drawn.labels.reshape(top[1].shape)
        objects = np.flatnonzero(drawn.labels)
        weights = np.array(self.config.bbox_inside_weights)
        values = (self._offsets(drawn.boxes[objects], drawn.truths[objects]), weights, weights > 0)
        for blob, value in zip(top[2:], values, strict=True):
            blob.data[...] = 0
            table = blob.data.reshape(count, classes, 4)
            table[objects, np.minimum(drawn.labels[objects], classes - 1)] = value

    def _regions(self, bottom: Blobs) -> np.ndarray:
        """The regions' boxes (R, 4)."""
        rows = bottom[0].data.reshape(-1, 5).astype(np.float64)
        others = rows[:, 0] != 0
        if others.any():
            raise DataError(
                f"region {int(others.argmax())} is of image {rows[others][0, 0]:g}; expected 0, as "
                "one image at a time is trained"
            )
        return np.asarray(rows[:, 1:])

    def truths(self, bottom: Blobs) -> np.ndarray:
        """The true boxes and their classes (G, 5)."""
        truths, classes = true_boxes(bottom[1]), self.settings.num_classes
        wrong = np.flatnonzero(truths[:, 4] >= classes)
        if len(wrong) and classes > 2:
            raise DataError(
                f"true box {wrong[0]} has class {truths[wrong[0], 4]:g}; expected at most "
                f"{classes - 1}, as num_classes is {classes}"
            )
        return truths

    def draw(self, regions: np.ndarray, truths: np.ndarray) -> Drawn:
        """The regions that are learned from."""
        config = self.config
        boxes = np.concatenate([regions, truths[:, :4]])
        pairs = overlaps(boxes, truths[:, :4], 1)
        largest = pairs.max(axis=1, initial=0)
        nearest = truths[pairs.argmax(axis=1)] if len(truths) else np.zeros((len(boxes), 5))
        objects = np.flatnonzero(largest >= config.fg_thresh)
        is_background = (largest < config.bg_thresh_hi) & (largest >= config.bg_thresh_lo)
        background = np.flatnonzero(is_background)
        total = math.inf if config.batch_size < 0 else config.batch_size
        most = total if math.isinf(total) else round(config.fg_fraction * total)
        objects = self._some(objects, most)
        background = self._some(background, total - len(objects))
        kept = np.concatenate([objects, background])
        labels = nearest[kept, 4].astype(int)
        labels[len(objects) :] = 0
        return Drawn(boxes[kept], labels, nearest[kept, :4])

    def _some(self, found: np.ndarray, most: float) -> np.ndarray:
        """So many of them, drawn at random if there are more."""
        return self.rng.choice(found, int(most), replace=False) if len(found) > most else found

    def _offsets(self, boxes: np.ndarray, truths: np.ndarray) -> np.ndarray:
        offsets, config = encode_from(boxes, truths), self.config
        if not config.bbox_normalize_targets_precomputed:
            return offsets
        means, spreads = np.array(config.bbox_normalize_means), np.array(config.bbox_normalize_stds)
        return np.asarray((offsets - means) / spreads)
