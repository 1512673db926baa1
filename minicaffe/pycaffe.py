"""The names of pycaffe's own module, ``caffe.pycaffe``: ``Net``, the solvers, and its imports."""

from __future__ import annotations

from collections import OrderedDict
from itertools import zip_longest as izip_longest

import numpy as np

from minicaffe import io
from minicaffe.common import Timer
from minicaffe.net.net import Net
from minicaffe.parallel.nccl import NCCL
from minicaffe.solver import (
    AdaDeltaSolver,
    AdaGradSolver,
    AdamSolver,
    NesterovSolver,
    RMSPropSolver,
    SGDSolver,
)

# What pycaffe attaches to Net; programs that wrap a method find the first one here.
_Net_forward = Net.forward
_Net_backward = Net.backward
_Net_forward_all = Net.forward_all
_Net_forward_backward_all = Net.forward_backward_all
_Net_set_input_arrays = Net.set_input_arrays
_Net_batch = Net._batch
_Net_inputs = Net.inputs
_Net_outputs = Net.outputs
_Net_layer_dict = Net.layer_dict
_Net_blob_loss_weights = Net.blob_loss_weights

__all__ = [
    "NCCL",
    "AdaDeltaSolver",
    "AdaGradSolver",
    "AdamSolver",
    "NesterovSolver",
    "Net",
    "OrderedDict",
    "RMSPropSolver",
    "SGDSolver",
    "Timer",
    "io",
    "izip_longest",
    "np",
]
