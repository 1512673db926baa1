"""A network of the zoo with another input and other classes."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, cast

from minicaffe.errors import GraphError
from minicaffe.layer import find_layer_class
from minicaffe.layers.data.data import DataLayer
from minicaffe.layers.loss.judges_classes import JudgesClasses
from minicaffe.layers.normalization.batch_norm import BatchNorm
from minicaffe.proto import caffe_pb2
from minicaffe.proto.own_fields import own_field
from minicaffe.starter.facts import DataFacts

#: How much faster a new classifier learns than the layers that have learned before.
HEAD_RATE = 10
#: Channels of images that are changed at random; grey ones may be letters, which have one side.
_COLOURED = 3
#: In a short training BatchNorm's averages have to follow the weights faster than by default.
SHORT, FAST_AVERAGE = 20000, 0.98


@dataclass(frozen=True)
class Batches:
    """How many images are read at a time."""

    train: int
    test: int


class _HasOutputs(Protocol):
    num_output: int


def check_classifies(net: caffe_pb2.NetParameter, name: str) -> None:
    """Refuse a network that does not learn the classes of images from databases.

    Raises:
        GraphError: says what it lacks.
    """
    if len(_data_layers(net)) != 2 or not list(_heads(net)):
        raise GraphError(
            f"'{name}' does not classify images of a database; choose one that does, such as "
            "resnet18, mobilenet or lenet_bn"
        )


def native_crop(net: caffe_pb2.NetParameter) -> int:
    """The side of the squares that the network is trained on; 0 where they are not cut out."""
    return _data_layers(net)[0].transform_param.crop_size


def fit_net(
    net: caffe_pb2.NetParameter, facts: DataFacts, *, name: str, crop: int, batches: Batches,
    own_mean: bool, fast_rate: bool, augment: bool,
) -> None:  # fmt: skip
    """Give a train_val net these images to learn.

    Args:
        net: is changed.
        facts: the databases.
        name: of the new net; new layers have it in theirs, so that weights of the old classifier
            are not copied into them.
        crop: the side of the squares that are cut out; 0 for none.
        batches: how many images are read at a time.
        own_mean: the mean of these images is subtracted, in place of that which the network has
            been trained with.
        augment: change the training images at random, if they are coloured.
        fast_rate: the new classifier learns :data:`HEAD_RATE` times as fast as the rest.
    """
    _fit_data(net, facts, crop, batches, own_mean=own_mean)
    if augment and facts.shape[0] == _COLOURED:
        _augment(_data_layers(net)[0].transform_param)
    _drop_accuracies(net, facts.classes)
    for head in list(_heads(net)):
        settings = _outputs(head)
        new = _new_name(head.name, settings.num_output, name)
        settings.num_output = facts.classes
        if fast_rate:
            for param in _params(head, 1 + _has_bias(head)):
                param.lr_mult *= HEAD_RATE
        _rename(net, head, new)
    net.name = name


def freeze(net: caffe_pb2.NetParameter, layers: Sequence[str], counts: dict[str, int]) -> None:
    """Keep layers from learning: rates and decay of 0, and BatchNorm as it is in TEST.

    Args:
        net: is changed.
        layers: the names of the layers.
        counts: how many parameter blobs each layer has.
    """
    for layer in net.layer:
        if layer.name not in layers:
            continue
        if issubclass(find_layer_class(layer.type), BatchNorm):
            layer.batch_norm_param.use_global_stats = True
            continue
        for param in _params(layer, counts.get(layer.name, 0)):
            param.lr_mult = param.decay_mult = 0


def follow_faster(net: caffe_pb2.NetParameter, iterations: int) -> None:
    """Let BatchNorm's averages follow the weights of a short training.

    Args:
        net: is changed.
        iterations: of the training; half of them are enough to forget the first weights (to 5 %).
    """
    fraction = min(FAST_AVERAGE, max(0, math.floor(100 * (1 - 6 / iterations)) / 100))
    for layer in net.layer:
        if issubclass(find_layer_class(layer.type), BatchNorm):
            param = layer.batch_norm_param
            if iterations < SHORT and param.moving_average_fraction > fraction:
                param.moving_average_fraction = fraction


def heads(net: caffe_pb2.NetParameter) -> list[str]:
    """The names of the layers that give the scores of the classes."""
    return [layer.name for layer in _heads(net)]


def layers_up_to(net: caffe_pb2.NetParameter, last: str) -> list[str]:
    """The names of a layer and of those before it.

    Raises:
        GraphError: there is none of that name.
    """
    names = [layer.name for layer in net.layer]
    if last not in names:
        raise GraphError(f"the net has no layer '{last}' up to which others could be frozen")
    return names[: names.index(last) + 1]


def _fit_data(
    net: caffe_pb2.NetParameter, facts: DataFacts, crop: int, batches: Batches, *, own_mean: bool
) -> None:
    for layer in _data_layers(net):
        test = any(rule.phase == caffe_pb2.TEST for rule in layer.include if rule.HasField("phase"))
        param, transform = layer.data_param, layer.transform_param
        param.source = facts.val if test else facts.train
        param.batch_size = batches.test if test else batches.train
        lmdb = facts.backends[test] == "lmdb"
        param.backend = caffe_pb2.DataParameter.LMDB if lmdb else caffe_pb2.DataParameter.LEVELDB
        transform.ClearField("mean_file")
        if own_mean or len(transform.mean_value) not in (1, facts.shape[0]):
            transform.mean_value[:] = facts.mean
        transform.ClearField("crop_size")
        if crop:
            transform.crop_size = crop
        transform.ClearField("mirror")


def _augment(transform: caffe_pb2.TransformationParameter) -> None:
    """Changes that leave a photograph what it is: its other side, a part of it, other light."""
    transform.mirror = True
    part = transform.random_aspect_ratio_param
    part.min_area_ratio, part.aspect_ratio_change = 0.5, 0.87  # sides of 3:4 to 4:3
    light = transform.distort_param
    light.brightness_prob, light.brightness_delta = 0.5, 16
    light.contrast_prob, light.contrast_lower, light.contrast_upper = 0.5, 0.8, 1.25
    light.saturation_prob, light.saturation_lower, light.saturation_upper = 0.5, 0.8, 1.25


def _data_layers(net: caffe_pb2.NetParameter) -> list[caffe_pb2.LayerParameter]:
    return [layer for layer in net.layer if issubclass(find_layer_class(layer.type), DataLayer)]


def _drop_accuracies(net: caffe_pb2.NetParameter, classes: int) -> None:
    """Leave out the accuracies that cannot be wrong: of the five best among five classes."""
    kept = [
        layer for layer in net.layer
        if not (find_layer_class(layer.type).measures and layer.accuracy_param.top_k >= classes)
    ]  # fmt: skip
    copies = [_copy(layer) for layer in kept]
    del net.layer[:]
    net.layer.extend(copies)


def _copy(layer: caffe_pb2.LayerParameter) -> caffe_pb2.LayerParameter:
    copy = caffe_pb2.LayerParameter()
    copy.CopyFrom(layer)
    return copy


def _heads(net: caffe_pb2.NetParameter) -> Iterator[caffe_pb2.LayerParameter]:
    """The layers that give the scores of the classes: the last before each loss with outputs."""
    seen = set()
    for index, layer in enumerate(net.layer):
        kind = find_layer_class(layer.type)
        if not issubclass(kind, JudgesClasses) or not layer.bottom:
            continue
        head = _head_above(net, index)
        if head is not None and head.name not in seen:
            seen.add(head.name)
            yield head


def _head_above(net: caffe_pb2.NetParameter, index: int) -> caffe_pb2.LayerParameter | None:
    wanted = net.layer[index].bottom[0]
    for layer in reversed(net.layer[:index]):
        if wanted not in layer.top:
            continue
        if issubclass(find_layer_class(layer.type), DataLayer):
            return None
        if "num_output" in (_settings(layer).DESCRIPTOR.fields_by_name if _field(layer) else ()):
            return layer
        wanted = layer.bottom[0] if layer.bottom else ""
    return None


def _field(layer: caffe_pb2.LayerParameter) -> str:
    return own_field(layer.type) or ""


def _settings(layer: caffe_pb2.LayerParameter):  # type: ignore[no-untyped-def]
    return getattr(layer, _field(layer))


def _outputs(layer: caffe_pb2.LayerParameter) -> _HasOutputs:
    return cast(_HasOutputs, _settings(layer))


def _has_bias(layer: caffe_pb2.LayerParameter) -> bool:
    return bool(getattr(_settings(layer), "bias_term", True))


def _params(layer: caffe_pb2.LayerParameter, count: int) -> Sequence[caffe_pb2.ParamSpec]:
    """The layer's blocks ``param``, with those that were left out."""
    while len(layer.param) < count:
        layer.param.add()
    return layer.param


def _new_name(old: str, outputs: int, name: str) -> str:
    """``fc1000`` becomes ``fc_NAME``, ``fc8`` ``fc8_NAME``."""
    stem = re.sub(rf"(?<=\D){outputs}$", "", old)
    return f"{stem}_{name}"


def _rename(net: caffe_pb2.NetParameter, head: caffe_pb2.LayerParameter, new: str) -> None:
    """Give a layer another name, and its top, where that has the layer's."""
    old, head.name = head.name, new
    if list(head.top) != [old]:
        return
    for layer in net.layer:
        for blobs in (layer.bottom, layer.top):
            blobs[:] = [new if blob == old else blob for blob in blobs]
