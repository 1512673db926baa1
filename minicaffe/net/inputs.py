"""The shapes of a net's inputs: what is known of them without their files, or with these."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence

import numpy as np

from minicaffe.errors import GraphError, MinicaffeError, did_you_mean
from minicaffe.layer import find_layer_class
from minicaffe.layers.data.base_data_layer import PrefetchingLayer
from minicaffe.layers.data.input import Input
from minicaffe.net.filter import filter_net
from minicaffe.net.init import NetBuilder, collected
from minicaffe.net.insert_splits import Mistake
from minicaffe.options import Limits
from minicaffe.proto import caffe_pb2

#: Shapes by blob.
Shapes = Mapping[str, Sequence[int]]


def without_files(
    net: caffe_pb2.NetParameter,
    shapes: Shapes,
    channels: int | None = 3,
    wrong: Container[int] = (),
) -> caffe_pb2.NetParameter:
    """A copy of a net whose inputs are Input layers, as far as their shapes are known.

    A layer without bottoms that may open files keeps those of its tops whose shapes are given, or
    are in its own settings (``assumed_shapes``); one of which nothing is known is left as it is.

    Args:
        net: the layers of one state.
        shapes: of inputs, by blob; what they say goes before the settings.
        channels: those of images where only the stored ones have the number; None leaves such
            inputs as they are.
        wrong: the numbers of layers whose settings say nothing, as they are mistaken.
    """
    copy = caffe_pb2.NetParameter()
    copy.CopyFrom(net)
    for index, layer in enumerate(copy.layer):
        known = [] if index in wrong else list(_known(layer, shapes, channels))
        if any(shape for _, shape in known):
            _become_input(layer, [(top, shape) for top, shape in known if shape])
    return copy


def channels_are_guessed(net: caffe_pb2.NetParameter, shapes: Shapes) -> bool:
    """Whether a net has images of whose channels nothing is said."""
    return any(_is_guess(layer, shapes) for layer in net.layer if not layer.bottom)


def declared_shapes(net: caffe_pb2.NetParameter) -> dict[str, tuple[int, ...]]:
    """The shapes of images that a net reads in one state and declares as an input in another, each
    with the batch size of the layer that reads it.

    Args:
        net: the layers of all states.
    """
    said: dict[str, tuple[int, ...]] = {}
    for layer in net.layer:
        shapes = layer.input_param.shape if layer.type == Input.type else []
        for number, top in enumerate(layer.top if shapes else ()):
            said[top] = tuple(shapes[min(number, len(shapes) - 1)].dim)
    found = {}
    for layer in net.layer:
        cls = find_layer_class(layer.type)
        if layer.top and layer.top[0] in said and issubclass(cls, PrefetchingLayer):
            batch = cls.assumed_labels(layer)[:1]
            if all(batch):
                found[layer.top[0]] = (*batch, *said[layer.top[0]][1:])
    return found


def open_inputs(
    param: caffe_pb2.NetParameter, path: str | None
) -> tuple[dict[str, tuple[int, ...]], list[MinicaffeError]]:
    """The shapes of what a net reads from files, which are opened for that; and what is wrong
    with them.

    Args:
        param, path: as :func:`minicaffe.net.check.check_shapes` takes them.
    """
    shapes: dict[str, tuple[int, ...]] = {}
    wrong: list[MinicaffeError] = []
    for layer in filter_net(param).layer:
        if layer.bottom or not find_layer_class(layer.type).source(layer):
            continue
        alone, mistakes = caffe_pb2.NetParameter(state=param.state), list[Mistake]()
        alone.layer.add().CopyFrom(layer)
        try:
            built = NetBuilder(
                alone, path=path, seed=0, dtype=np.float32, limits=Limits(), mistakes=mistakes
            )
        except MinicaffeError as error:  # a package that is not installed
            wrong.append(error.locate(path=path))
            continue
        wrong += [collected([mistake], path) for mistake in mistakes]
        for node in [] if mistakes else built.nodes:
            shapes.update((edge.blob.name, edge.blob.shape) for edge in node.top_edges)
            node.layer.close()
    return shapes, wrong


def check_names(nets: Sequence[caffe_pb2.NetParameter], shapes: Shapes) -> None:
    """Refuse shapes of blobs that no input of any of the nets makes.

    Raises:
        GraphError: names the blob, and the one that is most like it.
    """
    made = sorted({top for net in nets for layer in net.layer if not layer.bottom
                   for top in layer.top})  # fmt: skip
    for name in shapes:
        if name not in made:
            hint = did_you_mean(name, made) or f"; there are {', '.join(made)}" * bool(made)
            raise GraphError(f"no data or input layer makes a blob '{name}'{hint}")


def _known(
    layer: caffe_pb2.LayerParameter, shapes: Shapes, channels: int | None
) -> Iterator[tuple[str, Sequence[int] | None]]:
    """The tops of a layer that may open files, each with its shape if that is known."""
    cls = find_layer_class(layer.type)
    if layer.bottom or not (cls.opens_files(layer) or any(top in shapes for top in layer.top)):
        return
    own = cls.assumed_shapes(layer)
    if own and own[0] and _is_guess(layer, shapes):
        own[0] = (own[0][0], channels, *own[0][2:]) if channels else None
    first = shapes.get(layer.top[0]) if layer.top else None
    for top, shape in zip(layer.top, own, strict=True):
        batch = first[:1] if first and shape and len(shape) == 1 else ()
        yield top, shapes.get(top) or tuple(batch) or shape


def _is_guess(layer: caffe_pb2.LayerParameter, shapes: Shapes) -> bool:
    cls = find_layer_class(layer.type)
    stored = issubclass(cls, PrefetchingLayer) and cls.channels_are_stored
    return bool(stored and layer.top and layer.top[0] not in shapes)


def _become_input(
    layer: caffe_pb2.LayerParameter, tops: Sequence[tuple[str, Sequence[int]]]
) -> None:
    layer.type = Input.type
    for given, _ in layer.ListFields():
        if given.message_type and given.name not in ("include", "exclude"):
            layer.ClearField(given.name)
    layer.top[:] = [top for top, _ in tops]
    del layer.loss_weight[:]
    for _, shape in tops:
        layer.input_param.shape.add().dim.extend(shape)
