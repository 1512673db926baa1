"""Faster R-CNN (Ren et al. 2015): a network proposes regions, another one says what they are.

The layers are those of py-faster-rcnn's end-to-end training, Python layers by the names of its
modules among them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from minicaffe import NetSpec
from minicaffe import layers as L
from minicaffe.net_spec import Top
from minicaffe.proto import caffe_pb2
from minicaffe.proto.printing import to_text

from . import vgg
from .imagenet import (
    ORIGIN,
    WEIGHT_AND_BIAS,
    constant,
    conv,
    drop,
    forget_training,
    full,
    gaussian,
    relu,
)

#: Anchors at each place: three ratios by three scales.
_ANCHORS = 9
#: A loss whose second bottom, the labels, gets no gradient.
_OF_SCORES = [True, False]


@dataclass(frozen=True)
class RegionNet:
    """One network that finds objects by regions.

    Attributes:
        folder, name, about: as those of :class:`models.generate.imagenet.Model`.
        classes: their number, background included.
        size: height and width of the image in the deploy net.
    """

    folder: str
    name: str
    about: str
    classes: int = 21
    size: tuple[int, int] = (600, 800)


def train_val(model: RegionNet) -> Any:
    """The ``NetParameter`` that is trained."""
    n = NetSpec()
    n.data, n.im_info, n.gt_boxes = _python(
        "roi_data_layer.layer", "RoIDataLayer", f"'num_classes': {model.classes}",
        ntop=3, name="input-data",
    )  # fmt: skip
    features = vgg.convolutions(n, frozen=2)
    scores, offsets = _proposing(n, features)
    (n.rpn_labels, n.rpn_bbox_targets, n.rpn_bbox_inside_weights,
     n.rpn_bbox_outside_weights) = _python(
        "rpn.anchor_target_layer", "AnchorTargetLayer", "'feat_stride': 16",
        n.rpn_cls_score, n.gt_boxes, n.im_info, n.data, ntop=4, name="rpn-data",
    )  # fmt: skip
    n.rpn_cls_loss = L.SoftmaxWithLoss(
        scores, n.rpn_labels, name="rpn_loss_cls", propagate_down=_OF_SCORES, loss_weight=1,
        loss_param=dict(ignore_label=-1, normalize=True),
    )  # fmt: skip
    n.rpn_loss_bbox = L.SmoothL1Loss(
        offsets, n.rpn_bbox_targets, n.rpn_bbox_inside_weights, n.rpn_bbox_outside_weights,
        loss_weight=1, sigma=3,
    )  # fmt: skip
    n.rpn_rois = _proposals(n, scores, offsets)
    n.rois, n.labels, n.bbox_targets, n.bbox_inside_weights, n.bbox_outside_weights = _python(
        "rpn.proposal_target_layer", "ProposalTargetLayer",
        f"{{'num_classes': {model.classes}, 'BG_THRESH_LO': 0.0}}",
        n.rpn_rois, n.gt_boxes, ntop=5, name="roi-data",
    )  # fmt: skip
    _deciding(n, model, features)
    n.loss_cls = L.SoftmaxWithLoss(n.cls_score, n.labels, propagate_down=_OF_SCORES, loss_weight=1)
    n.loss_bbox = L.SmoothL1Loss(
        n.bbox_pred, n.bbox_targets, n.bbox_inside_weights, n.bbox_outside_weights, loss_weight=1
    )
    return _net(model, n.to_proto().layer)


def deploy(model: RegionNet) -> Any:
    """The ``NetParameter`` for use: an image in, regions with scores and offsets out."""
    n = NetSpec()
    n.data = L.Input(shape=dict(dim=[1, 3, *model.size]))
    n.im_info = L.Input(shape=dict(dim=[1, 3]))
    features = vgg.convolutions(n)
    n.rois = _proposals(n, *_proposing(n, features))
    _deciding(n, model, features)
    n.cls_prob = L.Softmax(n.cls_score)
    net = _net(model, n.to_proto().layer)
    for layer in net.layer:
        forget_training(layer)
    return net


def files(model: RegionNet) -> dict[str, str]:
    """The text of every generated file, by its name."""
    texts = {
        "train_val.prototxt": to_text(train_val(model)),
        "deploy.prototxt": to_text(deploy(model)),
    }
    comment = "".join(f"# {line}\n" for line in [*model.about.splitlines(), ORIGIN])
    return {name: comment + text for name, text in texts.items()}


def _net(model: RegionNet, layers: Sequence[Any]) -> Any:
    net = caffe_pb2.NetParameter(name=model.name)
    net.layer.extend(layers)
    return net


def _python(module: str, layer: str, told: str, *bottoms: Top, **fields: Any) -> Any:
    """A Python layer."""
    settings = dict(module=module, layer=layer, param_str=told)
    return L.Python(*bottoms, python_param=settings, **fields)


def _proposing(n: NetSpec, features: Top) -> tuple[Top, Top]:
    """Add the region proposal network; its scores, two a row, and offsets."""
    fillers: dict[str, Any] = dict(weight_filler=gaussian(0.01), bias_filler=constant(0))
    n["rpn/output"] = L.Convolution(
        features, name="rpn_conv/3x3", param=WEIGHT_AND_BIAS, num_output=512, kernel_size=3, pad=1,
        **fillers,
    )  # fmt: skip
    top = L.ReLU(n["rpn/output"], name="rpn_relu/3x3", in_place=True)
    n["rpn/relu"] = top
    conv(n, "rpn_cls_score", top, 2 * _ANCHORS, 1, **fillers)
    conv(n, "rpn_bbox_pred", top, 4 * _ANCHORS, 1, **fillers)
    n.rpn_cls_score_reshape = L.Reshape(n.rpn_cls_score, shape=dict(dim=[0, 2, -1, 0]))
    return n.rpn_cls_score_reshape, n.rpn_bbox_pred


def _proposals(n: NetSpec, scores: Top, offsets: Top) -> Top:
    """Add what makes regions of scores and offsets."""
    n.rpn_cls_prob = L.Softmax(scores)
    n.rpn_cls_prob_reshape = L.Reshape(n.rpn_cls_prob, shape=dict(dim=[0, 2 * _ANCHORS, -1, 0]))
    regions: Top = _python(
        "rpn.proposal_layer", "ProposalLayer", "'feat_stride': 16",
        n.rpn_cls_prob_reshape, offsets, n.im_info, name="proposal",
    )  # fmt: skip
    return regions


def _deciding(n: NetSpec, model: RegionNet, features: Top) -> None:
    """Add what scores the regions, and the offsets to the boxes in them."""
    top = n.pool5 = L.ROIPooling(
        features, n.rois, name="roi_pool5", pooled_h=7, pooled_w=7, spatial_scale=0.0625
    )
    xavier: dict[str, Any] = dict(weight_filler=dict(type="xavier"), bias_filler=constant(0))
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
    ),
]
