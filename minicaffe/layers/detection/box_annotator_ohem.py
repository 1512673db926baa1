"""BoxAnnotatorOHEM: which regions of an image are hard, and so count."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from minicaffe.blob import Blob, shape_text
from minicaffe.errors import DataError, GraphError, MinicaffeError, ShapeError
from minicaffe.layer import Blobs, Layer, register
from minicaffe.layers.gradients import clear_gradients

_BOTTOMS = ("the regions", "the losses", "the labels", "the box weights")


@register("BoxAnnotatorOHEM")
class BoxAnnotatorOHEM(Layer):
    """Keeps the labels and box weights of the ``roi_per_img`` regions of each image that have the
    largest losses; the others get ``ignore_label``, and 0.

    Of equal losses the first in order counts as larger; NaN counts as lowest.

    Shapes: bottom 0, regions (R, 5, H, W): the image's index, then a box; bottom 1, losses (R, 1,
    H, W); bottom 2, labels, likewise; bottom 3, box weights (R, C, H, W); in all of them axes of
    length 1 may be missing at the end. Top 0, labels (R, 1, H, W); top 1, box weights (R, C, H, W).

    Settings: ``box_annotator_ohem_param``: roi_per_img, required; ignore_label (-1).

    Gradients: none; one that is asked for is 0.

    Raises:
        GraphError: roi_per_img is 0.
        ShapeError: the bottoms do not fit each other.
        DataError: an image's index is below 0, or not a number.

    Source: box_annotator_ohem_layer.cu (microsoft/caffe), on CPUs box_annotator_ohem_layer.cpp
    (intel/caffe); Shrivastava, Gupta, Girshick, "Training region-based object detectors with online
    hard example mining", 2016 (arXiv:1604.03540), section 4.
    """

    in_place = False
    exact_bottoms = 4
    exact_tops = 2
    backward_reads = ()

    @classmethod
    def allow_force_backward(cls, index: int) -> bool:
        return False

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        if not self.param.box_annotator_ohem_param.roi_per_img:
            yield GraphError("roi_per_img is 0; expected at least 1")

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        if len(bottom[0].shape) > 4:
            raise ShapeError(
                f"the regions have shape {shape_text(bottom[0].shape)}; expected (R, 5)"
            )
        regions, height, width = bottom[0].num, bottom[0].height, bottom[0].width
        weights = bottom[3].shape[1] if len(bottom[3].shape) > 1 else 1
        for name, blob, channels in zip(_BOTTOMS, bottom, (5, 1, 1, weights), strict=True):
            expected = (regions, channels, height, width)
            if (*blob.shape, *[1] * (4 - len(blob.shape))) != expected:
                raise ShapeError(
                    f"{name} have shape {shape_text(blob.shape)}; expected {shape_text(expected)}"
                )
        top[0].reshape(regions, 1, height, width)
        top[1].reshape(regions, weights, height, width)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        param = self.param.box_annotator_ohem_param
        images = self._images(bottom[0])
        order = np.argsort(-bottom[1].data.reshape(-1), kind="stable")  # NaN comes last
        kept = np.zeros(images.size, bool)
        for image in np.unique(images):
            kept[order[images[order] == image][: param.roi_per_img]] = True
        labels = bottom[2].data.reshape(-1)
        np.copyto(top[0].data.reshape(-1), np.where(kept, labels, param.ignore_label))
        mask = kept.reshape(top[0].shape)
        np.copyto(top[1].data, np.where(mask, bottom[3].data.reshape(top[1].shape), 0))

    def _images(self, rois: Blob) -> np.ndarray:
        """The images' indices of the regions, in the order of the losses."""
        rows = rois.data.reshape(rois.num, 5, rois.height * rois.width)
        images = np.trunc(rows[:, 0]).reshape(-1)
        wrong = np.flatnonzero(~(images >= 0))
        if len(wrong):
            found = rows[:, 0].reshape(-1)[wrong[0]]
            raise DataError(f"region {wrong[0]} is of image {found:g}; expected 0 or more")
        return images

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        clear_gradients(propagate_down, bottom)
