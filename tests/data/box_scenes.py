"""Window files with boxes, and label maps in loops over single places."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from minicaffe.data.images import encode_image
from tests.data.helpers import random_images
from tests.layers.cascade_boxes import overlap_of_lists

#: label, ignore, difficult, x1, y1, x2, y2
BOXES = [
    [(1, 0, 0, 4, 6, 27, 21), (2, 0, 1, 30, 10, 61, 25), (1, 1, 0, 40, 2, 55, 17)],
    [],
    [(3, 0, 0, 20, 8, 43, 30), (1, 0, 0, 2, 2, 8, 7)],
]
REGIONS = [[(0, 20, 15, 31)], [], [(44, 0, 63, 31), (0, 0, 3, 3)]]


def window_file(
    folder: Path, sizes: Sequence[tuple[int, int]], *, difficult: bool = True
) -> tuple[Path, list[np.ndarray]]:
    """Images of these sizes with the boxes above, and a window file that lists them."""
    images, lines = [], []
    for index, (height, width) in enumerate(sizes):
        images.append(random_images(1, 3, height, width, seed=index)[0])
        (folder / f"{index}.png").write_bytes(encode_image(images[-1], "png"))
        rows = [row if difficult else (*row[:2], *row[3:]) for row in BOXES[index % 3]]
        lines += [f"# {index}", f"{index}.png", f"3 {height} {width}", str(len(rows))]
        lines += [" ".join(map(str, row)) for row in rows]
        lines += [str(len(REGIONS[index % 3]))]
        lines += [" ".join(map(str, row)) for row in REGIONS[index % 3]]
    path = folder / "boxes.txt"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path, images


def plain_overlap(a: Sequence[float], b: Sequence[float], mode: str = "IOU") -> float:
    """MS-CNN's, of boxes whose sides are xmax - xmin."""
    sides = [(box[2] - box[0], box[3] - box[1]) for box in (a, b)]
    if min(*sides[0], *sides[1]) <= 0:
        return 0.0
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    common = width * height if min(width, height) > 0 else 0.0
    first, second = math.prod(sides[0]), math.prod(sides[1])
    return common / (first if mode == "IOFU" else first + second - common)


@dataclass
class Expected:
    """What the label maps of one image should be.

    Attributes:
        seen: left, top, width and height of the image in what the net sees.
        size: its height and width.
    """

    fields: Sequence[tuple[int, int, int]]
    size: tuple[int, int]
    seen: tuple[int, int, int, int]
    cascade: bool = True
    threshold: float = 0.5
    region: float = 0.4
    pickup: float = 0.2
    margin: float | None = None
    inside: float | None = None

    def overlap(self, a: Sequence[float], b: Sequence[float], mode: str = "IOU") -> float:
        return overlap_of_lists(a, b, mode) if self.cascade else plain_overlap(a, b, mode)

    def described(self, box: Sequence[float]) -> list[float]:
        edge = 1 if self.cascade else 0
        sides = [box[2] - box[0] + edge, box[3] - box[1] + edge]
        return [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2, *sides]

    def maps(
        self, boxes: np.ndarray, labels: Sequence[int], ignored: Sequence[bool], regions: np.ndarray
    ) -> list[np.ndarray]:
        taken = [False] * len(boxes)
        best = [(0.0, 0)] * len(boxes)
        maps = []
        for index, (w, h, stride) in enumerate(self.fields):
            height, width = (int(side / stride + 0.5) for side in self.size)
            table = np.zeros((6, height, width))
            for row in range(height):
                for column in range(width):
                    x, y = (column + 0.5) * stride, (row + 0.5) * stride
                    anchor = (x - w / 2, y - h / 2, x + w / 2, y + h / 2)
                    if not self.usable(row, column, anchor, stride):
                        table[5, row, column] = 1
                        continue
                    covered = sum(self.overlap(anchor, region, "IOFU") for region in regions)
                    if not self.cascade and covered >= self.region:
                        table[5, row, column] = 1
                        continue
                    fits = [self.overlap(box, anchor) for box in boxes]
                    for k, fit in enumerate(fits):
                        if fit > best[k][0]:
                            best[k] = (fit, index)
                    fit = max(fits, default=0.0)
                    table[5, row, column] = fit
                    if fit > self.threshold:
                        k = fits.index(fit)
                        label = 0 if ignored[k] else labels[k]
                        table[:5, row, column] = [label, *self.described(boxes[k])]
                        taken[k] = True
                    elif self.cascade and covered >= self.region:
                        table[5, row, column] = 1
            maps.append(table)
        for k, box in enumerate(boxes):
            if taken[k] or ignored[k] or best[k][0] < self.pickup:
                continue
            stride, table = self.fields[best[k][1]][2], maps[best[k][1]]
            described = self.described(box)
            column = min(max(0, math.floor(described[0] / stride)), table.shape[2] - 1)
            row = min(max(0, math.floor(described[1] / stride)), table.shape[1] - 1)
            if table[0, row, column] > 0:
                continue
            table[:5, row, column] = [labels[k], *described]
            if self.cascade:
                table[5, row, column] = best[k][0]
        return maps

    def usable(self, row: int, column: int, anchor: Sequence[float], stride: int) -> bool:
        left, top, width, height = self.seen
        first, last = int(left / stride + 0.5), int(width / stride + 0.5)
        if not first <= column < first + last:
            return False
        first, last = int(top / stride + 0.5), int(height / stride + 0.5)
        if not first <= row < first + last:
            return False
        x1, y1, x2, y2 = anchor
        if self.margin is not None:
            wide, high = self.margin * (x2 - x1) / 2, self.margin * (y2 - y1) / 2
            return (
                left - wide <= x1 and x2 < left + width + wide
                and top - high <= y1 and y2 < top + height + high
            )  # fmt: skip
        if self.inside is not None:
            image = (left, top, left + width, top + height)
            return self.overlap(anchor, image, "IOFU") >= self.inside
        return True
