"""FrcnnProposal: the regions that makefile's frcnn proposes."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from minicaffe.errors import GraphError
from minicaffe.layer import Blobs, Layer, register
from minicaffe.layers.detection.frcnn_layer import FrcnnLayer
from minicaffe.layers.detection.proposal_layer import ProposalLayer
from minicaffe.layers.detection.rpn_settings import RpnSettings
from minicaffe.proto import caffe_pb2
from minicaffe.proto.dialects import Reading, meant


@register("FrcnnProposal")
class FrcnnProposal(FrcnnLayer, ProposalLayer):
    """Regions that may hold an object: ProposalLayer's rules, with tops of four axes.

    The fork's settings are in a JSON file that its program reads, not in the net. Without
    ``param_str`` they are those for VOC, and a warning says so.

    Shapes: bottom 0, the scores of background and object of the A anchors (1, 2 · A, H, W); bottom
    1, offsets (1, 4 · A, H, W); bottom 2, the image's height and width in pixels, and its scale (1,
    3). Top 0 (R, 5, 1, 1), shaped in forward: 0, x1, y1, x2, y2 in pixels, by falling score; top
    1, optional, their scores (R, 1, 1, 1). R may be 0.

    Settings: ``python_param``: param_str, YAML such as ``feat_stride: 16``, with ProposalLayer's
    names; empty: feat_stride 16, scales 8, 16 and 32, ratios 0.5, 1 and 2. ``proposal_param``:
    feat_stride, which goes before that.

    Gradients: none; the bottoms' are 0.

    Raises:
        GraphError: param_str is wrong.
        ShapeError: the bottoms do not fit each other, or have several images.

    Source: frcnn_proposal_layer.cpp (makefile/frcnn).
    """

    replaces_modules: ClassVar[tuple[str, ...]] = ()
    fork_fields = meant("proposal_param")

    def told(self, wrong: list[GraphError]) -> tuple[RpnSettings, list[str]]:
        settings, unknown = super().told(wrong)
        given = self.param.proposal_param
        if given.HasField("feat_stride") and given.feat_stride:
            settings = replace(settings, feat_stride=given.feat_stride)
        return settings, unknown

    @classmethod
    def class_for(cls, param: caffe_pb2.LayerParameter, reading: Reading) -> type[Layer]:
        return cls

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        super().reshape(bottom, top)
        _four_axes(top)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        super().forward(bottom, top)
        _four_axes(top)


def _four_axes(top: Blobs) -> None:
    """Give blobs two more axes of length 1; their values stay."""
    for blob in top:
        blob.reshape(*blob.shape, 1, 1)
