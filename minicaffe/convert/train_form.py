"""From the prototxt that a classifying net is used with to one that it can be trained with."""

from __future__ import annotations

from collections.abc import Mapping

from minicaffe.errors import GraphError
from minicaffe.layer import find_layer_class
from minicaffe.net.net import Net
from minicaffe.proto import caffe_pb2
from minicaffe.proto.own_fields import own_field

#: How many images a batch has, in training and in tests.
_BATCH, _TEST_BATCH = 32, 50


def train_form(param: caffe_pb2.NetParameter, net: Net) -> caffe_pb2.NetParameter:
    """A net to fine-tune: Data layers in the place of the Input, a loss and an accuracy at the end.

    A last Softmax becomes a part of the loss. Layers keep their names, and so their weights; those
    with a ``weight_filler`` get one, for a layer that is renamed to learn other classes.
    BatchNorm layers take the batch's statistics in training, as they say nothing else.

    Args:
        param: the ``NetParameter`` of a deploy net: one input of images, one output (N, classes).
        net: built from it.

    Raises:
        GraphError: it has several inputs or outputs, or they are of other shapes.
    """
    shapes = {name: blob.shape for name, blob in net.blobs.items()}
    images = _only(net.inputs, shapes, 4, "input of images", net.path)
    scores = _only(net.outputs, shapes, 2, "output of N×classes", net.path)
    made = caffe_pb2.NetParameter(name=param.name)
    for training in (True, False):
        made.layer.append(_data(images, shapes[images], training=training))
    loss = caffe_pb2.LayerParameter(name="loss", type="SoftmaxWithLoss", top=["loss"])
    for layer in param.layer:
        if layer.type == find_layer_class(loss.type).activation_of and scores in layer.top:
            (scores,) = layer.bottom  # the loss makes probabilities itself
        elif images not in layer.top:
            made.layer.add().CopyFrom(layer)
            _add_filler(made.layer[-1])
    accuracy = caffe_pb2.LayerParameter(name="accuracy", type="Accuracy", top=["accuracy"])
    accuracy.include.add(phase=caffe_pb2.TEST)
    for layer in (loss, accuracy):
        layer.bottom[:] = [scores, "label"]
        made.layer.append(layer)
    return made


def _only(
    names: list[str], shapes: Mapping[str, tuple[int, ...]], axes: int, what: str, path: str | None
) -> str:
    """The only name, of a blob of so many axes."""
    if len(names) != 1 or len(shapes[names[0]]) != axes:
        told = ", ".join(f"{name} ({'×'.join(map(str, shapes[name]))})" for name in names)
        raise GraphError(
            f"a net to train is made where there is one {what}, and here are {told or 'none'}; "
            "write its data layers and losses into the prototxt yourself",
            path=path,
        )
    return names[0]


def _data(images: str, shape: tuple[int, ...], *, training: bool) -> caffe_pb2.LayerParameter:
    """A Data layer for one phase, whose database the user puts in."""
    layer = caffe_pb2.LayerParameter(name=images, type="Data", top=[images, "label"])
    layer.include.add(phase=caffe_pb2.TRAIN if training else caffe_pb2.TEST)
    layer.data_param.source = "train_lmdb" if training else "val_lmdb"
    layer.data_param.backend = caffe_pb2.DataParameter.LMDB
    layer.data_param.batch_size = _BATCH if training else _TEST_BATCH
    if shape[2] == shape[3]:
        layer.transform_param.crop_size = shape[2]
    if training:
        layer.transform_param.mirror = True
    return layer


def _add_filler(param: caffe_pb2.LayerParameter) -> None:
    """He's filler for weights that are learned and have a field for one."""
    name = own_field(param.type)
    frozen = bool(param.param) and not any(spec.lr_mult for spec in param.param)
    if not frozen and name and param.HasField(name):
        message = getattr(param, name)
        if "weight_filler" in message.DESCRIPTOR.fields_by_name:
            message.weight_filler.type = "msra"
