"""Faster R-CNN (Ren et al. 2015): a network proposes regions, another one says what they are."""

from __future__ import annotations

from minicaffe import NetSpec
from minicaffe import layers as L
from minicaffe.net_spec import Top

from . import vgg
from .fields import Weights
from .imagenet import constant, drop, full, gaussian, relu
from .regions import OF_SCORES, STRIDE, RegionNet


def _features(n: NetSpec, training: bool) -> tuple[Top, Top]:
    """VGG-16's convolutions, of which the first two stages do not learn."""
    top = vgg.convolutions(n, frozen=2 if training else 0)
    return top, top


def _learn(n: NetSpec, model: RegionNet, features: Top) -> None:
    """Add the scores and offsets, and their losses."""
    _deciding(n, model, features)
    n.loss_cls = L.SoftmaxWithLoss(n.cls_score, n.labels, propagate_down=OF_SCORES, loss_weight=1)
    n.loss_bbox = L.SmoothL1Loss(
        n.bbox_pred, n.bbox_targets, n.bbox_inside_weights, n.bbox_outside_weights, loss_weight=1
    )


def _use(n: NetSpec, model: RegionNet, features: Top) -> None:
    """Add the scores as probabilities, and the offsets."""
    _deciding(n, model, features)
    n.cls_prob = L.Softmax(n.cls_score)


def _deciding(n: NetSpec, model: RegionNet, features: Top) -> None:
    """Add what scores the regions, and the offsets to the boxes in them."""
    top = n.pool5 = L.ROIPooling(
        features, n.rois, name="roi_pool5", pooled_h=7, pooled_w=7, spatial_scale=1 / STRIDE
    )
    xavier: Weights = {"weight_filler": {"type": "xavier"}, "bias_filler": constant(0)}
    for number in (6, 7):
        top = relu(n, f"relu{number}", full(n, f"fc{number}", top, 4096, **xavier))
        top = drop(n, f"drop{number}", top)
    for name, outputs, std in (
        ("cls_score", model.classes, 0.01),
        ("bbox_pred", 4 * model.classes, 0.001),
    ):
        full(n, name, top, outputs, weight_filler=gaussian(std), bias_filler=constant(0))


MODELS = [
    RegionNet(
        folder="faster_rcnn_vgg16",
        name="VGG_ILSVRC_16_layers",
        about="Faster R-CNN on VGG-16, for the 20 classes of PASCAL VOC.\n"
        "minicaffe has the Python layers built in; with py-faster-rcnn on the path, its own run.",
        features=_features,
        learn=_learn,
        use=_use,
        told="{'num_classes': 21, 'BG_THRESH_LO': 0.0}",
    ),
]
