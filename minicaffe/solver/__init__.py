"""Solvers: a training loop with an update rule and a learning-rate policy, with snapshots."""

from __future__ import annotations

from minicaffe.solver.events import LogObserver, Observer
from minicaffe.solver.signals import Action, SignalHandler
from minicaffe.solver.solver import Solver
from minicaffe.solver.solver_factory import (
    AdaDeltaSolver,
    AdaGradSolver,
    AdamSolver,
    NesterovSolver,
    RMSPropSolver,
    SGDSolver,
    get_solver,
    solver_types,
)

__all__ = [
    "Action",
    "AdaDeltaSolver",
    "AdaGradSolver",
    "AdamSolver",
    "LogObserver",
    "NesterovSolver",
    "Observer",
    "RMSPropSolver",
    "SGDSolver",
    "SignalHandler",
    "Solver",
    "get_solver",
    "solver_types",
]
