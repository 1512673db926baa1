"""Which layers belong to a net: its state of phase, level and stages (Caffe's FilterNet)."""

from __future__ import annotations

from collections.abc import Iterable

from minicaffe.layer import find_layer_class
from minicaffe.net.insert_splits import layer_error
from minicaffe.proto import caffe_pb2


def set_state(
    param: caffe_pb2.NetParameter,
    phase: int,
    level: int,
    stages: Iterable[str] | None,
) -> None:
    """Put what the caller asked for into the net's own state (stages add up, as in Caffe).

    Args:
        param: its ``state`` is changed.
        phase: ``TRAIN`` or ``TEST``.
        level: as ``min_level`` and ``max_level`` of rules look at it.
        stages: as ``stage`` and ``not_stage`` of rules look at them.
    """
    param.state.phase = phase  # type: ignore[assignment]  # an enum is a number
    param.state.level = level
    param.state.stage.extend(stages or ())


def filter_net(param: caffe_pb2.NetParameter) -> caffe_pb2.NetParameter:
    """The net that ``param.state`` selects: layers by their include and exclude rules.

    A type that is a name for several layers in a row is replaced by them.

    A layer with ``include`` rules is in if any of them holds, one with ``exclude`` rules
    is out if any holds.

    Raises:
        GraphError: a layer has both kinds of rules.
    """
    filtered = caffe_pb2.NetParameter()
    filtered.CopyFrom(param)
    del filtered.layer[:]
    for layer in param.layer:
        if layer.include and layer.exclude:
            raise layer_error(layer, "has both include and exclude rules; give one kind")
        rules = layer.include or layer.exclude
        met = any(meets_rule(param.state, rule) for rule in rules)
        if met == bool(layer.include):
            filtered.layer.extend(find_layer_class(layer.type).parts(layer))
    return filtered


def meets_rule(state: caffe_pb2.NetState, rule: caffe_pb2.NetStateRule) -> bool:
    """Whether a ``NetState`` satisfies all that a ``NetStateRule`` asks for."""
    stages = set(state.stage)
    return not (
        (rule.HasField("phase") and rule.phase != state.phase)
        or (rule.HasField("min_level") and state.level < rule.min_level)
        or (rule.HasField("max_level") and state.level > rule.max_level)
        or not stages.issuperset(rule.stage)
        or not stages.isdisjoint(rule.not_stage)
    )
