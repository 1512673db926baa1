"""What all ImageNet networks share: their images, their ends and the layers in between."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from minicaffe import NetSpec
from minicaffe import layers as L
from minicaffe.net_spec import Top
from minicaffe.proto import caffe_pb2
from minicaffe.proto.printing import to_text

from .fields import BatchNorm, Convolution, Filler, Pooling, Weights, Windows

if TYPE_CHECKING:
    from typing_extensions import Unpack


CLASSES = 1000
#: What only training needs of a layer's settings.
FILLERS = ("weight_filler", "bias_filler")
TEST_BATCH = 50  # 1,000 of them are the 50,000 validation images
TEST_ONLY = [dict(phase="TEST")]

#: Learning rate and decay of a weight and of its bias.
WEIGHT_AND_BIAS = [dict(lr_mult=1, decay_mult=1), dict(lr_mult=2, decay_mult=0)]

#: Adds a network's layers, from ``n.data`` to the scores of the classes, which it returns.
#: With ``n.label``, in training, it may add losses of its own.
Body = Callable[[NetSpec], Top]


@dataclass(frozen=True)
class Model:
    """One network.

    Attributes:
        folder: its place in ``models/``.
        name: what the prototxt calls it.
        about: lines of comment for the top of both files.
        body: adds the layers.
        ends: names of the loss, the top-1 and the top-5 accuracy.
        crop: height and width of what the network sees.
        batch: training images in one forward and backward pass.
        deploy_batch: images in the deploy net.
        mean: grey levels that are subtracted, in the order blue, green, red.
        scale: with which the difference is multiplied.
    """

    folder: str
    name: str
    about: str
    body: Body
    ends: tuple[str, str, str] = ("loss", "accuracy", "accuracy_top5")
    crop: int = 224
    batch: int = 32
    deploy_batch: int = 10
    mean: Sequence[float] = (104, 117, 123)
    scale: float | None = None


def train_val(model: Model) -> caffe_pb2.NetParameter:
    """The ``NetParameter`` that is trained and tested."""
    n = NetSpec()
    n.data, n.label = _images(model, "TRAIN", "train", model.batch, mirror=True)
    scores = model.body(n)
    loss, top1, top5 = model.ends
    n[loss] = L.SoftmaxWithLoss(scores, n.label)
    n[top1] = L.Accuracy(scores, n.label, include=TEST_ONLY)
    n[top5] = L.Accuracy(scores, n.label, include=TEST_ONLY, top_k=5)
    tested = NetSpec()
    tested.data, tested.label = _images(model, "TEST", "val", TEST_BATCH)
    first, *others = n.to_proto().layer
    return net_of(model.name, [first, *tested.to_proto().layer, *others])


def deploy(model: Model) -> caffe_pb2.NetParameter:
    """The ``NetParameter`` for use: images in, probabilities out."""
    n = NetSpec()
    n.data = L.Input(shape=dict(dim=[model.deploy_batch, 3, model.crop, model.crop]))
    n.prob = L.Softmax(model.body(n))
    net = net_of(model.name, n.to_proto().layer)
    for layer in net.layer:
        forget_training(layer)
    return net


def forget_training(layer: caffe_pb2.LayerParameter) -> None:
    """Leave out what only training needs; filling 100 million weights takes a second."""
    layer.ClearField("param")
    for field, value in layer.ListFields():
        if field.message_type is not None and field.name.endswith("_param"):
            for filler in FILLERS:
                if filler in value.DESCRIPTOR.fields_by_name:
                    value.ClearField(filler)


def files(model: Model) -> dict[str, str]:
    """The text of every generated file, by its name."""
    return texts_of(model.about, train_val(model), deploy(model))


def net_of(name: str, layers: Iterable[caffe_pb2.LayerParameter]) -> caffe_pb2.NetParameter:
    """A net of some layers."""
    net = caffe_pb2.NetParameter(name=name)
    net.layer.extend(layers)
    return net


def texts_of(
    about: str, train_val: caffe_pb2.NetParameter, deploy: caffe_pb2.NetParameter
) -> dict[str, str]:
    """The text of both files, by its name.

    Args:
        about: lines of comment for the top of both.
    """
    comment = "".join(f"# {line}\n" for line in [*about.splitlines(), _ORIGIN])
    nets = {"train_val.prototxt": train_val, "deploy.prototxt": deploy}
    return {name: comment + to_text(net) for name, net in nets.items()}


_ORIGIN = "Written by models/generate; change that and run python -m models.generate."


def _images(
    model: Model, phase: str, part: str, batch: int, *, mirror: bool = False
) -> tuple[Top, ...]:
    """The Data layer of one phase: crops of the 256 x 256 images in an LMDB."""
    transform: dict[str, object] = dict(crop_size=model.crop, mean_value=model.mean)
    if mirror:
        transform["mirror"] = True
    if model.scale is not None:
        transform["scale"] = model.scale
    return L.Data(
        ntop=2,
        include=[dict(phase=phase)],
        transform_param=transform,
        source=f"data/ilsvrc12/{part}_lmdb",
        batch_size=batch,
        backend="LMDB",
    )


# ------------------------------------------------------------------------ layers


def gaussian(std: float) -> Filler:
    """The filler N(0, std²)."""
    return {"type": "gaussian", "std": std}


def constant(value: float) -> Filler:
    """The filler of one value."""
    return {"type": "constant", "value": value}


def relu(n: NetSpec, name: str, bottom: Top) -> Top:
    """Add a ReLU in place."""
    n[name] = L.ReLU(bottom, in_place=True)
    return n[name]


def drop(n: NetSpec, name: str, bottom: Top, ratio: float = 0.5) -> Top:
    """Add a Dropout in place."""
    n[name] = L.Dropout(bottom, in_place=True, dropout_ratio=ratio)
    return n[name]


def conv(
    n: NetSpec, name: str, bottom: Top, outputs: int, kernel: int, **fields: Unpack[Convolution]
) -> Top:
    """Add a Convolution; weight and bias learn as Caffe's own models let them."""
    fields.setdefault("param", WEIGHT_AND_BIAS)
    n[name] = L.Convolution(bottom, num_output=outputs, kernel_size=kernel, **fields)
    return n[name]


def plain_conv(
    n: NetSpec, name: str, bottom: Top, outputs: int, kernel: int, **fields: Unpack[Windows]
) -> Top:
    """Add a Convolution without a bias, for a BatchNorm to follow; He et al.'s filler."""
    n[name] = L.Convolution(
        bottom,
        num_output=outputs,
        kernel_size=kernel,
        bias_term=False,
        weight_filler=dict(type="msra"),
        **fields,
    )
    return n[name]


def batch_norm(n: NetSpec, name: str, scale: str, bottom: Top, **fields: Unpack[BatchNorm]) -> Top:
    """Add BatchNorm, which takes the fields, and Scale, in place."""
    n[name] = L.BatchNorm(bottom, in_place=True, **fields)
    n[scale] = L.Scale(n[name], in_place=True, bias_term=True)
    return n[scale]


def full(n: NetSpec, name: str, bottom: Top, outputs: int, **fields: Unpack[Weights]) -> Top:
    """Add an InnerProduct."""
    n[name] = L.InnerProduct(bottom, num_output=outputs, param=WEIGHT_AND_BIAS, **fields)
    return n[name]


def max_pool(
    n: NetSpec, name: str, bottom: Top, kernel: int, stride: int, **fields: Unpack[Pooling]
) -> Top:
    """Add a maximum Pooling."""
    n[name] = L.Pooling(bottom, pool="MAX", kernel_size=kernel, stride=stride, **fields)
    return n[name]


def global_average(n: NetSpec, name: str, bottom: Top) -> Top:
    """Add a Pooling that averages each channel."""
    n[name] = L.Pooling(bottom, pool="AVE", global_pooling=True)
    return n[name]
