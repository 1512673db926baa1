"""Caffe's networks in Python: ``import minicaffe as caffe`` offers pycaffe's names.

A name's module is imported when the name is first used: the command line, which needs few of them,
begins at once.
"""

from __future__ import annotations

import importlib
from importlib.util import find_spec
from typing import TYPE_CHECKING

__version__ = "1.0.0"

if TYPE_CHECKING:
    from minicaffe import coord_map, draw, io, layers, net_spec, params, proto
    from minicaffe.blob import Blob
    from minicaffe.classifier import Classifier
    from minicaffe.common import (
        Timer,
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
    from minicaffe.detector import Detector
    from minicaffe.errors import MinicaffeError
    from minicaffe.layer import Layer, register
    from minicaffe.layer import layer_types as layer_type_list
    from minicaffe.net.net import TEST, TRAIN, Net
    from minicaffe.net_spec import NetSpec, to_proto
    from minicaffe.parallel.nccl import NCCL, has_nccl
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

#: Which module of the package has a name, where it is not a module itself.
_HOMES = {
    name: home
    for home, names in {
        "blob": "Blob",
        "classifier": "Classifier",
        "detector": "Detector",
        "errors": "MinicaffeError",
        "layer": "Layer layer_type_list register",
        "net.net": "TEST TRAIN Net",
        "net_spec": "NetSpec to_proto",
        "common": "init_log log multiprocess set_device set_mode_cpu set_mode_gpu "
        "set_multiprocess set_random_seed set_solver_count set_solver_rank solver_count "
        "solver_rank Timer",
        "parallel.nccl": "NCCL has_nccl",
        "solver": "AdaDeltaSolver AdaGradSolver AdamSolver NesterovSolver RMSPropSolver SGDSolver "
        "Solver get_solver",
        "threads": "set_threads",
    }.items()
    for name in names.split()
}


def install_as_caffe() -> None:
    """Make ``import caffe`` mean minicaffe in this process; see :mod:`minicaffe.as_caffe`.

    Raises:
        MinicaffeError: another package has been imported as ``caffe`` before.
    """
    from minicaffe.as_caffe import install  # not above: it is also run with python -m

    install()


def _find(name: str) -> object:
    """The object of a name, found when it is first used.

    Raises:
        AttributeError: nothing; it says what to write for a name of 2014.
    """
    if name in _HOMES:
        module = importlib.import_module(f"minicaffe.{_HOMES[name]}")
        value = getattr(module, "layer_types" if name == "layer_type_list" else name)
        globals()[name] = value
        return value
    if not name.startswith("__") and find_spec(f"minicaffe.{name}"):
        return importlib.import_module(f"minicaffe.{name}")
    from minicaffe.arguments import old_name
    from minicaffe.errors import did_you_mean

    hint = "" if name.startswith("_") else did_you_mean(name, __all__)
    raise old_name("caffe", name) or AttributeError(
        f"module 'minicaffe' has no attribute '{name}'{hint}"
    )


if not TYPE_CHECKING:
    __getattr__ = _find  # type checkers see the imports above, and no other names


def __dir__() -> list[str]:
    hidden = ("__builtins__", "__cached__", "__getattr__", "__dir__", "__main__")
    return sorted({*__all__, *(n for n in globals() if n[:2] == "__" and n not in hidden)})


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
