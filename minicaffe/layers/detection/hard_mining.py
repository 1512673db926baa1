"""HardMining: the boxes that a net is most wrong about."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from minicaffe.blob import shape_text
from minicaffe.errors import DataError, GraphError, MinicaffeError, ShapeError
from minicaffe.layer import Blobs, Layer, refuse_gradient, register
from minicaffe.layers.detection.box_rows import require_rows, row_count


@register("HardMining")
class HardMining(Layer):
    """Passes on each image's boxes with the largest scores (losses), with what belongs to them.

    Of each image the ``num_roi_per_image`` hardest; if some images have less, the hardest of the
    others fill up ``num_image`` · ``num_roi_per_image`` rows, as far as there are boxes. They keep
    their order.

    Shapes: bottom 0, scores (R, 1); bottom 1, boxes (R, 5), rows of image, xmin, ymin, xmax, ymax;
    others (R, …). Further axes of length 1 do not matter. Tops like the bottoms but the first, one
    less than bottoms, with min(R, num_image · num_roi_per_image) rows.

    Settings: ``hard_mining_param``: num_roi_per_image (128), num_image (4).

    Gradients: none; one that is asked for is refused.

    Raises:
        GraphError: a setting is 0; there is not one top less than bottoms; a gradient is asked for.
        ShapeError: the bottoms do not fit each other.
        DataError: a box is of an image that there is not.

    Source: hard_mining_layer.cpp (zhaoweicai/cascade-rcnn); Shrivastava et al., "Training
    region-based object detectors with online hard example mining", 2016 (arXiv:1604.03540).
    """

    in_place = False
    min_bottoms = 2
    min_tops = 1
    backward_reads = ()

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        param, bottoms, tops = self.param.hard_mining_param, self.param.bottom, self.param.top
        for name in ("num_roi_per_image", "num_image"):
            if not getattr(param, name):
                yield GraphError(f"{name} is 0; expected at least 1")
        if len(bottoms) != len(tops) + 1:
            yield GraphError(
                f"there are {len(bottoms)} bottom(s) and {len(tops)} top(s); expected one top for "
                "each bottom but the first"
            )

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        param, count = self.param.hard_mining_param, row_count(bottom[0])
        require_rows(bottom[0], 0, "scores", count, 1)
        require_rows(bottom[1], 1, "boxes", count, 5)
        rows = min(count, param.num_image * param.num_roi_per_image)
        for index, (blob, out) in enumerate(zip(bottom[1:], top, strict=True), start=1):
            if blob.shape[:1] != (count,):
                raise ShapeError(
                    f"bottom {index} has shape {shape_text(blob.shape)}; expected {count} rows, as "
                    "many as scores in bottom 0"
                )
            out.reshape(rows, *blob.shape[1:])

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        param, scores = self.param.hard_mining_param, bottom[0].data.reshape(-1)
        images = bottom[1].data.reshape(-1, 5)[:, 0]
        wrong = ~((images >= 0) & (images < param.num_image))
        if wrong.any():
            raise DataError(
                f"a box is of image {images[wrong][0]:g}; expected 0 to {param.num_image - 1} "
                f"(num_image is {param.num_image})"
            )
        hardest = np.lexsort((np.arange(len(scores)), scores))[::-1]
        of_image = images[hardest].astype(int)
        rank = np.zeros(len(scores), int)
        for image in np.unique(of_image):
            rank[of_image == image] = np.arange(np.count_nonzero(of_image == image))
        spare = rank >= param.num_roi_per_image
        order = hardest[np.argsort(spare, kind="stable")]
        chosen = np.sort(order[: top[0].shape[0]])
        for blob, out in zip(bottom[1:], top, strict=True):
            out.data[...] = blob.data[chosen]

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        for index in range(len(bottom)):
            refuse_gradient(propagate_down, index, "what belongs to boxes")
