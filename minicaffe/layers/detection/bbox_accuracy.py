"""BboxAccuracy: how well boxes fit their true boxes, before and after a net moved them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from minicaffe.blob import shape_text
from minicaffe.errors import DataError, MinicaffeError, ShapeError
from minicaffe.layer import Blobs, register
from minicaffe.layers.detection.box_rows import column_count, require_rows, row_count
from minicaffe.layers.detection.cascade_family import CascadeFamilyLayer
from minicaffe.layers.detection.pixel_boxes import (
    Normalizer,
    compare_pairs,
    decode_from,
    normalizer_mistakes,
)
from minicaffe.layers.gradients import refuse_gradients
from minicaffe.layers.loss.labels import truncated

#: Boxes that overlap their true box by more are that box itself, and tell nothing.
_SAME = 0.975

_NAMES = ("offsets", "boxes", "matched true boxes")


@register("BboxAccuracy")
class BboxAccuracy(CascadeFamilyLayer):
    """The mean overlap (intersection over union) of boxes with their true boxes.

    Boxes count that have a true box, with a label above 0, and overlapped it by at most 0.975
    before. They are moved by their class's offsets (times bbox_std, plus bbox_mean), as DecodeBBox
    does it.

    Shapes: bottom 0, offsets (R, 4 · classes), or unless ``cls_aware`` (R, 8), of background and of
    objects; bottom 1, boxes (R, 5), rows of image, xmin, ymin, xmax, ymax in pixels; bottom 2,
    matched true boxes (R, 6), rows of label, xmin, ymin, xmax, ymax, overlap (ProposalTarget's
    sixth top). Further axes of length 1 do not matter. Top 0 (1, 1, 1, 1), the mean overlap of the
    moved boxes; top 1, optional, (1, 1, 1, 1), that of the boxes as they were. -1 where none
    counts.

    Settings: ``bbox_reg_param``: bbox_mean (0 each) and bbox_std (1 each), four numbers or none;
    cls_aware (true).

    Gradients: none; one that is asked for is refused.

    Raises:
        GraphError: bbox_reg_param has not four numbers; a gradient is asked for.
        ShapeError: the bottoms do not fit each other.
        DataError: a label has no offsets.

    Source: bbox_accuracy_layer.cpp (zhaoweicai/cascade-rcnn, zhaoweicai/mscnn). MS-CNN's also
    counts areas in common that are narrower than a pixel.
    """

    measures = True
    in_place = False
    exact_bottoms = 3
    min_tops = 1
    max_tops = 2
    backward_reads = ()

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        yield from normalizer_mistakes(self.param)

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        count = row_count(bottom[0])
        columns = column_count(bottom[0])
        if columns % 4 or not (self.param.bbox_reg_param.cls_aware or columns == 8):
            expected = "4 for each class" if self.param.bbox_reg_param.cls_aware else "8"
            raise ShapeError(
                f"bottom 0 (offsets) has shape {shape_text(bottom[0].shape)}; expected "
                f"{expected} in a row"
            )
        require_rows(bottom[1], 1, _NAMES[1], count, 5)
        require_rows(bottom[2], 2, _NAMES[2], count, 6)
        for blob in top:
            blob.reshape(1, 1, 1, 1)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        count = row_count(bottom[0])
        truths = bottom[2].data.reshape(count, 6)
        chosen = np.flatnonzero((truths[:, 0] > 0) & ~(truths[:, 5] > _SAME))
        offsets = bottom[0].data.reshape(count, column_count(bottom[0]) // 4, 4)
        moves = offsets[chosen, self._sets(truths[chosen, 0], offsets.shape[1])]
        boxes = bottom[1].data.reshape(count, 5)[chosen, 1:]
        moved = decode_from(boxes, Normalizer.of(self.param, self.dtype).plain(moves))
        for blob, found in zip(top, (moved, boxes), strict=False):
            fits = compare_pairs(found, truths[chosen, 1:5], self.common)
            blob.data[...] = fits.mean() if len(chosen) else -1

    def _sets(self, labels: np.ndarray, sets: int) -> np.ndarray:
        """Which four of a row's offsets are those of each label."""
        if not self.param.bbox_reg_param.cls_aware:
            return np.ones(len(labels), int)
        whole = truncated(labels)
        if (whole >= sets).any():
            raise DataError(
                f"a matched true box has the label {whole.max()}, but bottom 0 has offsets of "
                f"{sets} classes (0 to {sets - 1}) only"
            )
        return whole

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        refuse_gradients(propagate_down, *_NAMES[: len(bottom)])
