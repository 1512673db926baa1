"""``torch.distributed`` between processes: gloo, on this machine."""

from __future__ import annotations

import socket

import numpy as np
import pytest

pytest.importorskip("torch", reason="PyTorch is absent")

from minicaffe.errors import RankLostError
from minicaffe.parallel.group import Group
from minicaffe.parallel.torch_distributed import TorchDistributed
from tests.parallel.problem import train, write_problem
from tests.parallel.test_transport import KINDS, sums, values_of

COUNT = 5000


@pytest.fixture
def port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def gloo(rank, size, key, port):
    return TorchDistributed(rank, size, "127.0.0.1", port, job=key)


def gloo_sums(rank, size, key, port):
    return sums(rank, size, key, lambda *ids: gloo(*ids, port), COUNT)


def test_sums(ranks, port):
    size = 2
    for found, texts in ranks.run(gloo_sums, size, port):
        assert texts == [b"x" * (rank * 11) for rank in range(size)]
        arrays = iter(found)
        for kind in KINDS:
            for length in (3, COUNT):
                values = [values_of(rank, kind, length) for rank in range(size)]
                if kind == "uint16":
                    values = [value.astype(np.uint32) << 16 for value in values]
                    total = sum(value.view(np.float32) for value in values)
                    kept = (next(arrays).astype(np.uint32) << 16).view(np.float32)
                    np.testing.assert_allclose(kept, total, rtol=2**-8)
                else:
                    np.testing.assert_array_equal(next(arrays), sum(values))


def train_by_gloo(rank, size, key, port, iterations):
    def connect(solver, key):
        return Group(solver, gloo(rank, size, key, port))

    return train(rank, size, key, iterations, connect=connect)


@pytest.mark.parametrize("size", [2, 4])
def test_ranks_train_as_over_shared_memory(ranks, port, size):
    write_problem()
    by_gloo = ranks.run(train_by_gloo, size, port, 3)
    shared = ranks.run(train, size, 3)
    for weights, history in by_gloo:
        np.testing.assert_allclose(weights, shared[0][0], rtol=1e-5, atol=1e-7)
        np.testing.assert_array_equal(weights, by_gloo[0][0])
        np.testing.assert_allclose(history, shared[0][1], rtol=1e-4, atol=1e-7)


def test_ranks_train_with_torchs_engine(ranks):
    write_problem()
    found = ranks.run(train, 2, 3, "torch")
    expected = ranks.run(train, 2, 3)
    np.testing.assert_array_equal(found[0][0], found[1][0])
    np.testing.assert_allclose(found[0][0], expected[0][0], rtol=1e-4, atol=1e-6)


def leave(rank, size, key, port):
    transport = gloo(rank, size, key, port)
    try:
        if rank == 1:
            transport.fail("rank 1: it had enough")
            return
        transport.all_reduce(np.zeros(10_000))
    finally:
        transport.close()


def test_who_waits_for_one_that_has_gone_learns_why(ranks, port):
    first, second = ranks.run_all(leave, 2, port)
    assert second is None
    assert isinstance(first, RankLostError)
    assert str(first) == "rank 1: it had enough"
