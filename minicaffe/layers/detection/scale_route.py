"""ScaleRoute: the boxes of one level of a feature pyramid."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from minicaffe.blob import shape_text
from minicaffe.errors import DataError, GraphError, MinicaffeError, ShapeError
from minicaffe.layer import Blobs, Layer, refuse_gradient, register
from minicaffe.layers.detection.box_rows import require_rows, row_count
from minicaffe.layers.detection.boxes import areas

#: The scale in the middle of a range without ends.
_MIDDLE = 256.0


@register("ScaleRoute")
class ScaleRoute(Layer):
    """Passes on the boxes whose scale, √(width · height) in pixels, is in a range, with what
    belongs to them.

    The range is ``low_scale`` ≤ scale < ``high_scale``; one that is not given is no limit. If no
    box is in it, the one whose scale is nearest to √(low_scale · high_scale) passes, in the ratio;
    to the one that is given, or to 256.

    Shapes: bottom 0, boxes (R, 5), rows of image, xmin, ymin, xmax, ymax in pixels, the last of
    which belong to the box; others (R, …). Further axes of length 1 do not matter. Tops (boxes, …)
    like the bottoms, as many, shaped in forward.

    Settings: ``scale_route_param``: low_scale (none), high_scale (none), in pixels.

    Gradients: none; one that is asked for is refused.

    Raises:
        GraphError: the range is empty; a gradient is asked for.
        ShapeError: the bottoms do not fit each other.
        DataError: there is no box, or none with a width and a height.

    Source: scale_route_layer.cpp (zhaoweicai/cascade-rcnn); Lin et al., "Feature pyramid networks
    for object detection", 2017 (arXiv:1612.03144), equation 1.
    """

    in_place = False
    min_bottoms = 1
    min_tops = 1
    equal_bottoms_and_tops = True
    reshapes_always = True  # the number of boxes depends on the bottoms' values
    backward_reads = ()

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        low, high = self._range()
        param = self.param.scale_route_param
        if param.HasField("low_scale") and not low > 0:
            yield GraphError(f"low_scale is {low:g}; expected a number above 0, or none")
        elif not high >= low or not high > 0:
            yield GraphError(
                f"low_scale is {low:g} and high_scale {high:g}; expected a range above 0"
            )

    def _range(self) -> tuple[float, float]:
        param = self.param.scale_route_param
        low = param.low_scale if param.HasField("low_scale") else 0.0
        return low, param.high_scale if param.HasField("high_scale") else float("inf")

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        count = row_count(bottom[0])
        require_rows(bottom[0], 0, "boxes", count, 5)
        for index, (blob, out) in enumerate(zip(bottom, top, strict=True)):
            if blob.shape[:1] != (count,):
                raise ShapeError(
                    f"bottom {index} has shape {shape_text(blob.shape)}; expected {count} rows, as "
                    "many as boxes in bottom 0"
                )
            out.reshape_like(blob)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        boxes = bottom[0].data.reshape(-1, 5)[:, 1:]
        scales = np.sqrt(areas(boxes, 1))
        low, high = self._range()
        chosen = np.flatnonzero((scales >= low) & (scales < high))
        if not len(chosen):
            chosen = self._nearest(scales)
        for blob, out in zip(bottom, top, strict=True):
            out.reshape(len(chosen), *blob.shape[1:])
            out.data[...] = blob.data[chosen]

    def _nearest(self, scales: np.ndarray) -> np.ndarray:
        """The index of the box that passes if none is in the range, (1,)."""
        low, high = self._range()
        ends = [end for end in (low, high) if 0 < end < float("inf")]
        middle = float(np.sqrt(np.prod(ends))) if len(ends) == 2 else (*ends, _MIDDLE)[0]
        with np.errstate(divide="ignore", invalid="ignore"):
            distances = np.abs(np.log2(scales / scales.dtype.type(middle)))
        distances[~np.isfinite(distances)] = np.inf
        if not np.isfinite(distances).any():
            raise DataError(
                f"none of {len(scales)} box(es) has a width and a height, so that none can pass"
            )
        return np.array([distances.argmin()])

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        for index in range(len(bottom)):
            refuse_gradient(propagate_down, index, "what belongs to boxes")
