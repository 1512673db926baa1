"""Which nets a file stands for, and what the rules say about them."""

from __future__ import annotations

from typing import Any

from minicaffe.convert.wiring import Wiring
from minicaffe.errors import GraphError
from minicaffe.graph import filter_net, insert_splits
from minicaffe.lint.rules import Examined, Finding, PhaseNet, findings
from minicaffe.proto import caffe_pb2
from minicaffe.solver.loading import Settings
from minicaffe.solver.nets import NetFactory
from minicaffe.solver.settings import check_settings


def lint_net(param: Any, path: str | None = None) -> list[Finding]:
    """What is hardly meant in a net, in either phase.

    A phase in which the net is none, because a layer's input is left out, is passed over.

    Args:
        param: the ``NetParameter``, as ``read_net`` returns it; it is left alone.
        path: its file, for the findings.

    Raises:
        GraphError: the net is none in either phase.
    """
    nets: list[PhaseNet] = []
    mistakes: list[GraphError] = []
    for phase in (caffe_pb2.TRAIN, caffe_pb2.TEST):
        own = caffe_pb2.NetParameter()
        own.CopyFrom(param)
        own.state.phase = phase
        try:
            nets.append(_phase_net(own, path))
        except GraphError as mistake:
            mistakes.append(mistake)
    if not nets:
        raise mistakes[0]
    return findings(Examined(nets))


def lint_solver(param: Any, path: str | None = None, lines: Any = None) -> list[Finding]:
    """What is hardly meant in a solver and in the nets that it trains and tests.

    Args:
        param: the ``SolverParameter``, as ``read_solver`` returns it; the files of its nets
            are read.
        path: its file, for the findings.
        lines: where its fields stand (a ``SourceMap``), for the same.

    Raises:
        SolverError: settings that contradict each other.
        PrototxtError: a net's file cannot be read.
        GraphError: a net is none.
    """
    with Settings(param, path, lines).located():
        check_settings(param)
    factory = NetFactory(param, path=path, engine=None)
    nets = [_phase_net(one.param, one.path) for one in factory.origins()]
    return findings(Examined(nets, param, path, lines))


def _phase_net(param: Any, path: str | None) -> PhaseNet:
    """The net in the phase of its state.

    Raises:
        GraphError: a layer's input is not there.
    """
    try:
        filtered = filter_net(param)
        insert_splits(filtered, param)  # notices inputs that nobody makes
    except GraphError as error:
        raise error.locate(path=path) from None
    return PhaseNet(filtered, path, Wiring(filtered))
