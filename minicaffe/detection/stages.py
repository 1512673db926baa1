"""What Cascade R-CNN's and MS-CNN's programs make of the blobs that their nets end with."""

from __future__ import annotations

import numpy as np

from minicaffe.blob import Blob
from minicaffe.detection.preparation import Placed, Preparation
from minicaffe.detection.rois import best_of_classes, per_class
from minicaffe.layers.detection.box_output import BoxOutput
from minicaffe.layers.detection.pixel_boxes import Normalizer, from_middles
from minicaffe.net.net import Net

#: What both programs subtract of blue, green and red.
STAGES_MEANS = (104.0, 117.0, 123.0)
#: Boxes that overlap a better one by more are dropped (Cascade R-CNN's program for VOC says 0.3).
_NMS = 0.5
#: Sides of their inputs are multiples of this.
_MULTIPLE = 32
#: What MS-CNN's program multiplies its net's offsets by.
_MSCNN = Normalizer(np.zeros(4), np.array([0.1, 0.1, 0.2, 0.2]))

_OUTPUT = "output_bbox_"
#: The blobs of MS-CNN's nets: offsets, scores before a Softmax, and boxes.
_OFFSETS, _SCORES, _PROPOSALS = _MSCNN_BLOBS = ("bbox_pred", "cls_pred", "proposals_score")


class StagesEnd:
    """Boxes in pixels of the net's input, and the probabilities of their classes.

    Cascade R-CNN's nets, and MS-CNN's of several stages, call the boxes of their last stage
    output_bbox_3rd, and their probabilities cls_prob_3rd_avg or cls_prob_3rd; MS-CNN's of one
    stage give bbox_pred, cls_pred and proposals_score.

    MS-CNN's pictures are warped to the size of the net's input. Cascade R-CNN's shorter side gets
    the length of the shorter side of the net's input, unless the longer one became too long;
    sides are rounded to multiples of 32.

    Args:
        net: the net.
        name: of its input for pictures.
        preparation: of its pictures.
        size: in place of the height and width of the net's input.

    Source: examples/voc/run_cascadercnn_voc.m and run_cascadercnn_coco.m
    (zhaoweicai/cascade-rcnn), examples/kitti_car/run_mscnn_detection.m and run_cascademscnn.m
    (zhaoweicai/mscnn).
    """

    def __init__(
        self, net: Net, name: str, preparation: Preparation, size: tuple[int, int] | None
    ) -> None:
        net.keep_all()  # the proposals are no outputs
        self._found, self._scores = (net.blobs[blob] for blob in _ends(net)[:2])
        self._starts: Blob | None = net.blobs[_ends(net)[2]] if len(_ends(net)) > 2 else None
        self._preparation = preparation
        height, width = size or net.blobs[name].shape[2:]
        self._size = (height, width)
        self._warps = any(isinstance(layer, BoxOutput) for layer in net.layers)

    def labels(self) -> range:
        """The classes of its boxes; 0 is the background."""
        return range(1, self._scores.shape[1])

    def place(self, image: np.ndarray) -> Placed:
        """A picture (channels × height × width, uint8, blue first) as the net's input."""
        if self._warps:
            return self._preparation.warped(image, self._size)
        shorter, longer = sorted(self._size)
        zoom = shorter / min(image.shape[1:])
        sides = [min(zoom * side, longer) for side in image.shape[1:]]
        height, width = (max(1, round(side / _MULTIPLE)) * _MULTIPLE for side in sides)
        return self._preparation.warped(image, (height, width))

    def boxes(self, placed: Placed, size: tuple[int, int]) -> np.ndarray:
        """The boxes of the last forward in a picture of this height and width: (n, 6)."""
        scores = self._scores.data.astype(np.float64).reshape(-1, self._scores.shape[1])
        found = self._found.data.astype(np.float64).reshape(len(scores), -1)
        if self._starts is None:
            boxes = found[:, None, 1:5]
        else:
            boxes = _moved(self._starts, per_class(found, *scores.shape))
            powers = np.exp(scores - scores.max(axis=1, keepdims=True))
            scores = powers / powers.sum(axis=1, keepdims=True)
        moved = placed.to_picture(boxes.reshape(-1, 4)).reshape(boxes.shape)
        return best_of_classes(moved, scores, _NMS)


def has_stages(net: Net) -> bool:
    """Whether the net ends as Cascade R-CNN's or MS-CNN's do."""
    return bool(_ends(net))


def _ends(net: Net) -> tuple[str, ...]:
    """Boxes and probabilities of the last stage; or what MS-CNN's nets of one stage give."""
    for name in reversed(list(net.blobs)):
        stage = name.removeprefix(_OUTPUT)
        for scores in (f"cls_prob_{stage}_avg", f"cls_prob_{stage}"):
            if name.startswith(_OUTPUT) and scores in net.blobs:
                return name, scores
    return _MSCNN_BLOBS if set(_MSCNN_BLOBS) <= set(net.blobs) else ()


def _moved(proposals: Blob, offsets: np.ndarray) -> np.ndarray:
    """MS-CNN's boxes, (n, classes or 1, 4): a proposal's width is xmax - xmin."""
    start = proposals.data.astype(np.float64).reshape(len(offsets), -1)[:, None, 1:5]
    sides = start[..., 2:] - start[..., :2]
    plain = _MSCNN.plain(offsets)
    with np.errstate(over="ignore", invalid="ignore"):
        middles = start[..., :2] + sides / 2 + plain[..., :2] * sides
        return from_middles(middles, sides * np.exp(plain[..., 2:]), edge=0.0)
