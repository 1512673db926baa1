"""Faces in a picture, with five points of each: MTCNN's cascade of three nets.

    python docs/examples/mtcnn.py photo.jpg --weights FOLDER -o faces.png

FOLDER has the published weights det1.caffemodel, det2.caffemodel and det3.caffemodel; the nets are
mtcnn_pnet, mtcnn_rnet and mtcnn_onet of `minicaffe models`. What they do:

1. The picture is made smaller and smaller, until its shorter side is 12 pixels. PNet looks at every
   12 × 12 pixels of each size, two pixels apart: is it a face, and how far off is the box?
2. Boxes that overlap a better one are dropped; the others are corrected and made squares.
3. RNet looks at each in 24 × 24 pixels: refuses, drops, corrects, makes squares again.
4. ONet looks at each in 48 × 48 pixels, and says besides where eyes, nose and mouth are.

A box is x1, y1, x2, y2 in pixels, both corners part of it; an offset is in sides of the box.

K. Zhang, Z. Zhang, Z. Li, Y. Qiao: Joint face detection and alignment using multitask cascaded
convolutional networks, IEEE Signal Processing Letters 23 (10), 2016, arXiv:1604.02878.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from minicaffe import TEST, MinicaffeError, Net
from minicaffe.data.images import encode_image, read_image, resize_linear
from minicaffe.detection.drawing import draw_boxes
from minicaffe.layers.detection.boxes import areas, best_first, intersections, suppress
from minicaffe.zoo import network

#: What a net gives for a batch of images: scores (n, 2, …), offsets (n, 4, …), points (n, 10).
Outputs = list[np.ndarray]
Runs = Callable[[np.ndarray], Outputs]

STEP, CELL = 2, 12  # pixels between the places that PNet looks at, and what it sees of each
_BATCH = 64  # candidates that are looked at together


@dataclass(frozen=True)
class Cascade:
    """The three nets, and what they are asked.

    Attributes:
        pnet, rnet, onet: each gives its outputs for a batch n × 3 × height × width, red first, from
            -1 to 1.
        smallest: the least side of a face, in pixels.
        factor: how much smaller the next picture of the pyramid is.
        thresholds: the scores that a candidate needs in each net.
    """

    pnet: Runs
    rnet: Runs
    onet: Runs
    smallest: int = 20
    factor: float = 0.709
    thresholds: tuple[float, float, float] = (0.6, 0.7, 0.7)

    def find(self, image: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The faces in a picture.

        Args:
            image: 3 × height × width, uint8, blue first.

        Returns:
            boxes (n, 4), scores (n,) and points (n, 5, 2), x and y of each, the best face first.
        """
        boxes = self._proposals(image)
        boxes = self._refined(image, boxes)
        return self._decided(image, boxes)

    def _proposals(self, image: np.ndarray) -> np.ndarray:
        """PNet's squares."""
        parts = [(np.empty((0, 4)), np.empty(0), np.empty((0, 4)))]
        for scale in pyramid(image.shape[1:], self.smallest, self.factor):
            height, width = (int(np.ceil(side * scale)) for side in image.shape[1:])
            prob, moves = self.pnet(prepared(resize_linear(image, height, width))[None])[:2]
            boxes, scores, offsets = candidates(prob[0, 1], moves[0], scale, self.thresholds[0])
            kept = without_doubles(boxes, scores, threshold=0.5)
            parts.append((boxes[kept], scores[kept], offsets[kept]))
        boxes, scores, offsets = map(np.concatenate, zip(*parts, strict=True))
        kept = without_doubles(boxes, scores, threshold=0.7)
        return square(calibrated(boxes[kept], offsets[kept]))

    def _refined(self, image: np.ndarray, boxes: np.ndarray) -> np.ndarray:
        """RNet's squares, of PNet's."""
        scores, offsets = looked_at(self.rnet, image, boxes, 24)[:2]
        good = np.flatnonzero(scores > self.thresholds[1])
        kept = good[without_doubles(boxes[good], scores[good], threshold=0.7)]
        return square(calibrated(boxes[kept], offsets[kept]))

    def _decided(
        self, image: np.ndarray, boxes: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """ONet's faces, of RNet's squares."""
        scores, offsets, marks = looked_at(self.onet, image, boxes, 48)
        good = np.flatnonzero(scores > self.thresholds[2])
        boxes, scores, offsets, marks = boxes[good], scores[good], offsets[good], marks[good]
        points = (
            boxes[:, None, :2] + marks.reshape(-1, 2, 5).transpose(0, 2, 1) * sides(boxes)[:, None]
        )
        faces = calibrated(boxes, offsets)
        kept = without_doubles(faces, scores, threshold=0.7, of_smaller=True)
        return faces[kept], scores[kept], points[kept]


def pyramid(size: tuple[int, ...], smallest: int, factor: float) -> Iterator[float]:
    """How much smaller each picture is: faces of ``smallest`` pixels have 12 in the first one."""
    scale = CELL / smallest
    while min(size) * scale >= CELL:
        yield scale
        scale *= factor


def prepared(image: np.ndarray) -> np.ndarray:
    """Pixels as the nets were trained with: red first, from -1 to 1."""
    return (image[::-1].astype(np.float32) - 127.5) * np.float32(0.0078125)


def candidates(
    prob: np.ndarray, offsets: np.ndarray, scale: float, threshold: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What PNet takes for a face: boxes in the whole picture, their scores and offsets.

    Args:
        prob: (rows, columns), how likely each place is a face.
        offsets: (4, rows, columns).
        scale: of this picture of the pyramid.
        threshold: the score from which a place counts.
    """
    row, column = np.nonzero(prob >= threshold)
    corner = STEP * np.stack([column, row], axis=1)
    boxes = np.concatenate([corner, corner + CELL - 1], axis=1) / scale
    return boxes, prob[row, column], offsets[:, row, column].T


def sides(boxes: np.ndarray) -> np.ndarray:
    """Width and height of boxes, (n, 2)."""
    return np.asarray(boxes[:, 2:] - boxes[:, :2] + 1)


def calibrated(boxes: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """Boxes whose corners are moved by offsets in sides of the box."""
    return np.asarray(boxes + offsets * np.tile(sides(boxes), 2))


def square(boxes: np.ndarray) -> np.ndarray:
    """Squares around the same middles, as long as the longer sides."""
    lengths = sides(boxes)
    most = lengths.max(axis=1, keepdims=True)
    corner = boxes[:, :2] + (lengths - most) / 2
    return np.concatenate([corner, corner + most - 1], axis=1)


def without_doubles(
    boxes: np.ndarray,
    scores: np.ndarray,
    *,
    threshold: float,
    of_smaller: bool = False,
) -> np.ndarray:
    """Which boxes are kept, the best first; others overlap a better one by more than the threshold.

    The overlap is intersection over union, or with ``of_smaller`` over the smaller of both boxes,
    so that a box within another one is a double, too.
    """
    order = best_first(scores)
    if not of_smaller:
        return order[suppress(boxes[order], threshold, edge=1.0)]
    kept: list[int] = []
    for index in order.tolist():
        common = intersections(boxes[index], boxes[kept], edge=1.0)
        least = np.minimum(areas(boxes[index], edge=1.0), areas(boxes[kept], edge=1.0))
        if (common <= threshold * least).all():
            kept.append(index)
    return np.array(kept, int)


def patch(image: np.ndarray, box: np.ndarray, size: int) -> np.ndarray:
    """What is in a box, in ``size`` × ``size`` pixels; black where it is beyond the picture."""
    height, width = image.shape[1:]
    x1, y1, x2, y2 = np.rint(box).astype(int)
    cut = np.zeros((3, max(1, y2 - y1 + 1), max(1, x2 - x1 + 1)), np.uint8)
    top, bottom = max(y1, 0), min(y2 + 1, height)
    left, right = max(x1, 0), min(x2 + 1, width)
    if top < bottom and left < right:
        cut[:, top - y1 : bottom - y1, left - x1 : right - x1] = image[:, top:bottom, left:right]
    return resize_linear(cut, size, size)


def looked_at(net: Runs, image: np.ndarray, boxes: np.ndarray, size: int) -> Outputs:
    """Scores (n,), offsets (n, 4) and points (n, 10 or 0) of what is in each box."""
    found: list[Outputs] = []
    for start in range(0, len(boxes), _BATCH):
        patches = [prepared(patch(image, box, size)) for box in boxes[start : start + _BATCH]]
        prob, *others = net(np.stack(patches))
        rows = [prob.reshape(len(patches), 2)[:, 1], *(x.reshape(len(patches), -1) for x in others)]
        found.append(rows)
    if not found:
        return [np.empty(0), np.empty((0, 4)), np.empty((0, 10))]
    return [np.concatenate(parts) for parts in zip(*found, strict=True)]


def runs(net: Net, outputs: list[str], *, exchanged: bool) -> Runs:
    """A net as the cascade calls it.

    Args:
        net: one of the three.
        outputs: the blobs with scores, offsets and points.
        exchanged: rows and columns are exchanged before it, and after it again where its outputs
            have any: it was trained with such images.
    """

    def run(images: np.ndarray) -> Outputs:
        given = images.swapaxes(2, 3) if exchanged else images
        net.blobs["data"].reshape(*given.shape)
        net.reshape()
        found = net.forward(data=given)
        values = [found[name].copy() for name in outputs]
        return [x.swapaxes(2, 3) if exchanged and x.ndim == 4 else x for x in values]

    return run


def load(folder: Path, *, exchanged: bool = True) -> Cascade:
    """The cascade with the weights det1, det2 and det3 of a folder.

    Args:
        folder: where they are.
        exchanged: they were trained in MATLAB, as the published ones; see :func:`runs`.

    Raises:
        MinicaffeError: a file cannot be read, or does not fit its net.
    """
    ends = [["prob1", "conv4-2"], ["prob1", "conv5-2"], ["prob1", "conv6-2", "conv6-3"]]
    nets = []
    for number, (name, outputs) in enumerate(zip(("pnet", "rnet", "onet"), ends, strict=True), 1):
        model = network(f"mtcnn_{name}").folder / "deploy.prototxt"
        net = Net(model, TEST, weights=folder / f"det{number}.caffemodel")
        nets.append(runs(net, outputs, exchanged=exchanged))
    pnet, rnet, onet = nets
    return Cascade(pnet, rnet, onet)


def main() -> int:
    """Find the faces of a picture, print them, and draw them; returns the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("photo")
    parser.add_argument("--weights", type=Path, required=True, help="the folder of the weights")
    parser.add_argument("--smallest", type=int, default=20, help="the least side of a face (20)")
    parser.add_argument(
        "--upright", action="store_true", help="the weights were trained with rows as rows"
    )
    parser.add_argument("-o", "--output", type=Path, help="a picture to draw boxes into")
    args = parser.parse_args()
    try:
        image = read_image(args.photo, upright=True)
        cascade = load(args.weights, exchanged=not args.upright)
        boxes, scores, points = cascade.find(image)
    except MinicaffeError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    for box, score, marks in zip(boxes, scores, points, strict=True):
        print(f"{score:.3f}  box {np.rint(box).astype(int)}  points {np.rint(marks).tolist()}")
    if args.output is not None:
        rows = np.column_stack([np.zeros(len(boxes)), scores, boxes])
        drawn = draw_boxes(image, rows, {0: "face"})
        args.output.write_bytes(encode_image(drawn, args.output.suffix[1:].lower() or "png"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
