"""Solvers: a training loop with an update rule and a learning-rate policy, with snapshots."""

from __future__ import annotations

from minicaffe.solver.events import LogObserver, Observer
from minicaffe.solver.factory import (
    AdaDeltaSolver,
    AdaGradSolver,
    AdamSolver,
    NesterovSolver,
    RMSPropSolver,
    SGDSolver,
    get_solver,
    solver_types,
)
from minicaffe.solver.signals import Action, SignalHandler
from minicaffe.solver.solver import Solver

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
