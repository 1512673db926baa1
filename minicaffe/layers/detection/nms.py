"""Nms: the peaks of OpenPose's heat maps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from minicaffe.blob import shape_text
from minicaffe.errors import GraphError, MinicaffeError, ShapeError
from minicaffe.layer import Blobs, Layer, register

_REACH = 3  # pixels around a peak that count for its place


@register("Nms")
class Nms(Layer):
    """The pixels above the threshold that are larger than all their eight neighbours, row by row.

    A peak's place is the mean of the pixels up to three away, weighted by their values, as far as
    these are above 0. Pixels at the edge are no peaks, and those of the first row and column do not
    count for places. (That is the fork's GPU code, which takes the width for the height where it
    looks for the lower edge. Its CPU code gives whole pixels, and takes four neighbours.)

    Shapes: bottom, heat maps (N, C, H, W), C at least num_parts; top (N, num_parts, max_peaks + 1,
    3): of each map first the number of peaks, 0 and 0, then x, y in pixels, and the height, for at
    most max_peaks of them; 0 after the last. The number counts those, too, that are not given.

    Settings: ``nms_param``: threshold (0.5), max_peaks (20), num_parts (15), the maps that are
    looked at; num_peak counts for nothing.

    Gradients: none; the bottom's is refused where it is needed.

    Raises:
        GraphError: a gradient is asked for; num_parts is 0.
        ShapeError: the bottom has not four axes, or fewer maps.

    Source: nms_layer.cu (CMU-Perceptual-Computing-Lab/caffe_rtpose); Cao, Simon, Wei, Sheikh,
    "Realtime multi-person 2D pose estimation using part affinity fields", 2017 (arXiv:1611.08050).
    """

    in_place = False
    exact_bottoms = exact_tops = 1
    backward_reads = ()

    @classmethod
    def allow_force_backward(cls, index: int) -> bool:
        return False

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        if not self.param.nms_param.num_parts:
            yield GraphError("num_parts is 0, expected the number of maps to look at")

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        param, shape = self.param.nms_param, bottom[0].shape
        if len(shape) != 4 or shape[1] < param.num_parts:
            raise ShapeError(
                f"bottom has shape {shape_text(shape)}, expected N×C×H×W with at least num_parts, "
                f"{param.num_parts}, maps"
            )
        top[0].reshape(shape[0], param.num_parts, param.max_peaks + 1, 3)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        param = self.param.nms_param
        top[0].data[...] = 0
        for item, maps in enumerate(bottom[0].data):
            for part, values in enumerate(maps[: param.num_parts]):
                rows, columns = _peaks(values, param.threshold)
                found = top[0].data[item, part]
                found[0, 0] = len(rows)
                places = list(zip(rows.tolist(), columns.tolist(), strict=True))
                for peak, (y, x) in enumerate(places[: param.max_peaks], 1):
                    found[peak] = (*_place(values, y, x), values[y, x])

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        if any(propagate_down):
            raise GraphError("Nms has no gradient; it is for nets in use, after their training")


def _peaks(values: np.ndarray, threshold: float) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of the pixels inside of the edge that are above all around them."""
    height, width = values.shape
    if min(height, width) < 3:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    inside = values[1:-1, 1:-1]
    peaks = inside > threshold
    for dy in range(3):
        for dx in range(3):
            if (dy, dx) != (1, 1):
                peaks &= inside > values[dy : height - 2 + dy, dx : width - 2 + dx]
    rows, columns = np.nonzero(peaks)
    return rows + 1, columns + 1


def _place(values: np.ndarray, y: int, x: int) -> tuple[float, float]:
    """The weighted mean of the pixels around a peak, as (x, y)."""
    rows = np.arange(max(1, y - _REACH), min(len(values), y + _REACH + 1))
    columns = np.arange(max(1, x - _REACH), min(values.shape[1], x + _REACH + 1))
    heights = np.maximum(values[np.ix_(rows, columns)].astype(np.float64), 0)
    with np.errstate(invalid="ignore"):
        total = heights.sum()
        return float(heights.sum(0) @ columns / total), float(heights.sum(1) @ rows / total)
