"""From the prototxt that a net was trained with to the one that it is used with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypedDict

import numpy as np

from minicaffe.errors import GraphError, MinicaffeError, did_you_mean
from minicaffe.layer import Layer, layer_class
from minicaffe.layers.data.input import Input
from minicaffe.net.filter import filter_net, set_state
from minicaffe.net.graph import LayerGraph, LayerRef, Value
from minicaffe.net.insert_splits import insert_splits
from minicaffe.net.net import TEST, Net
from minicaffe.proto import caffe_pb2
from minicaffe.proto.own_fields import own_field

Shape = tuple[int, ...]


@dataclass
class Deployed:
    """A net in its deploy form.

    Attributes:
        param: the ``NetParameter``: Input layers in place of data layers, no losses.
        notes: what was done, a line each.
        batch: a batch of the net's own data by blob name, where its data layers could run.
    """

    param: caffe_pb2.NetParameter
    notes: list[str] = field(default_factory=list)
    batch: dict[str, np.ndarray] = field(default_factory=dict)


def deploy_net(
    param: caffe_pb2.NetParameter,
    shapes: Mapping[str, Shape] | None = None,
    *,
    level: int = 0,
    stages: Sequence[str] = (),
    path: str | None = None,
    max_memory: int | None = None,
) -> Deployed:
    """The net that remains for use.

    The layers of the TEST phase stay, without data layers (Input layers take their places),
    losses (SoftmaxWithLoss leaves a Softmax "prob", SigmoidCrossEntropyLoss a Sigmoid), and
    what only they need: accuracies, labels, auxiliary heads, that is losses with a smaller
    loss_weight than another one's.

    Args:
        param: a ``NetParameter``, upgraded; it is left alone.
        shapes: of the input blobs. Those of data layers that are not given are found by
            opening their data; the batch becomes 1 then.
        level, stages: with TEST, what include and exclude rules are compared with.
        path: the file that the net came from, for messages.
        max_memory: the most bytes that the data layers' blobs may take.

    Raises:
        GraphError: nothing remains; a given shape is of no input.
        MinicaffeError: the data of a data layer whose shape is not given cannot be read.
    """
    own = caffe_pb2.NetParameter()
    own.CopyFrom(param)
    set_state(own, TEST, level, stages)
    _require_bottoms(own, path)
    graph = LayerGraph(filter_net(own))
    result = Deployed(caffe_pb2.NetParameter())
    try:
        wanted = _wanted(graph, result.notes)
    except MinicaffeError as error:
        raise error.locate(path=path) from None
    if not wanted:
        raise GraphError(
            "nothing remains of this net without its data layers, losses and accuracies in "
            "phase TEST",
            path=path,
        )
    dropped = graph.keep(wanted)
    if dropped:
        result.notes.append("removed: " + ", ".join(_described(layer) for layer in dropped))
    options = _Options(path=path, max_memory=max_memory)
    _replace_sources(graph, dict(shapes or {}), result, options)
    result.param = graph.to_param()
    _clear_training_fields(result.param)
    return result


def cut_net(
    param: caffe_pb2.NetParameter, blobs: Sequence[str], path: str | None = None
) -> caffe_pb2.NetParameter:
    """The part of a net that computes some of its blobs, which become its outputs.

    Args:
        param: a ``NetParameter`` of one phase, such as a deploy net; it is left alone.
        blobs: their names; each means the last value that the blob holds. One that layers of
            the part read comes out of a Split, as outputs are only what nothing reads.
        path: the file that the net came from, for messages.

    Raises:
        GraphError: the net has no such blob, or it is an input that layers read.
    """
    graph = LayerGraph(param)
    last = {value.name: value for layer in graph.layers for value in layer.tops}
    for name in blobs:
        if name not in last:
            hint = did_you_mean(name, last)
            raise GraphError(f"the net has no blob '{name}'{hint}", path=path)
    graph.keep([last[name] for name in blobs])
    for name in dict.fromkeys(blobs):
        try:
            graph.give_out(last[name])
        except GraphError as error:
            raise error.locate(path=path) from None
    return graph.to_param()


def _clear_training_fields(param: caffe_pb2.NetParameter) -> None:
    """Take out what says something only of training, or of phases."""
    for name in ("state", "force_backward"):
        param.ClearField(name)
    for layer in param.layer:
        for name in ("include", "exclude", "loss_weight", "propagate_down"):
            layer.ClearField(name)


def _require_bottoms(param: caffe_pb2.NetParameter, path: str | None) -> None:
    """Refuse bottoms that no layer produces, with the message that a Net gives."""
    try:
        insert_splits(filter_net(param), param)
    except MinicaffeError as error:
        raise error.locate(path=path) from None


def _described(layer: LayerRef) -> str:
    return f"{layer.name} ({layer.type})"


# ----------------------------------------------------------------------- what the net is for


def _wanted(graph: LayerGraph, notes: list[str]) -> list[Value]:
    """The values that the deploy net is to compute; adds what becomes of losses."""
    labels = _labels(graph)
    losses = [layer for layer in graph.layers if _is_loss(layer)]
    heaviest = max((_weight(layer) for layer in losses), default=0.0)
    main = [layer for layer in losses if _weight(layer) == heaviest]
    aside = [layer for layer in graph.layers if layer in losses or _class(layer).measures]
    if not losses:
        main = [layer for layer in aside if layer.tops]  # not Silence
    wanted: list[Value] = []
    for layer in main:
        predictions = [v for v in layer.bottoms if v not in labels and not _from_source(v)]
        kind = _class(layer).activation_of
        if kind and predictions:
            predictions = [_activation(graph, layer, kind, predictions[0], notes)]
        wanted += predictions
    wanted += [
        value
        for value in graph.outputs
        if value.producer not in aside and value not in labels and not _from_source(value)
    ]
    return list(dict.fromkeys(wanted))


def _is_loss(layer: LayerRef) -> bool:
    return _class(layer).is_loss


def _class(layer: LayerRef) -> type[Layer]:
    try:
        return layer_class(layer.type)
    except MinicaffeError as error:
        line = layer.param.source_line or None
        raise error.locate(line=line, layer=layer.name, layer_type=layer.type) from None


def _weight(layer: LayerRef) -> float:
    return layer.param.loss_weight[0] if layer.param.loss_weight else 1.0


def _from_source(value: Value) -> bool:
    return not value.producer.bottoms


def _labels(graph: LayerGraph) -> set[Value]:
    """Values that data layers give beside their first top, or call labels, and what is made
    of such values alone."""
    labels: set[Value] = set()
    for layer in graph.layers:
        if layer.bottoms:
            if all(value in labels for value in layer.bottoms):
                labels.update(layer.tops)
        elif _class(layer).gives_data:
            labels.update(
                value
                for index, value in enumerate(layer.tops)
                if "label" in value.name or (index and not issubclass(_class(layer), Input))
            )
    return labels


def _activation(
    graph: LayerGraph, loss: LayerRef, kind: str, scores: Value, notes: list[str]
) -> Value:
    """What the loss makes of its scores, by a layer of this type; an existing one if there is."""
    settings = own_field(kind)
    for reader in graph.readers(scores):
        if reader.type == kind:
            return reader.tops[0]
    taken = {layer.name for layer in graph.layers}
    name = "prob" if "prob" not in taken else f"{loss.name}_prob"
    param = caffe_pb2.LayerParameter(name=name, type=kind)
    if settings and loss.param.HasField(settings):
        getattr(param, settings).CopyFrom(getattr(loss.param, settings))
    layer = LayerRef(param, bottoms=[scores])
    graph.layers.append(layer)
    notes.append(f"{loss.name} ({loss.type}) becomes {name} ({kind})")
    return layer.add_top(name)


# ---------------------------------------------------------------------------------- its inputs


class _Options(TypedDict):
    """The net's file, for messages, and the most memory that reading a batch may take."""

    path: str | None
    max_memory: int | None


def _replace_sources(
    graph: LayerGraph, shapes: dict[str, Shape], result: Deployed, options: _Options
) -> None:
    """Put Input layers where data layers are, and the given shapes into Input layers."""
    read = {value for layer in graph.layers for value in layer.bottoms}
    for layer in graph.layers:
        if layer.bottoms or not _class(layer).gives_data:
            continue
        if not issubclass(_class(layer), Input):
            layer.tops = [value for value in layer.tops if value in read]
            found = _shapes_of(layer, shapes, result, options)
            result.notes.append(f"{_described(layer)} becomes an Input layer")
            layer.param = caffe_pb2.LayerParameter(name=layer.name, type="Input")
            for value in layer.tops:
                layer.param.input_param.shape.add(dim=found[value.name])
        else:
            _reshape_input(layer, shapes)
    inputs = [v.name for layer in graph.layers if not layer.bottoms for v in layer.tops]
    for name in shapes:
        if name not in inputs:
            hint = did_you_mean(name, inputs)
            raise GraphError(
                f"a shape is given for '{name}', which is no input{hint}", path=options["path"]
            )


def _reshape_input(layer: LayerRef, shapes: Mapping[str, Shape]) -> None:
    stated = layer.param.input_param.shape
    if len(stated) == 1 and len(layer.tops) > 1:  # one for all
        for _ in layer.tops[1:]:
            stated.add().CopyFrom(stated[0])
    for shape, value in zip(stated, layer.tops, strict=False):
        if value.name in shapes:
            shape.dim[:] = shapes[value.name]


def _shapes_of(
    layer: LayerRef, shapes: Mapping[str, Shape], result: Deployed, options: _Options
) -> dict[str, Shape]:
    """The shapes of a data layer's tops, given or found by reading a batch."""
    if all(value.name in shapes for value in layer.tops):
        return {value.name: shapes[value.name] for value in layer.tops}
    alone = caffe_pb2.NetParameter(layer=[layer.param])
    try:
        with Net(alone, TEST, seed=0, allow_python_layers=False, **options) as net:
            net.forward_loss()
            batch = {value.name: net.blobs[value.name].data.copy() for value in layer.tops}
    except MinicaffeError as error:
        name = layer.tops[0].name
        error.explain(f" (to do without the data, give its shape: --shape {name}=1,C,H,W)")
        raise
    result.batch.update(batch)
    return {name: shapes.get(name, (1, *array.shape[1:])) for name, array in batch.items()}
