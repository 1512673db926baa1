"""OHEMDataLayer: the regions that a copy of Fast R-CNN finds hardest."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from minicaffe.blob import shape_text
from minicaffe.errors import DataError, GraphError, MinicaffeError, ShapeError
from minicaffe.layer import Blobs, register
from minicaffe.layers.detection.boxes import suppress
from minicaffe.layers.detection.rpn_layer import RpnLayer
from minicaffe.layers.loss.smooth_l1_loss import smooth_l1

#: What numbers a region has in each bottom: C of them, 4 · C, or so many.
_CLASSES, _OFFSETS = 0, -1
_BOTTOMS = {
    "the probabilities": _CLASSES,
    "the offsets": _OFFSETS,
    "the regions": 5,
    "the labels": 1,
    "the targets": _OFFSETS,
    "the inside weights": _OFFSETS,
    "the outside weights": _OFFSETS,
}


@register("OHEMDataLayer")
class OHEMDataLayer(RpnLayer):
    """Passes on the regions with the largest losses, which a copy of the network has just scored.

    A layer ``type: "Python"`` with ``module: "roi_data_layer.layer"`` and this name is this one, if
    there is no module of that name on the path.

    A region's loss is -log max(p, 2.2e-16) of its class; with seven bottoms objects add Σ w_out ·
    f(w_in · (offset - target)), f being x²/2 where |x| < 1 and |x| - 1/2 elsewhere. Of each image
    and class a region is dropped that overlaps one of larger loss by more than OHEM_NMS_THRESH.
    BATCH_SIZE regions remain, those of all images with the largest losses, the largest first; equal
    ones are in the order of images, classes and regions.

    Shapes: bottom 0, probabilities (R, C); bottom 1, offsets (R, 4 · C); bottom 2, regions (R, 5):
    image, x1, y1, x2, y2 in pixels; bottom 3, labels (R); optional bottoms 4 to 6: targets of the
    offsets, inside and outside weights, (R, 4 · C) each. Tops, shaped in forward: those rows of
    bottoms 2 and 3, and of 4 to 6 where they are there.

    Settings: ``python_param``: param_str, YAML such as ``'num_classes': 21``: num_classes, which is
    C, required. It may also have what fast_rcnn/config.py sets, by its names: BATCH_SIZE 128;
    OHEM_USE_NMS true; OHEM_NMS_THRESH 0.7.

    Gradients: none; the bottoms' are 0.

    Raises:
        GraphError: param_str is wrong; there are other numbers of bottoms and tops than 4 and 2, or
            7 and 5.
        ShapeError: the bottoms do not fit.
        DataError: a label is outside the classes.

    Source: layer.py (abhi2610/ohem), of roi_data_layer; Shrivastava, Gupta, Girshick, "Training
    region-based object detectors with online hard example mining", 2016 (arXiv:1604.03540).
    """

    min_bottoms = 4
    max_bottoms = 7
    min_tops = 2
    max_tops = 5
    required = "num_classes"
    replaces_modules = ("roi_data_layer.layer",)

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        yield from super().param_mistakes()
        bottoms, tops = len(self.param.bottom), len(self.param.top)
        if (bottoms, tops) not in ((4, 2), (7, 5)):
            yield GraphError(
                f"{bottoms} bottom(s) and {tops} top(s); expected 4 and 2, or 7 and 5 for boxes"
            )

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        rows, classes = bottom[2].shape[0] if bottom[2].shape else 0, self.settings.num_classes
        for (name, numbers), blob in zip(_BOTTOMS.items(), bottom, strict=False):
            wanted = {_CLASSES: classes, _OFFSETS: 4 * classes}.get(numbers, numbers)
            if not blob.shape or blob.shape[0] != rows or blob.count != rows * wanted:
                raise ShapeError(
                    f"{name} have shape {shape_text(blob.shape)}; expected {rows}×{wanted}, as "
                    f"there are {rows} regions and num_classes is {classes}"
                )
        self._shape(bottom, top, min(rows, self._most(rows)))

    def _most(self, rows: int) -> int:
        return self.config.batch_size if self.config.batch_size >= 0 else rows

    @staticmethod
    def _shape(bottom: Blobs, top: Blobs, count: int) -> None:
        for source, blob in zip(bottom[2:], top, strict=True):
            blob.reshape(count, *source.shape[1:])

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        labels = self._labels(bottom)
        losses = self._losses(bottom, labels)
        kept = np.arange(len(losses))
        if self.config.ohem_use_nms:
            rois = bottom[2].data.reshape(-1, 5)
            groups = np.unique(np.column_stack([rois[:, 0], labels]), axis=0)
            found = [
                self._apart(np.flatnonzero((rois[:, 0] == image) & (labels == label)), rois, losses)
                for image, label in groups
            ]
            kept = np.concatenate([kept[:0], *found])
        order = np.argsort(-losses[kept], kind="stable")
        hard = kept[order[: self._most(len(kept))]]
        self._shape(bottom, top, len(hard))
        for source, blob in zip(bottom[2:], top, strict=True):
            np.copyto(blob.data, source.data[hard])

    def _labels(self, bottom: Blobs) -> np.ndarray:
        given = bottom[3].data.reshape(-1)
        wrong = np.flatnonzero(~((given > -1) & (given < self.settings.num_classes)))
        if len(wrong):
            raise DataError(
                f"label {given[wrong[0]]:g} of region {wrong[0]} is outside the classes 0 to "
                f"{self.settings.num_classes - 1}"
            )
        return given.astype(np.intp)

    def _losses(self, bottom: Blobs, labels: np.ndarray) -> np.ndarray:
        """Each region's loss (R,), float64."""
        count = len(labels)
        own = bottom[0].data.reshape(count, -1)[np.arange(count), labels].astype(np.float64)
        losses = -np.log(np.maximum(own, np.finfo(np.float64).eps))
        if len(bottom) > 4:
            offsets, targets, inside, outside = (
                bottom[index].data.reshape(count, -1).astype(np.float64) for index in (1, 4, 5, 6)
            )
            parts = np.where(inside != 0, outside * smooth_l1(inside * (offsets - targets)), 0)
            losses += np.where(labels > 0, parts.sum(axis=1), 0)
        return np.asarray(losses)

    def _apart(self, group: np.ndarray, rois: np.ndarray, losses: np.ndarray) -> np.ndarray:
        """Those of a group of regions that remain after suppression."""
        group = group[np.argsort(-losses[group], kind="stable")]
        return np.asarray(group[suppress(rois[group, 1:], self.config.ohem_nms_thresh, edge=1)])
