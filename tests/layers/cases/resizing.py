"""Interp, Upsample, Unpooling, CropCenter: images of other sizes."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from tests.layers.harness import Case, Maker, normal

Arrays = list[np.ndarray]
Reference = Callable[[Arrays, Arrays], Arrays]


def interp(height: int, width: int, cut: tuple[int, int] = (0, 0), near: bool = False) -> Reference:
    """The formula of the four pixels around, one pixel at a time; places in float32 as in Caffe."""

    def place(index: int, size: int, wanted: int) -> tuple[int, int, float]:
        ratio = np.float32(size - 1) / np.float32(wanted - 1) if wanted > 1 else np.float32(0)
        at = float(ratio * np.float32(index))
        first = math.floor(at)
        share = at - first
        return first, min(first + 1, size - 1), (share >= 0.5) if near else share

    def run(bottoms: Arrays, _: Arrays) -> Arrays:
        x = bottoms[0][:, :, cut[0] : bottoms[0].shape[2] - cut[1]]
        x = x[:, :, :, cut[0] : x.shape[3] - cut[1]]
        y = np.zeros((*x.shape[:2], height, width))
        for n, c, h, w in np.ndindex(y.shape):
            top, below, u = place(h, x.shape[2], height)
            left, right, v = place(w, x.shape[3], width)
            y[n, c, h, w] = (
                (1 - u) * (1 - v) * x[n, c, top, left]
                + (1 - u) * v * x[n, c, top, right]
                + u * (1 - v) * x[n, c, below, left]
                + u * v * x[n, c, below, right]
            )
        return [y]

    return run


def resized(param: str, height: int, width: int, **more: object) -> Case:
    cut = more.pop("cut", (0, 0))
    near = more.pop("near", False)
    return Case("Interp", f"interp_param {{ {param} }}", name=param,
                reference=interp(height, width, cut, near), **more)  # type: ignore[arg-type] # fmt: skip


def repeated(scale: int) -> Reference:
    def run(bottoms: Arrays, _: Arrays) -> Arrays:
        x = bottoms[0]
        y = np.zeros((*x.shape[:2], x.shape[2] * scale, x.shape[3] * scale))
        for n, c, h, w in np.ndindex(y.shape):
            y[n, c, h, w] = x[n, c, h // scale, w // scale]
        return [y]

    return run


def mask(pixels: int) -> Maker:
    """For each plane different pixels below ``pixels``."""

    def make(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        count = math.prod(shape[2:])
        planes = [rng.permutation(pixels)[:count] for _ in range(shape[0] * shape[1])]
        return np.array(planes, float).reshape(shape)

    return make


def placed(height: int, width: int) -> Reference:
    def run(bottoms: Arrays, _: Arrays) -> Arrays:
        x, places = bottoms
        y = np.zeros((*x.shape[:2], height, width))
        for n, c, h, w in np.ndindex(x.shape):
            row, column = divmod(int(places[n, c, h, w]), width)
            y[n, c, row, column] = x[n, c, h, w]
        return [y]

    return run


def masked(kind: str, param: str, height: int, width: int) -> Case:
    field = {"Upsample": "upsample_param", "Unpooling": "unpooling_param"}[kind]
    return Case(kind, f"{field} {{ {param} }}", [(2, 3, 4, 5)] * 2, [normal, mask(height * width)],
                gradients=[True, False], reference=placed(height, width), name=param)  # fmt: skip


def spread(
    height: int, width: int, kernel: tuple[int, int], stride: int, *, mean: bool
) -> Reference:
    """Every value to all pixels of its window, divided by their number if ``mean``."""

    def run(bottoms: Arrays, _: Arrays) -> Arrays:
        x = bottoms[0]
        y = np.zeros((*x.shape[:2], height, width))
        for n, c, h, w in np.ndindex(x.shape):
            rows = range(h * stride, min(h * stride + kernel[0], height))
            columns = range(w * stride, min(w * stride + kernel[1], width))
            for row in rows:
                for column in columns:
                    area = len(rows) * len(columns) if mean else 1
                    y[n, c, row, column] += x[n, c, h, w] / area
        return [y]

    return run


UNPOOL = "unpooling_param { unpool: %s kernel_h: 3 kernel_w: 2 stride: 2 unpool_h: 8 unpool_w: 10 }"

CASES = [
    resized("height: 7 width: 3", 7, 3),
    resized("height: 1 width: 9", 1, 9),
    resized("height: 4 width: 5", 4, 5),
    resized("zoom_factor: 3", 10, 13),
    resized("zoom_factor: 3 height: 2 width: 2", 10, 13),
    resized("shrink_factor: 2", 2, 3),
    resized("shrink_factor: 2 zoom_factor: 3", 4, 7),
    resized("shrink_factor: 2 zoom_factor: 3 height: 6 width: 2", 6, 2),
    resized("pad_beg: -1 pad_end: -2 height: 3 width: 5", 3, 5, cut=(1, 2),
            bottoms=[(2, 3, 5, 6)]),
    resized("pad_end: -1 shrink_factor: 1", 3, 4, cut=(0, 1)),
    resized("mode: NEAREST height: 7 width: 9", 7, 9, near=True),
    resized("mode: NEAREST height: 3 width: 2", 3, 2, near=True),
    resized("", 6, 2, bottoms=[(2, 3, 4, 5), (1, 2, 6, 2)], gradients=[True, False],
            smaller=[(1, 3, 4, 5), (1, 2, 6, 2)]),
    resized("use_blob_size: true height: 9 width: 9", 2, 3, gradients=[True, False],
            bottoms=[(2, 3, 4, 5), (2, 1, 2, 3)]),
    Case("Upsample", reference=repeated(1), name="one bottom, nothing set"),
    Case("Upsample", "upsample_param { scale: 3 }", reference=repeated(3)),
    Case("Upsample", "upsample_param { scale: 2.0 }", reference=repeated(2)),
    masked("Upsample", "", 8, 10),
    masked("Upsample", "scale: 3 ", 12, 15),
    masked("Upsample", "scale_h: 3 scale_w: 2", 12, 10),
    masked("Upsample", "pad_out_h: true", 7, 10),
    masked("Upsample", "scale: 2 pad_out_w: true upsample_h: 7 upsample_w: 6", 7, 6),
    masked("Unpooling", "unpool_size: 7 kernel_size: 2 stride: 2", 7, 7),
    masked("Unpooling", "unpool: MAX unpool_h: 6 unpool_w: 9 kernel_h: 2 kernel_w: 1", 6, 9),
    Case("Unpooling", UNPOOL % "AVE", reference=spread(8, 10, (3, 2), 2, mean=True), name="AVE"),
    Case("Unpooling", UNPOOL % "TILE", reference=spread(8, 10, (3, 2), 2, mean=False), name="TILE"),
    Case("Unpooling", UNPOOL % "MAX", reference=spread(8, 10, (1, 1), 2, mean=False),
         name="without a mask"),
    Case("CropCenter", "crop_center_param { crop_size: [0, 1, 1, 2] }",
         reference=lambda b, _: [b[0][:, 1:2, 1:3, 2:3]]),
    Case("CropCenter", "crop_center_param { crop_size: [0, 0] }", bottoms=[(3, 4)],
         reference=lambda b, _: [b[0]]),
    Case("Padding", "padding_param { pad_beg: 2 pad_end: 1 }",
         reference=lambda b, _: [np.pad(b[0], ((0, 0), (0, 0), (2, 1), (2, 1)))]),
    Case("Padding", "padding_param { pad_beg: -1 pad_end: -2 }", bottoms=[(2, 3, 5, 4)],
         reference=lambda b, _: [b[0][:, :, 1:3, 1:2]]),
]  # fmt: skip
