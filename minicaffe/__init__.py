"""minicaffe: Caffe's networks in Python. ``import minicaffe as caffe`` offers pycaffe's names."""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

from minicaffe import coord_map, draw, io, layers, net_spec, params, proto
from minicaffe.blob import Blob
from minicaffe.classifier import Classifier
from minicaffe.detector import Detector
from minicaffe.errors import MinicaffeError
from minicaffe.layer import Layer
from minicaffe.net import TEST, TRAIN, Net
from minicaffe.net_spec import NetSpec, to_proto
from minicaffe.old_names import old_name
from minicaffe.registry import layer_types as layer_type_list
from minicaffe.registry import register
from minicaffe.runtime import (
    NCCL,
    has_nccl,
    init_log,
    log,
    multiprocess,
    set_device,
    set_mode_cpu,
    set_mode_gpu,
    set_multiprocess,
    set_random_seed,
    set_solver_count,
    set_solver_rank,
    solver_count,
    solver_rank,
)
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
from minicaffe.threads import set_threads
from minicaffe.timer import Timer


def install_as_caffe() -> None:
    """Make ``import caffe`` mean minicaffe in this process; see :mod:`minicaffe.as_caffe`.

    Raises:
        MinicaffeError: another package has been imported as ``caffe`` before.
    """
    from minicaffe.as_caffe import install  # not above: it is also run with python -m

    install()


def __getattr__(name: str) -> Any:
    """pycaffe's two modules, on first use; what to write for a name of 2014."""
    if name in ("_caffe", "pycaffe"):
        return importlib.import_module(f"minicaffe.{name}")
    raise old_name("caffe", name) or AttributeError(f"module 'minicaffe' has no attribute '{name}'")


__all__ = [
    "NCCL",
    "TEST",
    "TRAIN",
    "AdaDeltaSolver",
    "AdaGradSolver",
    "AdamSolver",
    "Blob",
    "Classifier",
    "Detector",
    "Layer",
    "MinicaffeError",
    "NesterovSolver",
    "Net",
    "NetSpec",
    "RMSPropSolver",
    "SGDSolver",
    "Solver",
    "Timer",
    "__version__",
    "coord_map",
    "draw",
    "get_solver",
    "has_nccl",
    "init_log",
    "install_as_caffe",
    "io",
    "layer_type_list",
    "layers",
    "log",
    "multiprocess",
    "net_spec",
    "params",
    "proto",
    "register",
    "set_device",
    "set_mode_cpu",
    "set_mode_gpu",
    "set_multiprocess",
    "set_random_seed",
    "set_solver_count",
    "set_solver_rank",
    "set_threads",
    "solver_count",
    "solver_rank",
    "to_proto",
]
