"""Proposal: the regions that a region proposal network finds, as layers in C++ have it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from minicaffe.errors import GraphError, MinicaffeError
from minicaffe.layer import Blobs, Layer, register
from minicaffe.layers.detection.anchor_boxes import (
    best_apart,
    boxes_of,
    check_maps,
    inside,
    large,
)
from minicaffe.layers.detection.anchors import basic_anchors, by_place, half_up, on_grid
from minicaffe.layers.detection.vitis_proposal import FIELDS as _VITIS
from minicaffe.layers.detection.vitis_proposal import VitisProposal
from minicaffe.layers.gradients import clear_gradients
from minicaffe.proto import caffe_pb2
from minicaffe.proto.dialects import Origin, Reading


@register("Proposal")
class Proposal(Layer):
    """Regions that may hold an object: anchors moved by the net's offsets, the best of them.

    It is :class:`ProposalLayer` with settings of its own, but for two rules. Regions less than
    min_size · scale pixels wide or high are not dropped: their score becomes 0, and they are given
    where there are too few others. And halves are rounded up where anchors are made. What is not a
    number is 0 in a region, and a score that is none is left out.

    Vitis AI has another layer of that name, which gives its anchors one by one:
    :class:`VitisProposal`.

    Shapes: bottom 0, the scores of background and object of the A anchors (1, 2 · A, H, W); bottom
    1, offsets (1, 4 · A, H, W); bottom 2, the image's height and width in pixels, and its scale (1,
    3 or more). Top 0 (R, 5), shaped in forward: 0, x1, y1, x2, y2 in pixels, by falling score; top
    1, optional, their scores (R).

    Settings: ``proposal_param``: ratio of height to width and scale of the anchors, required, a
    list each; base_size (16), the side of their square in pixels; feat_stride (16), pixels for each
    place; min_size (16); pre_nms_topn (6000), how many of the best are looked at; nms_thresh (0.7),
    the overlap above which the worse of two is dropped; post_nms_topn (300), how many are given at
    most. Vitis AI's: see :class:`VitisProposal`.

    Gradients: none; the bottoms' are 0.

    Raises:
        GraphError: ratio or scale is missing, or a setting is outside of its range.
        ShapeError: the bottoms do not fit each other, or have several images.

    Source: proposal_layer.cpp (luoyetx/mini-caffe); it is of PVANet's Caffe, and OpenVINO's model
    zoo has nets with it; Ren et al., "Faster R-CNN: towards real-time object detection with region
    proposal networks", 2015 (arXiv:1506.01497).
    """

    in_place = False
    exact_bottoms = 3
    min_tops = 1
    max_tops = 2
    reshapes_always = True  # the number of regions depends on the bottoms' values
    backward_reads = ()
    dialects = ("openvino", "vitis")
    decides = True

    @classmethod
    def reading_of(cls, param: caffe_pb2.LayerParameter, origin: Origin) -> Reading:
        given = [field.name for field, _ in param.proposal_param.ListFields()]
        evidence = [("vitis", f"`{name}` is given") for name in given if name in _VITIS]
        return origin.choose(cls.dialects, evidence, otherwise="")

    @classmethod
    def class_for(cls, param: caffe_pb2.LayerParameter, reading: Reading) -> type[Layer]:
        return VitisProposal if reading.dialect == "vitis" else cls

    @classmethod
    def allow_force_backward(cls, index: int) -> bool:
        return False

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        param = self.param.proposal_param
        for name, values in (("ratio", param.ratio), ("scale", param.scale)):
            if not values:
                yield GraphError(f"{name} is missing; give one for each shape of the anchors")
            wrong = [value for value in values if not 0 < value < float("inf")]
            if wrong:
                yield GraphError(f"{name} is {wrong[0]:g}; expected a number above 0")
        for name in ("base_size", "feat_stride", "pre_nms_topn", "post_nms_topn"):
            if not getattr(param, name):
                yield GraphError(f"{name} is 0; expected at least 1")
        if not param.nms_thresh >= 0:
            yield GraphError(f"nms_thresh is {param.nms_thresh:g}; expected at least 0")
        for name in sorted(_VITIS.intersection(field.name for field, _ in param.ListFields())):
            yield GraphError(f"{name} is Vitis AI's; its Proposal is asked for by --dialect vitis")

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        param = self.param.proposal_param
        self.anchors = basic_anchors(param.base_size, param.ratio, param.scale, half_up)

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        check_maps(bottom, len(self.anchors))
        self._shape(top, self.param.proposal_param.post_nms_topn)

    def _shape(self, top: Blobs, count: int) -> None:
        for blob, shape in zip(top, ((count, 5), (count,)), strict=False):
            blob.reshape(*shape)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        param, size = self.param.proposal_param, bottom[2].data.reshape(-1)
        height, width = bottom[0].shape[2:]
        anchors = on_grid(self.anchors, height, width, (param.feat_stride, param.feat_stride))
        boxes = inside(boxes_of(by_place(bottom[1].data[0], 4), anchors), size)
        boxes = np.where(np.isnan(boxes), boxes.dtype.type(0), boxes)
        scores = by_place(bottom[0].data[0, len(self.anchors) :], 1)[:, 0]
        enough = large(boxes, param.min_size * size[2])
        scores = np.where(enough | np.isnan(scores), scores, scores.dtype.type(0))
        looked_at, given = param.pre_nms_topn, param.post_nms_topn
        best = best_apart(boxes, scores, param.nms_thresh, looked_at, given)
        self._shape(top, len(best))
        top[0].data[:, 0] = 0
        top[0].data[:, 1:] = boxes[best]
        for blob in top[1:]:
            blob.data[...] = scores[best]

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        clear_gradients(propagate_down, bottom)
