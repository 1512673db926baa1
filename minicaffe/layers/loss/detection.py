"""Detection: the name of DetectionLoss in MS-CNN's first version."""

from __future__ import annotations

from minicaffe.layer import register
from minicaffe.layers.loss.detection_loss import DetectionLoss
from minicaffe.proto import caffe_pb2
from minicaffe.proto.dialects import renamed


@register("Detection")
class Detection(DetectionLoss):
    """L = L_cls + λ · L_box: MS-CNN's DetectionLoss, with the same settings.

    The net makes a DetectionLoss of it. MS-CNN's first version has its settings in
    ``detection_param``, which the reader takes for ``detection_loss_param``.

    Shapes: bottom 0, scores and then offsets (N, classes + 4, H, W); bottom 1, labels (N, 6, H, W);
    top (1, 1, 1, 2), as of DetectionLoss.

    Settings: ``detection_loss_param``, as of DetectionLoss.

    Gradients: those of DetectionLoss.

    Source: detection_layer.cpp (zhaoweicai/mscnn), in its first version; Cai et al., "A unified
    multi-scale deep convolutional neural network for fast object detection", 2016
    (arXiv:1607.07155).
    """

    @classmethod
    def in_caffes_words(cls, param: caffe_pb2.LayerParameter) -> caffe_pb2.LayerParameter:
        """Type DetectionLoss, with these settings."""
        return renamed(param, DetectionLoss.type)
