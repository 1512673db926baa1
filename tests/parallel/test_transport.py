"""Shared memory between processes: sums, broadcasts, one process's end."""

from __future__ import annotations

import numpy as np
import pytest

from minicaffe.errors import ParallelError, RankLostError
from minicaffe.parallel.shared_memory import CHUNK, SharedMemory, add_up
from minicaffe.parallel.transport import from_bf16, gather, to_bf16

KINDS = ("float32", "float64", "int64", "uint16")


def values_of(rank, kind, count):
    values = np.random.default_rng(rank).integers(-100, 100, count) / 8
    return to_bf16(values.astype(np.float32)) if kind == "uint16" else values.astype(kind)


def sums(rank, size, key, make=SharedMemory, count=CHUNK // 4 + 3):
    """Sums of small and large arrays of all kinds, of pieces of one, and broadcasts."""
    transport = make(rank, size, key)
    found = []
    for kind in KINDS:
        for length in (3, count):
            values = values_of(rank, kind, length)
            transport.all_reduce(values)
            found.append(values)
    parts = values_of(rank, "float32", 1000)
    handles = [transport.start_all_reduce(parts[start : start + 300]) for start in (0, 300, 600)]
    for handle in handles:
        handle.wait()
    found.append(parts[:900])
    for root in range(size):
        values = values_of(rank, "float64", 700)
        transport.broadcast(values, root)
        found.append(values)
    transport.barrier()
    texts = gather(transport, b"x" * (rank * 11))
    transport.close()
    return found, texts


def check_sums(results, size, count=CHUNK // 4 + 3):
    expected = []
    for kind in KINDS:
        for length in (3, count):
            total = values_of(0, kind, length)
            add_up([values_of(rank, kind, length) for rank in range(size)], total)
            expected.append(total)
    total = np.zeros(1000, np.float32)
    add_up([values_of(rank, "float32", 1000) for rank in range(size)], total)
    expected.append(total[:900])
    expected += [values_of(root, "float64", 700) for root in range(size)]
    for found, texts in results:
        assert texts == [b"x" * (rank * 11) for rank in range(size)]
        for values, right in zip(found, expected, strict=True):
            np.testing.assert_array_equal(values, right)


@pytest.mark.parametrize("size", [1, 2, 3])
def test_sums_are_added_in_the_order_of_the_ranks(ranks, size):
    check_sums(ranks.run(sums, size), size)


def leave(rank, size, key):
    transport = SharedMemory(rank, size, key)
    try:
        if rank == 1:
            transport.fail("rank 1: it had enough")
            return
        transport.all_reduce(np.zeros(10_000))
    finally:
        transport.close()


def test_who_waits_for_one_that_has_gone_learns_why(ranks):
    first, second, third = ranks.run_all(leave, 3)
    assert second is None
    for error in (first, third):
        assert isinstance(error, RankLostError)
        assert str(error) == "rank 1: it had enough"


def test_who_does_not_come_is_named():
    with pytest.raises(ParallelError, match="rank 1, 2 of 3 has not come"):
        SharedMemory(0, 3, "no one else knows this", patience=0.05)
    with pytest.raises(ParallelError, match="rank 0 has not come"):
        SharedMemory(1, 3, "no one else knows this", patience=0.05)


def test_bfloat16_is_the_nearest():
    values = np.array([1.0, -2.5, 3.14159, 1e-40, 65504.0, np.inf, -np.inf, np.nan], np.float32)
    kept = from_bf16(to_bf16(values))
    np.testing.assert_allclose(kept[:5], values[:5], rtol=2**-8, atol=1e-39)
    np.testing.assert_array_equal(kept[5:], values[5:])
    halfway = np.array([0x3F808000, 0x3F818000], np.uint32).view(np.float32)  # ties go to even
    assert to_bf16(halfway).tolist() == [0x3F80, 0x3F82]
    np.testing.assert_array_equal(to_bf16(from_bf16(to_bf16(values))), to_bf16(values))
