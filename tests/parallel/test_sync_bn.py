"""Synchronised BatchNorm: N processes with batches of B compute what one does with N·B."""

from __future__ import annotations

import numpy as np
import pytest

from minicaffe import common
from minicaffe.engines import why_unavailable
from minicaffe.parallel.group import Group
from minicaffe.parallel.shared_memory import SharedMemory
from minicaffe.solver import get_solver
from tests.parallel.problem import DATA, joined, write_problem, write_text

BATCH_NORM = """
layer {{ name: "norm" type: "BatchNorm" bottom: "conv" top: "norm" batch_norm_param {{ {field} }} }}
layer {{ name: "scale" type: "Scale" bottom: "norm" top: "norm" scale_param {{ bias_term: true }} }}
"""
PSPNET = """
layer {{ name: "norm" type: "BN" bottom: "conv" top: "norm" bn_param {{
  slope_filler {{ type: "constant" value: 1 }} momentum: 0.5 {field} }} }}
"""
CUDNN = """
layer {{ name: "norm" type: "CuDNNBatchNorm" bottom: "conv" top: "norm" cudnn_batch_norm_param {{
  scale_filler {{ type: "constant" value: 1 }} momentum: 0.5 {field} }} }}
"""
KINDS = {"BatchNorm": BATCH_NORM, "BN": PSPNET, "CuDNNBatchNorm": CUDNN}


def net_with(norm, field):
    """The problem's net with a normalisation after its convolution."""
    return (
        "{data}\n"
        'layer {{ name: "conv" type: "Convolution" bottom: "data" top: "conv" convolution_param {{'
        ' num_output: 4 kernel_size: 3 weight_filler {{ type: "xavier" }} }} }}\n'
        + norm.replace("{field}", field)
        + 'layer {{ name: "relu" type: "ReLU" bottom: "norm" top: "norm" }}\n'
        'layer {{ name: "fc" type: "InnerProduct" bottom: "norm" top: "score"'
        ' inner_product_param {{ num_output: 5 weight_filler {{ type: "xavier" }} }} }}\n'
        'layer {{ name: "loss" type: "SoftmaxWithLoss" bottom: "score" bottom: "label" top: "l" }}'
    )


def parameters(solver):
    return {
        (name, index): blob.data.copy()
        for name, blobs in solver.net.params.items()
        for index, blob in enumerate(blobs)
    }


def train_and_look(rank, size, key, engine, iterations, **how):
    solver, group = joined(rank, size, key, engine, **how)
    solver.step(iterations)
    ran = solver.net.plan.describe()
    found = parameters(solver)
    solver.close()
    group.transport.close()
    return found, ran


@pytest.mark.parametrize("engine", ["numpy", "onednn"])
@pytest.mark.parametrize("kind", KINDS)
def test_ranks_compute_what_one_big_batch_does(ranks, kind, engine):
    if why_unavailable(engine):
        pytest.skip(f"no {engine}")
    write_problem(net=net_with(KINDS[kind], "sync: true"))
    results = ranks.run(train_and_look, 2, engine, 3)
    write_text(data=DATA.replace("batch_size: 3", "batch_size: 6"), net=net_with(KINDS[kind], ""))
    with common.fresh_settings():
        alone = get_solver("solver.prototxt", observers=[], engine=engine)
        alone.step(3)
        expected = parameters(alone)
        alone.close()
    for found, ran in results:
        assert engine == "numpy" or any("sync" in line for line in ran) or kind != "BatchNorm"
        for name, values in expected.items():
            np.testing.assert_allclose(found[name], values, rtol=2e-4, atol=2e-6, err_msg=str(name))


def sync_by_flag(rank, size, key):
    def connect(solver, key):
        return Group(solver, SharedMemory(rank, size, key), sync_bn=True)

    return train_and_look(rank, size, key, "numpy", 2, connect=connect)[0]


def test_the_flag_does_what_the_field_does(ranks):
    write_problem(net=net_with(BATCH_NORM, ""))
    by_flag = ranks.run(sync_by_flag, 2)
    apart = ranks.run(train_and_look, 2, "numpy", 2)
    write_text(net=net_with(BATCH_NORM, "sync: true"))
    by_field = ranks.run(train_and_look, 2, "numpy", 2)
    for found, (expected, _), (other, _) in zip(by_flag, by_field, apart, strict=True):
        for name, values in expected.items():
            np.testing.assert_array_equal(found[name], values)
        assert (found["norm", 0] != other["norm", 0]).any()
