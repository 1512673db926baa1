"""What a rule is, what it looks at and what it says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from minicaffe.convert.wiring import Part, Wiring
from minicaffe.visible import visible


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
