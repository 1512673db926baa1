"""SSD (Liu et al. 2016): boxes from several feature maps of one network.

Training reads LMDBs of AnnotatedDatums.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from minicaffe import NetSpec
from minicaffe import layers as L
from minicaffe.net_spec import Top
from minicaffe.proto import caffe_pb2

from .fields import Convolution, Fields, Phase, PoolingWindow, PriorSizes, Weights, Windows
from .imagenet import (
    WEIGHT_AND_BIAS,
    batch_norm,
    constant,
    forget_training,
    net_of,
    relu,
    texts_of,
)

if TYPE_CHECKING:
    from typing_extensions import Unpack

_XAVIER: Weights = {"weight_filler": {"type": "xavier"}, "bias_filler": constant(0)}


@dataclass(frozen=True)
class Source:
    """A feature map with boxes at each of its places.

    Attributes:
        name: the blob's.
        small, large: sides of the two squares in pixels; no second one without ``large``.
        ratios: of width to height, besides 1; each is used upside down, too.
        step: pixels of the image for each place; image by feature map without it.
        scale: of Normalize, which is put between.
    """

    name: str
    small: float
    large: float | None = None
    ratios: Sequence[float] = (2,)
    step: float | None = None
    scale: float | None = None

    @property
    def boxes(self) -> int:
        """How many there are at each place."""
        return 1 + (self.large is not None) + 2 * len(self.ratios)


@dataclass(frozen=True)
class Detector:
    """One network that finds objects.

    Attributes:
        folder, name, about: as those of :class:`models.generate.imagenet.Model`.
        body: adds the layers; with ``n.data``, and whether BatchNorm is a layer of its own.
        sources: where boxes are looked for.
        classes: their number, background included.
        size: height and width of what the network sees.
        data: the databases' folder.
        kernel: of the convolutions that give offsets and scores.
        normalised: whether training has BatchNorm, which the deploy net has folded.
    """

    folder: str
    name: str
    about: str
    body: Callable[[NetSpec, bool], None]
    sources: Sequence[Source]
    classes: int = 21
    size: int = 300
    data: str = "data/VOC0712"
    kernel: int = 3
    normalised: bool = False
    batch: tuple[int, int] = (32, 8)
    transform: Fields = field(default_factory=dict)
    augmented: Fields = field(default_factory=dict)
    samplers: Sequence[Fields] = ()


def train_val(model: Detector) -> caffe_pb2.NetParameter:
    """The ``NetParameter`` that is trained and tested."""
    n = NetSpec()
    n.data, n.label = _images(model, "TRAIN", "train", model.batch[0], model.augmented)
    model.body(n, model.normalised)
    loc, conf, priors = _heads(n, model)
    n.mbox_loss = L.MultiBoxLoss(
        loc, conf, priors, n.label,
        include=[dict(phase="TRAIN")],
        propagate_down=[True, True, False, False],
        loss_param=dict(normalization="VALID"),
        num_classes=model.classes,
        code_type="CENTER_SIZE",
        overlap_threshold=0.5,
        neg_pos_ratio=3.0,
        neg_overlap=0.5,
    )  # fmt: skip
    found = _output(n, model, loc, conf, priors, include=[dict(phase="TEST")])
    n.detection_eval = L.DetectionEvaluate(
        found, n.label, include=[dict(phase="TEST")],
        num_classes=model.classes, evaluate_difficult_gt=False,
    )  # fmt: skip
    tested = NetSpec()
    tested.data, tested.label = _images(model, "TEST", "test", model.batch[1], {})
    first, *others = n.to_proto().layer
    return net_of(model.name, [first, *tested.to_proto().layer, *others])


def deploy(model: Detector) -> caffe_pb2.NetParameter:
    """The ``NetParameter`` for use: images in, boxes out."""
    n = NetSpec()
    n.data = L.Input(shape=dict(dim=[1, 3, model.size, model.size]))
    model.body(n, False)
    _output(n, model, *_heads(n, model))
    net = net_of(model.name, n.to_proto().layer)
    for layer in net.layer:
        forget_training(layer)
    return net


def files(model: Detector) -> dict[str, str]:
    """The text of every generated file, by its name."""
    return texts_of(model.about, train_val(model), deploy(model))


def _images(
    model: Detector, phase: str, part: str, batch: int, transform: Fields
) -> tuple[Top, ...]:
    """The AnnotatedData layer of one phase."""
    settings = dict(batch_sampler=list(model.samplers)) if phase == "TRAIN" else {}
    size = dict(resize_mode="WARP", height=model.size, width=model.size)
    return L.AnnotatedData(
        ntop=2,
        include=[dict(phase=phase)],
        transform_param=dict(resize_param=size, **model.transform, **transform),
        annotated_data_param=settings,
        data_param=dict(source=f"{model.data}/{part}_lmdb", batch_size=batch, backend="LMDB"),
    )


def _heads(n: NetSpec, model: Detector) -> tuple[Top, Top, Top]:
    """Offsets, scores and prior boxes of all sources, each in one row."""
    parts: dict[str, list[Top]] = {"loc": [], "conf": [], "priorbox": []}
    for source in model.sources:
        top, name = n[source.name], source.name
        if source.scale is not None:
            name = f"{name}_norm"
            top = n[name] = L.Normalize(
                top, across_spatial=False, channel_shared=False, scale_filler=constant(source.scale)
            )
        for what, numbers in (("loc", 4), ("conf", model.classes)):
            layer = f"{name}_mbox_{what}"
            n[layer] = L.Convolution(
                top, param=WEIGHT_AND_BIAS, num_output=source.boxes * numbers,
                kernel_size=model.kernel, pad=model.kernel // 2, **_XAVIER,
            )  # fmt: skip
            n[f"{layer}_perm"] = L.Permute(n[layer], order=[0, 2, 3, 1])
            n[f"{layer}_flat"] = L.Flatten(n[f"{layer}_perm"])
            parts[what].append(n[f"{layer}_flat"])
        sizes: PriorSizes = {} if source.large is None else {"max_size": source.large}
        if source.step is not None:
            sizes["step"] = source.step
        prior = n[f"{name}_mbox_priorbox"] = L.PriorBox(
            top, n.data, min_size=source.small, aspect_ratio=list(source.ratios), flip=True,
            clip=False, variance=[0.1, 0.1, 0.2, 0.2], offset=0.5, **sizes,
        )  # fmt: skip
        parts["priorbox"].append(prior)
    for what, axis in (("loc", 1), ("conf", 1), ("priorbox", 2)):
        n[f"mbox_{what}"] = L.Concat(*parts[what], axis=axis)
    return n.mbox_loc, n.mbox_conf, n.mbox_priorbox


def _output(
    n: NetSpec, model: Detector, loc: Top, conf: Top, priors: Top, **more: Unpack[Phase]
) -> Top:
    """Boxes, by the softmax of the scores."""
    rows = dict(dim=[0, -1, model.classes])
    n.mbox_conf_reshape = L.Reshape(conf, shape=rows, **more)
    n.mbox_conf_softmax = L.Softmax(n.mbox_conf_reshape, axis=2, **more)
    n.mbox_conf_flatten = L.Flatten(n.mbox_conf_softmax, axis=1, **more)
    settings = dict(
        num_classes=model.classes,
        share_location=True,  # the defaults, which OpenCV wants to be written
        background_label_id=0,
        code_type="CENTER_SIZE",
        nms_param=dict(nms_threshold=0.45, top_k=400),
        keep_top_k=200,
        confidence_threshold=0.01,
    )
    n.detection_out = L.DetectionOutput(
        loc, n.mbox_conf_flatten, priors, detection_output_param=settings, **more
    )
    return n.detection_out


# ------------------------------------------------------------------------ bodies


def block(
    n: NetSpec,
    name: str,
    bottom: Top,
    outputs: int,
    size: int,
    normalised: bool,
    **more: Unpack[Windows],
) -> Top:
    """A convolution and ReLU, in training with BatchNorm and Scale between them."""
    settings: Convolution = {"param": WEIGHT_AND_BIAS, "weight_filler": {"type": "msra"}, **more}
    if normalised:
        settings["param"] = [dict(lr_mult=1, decay_mult=1)]
        settings["bias_term"] = False
    top = n[name] = L.Convolution(bottom, num_output=outputs, kernel_size=size, **settings)
    if normalised:
        top = batch_norm(n, f"{name}/bn", f"{name}/scale", top, eps=1e-5)
    return relu(n, f"{name}/relu", top)


def mobilenet(n: NetSpec, normalised: bool) -> Top:
    """MobileNet's 27 convolutions, conv0 to conv13."""
    top = block(n, "conv0", n.data, 32, 3, normalised, pad=1, stride=2)
    channels = 32
    plan = [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *[(512, 1)] * 5, (1024, 2),
            (1024, 1)]  # fmt: skip
    for number, (outputs, stride) in enumerate(plan, start=1):
        name = f"conv{number}/dw"
        top = block(n, name, top, channels, 3, normalised, pad=1, stride=stride, group=channels)
        top = block(n, f"conv{number}", top, outputs, 1, normalised)
        channels = outputs
    return top


def _mobilenet(n: NetSpec, normalised: bool) -> None:
    top = mobilenet(n, normalised)
    for number, (inner, outputs) in enumerate([(256, 512), (128, 256), (128, 256), (64, 128)], 14):
        top = block(n, f"conv{number}_1", top, inner, 1, normalised)
        top = block(n, f"conv{number}_2", top, outputs, 3, normalised, pad=1, stride=2)


def _vgg(n: NetSpec, normalised: bool) -> None:
    top = n.data

    def conv(name: str, bottom: Top, outputs: int, size: int, **more: Unpack[Windows]) -> Top:
        settings: Convolution = {"param": WEIGHT_AND_BIAS, **_XAVIER, **more}
        n[name] = L.Convolution(bottom, num_output=outputs, kernel_size=size, **settings)
        return relu(n, name.replace("conv", "relu") if "_" in name else f"relu{name[2:]}", n[name])

    for stage, (count, outputs) in enumerate([(2, 64), (2, 128), (3, 256), (3, 512), (3, 512)], 1):
        for index in range(1, count + 1):
            top = conv(f"conv{stage}_{index}", top, outputs, 3, pad=1)
        last: PoolingWindow = {"kernel_size": 2, "stride": 2}
        if stage == 5:
            last = {"kernel_size": 3, "stride": 1, "pad": 1}
        top = n[f"pool{stage}"] = L.Pooling(top, pool="MAX", **last)
    top = conv("fc6", top, 1024, 3, pad=6, dilation=6)
    top = conv("fc7", top, 1024, 1)
    halved: Windows = {"pad": 1, "stride": 2}
    more: Windows
    for number, (inner, outputs, more) in enumerate([
        (256, 512, halved), (128, 256, halved), (128, 256, Windows()), (128, 256, Windows()),
    ], 6):  # fmt: skip
        top = conv(f"conv{number}_1", top, inner, 1)
        top = conv(f"conv{number}_2", top, outputs, 3, **more)


def _small(n: NetSpec, normalised: bool) -> None:
    top = n.data
    for number, (outputs, stride) in enumerate(
        [(16, 2), (32, 2), (48, 1), (64, 2), (64, 1), (96, 2), (96, 2)], start=1
    ):
        top = block(n, f"conv{number}", top, outputs, 3, normalised, pad=1, stride=stride)


#: SSD's own: the whole image, or a part with an object of which it shows enough.
_SAMPLER = dict(min_scale=0.3, max_scale=1.0, min_aspect_ratio=0.5, max_aspect_ratio=2.0)
SAMPLERS: list[Fields] = [
    dict(max_sample=1, max_trials=1),
    *(
        dict(sampler=_SAMPLER, max_sample=1, max_trials=50,
             sample_constraint=dict(min_jaccard_overlap=least))
        for least in (0.1, 0.3, 0.5, 0.7, 0.9)
    ),
    dict(sampler=_SAMPLER, max_sample=1, max_trials=50,
         sample_constraint=dict(max_jaccard_overlap=1.0)),
]  # fmt: skip

AUGMENTED: Fields = dict(
    mirror=True,
    expand_param=dict(prob=0.5, max_expand_ratio=4.0),
    distort_param=dict(
        brightness_prob=0.5, brightness_delta=32.0, contrast_prob=0.5, contrast_lower=0.5,
        contrast_upper=1.5, hue_prob=0.5, hue_delta=18.0, saturation_prob=0.5,
        saturation_lower=0.5, saturation_upper=1.5,
    ),
    emit_constraint=dict(emit_type="CENTER"),
)  # fmt: skip

_VGG = Detector(
    folder="ssd300_vgg",
    name="VGG_VOC0712_SSD_300x300",
    about="SSD with 300 x 300 pixels on VGG-16, for the 20 classes of PASCAL VOC.",
    body=_vgg,
    sources=(
        Source("conv4_3", 30, 60, step=8, scale=20),
        Source("fc7", 60, 111, (2, 3), step=16),
        Source("conv6_2", 111, 162, (2, 3), step=32),
        Source("conv7_2", 162, 213, (2, 3), step=64),
        Source("conv8_2", 213, 264, step=100),
        Source("conv9_2", 264, 315, step=300),
    ),
    transform=dict(mean_value=[104, 117, 123]),
    augmented=AUGMENTED,
    samplers=SAMPLERS,
)

MODELS = [
    _VGG,
    replace(
        _VGG,
        folder="mobilenet_ssd",
        name="MobileNet-SSD",
        about="SSD with 300 x 300 pixels on MobileNet, for the 20 classes of PASCAL VOC.\n"
        "The deploy net has no BatchNorm: fold it, or take weights in which it is folded.",
        body=_mobilenet,
        sources=(
            Source("conv11", 60),
            *(Source(name, small, small + 45, (2, 3)) for name, small in (
                ("conv13", 105), ("conv14_2", 150), ("conv15_2", 195), ("conv16_2", 240))),
            Source("conv17_2", 285, 300, (2, 3)),
        ),
        kernel=1,
        normalised=True,
        transform=dict(scale=0.007843, mean_value=[127.5, 127.5, 127.5]),
    ),
    Detector(
        folder="ssd_shapes",
        name="SSD shapes",
        about="A small SSD that finds coloured circles, squares and triangles.",
        body=_small,
        sources=(
            Source("conv5", 14, 24),
            Source("conv6", 28, 40),
            Source("conv7", 44, 60),
        ),
        classes=4,
        size=96,
        data="data/shapes",
        normalised=True,
        batch=(16, 50),
        transform=dict(scale=0.0078125, mean_value=[128]),
        augmented=dict(mirror=True),
    ),
]  # fmt: skip
