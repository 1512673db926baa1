"""Nets that read what a folder holds, to be trained by several processes or by one."""

from __future__ import annotations

import numpy as np
import pytest

from minicaffe import common
from minicaffe.data.backends import write_datums
from minicaffe.data.datum import make_datum
from minicaffe.parallel.nccl import NCCL
from minicaffe.solver import get_solver

DATA = """
layer { name: "data" type: "Data" top: "data" top: "label"
  data_param { source: "records" backend: LMDB batch_size: 3 } transform_param { scale: 0.01 } }
"""
NET = """
name: "small"
{data}
layer {{ name: "conv" type: "Convolution" bottom: "data" top: "conv"
  convolution_param {{ num_output: 4 kernel_size: 3 weight_filler {{ type: "xavier" }} }} }}
layer {{ name: "relu" type: "ReLU" bottom: "conv" top: "conv" }}
layer {{ name: "fc" type: "InnerProduct" bottom: "conv" top: "score"
  param {{ lr_mult: 1 }} param {{ lr_mult: 2 }}
  inner_product_param {{ num_output: 5 weight_filler {{ type: "xavier" }} }} }}
layer {{ name: "loss" type: "SoftmaxWithLoss" bottom: "score" bottom: "label" top: "loss" }}
"""
SOLVER = """net: "net.prototxt" base_lr: 0.05 momentum: 0.9 lr_policy: "fixed" random_seed: 3
snapshot_prefix: "s" """

COUNT = 14  # records; their labels are their numbers modulo 5


def write_problem(settings="", data=DATA, net=NET, count=COUNT):
    """Write the records, net.prototxt and solver.prototxt into the current folder."""
    pytest.importorskip("lmdb")
    rng = np.random.default_rng(0)
    images = rng.integers(256, size=(count, 2, 5, 6), dtype=np.uint8)
    write_datums("records", (make_datum(image, index % 5) for index, image in enumerate(images)))
    write_text(settings, data, net)


def write_text(settings="", data=DATA, net=NET):
    """Write net.prototxt and solver.prototxt into the current folder."""
    with open("net.prototxt", "w") as stream:
        stream.write(net.format(data=data))
    with open("solver.prototxt", "w") as stream:
        stream.write(SOLVER + settings)


def make_solver(rank=0, size=1, **how):
    """The solver of the current folder."""
    common.set_solver_count(size)
    common.set_solver_rank(rank)
    return get_solver("solver.prototxt", observers=[], **how)


def joined(rank, size, key, engine="numpy", connect=NCCL, **how):
    """The solver of the current folder, and what connects it with the others."""
    solver = make_solver(rank, size, engine=engine)
    if size == 1:
        return solver, None
    group = connect(solver, key, **how)
    group.bcast()
    solver.add_callback(group)
    solver.net.after_backward(group)
    return solver, group


def train(rank, size, key, iterations, engine="numpy", connect=NCCL, **how):
    """Train as one of several processes; returns weights and histories."""
    solver, group = joined(rank, size, key, engine, connect, **how)
    solver.step(iterations)
    history = np.concatenate([values.ravel() for values in solver.history])
    found = solver.net.arena.data.copy(), history
    solver.close()
    if group:
        group.transport.close()
    return found
