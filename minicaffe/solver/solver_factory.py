"""The solver classes, and which of them a solver ``type`` asks for."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from minicaffe.errors import SettingError, did_you_mean
from minicaffe.proto import caffe_pb2
from minicaffe.solver import rules
from minicaffe.solver.solver import Solver
from minicaffe.solver.solver_param import load_settings

if TYPE_CHECKING:
    from minicaffe.proto.text_format import SourceMap


class SGDSolver(Solver):
    """Stochastic gradient descent with momentum."""


class NesterovSolver(SGDSolver):
    """Nesterov's accelerated gradient: :class:`minicaffe.solver.rules.Nesterov`."""

    rule = rules.Nesterov


class AdaGradSolver(SGDSolver):
    """The update rule :class:`minicaffe.solver.rules.AdaGrad`."""

    rule = rules.AdaGrad


class RMSPropSolver(SGDSolver):
    """The update rule :class:`minicaffe.solver.rules.RMSProp`."""

    rule = rules.RMSProp


class AdaDeltaSolver(SGDSolver):
    """The update rule :class:`minicaffe.solver.rules.AdaDelta`."""

    rule = rules.AdaDelta


class AdamSolver(SGDSolver):
    """The update rule :class:`minicaffe.solver.rules.Adam`."""

    rule = rules.Adam


_CLASSES: dict[str, type[Solver]] = {
    cls.rule.__name__: cls
    for cls in (
        SGDSolver,
        NesterovSolver,
        AdaGradSolver,
        RMSPropSolver,
        AdaDeltaSolver,
        AdamSolver,
    )
}


def solver_types() -> list[str]:
    """The types that a solver prototxt can ask for, sorted."""
    return sorted(_CLASSES)


def get_solver(
    solver: str | os.PathLike[str] | caffe_pb2.SolverParameter,
    *,
    path: str | None = None,
    lines: SourceMap | None = None,
    **how: Any,
) -> Solver:
    """The solver that a file or a ``SolverParameter`` describes, by its ``type``.

    Args:
        solver, path, lines, how: as :class:`minicaffe.solver.Solver` takes them.

    Raises:
        SolverError: unknown type, and what the class raises.
    """
    settings = load_settings(solver, path, lines)
    kind = settings.param.type
    with settings.located():
        if kind not in _CLASSES:
            hint = did_you_mean(kind, _CLASSES) or f"; known are {', '.join(solver_types())}"
            raise SettingError("type", f"unknown solver type '{kind}'{hint}")
    return _CLASSES[kind](settings, **how)
