"""What a rule is, what it looks at and what it says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from minicaffe.errors import GraphError, visible
from minicaffe.net.filter import filter_net
from minicaffe.net.graph import Part, Wiring
from minicaffe.net.insert_splits import insert_splits
from minicaffe.proto import caffe_pb2
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
        path: the file that it stands in.
        wiring: which layer reads what.
    """

    param: Any
    path: str | None
    wiring: Wiring

    @property
    def phase(self) -> int:
        """TRAIN or TEST."""
        return self.param.state.phase

    def parts(self, *types: str) -> list[Part]:
        """The layers of these types that read one blob, in order."""
        return [part for part in self.wiring.parts if part.type in types and len(part.reads) == 1]

    def remark(self, part: Part, message: str, suggestion: str) -> Remark:
        """Something to say about a layer."""
        line = part.param.source_line if part.param.HasField("source_line") else None
        return Remark(self.path, line, part.name, message, suggestion)


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
    solver: Any = None
    path: str | None = None
    lines: Any = None

    def in_phase(self, phase: int) -> list[PhaseNet]:
        """The nets of one phase."""
        return [net for net in self.nets if net.phase == phase]

    def remark(self, field: str, message: str, suggestion: str) -> Remark:
        """Something to say about a field of the solver."""
        line = self.lines.line(field) if self.lines is not None else None
        return Remark(self.path, line, None, message, suggestion)


Rule = Callable[[Examined], Iterator[Remark]]


_rules: dict[str, Rule] = {}  # filled once, as the modules with rules are imported


def rule(code: str) -> Callable[[Rule], Rule]:
    """Function decorator: this function finds what ``code`` stands for."""

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
    found = [Finding(code, *one) for code in codes() for one in _rules[code](examined)]
    return sorted(dict.fromkeys(found), key=lambda one: (one.path or "", one.line or 0, one.code))


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
