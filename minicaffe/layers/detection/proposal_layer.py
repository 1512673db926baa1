"""ProposalLayer: the regions that py-faster-rcnn's region proposal network finds."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from minicaffe.layer import Blobs, Layer, register
from minicaffe.layers.detection.anchor_boxes import best_apart, boxes_of, check_maps, inside, large
from minicaffe.layers.detection.anchors import by_place, on_grid
from minicaffe.layers.detection.rpn_layer import DIALECTS, RpnLayer, reading_by_net
from minicaffe.layers.detection.text_proposal_layer import TextProposalLayer
from minicaffe.proto import caffe_pb2
from minicaffe.proto.dialects import Origin, Reading

#: CTPN's module.
_OF_TEXT = "layers.text_proposal_layer"


@register("ProposalLayer")
class ProposalLayer(RpnLayer):
    """Regions that may hold an object: anchors moved by the net's offsets, the best of them.

    A layer ``type: "Python"`` with ``module: "rpn.proposal_layer"`` and this name is this one, if
    there is no module of that name on the path.

    The anchors at each place of the feature map are moved by the offsets and cut at the image's
    edge; those less than RPN_MIN_SIZE · scale pixels wide or high are dropped, and so is what is
    not a number. Of the others the best RPN_PRE_NMS_TOP_N are looked at by falling score; those
    that overlap a better one by more than RPN_NMS_THRESH are dropped, and the best
    RPN_POST_NMS_TOP_N are given. With sides = x2 - x1 + 1 in pixels, offsets (dx, dy, dw, dh) make
    middle + d · side and exp(d) · side.

    With ``module: "layers.text_proposal_layer"`` it is CTPN's, :class:`TextProposalLayer`.

    Shapes: bottom 0, the scores of background and object of the A anchors (1, 2 · A, H, W); bottom
    1, offsets (1, 4 · A, H, W); bottom 2, the image's height and width in pixels, and its scale (1,
    3). Top 0 (R, 5), shaped in forward: 0, x1, y1, x2, y2 in pixels, by falling score; top 1,
    optional, their scores (R, 1). R may be 0.

    Settings: ``python_param``: param_str, YAML such as ``'feat_stride': 16``: feat_stride,
    required, pixels for each place; scales, 8, 16 and 32, and ratios of height to width, 0.5, 1 and
    2, of the anchors, which are squares of 16 pixels times these. It may also have what
    fast_rcnn/config.py sets there, by its names: RPN_PRE_NMS_TOP_N 12000, in TEST and in R-FCN
    6000; RPN_POST_NMS_TOP_N 2000, in TEST and in R-FCN 300; RPN_NMS_THRESH 0.7; RPN_MIN_SIZE 16;
    and, for phase TRAIN in R-FCN, RPN_NORMALIZE_TARGETS false: the offsets are times
    RPN_NORMALIZE_STDS, plus RPN_NORMALIZE_MEANS.

    Gradients: none; the bottoms' are 0.

    Raises:
        GraphError: param_str is wrong.
        ShapeError: the bottoms do not fit each other, or have several images.

    Source: proposal_layer.py (rbgirshick/py-faster-rcnn, YuwenXiong/py-R-FCN,
    sanghoon/pva-faster-rcnn); Ren et al., "Faster R-CNN: towards real-time object detection with
    region proposal networks", 2015 (arXiv:1506.01497).
    """

    exact_bottoms = 3
    min_tops = 1
    max_tops = 2
    replaces_modules: ClassVar[tuple[str, ...]] = ("rpn.proposal_layer", _OF_TEXT)
    dialects: ClassVar[tuple[str, ...]] = (*DIALECTS, "ctpn")

    @classmethod
    def reading_of(cls, param: caffe_pb2.LayerParameter, origin: Origin) -> Reading:
        reading = reading_by_net(DIALECTS, param, origin)
        of_text = f".{param.python_param.module}".endswith(f".{_OF_TEXT}")
        return reading._replace(dialect="ctpn") if of_text else reading

    @classmethod
    def class_for(cls, param: caffe_pb2.LayerParameter, reading: Reading) -> type[Layer]:
        return TextProposalLayer if reading.dialect == "ctpn" else cls

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        check_maps(bottom, len(self.anchors))
        for blob, numbers in zip(top, (5, 1), strict=False):
            blob.reshape(1, numbers)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        config, size = self.config, bottom[2].data.reshape(-1)
        height, width = bottom[0].shape[2:]
        stride = self.settings.feat_stride
        anchors = on_grid(self.anchors, height, width, (stride, stride))
        scores = by_place(bottom[0].data[0, len(self.anchors) :], 1)[:, 0]
        boxes = inside(boxes_of(self._offsets(bottom[1].data[0]), anchors), size)
        good = np.flatnonzero(large(boxes, config.rpn_min_size * size[2]))
        best = good[
            best_apart(
                boxes[good], scores[good], config.rpn_nms_thresh,
                config.rpn_pre_nms_top_n, config.rpn_post_nms_top_n,
            )
        ]  # fmt: skip
        top[0].reshape(len(best), 5)
        top[0].data[:, 0] = 0
        top[0].data[:, 1:] = boxes[best]
        for blob in top[1:]:
            blob.reshape(len(best), 1)
            blob.data[:, 0] = scores[best]

    def _offsets(self, maps: np.ndarray) -> np.ndarray:
        """The net's offsets, a row for each anchor."""
        offsets, config = by_place(maps, 4), self.config
        if not (config.rpn_normalize_targets and self.phase == caffe_pb2.TRAIN):
            return offsets
        spreads = np.array(config.rpn_normalize_stds, offsets.dtype)
        return np.asarray(offsets * spreads + np.array(config.rpn_normalize_means, offsets.dtype))
