"""minicaffe: Caffe's networks in Python. ``import minicaffe as caffe`` offers pycaffe's names."""

from __future__ import annotations

__version__ = "0.1.0"

from minicaffe.blob import Blob
from minicaffe.errors import MinicaffeError
from minicaffe.layer import Layer
from minicaffe.net import TEST, TRAIN, Net
from minicaffe.registry import layer_types as layer_type_list
from minicaffe.registry import register
from minicaffe.solver import (
    AdaDeltaSolver,
    AdaGradSolver,
    AdamSolver,
    NesterovSolver,
    RMSPropSolver,
    SGDSolver,
    Solver,
    get_solver,
)

__all__ = [
    "TEST",
    "TRAIN",
    "AdaDeltaSolver",
    "AdaGradSolver",
    "AdamSolver",
    "Blob",
    "Layer",
    "MinicaffeError",
    "NesterovSolver",
    "Net",
    "RMSPropSolver",
    "SGDSolver",
    "Solver",
    "__version__",
    "get_solver",
    "layer_type_list",
    "register",
]
