"""The nets that are compared: models/, with data held in memory in place of a database."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from minicaffe import TRAIN, Net
from minicaffe.net.filter import filter_net
from minicaffe.proto import caffe_pb2
from minicaffe.proto.io import read_net

MODELS = Path(__file__).resolve().parent.parent / "models"


@dataclass(frozen=True)
class Model:
    """One of the nets.

    Attributes:
        folder: where it is in models/.
        image: channels, height and width of what it reads.
        classes: how many labels there are.
        batch: images in one iteration of training.
    """

    folder: str
    image: tuple[int, int, int]
    classes: int
    batch: int


NETS: dict[str, Model] = {
    "lenet": Model("lenet", (1, 28, 28), 10, 64),
    "lenet_bn": Model("lenet_bn", (1, 28, 28), 10, 64),
    "cifar10_quick": Model("cifar10_quick", (3, 32, 32), 10, 64),
    "resnet20": Model("resnet20", (3, 32, 32), 10, 64),
    "alexnet": Model("bvlc_alexnet", (3, 227, 227), 1000, 16),
    "googlenet": Model("bvlc_googlenet", (3, 224, 224), 1000, 16),
    "resnet18": Model("resnet18", (3, 224, 224), 1000, 16),
    "resnet50": Model("resnet50", (3, 224, 224), 1000, 16),
    "vgg16": Model("vgg16", (3, 224, 224), 1000, 16),
    "densenet121": Model("densenet121", (3, 224, 224), 1000, 16),
    "squeezenet": Model("squeezenet", (3, 224, 224), 1000, 16),
    "mobilenet": Model("mobilenet", (3, 224, 224), 1000, 16),
}


def training(name: str, *, dropout: bool = True) -> Any:
    """The TRAIN net of a model, reading from Input layers what its data layer would give.

    Args:
        name: one of :data:`NETS`.
        dropout: False sets every ratio to 0, so that two programs can agree.
    """
    model = NETS[name]
    whole = read_net(str(MODELS / model.folder / "train_val.prototxt"))
    whole.state.phase = TRAIN
    param = caffe_pb2.NetParameter(name=whole.name)
    for layer in filter_net(whole).layer:
        if not layer.bottom:
            shapes = ((model.batch, *model.image), (model.batch,))
            for top, shape in zip(layer.top, shapes, strict=True):
                _add_input(param, top, shape)
            continue
        added = param.layer.add()
        added.CopyFrom(layer)
        del added.include[:]
        if added.type == "Dropout" and not dropout:
            added.dropout_param.dropout_ratio = 0
    return param


def inference(name: str, batch: int) -> Any:
    """The deploy net of a model, for a number of images."""
    model = NETS[name]
    param = read_net(str(MODELS / model.folder / "deploy.prototxt"))
    inputs = [layer for layer in param.layer if layer.type == "Input"]
    for shape in inputs[0].input_param.shape:
        shape.dim[:] = (batch, *model.image)
    return param


def _add_input(param: Any, top: str, shape: tuple[int, ...]) -> None:
    layer = param.layer.add(name=top, type="Input", top=[top])
    layer.input_param.shape.add(dim=shape)


def batch_of(name: str, images: int) -> tuple[np.ndarray, np.ndarray]:
    """Images of noise, and labels."""
    model, rng = NETS[name], np.random.default_rng(0)
    data = rng.standard_normal((images, *model.image), dtype=np.float32)
    return data, rng.integers(0, model.classes, images)


def fill(net: Net, name: str, seed: int = 0) -> None:
    """Give the deploy net of a model weights with which it tells images apart.

    A deploy file has no fillers. BatchNorm's statistics are those of a batch of noise: fresh
    ones would divide by almost 0, others let values grow or fade from layer to layer.
    """
    rng = np.random.default_rng(seed)
    for layer, blobs in net.params.items():
        kind = net.layer_dict[layer].type
        if kind == "BatchNorm":
            continue
        if kind == "Scale":
            blobs[0].data[...] = rng.uniform(0.8, 1.2, blobs[0].shape)
        else:
            inputs = blobs[0].count // blobs[0].shape[0]
            blobs[0].data[...] = rng.standard_normal(blobs[0].shape) * (2 / inputs) ** 0.5
        for bias in blobs[1:]:
            bias.data[...] = rng.normal(0, 0.1, bias.shape)
    if any(layer.type == "BatchNorm" for layer in net.layers):
        measuring = Net(inference(name, 8), TRAIN, engine="numpy")
        measuring.share_with(net)
        measuring.forward(data=batch_of(name, 8)[0])


def learned_numbers(net: Net) -> int:
    """How many numbers a net learns; statistics are measured, not learned."""
    return sum(param.blob.count for param in net.learnable_params if param.lr_mult)


def operations(net: Net, *, gradients: bool) -> int:
    """Floating-point operations of the convolutions and matrix products in one iteration.

    A product of a weight with a value counts as two. Each of the two gradients costs as much
    as the forward pass; the images' own is not computed.
    """
    total = 0
    for node in net.nodes:
        if node.layer.type == "Convolution":
            weights = node.layer.blobs[0]
            products = node.tops[0].count * weights.count // weights.shape[0]
        elif node.layer.type == "InnerProduct":
            products = node.tops[0].count * node.layer.blobs[0].shape[1]
        else:
            continue
        passes = 1 + gradients * (1 + node.propagate_down[0])
        total += 2 * products * passes
    return total
