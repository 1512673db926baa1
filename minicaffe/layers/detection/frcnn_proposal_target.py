"""FrcnnProposalTarget: which regions makefile's frcnn learns from, and what."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import numpy as np

from minicaffe.errors import DataError, GraphError, MinicaffeError
from minicaffe.layer import Blobs, register
from minicaffe.layers.detection.boxes import overlaps
from minicaffe.layers.detection.frcnn_layer import FrcnnLayer
from minicaffe.layers.detection.proposal_target_layer import Drawn, ProposalTargetLayer
from minicaffe.proto.dialects import meant

#: How much higher the thresholds are in each further stage of a cascade.
_STEP = 0.1


@register("FrcnnProposalTarget")
class FrcnnProposalTarget(FrcnnLayer, ProposalTargetLayer):
    """Draws regions to learn from, and gives each its class and the offsets to its true box.

    ProposalTargetLayer's rules, but for these: BATCH_SIZE rows are always given, the background
    that is drawn being repeated in turn where there is less. Without any in its range the first
    regions below BG_THRESH_HI are taken, and with no object either some below BG_THRESH_LO, each
    once. FG_FRACTION · BATCH_SIZE is cut to a whole number. Of true boxes that a region overlaps
    equally the last counts. In stage s of a cascade FG_THRESH and BG_THRESH_HI are higher by s/10,
    and from stage 1 regions that overlap a true box by at least gt_iou_thr are left out.

    The fork's settings are in a JSON file that its program reads, not in the net. Without
    ``param_str`` they are those for VOC, and a warning says so.

    Shapes: bottom 0, regions (R, 5): 0, x1, y1, x2, y2 in pixels; bottom 1, true boxes (G, 5): x1,
    y1, x2, y2 and the class, above 0; further axes of length 1 do not matter. Tops, shaped in
    forward: 0, the n regions (n, 5, 1, 1); 1, their classes (n, 1, 1, 1), 0 for background; 2,
    offsets (n, 4 · num_classes, 1, 1) at the class's place, 0 elsewhere; 3, inside weights like
    these; 4, outside weights, 1 where the inside ones are above 0.

    Settings: ``python_param``: param_str, YAML such as ``num_classes: 21``, with
    ProposalTargetLayer's names; empty: num_classes 21, BG_THRESH_LO 0,
    BBOX_NORMALIZE_TARGETS_PRECOMPUTED true. ``proposal_target_param``: stage (0), gt_iou_thr
    (0.95).

    Gradients: none; the bottoms' are 0.

    Raises:
        GraphError: param_str is wrong.
        ShapeError: the bottoms do not have five numbers a row.
        DataError: a true box is none, or has a class that there is not; a region is of another
            image than the first.

    Source: frcnn_proposal_target_layer.cpp (makefile/frcnn).
    """

    replaces_modules: ClassVar[tuple[str, ...]] = ()
    fork_fields = meant("proposal_target_param")

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        yield from super().param_mistakes()
        size = self.told([])[0].config.batch_size
        if size < 1:
            yield GraphError(f"param_str: 'BATCH_SIZE' is {size}; expected at least 1")

    def shape_tops(self, top: Blobs, count: int) -> None:
        offsets = 4 * self.settings.num_classes
        for blob, numbers in zip(top, (5, 1, *[offsets] * 3), strict=True):
            blob.reshape(count, numbers, 1, 1)

    def truths(self, bottom: Blobs) -> np.ndarray:
        truths = super().truths(bottom)
        if (truths[:, 4] < 1).any():
            raise DataError("a true box has class 0, which is background; expected at least 1")
        wrong = truths[:, 4].max(initial=0)
        if wrong >= self.settings.num_classes:
            raise DataError(
                f"a true box has class {wrong:g}; expected at most "
                f"{self.settings.num_classes - 1}, as num_classes is {self.settings.num_classes}"
            )
        return truths

    def draw(self, regions: np.ndarray, truths: np.ndarray) -> Drawn:
        own, config = self.param.proposal_target_param, self.config
        if own.stage:
            largest = overlaps(regions, truths[:, :4], 1).max(axis=1, initial=0)
            regions = regions[largest < own.gt_iou_thr]
        boxes = np.concatenate([regions, truths[:, :4]])
        pairs = overlaps(boxes, truths[:, :4], 1)
        largest = pairs.max(axis=1, initial=0)
        raised = _STEP * own.stage
        objects = np.flatnonzero(largest >= config.fg_thresh + raised)
        objects = self._shuffled(objects)[: int(config.fg_fraction * config.batch_size)]
        behind = (largest >= config.bg_thresh_lo) & (largest < config.bg_thresh_hi + raised)
        kept = np.concatenate([objects, self._background(largest, behind, len(objects))])
        if not len(truths):
            return Drawn(boxes[kept], np.zeros(len(kept), int), np.zeros((len(kept), 4)))
        nearest = truths[len(truths) - 1 - pairs[:, ::-1].argmax(axis=1)]
        labels = nearest[kept, 4].astype(int)
        labels[len(objects) :] = 0
        return Drawn(boxes[kept], labels, nearest[kept, :4])

    def _background(self, largest: np.ndarray, good: np.ndarray, objects: int) -> np.ndarray:
        """What fills up a batch, by the largest overlap of each region."""
        config, found = self.config, np.flatnonzero(good)
        wanted = max(0, config.batch_size - objects)
        if not objects and not len(found):
            return self._shuffled(np.flatnonzero(largest < config.bg_thresh_lo))[:wanted]
        if len(found):
            drawn = self._shuffled(found)[:wanted]
        else:
            drawn = np.flatnonzero(largest < config.bg_thresh_hi)
        return np.resize(drawn, wanted) if len(drawn) else drawn

    def _shuffled(self, found: np.ndarray) -> np.ndarray:
        return np.asarray(self.rng.permutation(found))
