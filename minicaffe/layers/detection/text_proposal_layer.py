"""CTPN's ProposalLayer: narrow regions of text, at every place of the feature map."""

from __future__ import annotations

import numpy as np

from minicaffe.blob import shape_text
from minicaffe.errors import ShapeError
from minicaffe.layer import Blobs
from minicaffe.layers.detection.anchor_boxes import check_image_sizes, inside
from minicaffe.layers.detection.anchors import by_place, on_grid
from minicaffe.layers.detection.rpn_layer import RpnLayer

#: The anchors' heights in pixels; all are 16 pixels wide, and lie around the middle of 16 rows.
HEIGHTS = (11, 16, 23, 33, 48, 68, 97, 139, 198, 283)
_MIDDLE = 7.5


class TextProposalLayer(RpnLayer):
    """The regions of all anchors, with their scores: 16 pixels wide, moved and scaled in y alone.

    With the height h = y2 - y1 + 1 of an anchor, offsets (dy, dh) make the height exp(dh) · h and
    the middle (y1 + y2)/2 + dy · h; the box is cut at the image's edge. Nothing is dropped: CTPN's
    program joins the regions to lines.

    Shapes: bottom 0, scores (1, 20, H, W); bottom 1, offsets (1, 20, H, W); bottom 2, the image's
    height, width and scale (1, 3). Top 0, boxes (H · W · 10, 4); top 1, their scores (H · W · 10,
    1), place by place.

    Settings: ``python_param``: param_str, YAML: feat_stride, required, pixels for each place.

    Raises:
        GraphError: param_str is wrong.
        ShapeError: the bottoms do not fit.

    Source: text_proposal_layer.py (tianzhi0549/CTPN), with anchor.py; Tian et al., "Detecting text
    in natural image with connectionist text proposal network", 2016 (arXiv:1609.03605).
    """

    type = "ProposalLayer"
    exact_bottoms = 3
    exact_tops = 2

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        super().setup(bottom, top)
        half = np.array(HEIGHTS) // 2
        low, high = np.trunc(_MIDDLE - half), np.trunc(_MIDDLE + half)
        self.anchors = np.stack([0 * low, low, 0 * low + 15, high], axis=1)

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        count = 2 * len(HEIGHTS)
        for index, blob in enumerate(bottom[:2]):
            expected = (1, count, *bottom[0].shape[2:])
            if blob.shape != expected or len(expected) != 4:
                raise ShapeError(
                    f"bottom {index} has shape {shape_text(blob.shape)}; expected 1×{count}×H×W, "
                    f"two numbers for each of {len(HEIGHTS)} anchors in one image"
                )
        check_image_sizes(bottom[2], 1)
        places = len(HEIGHTS) * bottom[0].shape[2] * bottom[0].shape[3]
        top[0].reshape(places, 4)
        top[1].reshape(places, 1)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        (height, width), stride = bottom[0].shape[2:], self.settings.feat_stride
        anchors = on_grid(self.anchors, height, width, (stride, stride))
        low, high = anchors[:, 1], anchors[:, 3]
        offsets = by_place(bottom[1].data[0], 2)
        with np.errstate(over="ignore", invalid="ignore"):
            heights = np.exp(offsets[:, 1]) * (high - low + 1)
            starts = offsets[:, 0] * (high - low + 1) + (low + high) / 2 - heights / 2
            boxes = np.stack([anchors[:, 0], starts, anchors[:, 2], starts + heights], axis=1)
        top[0].data[...] = inside(boxes, bottom[2].data.reshape(-1))
        top[1].data[...] = by_place(bottom[0].data[0, len(HEIGHTS) :], 1)
