"""The names of pycaffe's compiled part, ``caffe._caffe``.

Programs ask there for the classes that pycaffe does not show elsewhere, such as in
``type(net.params[name]) is caffe._caffe.BlobVec``.
"""

from __future__ import annotations

from minicaffe import __version__
from minicaffe.blob import Blob, BlobVec
from minicaffe.common import (
    Timer,
    init_log,
    log,
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
from minicaffe.layer import Layer, LayerVec
from minicaffe.layer import layer_types as layer_type_list
from minicaffe.net.net import Net
from minicaffe.parallel.nccl import NCCL, has_nccl
from minicaffe.proto.caffe_pb2 import LayerParameter, SolverParameter
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
from minicaffe.solver.nets import NetVec

#: What C++ vectors are in pycaffe are lists here: a layer's bottoms and tops, names, numbers.
RawBlobVec = StringVec = IntVec = DtypeVec = BoolVec = list

__all__ = [
    "NCCL",
    "AdaDeltaSolver",
    "AdaGradSolver",
    "AdamSolver",
    "Blob",
    "BlobVec",
    "BoolVec",
    "DtypeVec",
    "IntVec",
    "Layer",
    "LayerParameter",
    "LayerVec",
    "NesterovSolver",
    "Net",
    "NetVec",
    "RMSPropSolver",
    "RawBlobVec",
    "SGDSolver",
    "Solver",
    "SolverParameter",
    "StringVec",
    "Timer",
    "__version__",
    "get_solver",
    "has_nccl",
    "init_log",
    "layer_type_list",
    "log",
    "set_device",
    "set_mode_cpu",
    "set_mode_gpu",
    "set_multiprocess",
    "set_random_seed",
    "set_solver_count",
    "set_solver_rank",
    "solver_count",
    "solver_rank",
]
