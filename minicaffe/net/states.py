"""The states (phase, level, stages) that a net's rules tell apart, and its layers in each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain, combinations, product

from minicaffe.net.filter import filter_net, set_state
from minicaffe.proto import caffe_pb2

_MOST = 24  # states that are shown


@dataclass(frozen=True)
class State:
    """What include and exclude rules are compared with.

    Attributes:
        phase: ``TRAIN`` or ``TEST``.
        level, stages: as ``min_level``, ``max_level``, ``stage`` and ``not_stage`` look at them.
    """

    phase: int
    level: int = 0
    stages: tuple[str, ...] = ()

    def net(self, param: caffe_pb2.NetParameter) -> caffe_pb2.NetParameter:
        """A copy of a net in this state, with all its layers.

        Args:
            param: the ``NetParameter``; what its own state says is overwritten.
        """
        net = caffe_pb2.NetParameter()
        net.CopyFrom(param)
        net.ClearField("state")
        set_state(net, self.phase, self.level, self.stages)
        return net

    def layers(self, param: caffe_pb2.NetParameter) -> caffe_pb2.NetParameter:
        """The net with the layers of this state.

        Args:
            param: the ``NetParameter``.

        Raises:
            GraphError: a layer has both kinds of rules.
        """
        return filter_net(self.net(param))


def states_of(param: caffe_pb2.NetParameter) -> list[State]:
    """All states that the rules of a net can tell apart; one where there are no rules.

    Of many stages each by itself, and none.

    Args:
        param: the ``NetParameter``.
    """
    rules = [rule for layer in param.layer for rule in (*layer.include, *layer.exclude)]
    stages = sorted({stage for rule in rules for stage in (*rule.stage, *rule.not_stage)})
    levels = {0}
    for rule in rules:
        levels |= {rule.min_level} if rule.HasField("min_level") else set()
        levels |= {rule.max_level + 1} if rule.HasField("max_level") else set()
    phases = [caffe_pb2.TRAIN, caffe_pb2.TEST] if _tells_phases(rules) else [caffe_pb2.TEST]
    sets = list(chain.from_iterable(combinations(stages, n) for n in range(len(stages) + 1)))[
        :_MOST
    ]
    if len(sets) * len(levels) * len(phases) > _MOST:
        sets = [(), *((stage,) for stage in stages)]
    found = product(phases, sorted(levels, key=abs), sets)
    return [State(*state) for state in found][:_MOST]


def _tells_phases(rules: Iterable[caffe_pb2.NetStateRule]) -> bool:
    return any(rule.HasField("phase") for rule in rules)
