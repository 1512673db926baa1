"""YOLO 3 on MobileNet (eric612/MobileNet-YOLO): boxes from two feature maps of one network.

Training reads LMDBs of AnnotatedDatums, as SSD's does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from minicaffe import NetSpec
from minicaffe import layers as L
from minicaffe.net_spec import Top
from minicaffe.proto import caffe_pb2

from .fields import Fields, Phase
from .imagenet import (
    WEIGHT_AND_BIAS,
    constant,
    forget_training,
    net_of,
    texts_of,
)
from .ssd import AUGMENTED, SAMPLERS, block, mobilenet

if TYPE_CHECKING:
    from typing_extensions import Unpack

#: Widths and heights of the boxes, in pixels, and which of them each output has.
_ANCHORS = [10, 14, 23, 27, 37, 58, 81, 82, 135, 169, 344, 319]
_OUTPUTS = (("conv19", [3, 4, 5], 32), ("conv20", [0, 1, 2], 16))

_TRANSFORM: Fields = dict(scale=0.007843, mean_value=[127.5, 127.5, 127.5])


@dataclass(frozen=True)
class Model:
    """One network.

    Attributes:
        folder, name, about: as those of :class:`models.generate.imagenet.Model`.
        classes: their number, without a background.
        size: height and width of what the deploy net and the test see.
        sizes: those of training, of which one is drawn for each ten batches.
        data: the databases' folder.
        batch: images a batch, in training and in the test.
    """

    folder: str
    name: str
    about: str
    classes: int = 20
    size: int = 320
    sizes: Sequence[int] = tuple(range(320, 609, 32))
    data: str = "data/VOC0712"
    batch: tuple[int, int] = (7, 8)


def train_val(model: Model) -> caffe_pb2.NetParameter:
    """The ``NetParameter`` that is trained and tested."""
    n = NetSpec()
    n.data, n.label = _images(
        model, "TRAIN", "train", model.batch[0], model.sizes, AUGMENTED,
        dict(yolo_data_type=1, batch_sampler=list(SAMPLERS)),
    )  # fmt: skip
    _body(n, model, normalised=True)
    for number, (name, mask, scale) in enumerate(_OUTPUTS, start=1):
        n[f"det_loss{number}"] = L.Yolov3(
            n[name], n.label,
            include=[dict(phase="TRAIN")],
            propagate_down=[True, False],
            num_class=model.classes, num=len(mask), mask=mask, biases=_ANCHORS,
            anchors_scale=scale, object_scale=5.0, noobject_scale=1.0, class_scale=1.0,
            coord_scale=1.0, thresh=0.6,
        )  # fmt: skip
    found = _found(n, model, include=[dict(phase="TEST")])
    n.detection_eval = L.DetectionEvaluate(
        found, n.label, include=[dict(phase="TEST")],
        num_classes=model.classes + 1, evaluate_difficult_gt=False,
    )  # fmt: skip
    tested = NetSpec()
    tested.data, tested.label = _images(model, "TEST", "test", model.batch[1], [model.size], {}, {})
    first, *others = n.to_proto().layer
    return net_of(model.name, [first, *tested.to_proto().layer, *others])


def deploy(model: Model) -> caffe_pb2.NetParameter:
    """The ``NetParameter`` for use: images in, boxes out."""
    n = NetSpec()
    n.data = L.Input(shape=dict(dim=[1, 3, model.size, model.size]))
    _body(n, model, normalised=False)
    _found(n, model)
    net = net_of(model.name, n.to_proto().layer)
    for layer in net.layer:
        forget_training(layer)
    return net


def files(model: Model) -> dict[str, str]:
    """The text of every generated file, by its name."""
    return texts_of(model.about, train_val(model), deploy(model))


def _images(
    model: Model, phase: str, part: str, batch: int, sizes: Sequence[int],
    transform: Fields, settings: Fields,
) -> tuple[Top, ...]:  # fmt: skip
    """The AnnotatedData layer of one phase."""
    share = dict(prob=1 / len(sizes)) if len(sizes) > 1 else {}
    resized = [dict(resize_mode="WARP", height=size, width=size, **share) for size in sizes]
    return L.AnnotatedData(
        ntop=2,
        include=[dict(phase=phase)],
        transform_param=dict(resize_param=resized, **_TRANSFORM, **transform),
        annotated_data_param=settings,
        data_param=dict(source=f"{model.data}/{part}_lmdb", batch_size=batch, backend="LMDB"),
    )


def _body(n: NetSpec, model: Model, *, normalised: bool) -> None:
    """MobileNet, a branch at 1/32 of the image's size, and one at 1/16 that sees it, too."""
    top = mobilenet(n, normalised)
    top = _pair(n, "conv15", "conv15", top, 1024, normalised)
    # each place of conv15 four times: one value among zeros, then the largest of four
    n.upsample = L.Deconvolution(
        top,
        param=[dict(lr_mult=0, decay_mult=0)],
        convolution_param=dict(
            num_output=512, group=512, kernel_size=1, stride=2, bias_term=False,
            weight_filler=constant(1),
        ),
    )  # fmt: skip
    n.maxpool = L.Pooling(n.upsample, pool="MAX", kernel_size=2, stride=1, pad=1)
    finer = _pair(n, "conv17", "conv17", n.conv11, 512, normalised)
    n["conv17/sum"] = L.Eltwise(n.maxpool, finer)
    finer = _pair(n, "conv18", "conv18_new", n["conv17/sum"], 1024, normalised)
    for (name, mask, _), bottom in zip(_OUTPUTS, (top, finer), strict=True):
        n[name] = L.Convolution(
            bottom, param=WEIGHT_AND_BIAS, num_output=len(mask) * (5 + model.classes),
            kernel_size=1, weight_filler=dict(type="xavier"), bias_filler=constant(0),
        )  # fmt: skip


def _pair(
    n: NetSpec, name: str, last: str, bottom: Top, outputs: int, normalised: bool
) -> Top:  # fmt: skip
    """A depthwise convolution and one of 1 x 1."""
    channels = 512 if name in ("conv17", "conv18") else 1024
    top = block(n, f"{name}/dw", bottom, channels, 3, normalised, pad=1, group=channels)
    return block(n, last, top, outputs, 1, normalised)


def _found(n: NetSpec, model: Model, **more: Unpack[Phase]) -> Top:
    settings = dict(
        num_classes=model.classes,
        num_box=3,
        biases=_ANCHORS,
        mask=[number for _, mask, _ in _OUTPUTS for number in mask],
        anchors_scale=[scale for *_, scale in _OUTPUTS],
        mask_group_num=len(_OUTPUTS),
        confidence_threshold=0.01,
        nms_threshold=0.45,
    )
    n.detection_out = L.Yolov3DetectionOutput(
        *(n[name] for name, *_ in _OUTPUTS), yolov3_detection_output_param=settings, **more
    )
    return n.detection_out


MODELS = [
    Model(
        folder="yolov3_lite",
        name="MobileNet-YOLOv3-Lite",
        about="YOLO 3 with 320 x 320 pixels on MobileNet, for the 20 classes of PASCAL VOC.\n"
        "The deploy net has no BatchNorm: fold it, or take weights in which it is folded.",
    )
]
