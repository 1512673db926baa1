"""What nets that propose regions share: py-faster-rcnn's end-to-end training, and the use of it.

Python layers by the names of its modules are among the layers; minicaffe has them built in.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from minicaffe import NetSpec
from minicaffe import layers as L
from minicaffe.net_spec import Top
from minicaffe.proto import caffe_pb2

from .fields import Weights
from .imagenet import (
    WEIGHT_AND_BIAS,
    constant,
    conv,
    forget_training,
    gaussian,
    net_of,
    texts_of,
)

#: Pixels of the image for each place of the feature maps.
STRIDE = 16

#: Anchors at each place: three ratios by three scales.
_ANCHORS = 9

#: A loss whose second bottom, the labels, gets no gradient.
OF_SCORES = [True, False]


@dataclass(frozen=True)
class RegionNet:
    """One network that finds objects by regions.

    Attributes:
        folder, name, about: as those of :class:`models.generate.imagenet.Model`.
        features: adds the layers after ``n.data``; returns what regions are proposed by, and what
            is looked at in them.
        learn: adds what is learned of ``n.rois``, the regions, in the second of these.
        use: adds what is said of ``n.rois`` in the deploy net.
        told: ``param_str`` of the layer that chooses regions to learn from.
        classes: their number, background included.
        size: height and width of the image in the deploy net.
        finish: changes layers of the training net.
    """

    folder: str
    name: str
    about: str
    features: Callable[[NetSpec, bool], tuple[Top, Top]]
    learn: Callable[[NetSpec, RegionNet, Top], None]
    use: Callable[[NetSpec, RegionNet, Top], None]
    told: str
    classes: int = 21
    size: tuple[int, int] = (600, 800)
    finish: Callable[[caffe_pb2.LayerParameter], None] = lambda layer: None


def train_val(model: RegionNet) -> caffe_pb2.NetParameter:
    """The ``NetParameter`` that is trained."""
    n = NetSpec()
    n.data, n.im_info, n.gt_boxes = _python(
        "roi_data_layer.layer", "RoIDataLayer", f"'num_classes': {model.classes}",
        ntop=3, name="input-data",
    )  # fmt: skip
    proposed_by, looked_at = model.features(n, True)
    scores, offsets = _proposing(n, proposed_by)
    _learn_proposing(n, scores, offsets)
    n.rpn_rois = _proposals(n, scores, offsets)
    n.rois, n.labels, n.bbox_targets, n.bbox_inside_weights, n.bbox_outside_weights = _python(
        "rpn.proposal_target_layer", "ProposalTargetLayer", model.told,
        n.rpn_rois, n.gt_boxes, ntop=5, name="roi-data",
    )  # fmt: skip
    model.learn(n, model, looked_at)
    net = net_of(model.name, n.to_proto().layer)
    for layer in net.layer:
        model.finish(layer)
    return net


def deploy(model: RegionNet) -> caffe_pb2.NetParameter:
    """The ``NetParameter`` for use: an image in, regions with scores and offsets out."""
    n = NetSpec()
    n.data = L.Input(shape=dict(dim=[1, 3, *model.size]))
    n.im_info = L.Input(shape=dict(dim=[1, 3]))
    proposed_by, looked_at = model.features(n, False)
    n.rois = _proposals(n, *_proposing(n, proposed_by))
    model.use(n, model, looked_at)
    net = net_of(model.name, n.to_proto().layer)
    for layer in net.layer:
        forget_training(layer)
    return net


def files(model: RegionNet) -> dict[str, str]:
    """The text of every generated file, by its name."""
    return texts_of(model.about, train_val(model), deploy(model))


def _python(
    module: str, layer: str, told: str, *bottoms: Top, name: str, ntop: int
) -> tuple[Top, ...]:
    """The tops of a Python layer, two or more."""
    settings = _module(module, layer, told)
    return L.Python(*bottoms, python_param=settings, name=name, ntop=ntop)


def _module(module: str, layer: str, told: str) -> dict[str, str]:
    """The ``python_param`` of a class in a module, with what its ``param_str`` says."""
    return dict(module=module, layer=layer, param_str=told)


def _proposing(n: NetSpec, features: Top) -> tuple[Top, Top]:
    """Add the region proposal network; its scores, two a row, and offsets."""
    fillers: Weights = {"weight_filler": gaussian(0.01), "bias_filler": constant(0)}
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


def _learn_proposing(n: NetSpec, scores: Top, offsets: Top) -> None:
    """Add what the anchors learn from the true boxes."""
    (n.rpn_labels, n.rpn_bbox_targets, n.rpn_bbox_inside_weights,
     n.rpn_bbox_outside_weights) = _python(
        "rpn.anchor_target_layer", "AnchorTargetLayer", f"'feat_stride': {STRIDE}",
        n.rpn_cls_score, n.gt_boxes, n.im_info, n.data, ntop=4, name="rpn-data",
    )  # fmt: skip
    n.rpn_cls_loss = L.SoftmaxWithLoss(
        scores, n.rpn_labels, name="rpn_loss_cls", propagate_down=OF_SCORES, loss_weight=1,
        loss_param=dict(ignore_label=-1, normalize=True),
    )  # fmt: skip
    n.rpn_loss_bbox = L.SmoothL1Loss(
        offsets, n.rpn_bbox_targets, n.rpn_bbox_inside_weights, n.rpn_bbox_outside_weights,
        loss_weight=1, sigma=3,
    )  # fmt: skip


def _proposals(n: NetSpec, scores: Top, offsets: Top) -> Top:
    """Add what makes regions of scores and offsets."""
    n.rpn_cls_prob = L.Softmax(scores)
    n.rpn_cls_prob_reshape = L.Reshape(n.rpn_cls_prob, shape=dict(dim=[0, 2 * _ANCHORS, -1, 0]))
    regions: Top = L.Python(
        n.rpn_cls_prob_reshape, offsets, n.im_info, name="proposal",
        python_param=_module("rpn.proposal_layer", "ProposalLayer", f"'feat_stride': {STRIDE}"),
    )  # fmt: skip
    return regions
