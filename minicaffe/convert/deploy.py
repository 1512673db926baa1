"""From the prototxt that a net was trained with to the one that it is used with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from minicaffe.errors import GraphError, MinicaffeError, did_you_mean
from minicaffe.layer import Layer, layer_class
from minicaffe.layers.data.input import Input
from minicaffe.layers.loss.accuracy import Accuracy
from minicaffe.net.filter import filter_net, set_state
from minicaffe.net.graph import Part, Value, Wiring
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

    param: Any
    notes: list[str] = field(default_factory=list)
    batch: dict[str, np.ndarray] = field(default_factory=dict)


def deploy_net(
    param: Any,
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
    wiring = Wiring(filter_net(own))
    result = Deployed(None)
    try:
        wanted = _wanted(wiring, result.notes)
    except MinicaffeError as error:
        raise error.locate(path=path) from None
    if not wanted:
        raise GraphError(
            "nothing remains of this net without its data layers, losses and accuracies in "
            "phase TEST",
            path=path,
        )
    dropped = wiring.keep(wanted)
    if dropped:
        result.notes.append("removed: " + ", ".join(_described(part) for part in dropped))
    options = {"path": path, "max_memory": max_memory}
    _replace_sources(wiring, dict(shapes or {}), result, options)
    result.param = wiring.to_param()
    _clear_training_fields(result.param)
    return result


def _clear_training_fields(param: Any) -> None:
    """Take out what says something only of training, or of phases."""
    for name in ("state", "force_backward"):
        param.ClearField(name)
    for layer in param.layer:
        for name in ("include", "exclude", "loss_weight", "propagate_down"):
            layer.ClearField(name)


def _require_bottoms(param: Any, path: str | None) -> None:
    """Refuse bottoms that nobody produces, with the message that a Net gives."""
    try:
        insert_splits(filter_net(param), param)
    except MinicaffeError as error:
        raise error.locate(path=path) from None


def _described(part: Part) -> str:
    return f"{part.name} ({part.type})"


# ----------------------------------------------------------------------- what the net is for


def _wanted(wiring: Wiring, notes: list[str]) -> list[Value]:
    """The values that the deploy net is to compute; adds what becomes of losses."""
    labels = _labels(wiring)
    losses = [part for part in wiring.parts if _is_loss(part)]
    heaviest = max((_weight(part) for part in losses), default=0.0)
    main = [part for part in losses if _weight(part) == heaviest]
    aside = [part for part in wiring.parts if part in losses or _class(part).measures]
    if not losses:
        main = [part for part in aside if issubclass(_class(part), Accuracy)]
    wanted: list[Value] = []
    for part in main:
        predictions = [v for v in part.reads if v not in labels and not _from_source(v)]
        if _class(part).activation_of and predictions:
            predictions = [_activation(wiring, part, predictions[0], notes)]
        wanted += predictions
    wanted += [
        value
        for value in wiring.outputs
        if value.maker not in aside and value not in labels and not _from_source(value)
    ]
    return list(dict.fromkeys(wanted))


def _is_loss(part: Part) -> bool:
    return _class(part).is_loss


def _class(part: Part) -> type[Layer]:
    try:
        return layer_class(part.type)
    except MinicaffeError as error:
        raise error.locate(layer=part.name, layer_type=part.type) from None


def _weight(part: Part) -> float:
    return part.param.loss_weight[0] if part.param.loss_weight else 1.0


def _from_source(value: Value) -> bool:
    return value.maker is not None and not value.maker.reads


def _labels(wiring: Wiring) -> set[Value]:
    """Values that data layers give beside their first top, or call labels, and what is made
    of such values alone."""
    labels: set[Value] = set()
    for part in wiring.parts:
        if part.reads:
            if all(value in labels for value in part.reads):
                labels.update(part.writes)
        elif _class(part).gives_data:
            labels.update(
                value
                for index, value in enumerate(part.writes)
                if "label" in value.name or (index and not issubclass(_class(part), Input))
            )
    return labels


def _activation(wiring: Wiring, loss: Part, scores: Value, notes: list[str]) -> Value:
    """What the loss makes of its scores, by a layer of its own; an existing one if there is."""
    kind = _class(loss).activation_of
    assert kind is not None
    settings = own_field(kind)
    for reader in wiring.readers(scores):
        if reader.type == kind:
            return reader.writes[0]
    taken = {part.name for part in wiring.parts}
    name = "prob" if "prob" not in taken else f"{loss.name}_prob"
    param = caffe_pb2.LayerParameter(name=name, type=kind)
    if settings and loss.param.HasField(settings):
        getattr(param, settings).CopyFrom(getattr(loss.param, settings))
    part = Part(param, reads=[scores])
    wiring.parts.append(part)
    notes.append(f"{loss.name} ({loss.type}) becomes {name} ({kind})")
    return part.add_top(name)


# ---------------------------------------------------------------------------------- its inputs


def _replace_sources(
    wiring: Wiring, shapes: dict[str, Shape], result: Deployed, options: dict[str, Any]
) -> None:
    """Put Input layers where data layers are, and the given shapes into Input layers."""
    read = {value for part in wiring.parts for value in part.reads}
    for part in wiring.parts:
        if part.reads or not _class(part).gives_data:
            continue
        if not issubclass(_class(part), Input):
            part.writes = [value for value in part.writes if value in read]
            found = _shapes_of(part, shapes, result, options)
            result.notes.append(f"{_described(part)} becomes an Input layer")
            part.param = caffe_pb2.LayerParameter(name=part.name, type="Input")
            for value in part.writes:
                part.param.input_param.shape.add(dim=found[value.name])
        else:
            _reshape_input(part, shapes)
    inputs = [v.name for part in wiring.parts if not part.reads for v in part.writes]
    for name in shapes:
        if name not in inputs:
            hint = did_you_mean(name, inputs)
            raise GraphError(
                f"a shape is given for '{name}', which is no input{hint}", path=options["path"]
            )


def _reshape_input(part: Part, shapes: Mapping[str, Shape]) -> None:
    stated = part.param.input_param.shape
    if len(stated) == 1 and len(part.writes) > 1:  # one for all
        for _ in part.writes[1:]:
            stated.add().CopyFrom(stated[0])
    for shape, value in zip(stated, part.writes, strict=False):
        if value.name in shapes:
            shape.dim[:] = shapes[value.name]


def _shapes_of(
    part: Part, shapes: Mapping[str, Shape], result: Deployed, options: dict[str, Any]
) -> dict[str, Shape]:
    """The shapes of a data layer's tops, given or found by reading a batch."""
    if all(value.name in shapes for value in part.writes):
        return {value.name: shapes[value.name] for value in part.writes}
    alone = caffe_pb2.NetParameter(layer=[part.param])
    try:
        with Net(alone, TEST, seed=0, allow_python_layers=False, **options) as net:
            net.forward_loss()
            batch = {value.name: net.blobs[value.name].data.copy() for value in part.writes}
    except MinicaffeError as error:
        name = part.writes[0].name
        error.message += f" (to do without the data, give its shape: --shape {name}=1,C,H,W)"
        raise
    result.batch.update(batch)
    return {name: shapes.get(name, (1, *array.shape[1:])) for name, array in batch.items()}
