"""R-FCN (Dai et al. 2016): a network proposes regions, and scores them by maps for each part."""

from __future__ import annotations

from minicaffe import NetSpec
from minicaffe import layers as L
from minicaffe.net_spec import Top
from minicaffe.proto import caffe_pb2

from .fields import Learned
from .imagenet import WEIGHT_AND_BIAS, constant, gaussian, relu
from .regions import OF_SCORES, STRIDE, RegionNet
from .resnet import dilated

#: Parts of a region in each direction.
_PARTS = 7

#: Offsets: four for the background, which are not learned, and four for all classes.
_OFFSETS = 8

#: How many regions of an image are learned from, those with the largest losses.
_HARD = 128

#: What ImageNet taught the first layers, and statistics everywhere, stay as they are.
_FROZEN = ("conv1", "res2", "scale")


def _features(n: NetSpec, training: bool) -> tuple[Top, Top]:
    """ResNet-50's last two stages."""
    return dilated(n)


def _freeze(layer: caffe_pb2.LayerParameter) -> None:
    """Leave a layer as ImageNet made it, where that is wanted."""
    if layer.type == "BatchNorm":
        layer.batch_norm_param.use_global_stats = True
    elif layer.name.startswith(_FROZEN) and layer.type in ("Convolution", "Scale"):
        biased = layer.type == "Scale" or layer.convolution_param.bias_term
        del layer.param[:]
        for _ in range(1 + biased):
            layer.param.add(lr_mult=0, decay_mult=0)


def _looking(n: NetSpec, features: Top, classes: int, offsets: str) -> None:
    """Add the scores of each region, and its offsets under a name."""
    fields: Learned = {
        "param": WEIGHT_AND_BIAS, "weight_filler": gaussian(0.01), "bias_filler": constant(0)
    }  # fmt: skip
    n.conv_new_1 = L.Convolution(features, num_output=1024, kernel_size=1, **fields)
    top = relu(n, "conv_new_1_relu", n.conv_new_1)
    for maps, pooled, average, name, numbers in (
        ("rfcn_cls", "psroipooled_cls_rois", "ave_cls_score_rois", "cls_score", classes),
        ("rfcn_bbox", "psroipooled_loc_rois", "ave_bbox_pred_rois", offsets, _OFFSETS),
    ):
        n[maps] = L.Convolution(top, num_output=numbers * _PARTS**2, kernel_size=1, **fields)
        n[pooled] = L.PSROIPooling(
            n[maps], n.rois, spatial_scale=1 / STRIDE, output_dim=numbers, group_size=_PARTS
        )
        n[name] = L.Pooling(n[pooled], name=average, pool="AVE", kernel_size=_PARTS, stride=_PARTS)


def _learn(n: NetSpec, model: RegionNet, features: Top) -> None:
    """Add scores and offsets, and the losses of the regions for which they are the largest."""
    _looking(n, features, model.classes, "bbox_pred")
    _choose_hard(n)
    n.loss_cls = L.SoftmaxWithLoss(
        n.cls_score, n.labels_ohem, name="loss", loss_weight=1, propagate_down=OF_SCORES,
        loss_param=dict(ignore_label=-1),
    )  # fmt: skip
    n.accuracy = L.Accuracy(
        n.cls_score, n.labels_ohem, propagate_down=[False, False], ignore_label=-1
    )
    n.loss_bbox = L.SmoothL1LossOHEM(
        n.bbox_pred, n.bbox_targets, n.bbox_loss_weights_ohem, loss_weight=1,
        propagate_down=[True, False, False],
        loss_param=dict(normalization="PRE_FIXED", pre_fixed_normalizer=_HARD),
    )  # fmt: skip


def _choose_hard(n: NetSpec) -> None:
    """Add the labels and weights that only the hardest regions have."""
    n.temp_loss_cls, n.temp_prob_cls, n.per_roi_loss_cls = L.SoftmaxWithLossOHEM(
        n.cls_score, n.labels, ntop=3, name="per_roi_loss_cls", loss_weight=[0] * 3,
        propagate_down=[False] * 2,
    )  # fmt: skip
    n.temp_loss_bbox, n.per_roi_loss_bbox = L.SmoothL1LossOHEM(
        n.bbox_pred, n.bbox_targets, n.bbox_inside_weights, ntop=2, name="per_roi_loss_bbox",
        loss_weight=[0] * 2, propagate_down=[False] * 3,
    )  # fmt: skip
    n.per_roi_loss = L.Eltwise(n.per_roi_loss_cls, n.per_roi_loss_bbox, propagate_down=[False] * 2)
    n.labels_ohem, n.bbox_loss_weights_ohem = L.BoxAnnotatorOHEM(
        n.rois, n.per_roi_loss, n.labels, n.bbox_inside_weights, ntop=2,
        name="annotator_detector", roi_per_img=_HARD, propagate_down=[False] * 4,
    )  # fmt: skip
    n.silence = L.Silence(
        n.bbox_outside_weights, n.temp_loss_cls, n.temp_prob_cls, n.temp_loss_bbox, ntop=0
    )


def _use(n: NetSpec, model: RegionNet, features: Top) -> None:
    """Add scores as probabilities, and offsets, in rows."""
    _looking(n, features, model.classes, "bbox_pred_pre")
    n.cls_prob_pre = L.Softmax(n.cls_score, name="cls_prob")
    for name, bottom, numbers in (
        ("cls_prob", n.cls_prob_pre, model.classes),
        ("bbox_pred", n.bbox_pred_pre, _OFFSETS),
    ):
        n[name] = L.Reshape(bottom, name=f"{name}_reshape", shape=dict(dim=[-1, numbers]))


MODELS = [
    RegionNet(
        folder="rfcn_resnet50",
        name="ResNet-50",
        about="R-FCN on ResNet-50, for the 20 classes of PASCAL VOC; it learns from hard regions.\n"
        "minicaffe has the Python layers built in; with py-R-FCN on the path, its own run.",
        features=_features,
        learn=_learn,
        use=_use,
        told="'num_classes': 2",
        finish=_freeze,
    ),
]
