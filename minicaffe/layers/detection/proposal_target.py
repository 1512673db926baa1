"""ProposalTarget: which proposals a detector learns from, and what it is to say of them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from minicaffe.blob import shape_text
from minicaffe.errors import DataError, GraphError, MinicaffeError, ShapeError
from minicaffe.layer import Blobs, refuse_gradient, register
from minicaffe.layers.detection.box_rows import column_count, require_rows, row_count
from minicaffe.layers.detection.cascade_family import CascadeFamilyLayer
from minicaffe.layers.detection.pixel_boxes import (
    Normalizer,
    compare,
    encode_from,
    normalizer_mistakes,
)
from minicaffe.layers.loss.labels import truncated

#: The least side of a box that is drawn where there is no proposal to learn from.
_SIDE = 32
#: So many boxes are drawn in search of one that is background.
_TRIES = 10_000

#: So many proposals are learned from at most.
_MOST = 2**20

#: No true box.
_NONE = -1


class Matched(NamedTuple):
    """Proposals with their true boxes, one entry each.

    ``truths`` are indices, or -1; ``overlaps`` those with the true box.
    """

    rows: np.ndarray
    truths: np.ndarray
    overlaps: np.ndarray


class Truths(NamedTuple):
    """True boxes: rows of image and box (m, 5), labels (m,), which are to be ignored (m,)."""

    rows: np.ndarray
    labels: np.ndarray
    ignored: np.ndarray


@register("ProposalTarget")
class ProposalTarget(CascadeFamilyLayer):
    """Draws proposals to learn from, and gives each its label and the offsets to its true box.

    The true boxes are proposals, too (``append_gtbox``). The true box of a proposal is the one of
    its image that it overlaps most. With an overlap of at least ``fg_thr`` it is an object, unless
    the true box is to be ignored; with one of ``bg_thr_lw`` up to ``bg_thr_hg`` it is background.
    Of the objects round(fg_fraction · batch_size) are drawn, or all if there are less; of the
    background as many as then fill up ``batch_size``. If there is too little of it, other
    proposals follow in their order (``pickup_discard``). With ``batch_size`` -1 all objects and
    background count. If nothing is left, one box is drawn that is background; MS-CNN draws as many
    as ``batch_size`` lacks.

    The offsets are DecodeBBox's, minus bbox_mean, divided by bbox_std.

    Shapes: bottom 0, proposals (R, 5), rows of image, xmin, ymin, xmax, ymax in pixels; bottom 1,
    true boxes (G, 7 or more), rows of image, xmin, ymin, xmax, ymax, label, whether to ignore it
    (1) or not (0); rows of image -1 are none. Further axes of length 1 do not matter. Tops, shaped
    in forward, each with n rows, the objects before the background: 0, proposals (n, 5, 1, 1); 1,
    labels (n, 1, 1, 1), 0 for background; 2, offsets (n, 4 · classes, 1, 1), or unless
    ``cls_aware`` (n, 8, 1, 1), 0 but for those of the label (or of objects); 3 and 4, weights of
    these, 1 for an object whose overlap is in ``bbox_thr_lw`` to ``bbox_thr_hg``, or else 0; 5,
    matched true boxes (n, 6, 1, 1), rows of label, xmin, ymin, xmax, ymax, overlap, zeros for
    background. Top 6, optional, weights of the rows (n, 1, 1, 1): 1, or with ``iou_weighted`` an
    object's overlap, times what makes those of objects sum up to fg_fraction · n, and those of
    background to the rest, where there is an object.

    Settings: ``proposal_target_param``: cls_num, required with cls_aware; batch_size (128),
    fg_fraction (0.25), num_img_per_batch (4), fg_thr (0.5), bg_thr_hg (0.5), bg_thr_lw (0.1),
    img_width and img_height, in pixels, needed for boxes that are drawn; iou_weighted (false),
    bbox_thr_lw (0), bbox_thr_hg (10), pickup_discard (true), append_gtbox (true).
    ``bbox_reg_param``: bbox_mean (0 each) and bbox_std (1 each), four numbers or none; cls_aware
    (true).

    Gradients: none; one that is asked for is refused.

    Raises:
        GraphError: a setting is missing or outside of its range; a gradient is asked for.
        ShapeError: the bottoms do not fit.
        DataError: an image is none of the batch; an object's label is 0, below it or above the
            classes; a box must be drawn, and there is no place for it.

    Source: proposal_target_layer.cpp (zhaoweicai/cascade-rcnn, zhaoweicai/mscnn); Girshick, "Fast
    R-CNN", 2015 (arXiv:1504.08083), section 2.3.
    """

    in_place = False
    exact_bottoms = 2
    min_tops = 6
    max_tops = 7
    reshapes_always = True  # the number of rows depends on the bottoms' values
    backward_reads = ()

    @property
    def repeatable(self) -> bool:
        return False

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        param = self.param.proposal_target_param
        if self.param.bbox_reg_param.cls_aware and not param.cls_num:
            yield GraphError("cls_num is missing; give the number of classes and background")
        if param.batch_size < 1 and param.batch_size != -1:
            yield GraphError(
                f"batch_size is {param.batch_size}; expected at least 1, or -1 for all"
            )
        if param.batch_size > _MOST:
            yield GraphError(f"batch_size is {param.batch_size}; expected at most {_MOST}")
        if not 0 <= param.fg_fraction <= 1:
            yield GraphError(f"fg_fraction is {param.fg_fraction:g}; expected 0 to 1")
        if not (param.fg_thr > 0 and param.fg_thr >= param.bg_thr_hg):
            yield GraphError(
                f"fg_thr is {param.fg_thr:g} and bg_thr_hg {param.bg_thr_hg:g}; expected fg_thr "
                "above 0, and not below bg_thr_hg"
            )
        yield from normalizer_mistakes(self.param)

    @property
    def _sets(self) -> int:
        """How many fours of offsets a row has."""
        cls_aware = self.param.bbox_reg_param.cls_aware
        return int(self.param.proposal_target_param.cls_num) if cls_aware else 2

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        require_rows(bottom[0], 0, "proposals", row_count(bottom[0]), 5)
        if column_count(bottom[1]) < 7:
            raise ShapeError(
                f"bottom 1 (true boxes) has shape {shape_text(bottom[1].shape)}; expected at least "
                "7 numbers in a row"
            )
        count = self.param.proposal_target_param.batch_size
        self._shape(top, max(1, row_count(bottom[0])) if count < 0 else count)

    def _shape(self, top: Blobs, count: int) -> None:
        offsets = 4 * self._sets
        for blob, columns in zip(top, (5, 1, offsets, offsets, offsets, 6, 1), strict=False):
            blob.reshape(count, columns, 1, 1)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        truths = self._truths(bottom)
        rows = self._proposals(bottom, truths)
        every = self._match(rows, truths)
        objects, background = self._draw(every, truths)
        background = self._filled_up(background, len(objects.rows), truths)
        labels = np.zeros(len(objects.rows) + len(background.rows), int)
        labels[: len(objects.rows)] = truths.labels[objects.truths]
        self._shape(top, len(labels))
        tables = [blob.data[..., 0, 0] for blob in top]
        for table in tables:
            table[...] = 0
        tables[0][...] = np.concatenate([objects.rows, background.rows])
        tables[1][:, 0] = labels
        self._aim(tables, objects, truths, labels[: len(objects.rows)])
        if len(tables) > 6:
            tables[6][:, 0] = self._weights(labels, objects.overlaps)

    def _truths(self, bottom: Blobs) -> Truths:
        table = bottom[1].data.reshape(row_count(bottom[1]), column_count(bottom[1]))
        table = table[truncated(table[:, 0]) != _NONE]
        return Truths(table[:, :5], truncated(table[:, 5]), table[:, 6] != 0)

    def _proposals(self, bottom: Blobs, truths: Truths) -> np.ndarray:
        """The rows of all proposals, after a look at which image they are of."""
        param = self.param.proposal_target_param
        rows = bottom[0].data.reshape(-1, 5)
        for what, images in (("proposal", rows[:, 0]), ("true box", truths.rows[:, 0])):
            wrong = ~((images >= 0) & (images < param.num_img_per_batch))
            if wrong.any():
                raise DataError(
                    f"a {what} is of image {images[wrong][0]:g}; expected 0 to "
                    f"{param.num_img_per_batch - 1} (num_img_per_batch is "
                    f"{param.num_img_per_batch})"
                )
        return np.concatenate([rows, truths.rows]) if param.append_gtbox else rows

    def _match(self, rows: np.ndarray, truths: Truths) -> Matched:
        """Each proposal's true box: of its image the one that it overlaps most."""
        if not len(truths.rows):
            return Matched(rows, np.full(len(rows), _NONE), np.zeros(len(rows), rows.dtype))
        pairs = compare(rows[:, 1:], truths.rows[:, 1:], "IOU", self.common)
        pairs = np.where(rows[:, :1] == truths.rows[:, 0], pairs, -1)
        best, index = pairs.max(axis=1), pairs.argmax(axis=1)
        return Matched(rows, np.where(best < 0, _NONE, index), np.maximum(best, 0))

    def _draw(self, every: Matched, truths: Truths) -> tuple[Matched, Matched]:
        """The objects and the background that count."""
        param = self.param.proposal_target_param
        objects = every.overlaps >= param.fg_thr
        behind = ~objects & (every.overlaps >= param.bg_thr_lw) & (every.overlaps < param.bg_thr_hg)
        others = np.flatnonzero(~objects & ~behind)
        found = np.flatnonzero(objects)
        found = found[~truths.ignored[every.truths[found]]]
        self._check_labels(truths.labels[every.truths[found]])
        background = np.flatnonzero(behind)
        total, most = len(found) + len(background), len(found)
        if param.batch_size > 0:
            total, most = param.batch_size, math.floor(param.fg_fraction * param.batch_size + 0.5)
        found = self._some(found, most)
        lacking = total - len(found)
        if len(background) > lacking:
            background = self._some(background, lacking)
        elif param.pickup_discard:
            background = np.concatenate([background, others[: lacking - len(background)]])
        return Matched(*(part[found] for part in every)), Matched(
            *(part[background] for part in every)
        )

    def _some(self, index: np.ndarray, count: int) -> np.ndarray:
        """So many of them, drawn at random if there are more."""
        return self.rng.permutation(index)[:count] if len(index) > count else index

    def _filled_up(self, background: Matched, objects: int, truths: Truths) -> Matched:
        """With boxes that are drawn, where there is too little to learn from."""
        param, found = self.param.proposal_target_param, objects + len(background.rows)
        count = max(0, param.batch_size - found) if self.is_mscnn else int(not found)
        if not count:
            return background
        drawn = np.array([self._background_box(truths) for _ in range(count)], self.dtype)
        none = np.full(count, _NONE)
        parts = (background, Matched(drawn, none, np.zeros(count, self.dtype)))
        return Matched(*map(np.concatenate, zip(*parts, strict=True)))

    def _background_box(self, truths: Truths) -> list[int]:
        """A row of a box at random that is background."""
        param = self.param.proposal_target_param
        width, height = param.img_width, param.img_height
        if min(width, height) <= _SIDE or not param.num_img_per_batch:
            raise DataError(
                "no proposal is left to learn from, and no box can be drawn instead: img_width is "
                f"{width} and img_height {height}; expected more than {_SIDE} pixels each"
            )
        for _ in range(_TRIES):
            image = int(self.rng.integers(param.num_img_per_batch))
            x, y = int(self.rng.integers(width - _SIDE)), int(self.rng.integers(height - _SIDE))
            sides = (int(self.rng.integers(width - x)), int(self.rng.integers(height - y)))
            row = [
                image,
                x,
                y,
                *(at + max(_SIDE, side) - 1 for at, side in zip((x, y), sides, strict=True)),
            ]
            if not self._match(np.array([row], self.dtype), truths).overlaps[0] >= param.fg_thr:
                return row
        raise DataError(
            f"no proposal is left to learn from, and of {_TRIES} boxes drawn instead all overlap a "
            f"true box by at least fg_thr, {param.fg_thr:g}"
        )

    def _check_labels(self, labels: np.ndarray) -> None:
        """Refuse labels of objects that are no class, or background."""
        most = self._sets if self.param.bbox_reg_param.cls_aware else math.inf
        wrong = ~((labels > 0) & (labels < most))
        if wrong.any():
            raise DataError(
                f"a true box has the label {labels[wrong][0]}; expected a class from 1"
                + (f" to {most - 1}" if most < math.inf else "")
            )

    def _aim(
        self, tables: Sequence[np.ndarray], objects: Matched, truths: Truths, labels: np.ndarray
    ) -> None:
        """Fill the offsets, their weights and the matched true boxes of the objects."""
        param, count = self.param.proposal_target_param, len(labels)
        wanted = truths.rows[objects.truths, 1:]
        mean, std = Normalizer.of(self.param, self.dtype)
        offsets = (encode_from(objects.rows[:, 1:], wanted) - mean) / std
        own = labels if self.param.bbox_reg_param.cls_aware else np.ones(count, int)
        at = np.arange(count), own
        counts = (objects.overlaps >= param.bbox_thr_lw) & (objects.overlaps <= param.bbox_thr_hg)
        for table, values in zip(
            tables[2:5], (offsets, counts[:, None], counts[:, None]), strict=True
        ):
            table[:count].reshape(count, self._sets, 4)[at] = values
        tables[5][:count] = np.column_stack([labels, wanted, objects.overlaps])

    def _weights(self, labels: np.ndarray, overlaps: np.ndarray) -> np.ndarray:
        """The weights of the rows."""
        param, objects = self.param.proposal_target_param, labels > 0
        weights = np.ones(len(labels), self.dtype)
        if param.iou_weighted:
            weights[objects] = overlaps
        total = weights[objects].sum()
        if total:
            weights[objects] *= param.fg_fraction * len(labels) / total
            rest = weights[~objects].sum()
            weights[~objects] *= (1 - param.fg_fraction) * len(labels) / max(1, rest)
        return weights

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        for index in range(len(bottom)):
            refuse_gradient(propagate_down, index, "what is drawn from")
