"""Make pictures of coloured circles, squares and triangles, with their boxes.

    python tools/make_shapes.py [--folder=data/shapes] [--train=2000] [--test=500]

writes two LMDBs of AnnotatedDatums, train_lmdb and test_lmdb, as models/ssd_shapes reads them: 96 x
96 pixels, one to four shapes on a background of noise and stripes. The classes are 1 circle, 2
square, 3 triangle. The pictures are the same each time.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from minicaffe.data.backends import write_datums  # noqa: E402
from minicaffe.data.datum import make_datum  # noqa: E402
from minicaffe.errors import MinicaffeError  # noqa: E402
from minicaffe.proto import caffe_pb2  # noqa: E402

SIZE = 96
NAMES = ("circle", "square", "triangle")


def background(rng: np.random.Generator) -> np.ndarray:
    """Stripes of two dull colours in any direction, and noise: 3 x SIZE x SIZE."""
    down, across = np.mgrid[:SIZE, :SIZE] / SIZE
    angle, pace = rng.uniform(0, np.pi), rng.uniform(2, 12)
    wave = np.sin(2 * np.pi * pace * (down * np.sin(angle) + across * np.cos(angle)))
    first, second = rng.uniform(60, 160, (2, 3, 1, 1))
    image = first + (second - first) * (wave + 1) / 2
    return np.asarray(image + rng.normal(0, 12, (3, SIZE, SIZE)))


def shape_mask(kind: int, x: int, y: int, side: int) -> np.ndarray:
    """Which pixels a shape covers that fills the square of a side at (x, y)."""
    down, across = np.mgrid[:SIZE, :SIZE] + 0.5
    u, v = (across - x) / side, (down - y) / side
    inside = (u >= 0) & (u <= 1) & (v >= 0) & (v <= 1)
    if kind == 0:
        inside &= (u - 0.5) ** 2 + (v - 0.5) ** 2 <= 0.25
    elif kind == 2:
        inside &= np.abs(u - 0.5) <= v / 2
    return np.asarray(inside)


def picture(rng: np.random.Generator) -> caffe_pb2.AnnotatedDatum:
    """One picture with one to four shapes that hardly overlap."""
    image, taken = background(rng), np.zeros((SIZE, SIZE), bool)
    datum = caffe_pb2.AnnotatedDatum(type=caffe_pb2.AnnotatedDatum.BBOX)
    groups = {}
    for _ in range(int(rng.integers(1, 5))):
        side = int(rng.integers(14, 56))
        x, y = rng.integers(0, SIZE - side, 2).tolist()
        if taken[y : y + side, x : x + side].mean() > 0.1:
            continue
        kind = int(rng.integers(3))
        mask = shape_mask(kind, x, y, side)
        color = rng.uniform(0, 255, 3)
        color[rng.integers(3)] = rng.choice([0, 255])
        image[:, mask] = color[:, None] + rng.normal(0, 8, (3, int(mask.sum())))
        taken[y : y + side, x : x + side] = True
        if kind not in groups:
            groups[kind] = datum.annotation_group.add(group_label=kind + 1)
        box = groups[kind].annotation.add(instance_id=len(groups[kind].annotation)).bbox
        box.xmin, box.ymin = x / SIZE, y / SIZE
        box.xmax, box.ymax = (x + side) / SIZE, (y + side) / SIZE
    datum.datum.CopyFrom(make_datum(np.clip(image, 0, 255).astype(np.uint8), 0))
    return datum


def pictures(count: int, seed: int) -> Iterator[caffe_pb2.AnnotatedDatum]:
    """So many pictures, always the same ones for a seed."""
    rng = np.random.default_rng(seed)
    for _ in range(count):
        yield picture(rng)


def main() -> int:
    """Write both databases; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--folder", type=Path, default=ROOT / "data" / "shapes")
    parser.add_argument("--train", type=int, default=2000, help="pictures to train on")
    parser.add_argument("--test", type=int, default=500, help="pictures to test on")
    arguments = parser.parse_args()
    try:
        for seed, (part, count) in enumerate(
            [("train", arguments.train), ("test", arguments.test)]
        ):
            path = arguments.folder / f"{part}_lmdb"
            print(f"{write_datums(path, pictures(count, seed))} pictures in {path}")
    except MinicaffeError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
