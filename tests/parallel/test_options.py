"""Buckets, bfloat16, shared tests, and gradients that are sent while others are computed."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from minicaffe import TRAIN, Net, common
from minicaffe.engines import engine_names, why_unavailable
from minicaffe.errors import SolverError
from minicaffe.net.callbacks import WhenReady
from minicaffe.parallel.gradients import GradientMean, make_buckets
from minicaffe.parallel.group import Group
from minicaffe.parallel.shared_memory import SharedMemory
from minicaffe.proto import caffe_pb2
from minicaffe.proto.text_format import parse
from minicaffe.solver import Observer
from tests.parallel.problem import joined, make_solver, train, write_problem


def train_with(rank, size, key, iterations, engine, how):
    def connect(solver, key):
        return Group(solver, SharedMemory(rank, size, key), **how)

    return train(rank, size, key, iterations, engine, connect)[0]


@pytest.mark.parametrize("engine", ["numpy", "onednn"])
def test_sizes_of_buckets_change_no_bit(ranks, engine):
    if why_unavailable(engine):
        pytest.skip(f"no {engine}")
    write_problem("iter_size: 2")
    whole = ranks.run(train_with, 2, 4, engine, {"bucket": 1 << 20})
    small = ranks.run(train_with, 2, 4, engine, {"bucket": 16})
    for found, expected in zip(small, whole, strict=True):
        np.testing.assert_array_equal(found, expected)
        np.testing.assert_array_equal(found, small[0])


def test_bfloat16_rounds_what_is_sent(ranks):
    write_problem()
    exact = ranks.run(train_with, 2, 3, "numpy", {})
    rounded = ranks.run(train_with, 2, 3, "numpy", {"compress": True})
    np.testing.assert_array_equal(rounded[0], rounded[1])
    assert (rounded[0] != exact[0]).any()
    np.testing.assert_allclose(rounded[0], exact[0], rtol=0.02, atol=2e-3)


class Told(WhenReady):
    def __init__(self):
        self.layers = []

    def ready(self, first, last):
        self.layers.append((first, last))


@pytest.mark.parametrize("engine", engine_names())
def test_every_engine_tells_which_gradients_are_ready(engine):
    if why_unavailable(engine):
        pytest.skip(f"no {engine}")
    write_problem()
    with common.fresh_settings():
        solver = make_solver(engine=engine)
    net, told = solver.net, Told()
    net.after_backward(told)
    for begin in (len(net.layers) - 1, 2):
        told.layers.clear()
        net.forward_loss()
        net.backward_from_to(begin, 0)
        assert told.layers[0][1] == begin
        assert told.layers[-1][0] == 0
        for (first, _), (_, last) in pairwise(told.layers):
            assert last == first - 1, "each layer is told once, after those above it"
        assert len(told.layers) >= 2
    solver.close()


class Recorded:
    """A transport of one process that notes what is sent."""

    rank, size, name = 0, 1, "recorded"

    def __init__(self):
        self.sent = []

    def start_all_reduce(self, values):
        self.sent.append(values.size)
        return self

    def wait(self):
        pass


def test_buckets_are_sent_as_soon_as_backward_has_completed_them():
    write_problem("iter_size: 2")
    with common.fresh_settings():
        solver = make_solver(engine="numpy")
    net, transport = solver.net, Recorded()
    buckets = make_buckets(net, 16)
    assert [net.layer_names[bucket.layer] for bucket in buckets] == ["fc", "fc", "conv", "conv"]
    assert len(make_buckets(net)) == 1
    mean = GradientMean(net, transport, passes=2, size=16)
    seen = []

    def look(index):
        mean.ready(index)
        seen.append((net.layer_names[index], len(transport.sent)))

    net.after_backward(look)
    net.forward_loss()
    net.backward_from_to(len(net.layers) - 1, 0)
    assert seen[-1] == ("data", 0), "gradients of the first of two passes are sent"
    seen.clear()
    net.backward_from_to(len(net.layers) - 1, 0)
    assert dict(seen) == {"loss": 0, "fc": 2, "relu": 2, "conv": 4, "data": 4}
    mean.finish()
    assert sorted(transport.sent) == sorted(b.where.stop - b.where.start for b in buckets)
    solver.close()


SHARED = """
layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 2 dim: 60 } } }
layer { name: "a" type: "InnerProduct" bottom: "data" top: "x"
  param { name: "w" } param { name: "b" } inner_product_param { num_output: 60 } }
layer { name: "b" type: "InnerProduct" bottom: "x" top: "y"
  param { name: "w" } param { name: "b" } inner_product_param { num_output: 60 } }
layer { name: "c" type: "InnerProduct" bottom: "y" top: "z"
  param { lr_mult: 0 } param { lr_mult: 0 } inner_product_param { num_output: 300 } }
"""


def test_shared_parameters_wait_for_their_first_layer_and_large_frozen_ones_are_not_sent():
    param = caffe_pb2.NetParameter()
    parse(SHARED, param)
    net = Net(param, TRAIN)
    buckets = make_buckets(net, 1)
    assert [net.layer_names[bucket.layer] for bucket in buckets] == ["a", "a"]
    assert sum(bucket.where.stop - bucket.where.start for bucket in buckets) == 61 * 60


class Results(Observer):
    def __init__(self):
        self.found = []

    def on_test_result(self, event):
        self.found.append([output.value for output in event.outputs])


def test_together(rank, size, key, shared):
    common.share_tests(shared)
    solver, group = joined(rank, size, key)
    results = Results()
    solver.observers.append(results)
    solver.step(3)
    solver.close()
    group.transport.close()
    return results.found


test_together.__test__ = False

TESTS = "test_iter: {} test_interval: 1"


def test_all_ranks_can_share_a_test(ranks):
    write_problem(TESTS.format(4))
    first, second = ranks.run(test_together, 2, True)
    alone, nothing = ranks.run(test_together, 2, False)
    assert nothing == []
    assert first == second
    assert len(first) == 3
    np.testing.assert_allclose(first, alone, rtol=1e-6)


def test_a_test_that_cannot_be_shared_is_told(ranks):
    write_problem(TESTS.format(3))
    for error in ranks.run_all(test_together, 2, True):
        assert isinstance(error, SolverError | RuntimeError)
        assert "2 processes cannot share test_iter: 3 batches; make it 2 or 4" in str(error)
