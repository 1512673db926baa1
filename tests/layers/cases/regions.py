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


def sampled_by(
    value: Callable[[np.ndarray, list[float], int, int], float], pooled: tuple[int, int]
) -> Reference:
    """One value of the top after another, of the plane (H, W) and the region scaled by 1/2."""

    def reference(bottoms: Arrays, _: Arrays) -> Arrays:
        x, rois = bottoms
        y = np.zeros((len(rois), x.shape[1], *pooled))
        for r, c, i, j in np.ndindex(y.shape):
            y[r, c, i, j] = value(x[int(rois[r, 0]), c], [n / 2 for n in rois[r, 1:]], i, j)
        return [y]

    return reference  # fmt: skip


def between(plane: np.ndarray, h: float, w: float) -> float:
    """Linear interpolation inside of the plane."""
    h, w = (min(max(at, 0), n - 1) for at, n in zip((h, w), plane.shape, strict=True))
    total = 0.0
    for i, j in np.ndindex(plane.shape):
        total += plane[i, j] * max(0, 1 - abs(h - i)) * max(0, 1 - abs(w - j))
    return total


def cascade(pooled: tuple[int, int], pad: float = 0) -> Reference:
    def value(plane: np.ndarray, roi: list[float], i: int, j: int) -> float:
        pads = [(roi[2 + k] - roi[k] + 0.5) * pad for k in (0, 1)]
        begin = [roi[k] - pads[k] - 0.5 for k in (0, 1)]
        size = [roi[2 + k] + pads[k] - 0.5 - begin[k] for k in (0, 1)]
        h, w = begin[1] + i * size[1] / pooled[0], begin[0] + j * size[0] / pooled[1]
        outside = not (-0.5 <= h <= plane.shape[0] - 0.5 and -0.5 <= w <= plane.shape[1] - 0.5)
        return 0 if outside or min(size) <= 0 else between(plane, h, w)

    return sampled_by(value, (pooled[0] + 1, pooled[1] + 1))


def jasjeet(pooled: tuple[int, int]) -> Reference:
    def value(plane: np.ndarray, roi: list[float], i: int, j: int) -> float:
        seen = []
        for k, at, parts in ((1, i, pooled[0]), (0, j, pooled[1])):
            size, length = max(roi[2 + k] - roi[k] + 1, 1), plane.shape[1 - k]
            low, high = (min(max((at + n) * size / parts + roi[k], 0), length) for n in (0, 1))
            seen.append(range(math.ceil(low), math.floor(high) + 1) if high > low else [])
        pixels = [(h, w) for h in seen[0] for w in seen[1]][:4]
        sums = []
        for s in (-0.5, 0.5):
            for t in (-0.5, 0.5):
                total = 0.0
                for h, w in pixels:
                    v, u = (
                        max(-1, min(1, 2 * (n - roi[k]) / (roi[2 + k] - roi[k]) - 1))
                        if roi[2 + k] != roi[k] else (1 if n > roi[k] else -1)
                        for n, k in ((h, 1), (w, 0))
                    )  # fmt: skip
                    if h < plane.shape[0] and w < plane.shape[1]:
                        total += plane[h, w] * max(0, 1 - abs(s - u)) * max(0, 1 - abs(t - v))
                sums.append(total)
        return max(sums)

    return sampled_by(value, pooled)


def keys(d: float) -> float:
    """A cubic convolution's kernel with a = -1."""
    d = abs(d)
    return 1 - 2 * d**2 + d**3 if d < 1 else 4 - 8 * d + 5 * d**2 - d**3 if d < 2 else 0


def cubically(plane: np.ndarray, h: float, w: float) -> float:
    total = 0.0
    for i in range(math.floor(h) - 1, math.floor(h) + 3):
        for j in range(math.floor(w) - 1, math.floor(w) + 3):
            inside = (min(max(n, 0), m - 1) for n, m in zip((i, j), plane.shape, strict=True))
            total += plane[tuple(inside)] * keys(h - i) * keys(w - j)
    return total


def frcnn(pooled: tuple[int, int], cubic: bool, several: bool) -> Reference:
    def value(plane: np.ndarray, roi: list[float], i: int, j: int) -> float:
        found = []
        for down in (0.25, 0.75) if several else (0.5,):
            for right in (0.25, 0.75) if several else (0.5,):
                places = []
                for k, at, parts in ((1, i + down, pooled[0]), (0, j + right, pooled[1])):
                    length = plane.shape[1 - k]
                    begin, end = max(roi[k], 0), min(roi[2 + k], 2 * length - 1)
                    place = begin + at * max(end - begin + 1, 1) / parts
                    places.append(min(max(place, 0), length - 1))
                found.append((cubically if cubic else between)(plane, *places))
        return max(found)

    return sampled_by(value, pooled)


def roi_align(message: str, param: str, reference: Reference) -> Case:
    param = f"{message} {{ {param} spatial_scale: 0.5 }}"
    return Case("ROIAlign", param, [(2, 3, 7, 9), (len(REGIONS), 5)], [normal, regions(*REGIONS)],
                gradients=[True, False], reference=reference, name=param,
                smaller=[(2, 2, 8, 6), (len(REGIONS), 5)])  # fmt: skip


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
    roi_align("roi_pooling_param", "pooled_h: 2 pooled_w: 3", cascade((2, 3))),
    roi_align("roi_pooling_param", "pooled_h: 4 pooled_w: 1 pad_ratio: 0.25",
              cascade((4, 1), 0.25)),
    roi_align("roi_align_param", "pooled_h: 2 pooled_w: 3", jasjeet((2, 3))),
    roi_align("roi_align_param", "pooled_h: 7 pooled_w: 4", jasjeet((7, 4))),
    roi_align("roi_pooling_param", "pooled_h: 2 pooled_w: 3 bi_type: 1", frcnn((2, 3), True, True)),
    roi_align("roi_pooling_param", "pooled_h: 3 pooled_w: 1 bi_type: 0",
              frcnn((3, 1), False, True)),
    roi_align("roi_pooling_param", "pooled_h: 2 pooled_w: 2 is_multi_interpolate: false",
              frcnn((2, 2), True, False)),
]  # fmt: skip
