"""Pooling of regions, against loops over parts and their pixels."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from tests.layers.harness import Case, Maker, distinct, normal

Arrays = list[np.ndarray]
Reference = Callable[[Arrays, Arrays], Arrays]

#: Inside, half outside, wholly outside, of one pixel, upside down, and with halves to round; of
#: sizes whose parts begin at whole pixels or far from them, whatever the number format.
REGIONS = (
    (0, 1, 1, 14, 11), (1, 6, 2, 23, 9), (0, -9, -5, 3, 3), (1, 40, 40, 50, 50), (1, 7, 5, 7, 5),
    (0, 12, 8, 4, 2), (0, 3, 5, 9, 13), (1, 0, 0, 19.5, 15.5),
)  # fmt: skip


def regions(*rows: tuple[float, ...]) -> Maker:
    return lambda rng, shape: np.array(rows, float).reshape(shape)


def rounded(x: float) -> int:
    """C's round()."""
    return int(math.copysign(math.floor(abs(x) + 0.5), x))


def largest_of(
    pooled: tuple[int, int], scale: tuple[float, float] = (0.5, 0.5), pad: float = 0
) -> Reference:
    """Fast R-CNN's loop over the parts of one region after another."""

    def reference(bottoms: Arrays, _: Arrays) -> Arrays:
        x, rois = bottoms[0], bottoms[1].reshape(-1, 5)
        y = np.zeros((len(rois), x.shape[1], *pooled))
        for r, (item, *corners) in enumerate(rois):
            pads = [(corners[2 + k] - corners[k] + 1) * pad for k in (0, 1)]
            begin = [rounded((corners[k] - pads[k]) * scale[k]) for k in (0, 1)]
            last = [rounded((corners[2 + k] + pads[k]) * scale[k]) for k in (0, 1)]
            size = [max(last[k] - begin[k] + 1, 1) for k in (0, 1)]
            for c, i, j in np.ndindex(y.shape[1:]):
                seen = [
                    x[int(item), c, h, w]
                    for h in range(
                        begin[1] + math.floor(i * size[1] / pooled[0]),
                        begin[1] + math.ceil((i + 1) * size[1] / pooled[0]),
                    )
                    for w in range(
                        begin[0] + math.floor(j * size[0] / pooled[1]),
                        begin[0] + math.ceil((j + 1) * size[0] / pooled[1]),
                    )
                    if 0 <= h < x.shape[2] and 0 <= w < x.shape[3]
                ]
                y[r, c, i, j] = max(seen, default=0)
        return [y]

    return reference


def roi_pooling(
    param: str, reference: Reference, rows: tuple[tuple[float, ...], ...] = REGIONS
) -> Case:
    return Case("ROIPooling", f"roi_pooling_param {{ {param} }}", [(2, 3, 7, 9), (len(rows), 5)],
                [distinct, regions(*rows)], gradients=[True, False], reference=reference,
                name=param, smaller=[(2, 2, 8, 6), (len(rows), 5)])  # fmt: skip


def means_of(dim: int, group: int, scale: float = 0.5) -> Reference:
    """R-FCN's loop over the values of the top."""

    def reference(bottoms: Arrays, _: Arrays) -> Arrays:
        x, rois = bottoms
        y = np.zeros((len(rois), dim, group, group))
        for r, c, i, j in np.ndindex(y.shape):
            begin = [rounded(rois[r, 1 + k]) * scale for k in (0, 1)]
            size = [max((rounded(rois[r, 3 + k]) + 1) * scale - begin[k], 0.1) for k in (0, 1)]
            rows, columns = (
                [n for n in range(math.floor(begin[k] + at * size[k] / group),
                                  math.ceil(begin[k] + (at + 1) * size[k] / group))
                 if 0 <= n < x.shape[3 - k]]
                for k, at in ((1, i), (0, j))
            )  # fmt: skip
            plane = x[int(rois[r, 0]), (c * group + i) * group + j]
            seen = [plane[h, w] for h in rows for w in columns]
            y[r, c, i, j] = sum(seen) / len(seen) if seen else 0
        return [y]

    return reference


def psroi_pooling(dim: int, group: int) -> Case:
    param = f"output_dim: {dim} group_size: {group} spatial_scale: 0.5"
    return Case("PSROIPooling", f"psroi_pooling_param {{ {param} }}",
                [(2, dim * group**2, 7, 9), (len(REGIONS), 5)], [normal, regions(*REGIONS)],
                gradients=[True, False], reference=means_of(dim, group), name=param,
                smaller=[(2, dim * group**2, 3, 8), (len(REGIONS), 5)])  # fmt: skip


SIDES = tuple((n, a / 20, b / 20, c / 20, d / 20) for n, a, b, c, d in REGIONS)
CASES = [
    roi_pooling("pooled_h: 2 pooled_w: 3 spatial_scale: 0.5", largest_of((2, 3))),
    roi_pooling("pooled_h: 4 pooled_w: 2", largest_of((4, 2), (1, 1))),
    roi_pooling("pooled_h: 1 pooled_w: 2 spatial_scale: 0.5 pad_ratio: 0.25",
                largest_of((1, 2), pad=0.25)),
    roi_pooling("pooled_size: 2 spatial_scale: 0.5", largest_of((2, 2))),
    roi_pooling("pooled_size: [2, 4] spatial_scale: 0.5", largest_of((2, 4))),
    roi_pooling("pooled_h: 2 pooled_w: 2 spatial_scale: -1", largest_of((2, 2), (9, 7)), SIDES),
    psroi_pooling(3, 2),
    psroi_pooling(1, 4),
    psroi_pooling(2, 1),
]  # fmt: skip
