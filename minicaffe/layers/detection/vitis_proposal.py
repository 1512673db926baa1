"""Vitis AI's layer of the type Proposal, which has its anchors in the prototxt."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from minicaffe.errors import GraphError, MinicaffeError
from minicaffe.layer import Blobs, Layer
from minicaffe.layers.detection.anchor_boxes import boxes_of, check_maps, inside
from minicaffe.layers.detection.anchors import by_place, on_grid
from minicaffe.layers.detection.boxes import best_first, suppress
from minicaffe.layers.gradients import clear_gradients

#: Its settings, which the other Proposal does not have.
FIELDS = frozenset(
    (
        "nms_input_num", "nms_output_num", "stride_h", "stride_w", "nms_iou_th", "min_width",
        "min_height", "anchor",
    )
)  # fmt: skip

#: What it gives where it finds nothing.
_INSTEAD = (0, 0, 0, 1, 1)


class VitisProposal(Layer):
    """Regions that may hold an object, in a batch of images; top and bottoms are as
    :class:`Proposal` has them.

    A corner of an anchor at place (y, x) is its number, from 1, + stride · place - 1. The best
    nms_input_num regions are looked at; those not wider than min_width · scale and not higher than
    min_height · scale are dropped, and so is one that overlaps a better one by nms_iou_th or more,
    sides being x2 - x1. With no region in any image there is one, (0, 0, 0, 1, 1). Scores that are
    not numbers, and regions with a NaN, are left out.

    Shapes: bottoms (N, 2 · A, H, W), (N, 4 · A, H, W), (N, 3); top (R, 5): image, x1, y1, x2, y2,
    by image and falling score.

    Settings: ``proposal_param``: anchor, each with left, top, right and bottom, stride_h, stride_w
    and nms_iou_th, all required; nms_input_num (6000), nms_output_num (300), min_width (0),
    min_height (0).

    Raises:
        GraphError: a setting is missing or outside of its range.
        ShapeError: the bottoms do not fit each other.
    """

    type = "Proposal"
    decides = True
    in_place = False
    exact_bottoms = 3
    exact_tops = 1
    reshapes_always = True  # the number of regions depends on the bottoms' values
    backward_reads = ()

    @classmethod
    def allow_force_backward(cls, index: int) -> bool:
        return False

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        param = self.param.proposal_param
        if not param.anchor:
            yield GraphError("anchor is missing; give one for each pair of scores")
        for index, anchor in enumerate(param.anchor):
            if not (anchor.right >= anchor.left and anchor.bottom >= anchor.top):
                yield GraphError(
                    f"anchor {index} is ({anchor.left:g}, {anchor.top:g}) to ({anchor.right:g}, "
                    f"{anchor.bottom:g}); expected left ≤ right and top ≤ bottom"
                )
        for name in ("stride_h", "stride_w"):
            if not getattr(param, name):
                yield GraphError(f"{name} is missing or 0; expected pixels for each place")
        if not (param.HasField("nms_iou_th") and 0 <= param.nms_iou_th <= 1):
            found = f"{param.nms_iou_th:g}" if param.HasField("nms_iou_th") else "missing"
            yield GraphError(f"nms_iou_th is {found}; expected 0 to 1")

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        given = self.param.proposal_param.anchor
        corners = [(box.left, box.top, box.right, box.bottom) for box in given]
        self.anchors = np.array(corners, np.float64) - 1

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        check_maps(bottom, len(self.anchors), one=False)
        top[0].reshape(1, 5)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        param, (height, width) = self.param.proposal_param, bottom[0].shape[2:]
        anchors = on_grid(self.anchors, height, width, (param.stride_h, param.stride_w))
        parts = [np.empty((0, 5), self.dtype)]
        for image, sizes in enumerate(bottom[2].data):
            size = sizes.reshape(-1)
            boxes = inside(boxes_of(by_place(bottom[1].data[image], 4), anchors), size)
            scores = by_place(bottom[0].data[image, len(self.anchors) :], 1)[:, 0]
            kept = self._best(boxes, scores, float(size[2]))
            parts.append(np.column_stack([np.full(len(kept), image), boxes[kept]]))
        rows = np.concatenate(parts)
        if not len(rows):
            rows = np.array([_INSTEAD], self.dtype)
        top[0].reshape(*rows.shape)
        top[0].data[...] = rows

    def _best(self, boxes: np.ndarray, scores: np.ndarray, scale: float) -> np.ndarray:
        """Which of an image's regions are given, the best first."""
        param = self.param.proposal_param
        best = best_first(scores, top_k=param.nms_input_num)
        least = np.array([param.min_width, param.min_height]) * scale
        with np.errstate(over="ignore", invalid="ignore"):
            best = best[(boxes[best, 2:] - boxes[best, :2] > least).all(axis=1)]
        if not param.nms_iou_th:  # which even those have that do not overlap
            return best[: min(1, param.nms_output_num)]
        below = float(np.nextafter(np.array(param.nms_iou_th, self.dtype), -1))
        return np.asarray(best[suppress(boxes[best], below, most=param.nms_output_num)])

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        clear_gradients(propagate_down, bottom)
