"""What the networks that label every pixel share: images with images of labels, and their ends."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from minicaffe import NetSpec
from minicaffe import layers as L
from minicaffe.net_spec import Top
from minicaffe.proto import caffe_pb2
from minicaffe.proto.printing import to_text

from .imagenet import (
    forget_training,
    net_of,
)

#: Adds a network's layers, from ``n.data`` to the scores of the classes of every pixel.
Body = Callable[[NetSpec], Top]

#: Makes the data layer: of a phase, with the list of its images, the batch size.
Images = Callable[[str, str, int], tuple[Top, ...]]


@dataclass(frozen=True)
class Segmentation:
    """One network that gives every pixel a class.

    Attributes:
        folder: its place in ``models/``.
        name: what the prototxt calls it.
        about: a line of comment for the top of both files.
        body: adds the layers.
        used: adds them as they are used, where that differs.
        images: the layer that reads images and labels.
        data: the folder of the images.
        size: height and width of what the network sees.
        ignored: the label of pixels that do not count.
        batch: training images in one forward and backward pass.
    """

    folder: str
    name: str
    about: str
    body: Body
    images: Images
    data: str
    size: tuple[int, int]
    ignored: int
    batch: int
    used: Body | None = field(default=None)


def train_val(model: Segmentation) -> caffe_pb2.NetParameter:
    """The ``NetParameter`` that is trained and tested."""
    n = NetSpec()
    n.data, n.label = model.images("TRAIN", f"{model.data}/train.txt", model.batch)
    scores = model.body(n)
    n.loss = L.SoftmaxWithLoss(scores, n.label, loss_param=dict(ignore_label=model.ignored))
    n.accuracy = L.SegAccuracy(
        scores, n.label, ignore_label=[model.ignored], include=[dict(phase="TEST")]
    )
    tested = NetSpec()
    tested.data, tested.label = model.images("TEST", f"{model.data}/val.txt", 1)
    first, *others = n.to_proto().layer
    return net_of(model.name, [first, *tested.to_proto().layer, *others])


def deploy(model: Segmentation) -> caffe_pb2.NetParameter:
    """The ``NetParameter`` for use: an image in, a probability of each class for each pixel out."""
    n = NetSpec()
    n.data = L.Input(shape=dict(dim=[1, 3, *model.size]))
    n.prob = L.Softmax((model.used or model.body)(n))
    net = net_of(model.name, n.to_proto().layer)
    for layer in net.layer:
        forget_training(layer)
    return net


def files(model: Segmentation) -> dict[str, str]:
    """The text of every generated file, by its name."""
    comment = f"# {model.about}\n# Written by models/generate; change that and run it again.\n"
    return {
        "train_val.prototxt": comment + to_text(train_val(model)),
        "deploy.prototxt": comment + to_text(deploy(model)),
    }


def image_seg_data(crop: int, mean: Sequence[float], **more: object) -> Images:
    """ImageSegData, with crops of a size, mirrored in training."""

    def make(phase: str, source: str, batch: int) -> tuple[Top, ...]:
        transform: dict[str, object] = dict(mean_value=mean, mirror=phase == "TRAIN")
        if crop:
            transform["crop_size"] = crop
        if phase == "TRAIN":
            transform.update(more)
        return L.ImageSegData(
            ntop=2,
            include=[dict(phase=phase)],
            transform_param=transform,
            image_data_param=dict(
                source=source, batch_size=batch, label_type="PIXEL", shuffle=phase == "TRAIN"
            ),
        )

    return make
