"""What a rule is, what it looks at and what it says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from minicaffe.errors import GraphError, visible
from minicaffe.net.filter import filter_net
from minicaffe.net.graph import LayerGraph, LayerRef
from minicaffe.net.insert_splits import insert_splits
from minicaffe.proto import caffe_pb2
from minicaffe.proto.places import SourceMap
from minicaffe.solver.nets import NetFactory
from minicaffe.solver.solver_param import Settings, check_settings


@dataclass(frozen=True)
class Finding:
    """Something that is hardly meant.

    Attributes:
        code: of the rule that found it, such as ``BN001``.
        path: the file, as far as it is known.
        line: the line of the layer or setting there, counted from 1.
        layer: the layer's name; None where it is about the solver.
        message: what was found.
        suggestion: what to do.
    """

    code: str
    path: str | None
    line: int | None
    layer: str | None
    message: str
    suggestion: str

    def __str__(self) -> str:
        """``FILE:LINE: CODE layer 'x': message; suggestion``."""
        where = f"{self.path}:" if self.path else ""
        where += f"{self.line}:" if self.line else ""
        layer = f" layer '{self.layer}':" if self.layer is not None else ""
        return visible(f"{where} {self.code}{layer} {self.message}; {self.suggestion}".lstrip())


class Remark(NamedTuple):
    """A finding of a rule, which does not know its own code; see there."""

    path: str | None
    line: int | None
    layer: str | None
    message: str
    suggestion: str


@dataclass
class PhaseNet:
    """A net as it is in one phase.

    Attributes:
        param: its layers, filtered; the phase is in ``param.state``.
        path: the file that it is written in.
        graph: which layer reads what.
    """

    param: caffe_pb2.NetParameter
    path: str | None
    graph: LayerGraph

    @property
    def phase(self) -> int:
        """The phase that the layers were filtered for: ``TRAIN`` or ``TEST``."""
        return self.param.state.phase

    def layers(self, *types: str) -> list[LayerRef]:
        """The layers of these types that read one blob, in order."""
        return [
            layer for layer in self.graph.layers if layer.type in types and len(layer.bottoms) == 1
        ]

    def remark(self, layer: LayerRef, message: str, suggestion: str) -> Remark:
        """Something to say about a layer.

        Args:
            layer: which one; its line is known where the net was read from text.
            message, suggestion: what was found, and what to do about it.
        """
        line = layer.param.source_line if layer.param.HasField("source_line") else None
        return Remark(self.path, line, layer.name, message, suggestion)


@dataclass
class Examined:
    """What the rules look at.

    Attributes:
        nets: every net in every phase that it is used in.
        solver: the ``SolverParameter``; None for a net alone.
        path: the solver's file.
        lines: of the solver's fields (a ``SourceMap``).
    """

    nets: list[PhaseNet]
    solver: caffe_pb2.SolverParameter | None = None
    path: str | None = None
    lines: SourceMap | None = None

    def in_phase(self, phase: int) -> list[PhaseNet]:
        """The nets of one phase."""
        return [net for net in self.nets if net.phase == phase]

    def remark(self, field: str, message: str, suggestion: str) -> Remark:
        """Something to say about a field of the solver.

        Args:
            field: its name; the line is that where it is set.
            message, suggestion: what was found, and what to do about it.
        """
        line = self.lines.line(field) if self.lines is not None else None
        return Remark(self.path, line, None, message, suggestion)


Rule = Callable[[Examined], Iterator[Remark]]
_rules: dict[str, Rule] = {}  # filled once, as the modules with rules are imported


def rule(code: str) -> Callable[[Rule], Rule]:
    """Function decorator: this function is the rule of ``code``.

    Raises:
        ValueError: another function has this code.
    """

    def add(function: Rule) -> Rule:
        if code in _rules:
            raise ValueError(f"the code {code} is given twice")
        _rules[code] = function
        return function

    return add


def codes() -> list[str]:
    """The codes of all rules, sorted."""
    return sorted(_rules)


def findings(examined: Examined) -> list[Finding]:
    """What all rules say, each thing once, in the order of files and lines."""
    found = [Finding(code, *remark) for code in codes() for remark in _rules[code](examined)]
    return sorted(
        dict.fromkeys(found),
        key=lambda f: (f.path or "", f.line or 0, f.code),
    )


def lint_net(param: caffe_pb2.NetParameter, path: str | None = None) -> list[Finding]:
    """What is hardly meant in a net, in either phase.

    A phase for which the rules leave out a layer's input is passed over.

    Args:
        param: the ``NetParameter``, as ``read_net`` returns it; it is left alone.
        path: its file, for the findings.

    Raises:
        GraphError: in neither phase is every layer's input there.
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


def lint_solver(
    param: caffe_pb2.SolverParameter, path: str | None = None, lines: SourceMap | None = None
) -> list[Finding]:
    """What is hardly meant in a solver and in the nets that it trains and tests.

    Args:
        param: the ``SolverParameter``, as ``read_solver`` returns it; the files of its nets
            are read.
        path: its file, for the findings.
        lines: where its fields are (a ``SourceMap``), for the same.

    Raises:
        SolverError: settings that contradict each other.
        PrototxtError: a net's file cannot be read.
        GraphError: a layer's input is not there.
    """
    with Settings(param, path, lines).located():
        check_settings(param)
    factory = NetFactory(param, path=path)
    nets = [_phase_net(origin.param, origin.path) for origin in factory.origins()]
    return findings(Examined(nets, param, path, lines))


def _phase_net(param: caffe_pb2.NetParameter, path: str | None) -> PhaseNet:
    """The net in the phase of its state.

    Raises:
        GraphError: a layer's input is not there.
    """
    try:
        filtered = filter_net(param)
        insert_splits(filtered, param)  # notices inputs that no layer computes
    except GraphError as error:
        raise error.locate(path=path) from None
    return PhaseNet(filtered, path, LayerGraph(filtered))
