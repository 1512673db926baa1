"""The solver classes, and which of them a solver ``type`` asks for."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from minicaffe.errors import SettingError, did_you_mean
from minicaffe.options import RunKeywords
from minicaffe.proto import caffe_pb2
from minicaffe.solver import rules
from minicaffe.solver.events import Observer
from minicaffe.solver.prefix_lock import PrefixLock
from minicaffe.solver.signals import Action
from minicaffe.solver.solver import Solver
from minicaffe.solver.solver_param import load_settings, refuse, setting_mistakes

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from minicaffe.proto.places import SourceMap


class SolverKeywords(RunKeywords, total=False):
    """The keywords of :class:`minicaffe.solver.Solver` besides its file."""

    observers: Sequence[Observer] | None
    action_function: Callable[[], Action] | None
    keep_snapshots: int | None
    prefix_lock: PrefixLock | None


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


def mistakes_of_solver(param: caffe_pb2.SolverParameter) -> list[SettingError]:
    """All that is wrong with a solver's settings, its type included."""
    kind = param.type
    if kind in _CLASSES:
        return setting_mistakes(param, _CLASSES[kind].rule)
    hint = did_you_mean(kind, _CLASSES) or f"; known are {', '.join(solver_types())}"
    unknown = SettingError("type", f"unknown solver type '{kind}'{hint}")
    return [unknown, *setting_mistakes(param)]


def get_solver(
    solver: str | os.PathLike[str] | caffe_pb2.SolverParameter,
    *,
    path: str | None = None,
    lines: SourceMap | None = None,
    **how: Unpack[SolverKeywords],
) -> Solver:
    """The solver that a file or a ``SolverParameter`` describes, by its ``type``.

    Args:
        solver, path, lines, how: as :class:`minicaffe.solver.Solver` takes them.

    Raises:
        SolverError: unknown type, and what the class raises.
    """
    settings = load_settings(solver, path, lines)
    kind = settings.param.type
    if kind not in _CLASSES:
        with settings.located():
            refuse(mistakes_of_solver(settings.param))
    return _CLASSES[kind](settings, **how)
