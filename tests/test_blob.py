"""Blob: shapes, memory and sharing."""

from __future__ import annotations

import numpy as np
import pytest

from minicaffe.blob import Blob, BlobVec, shape_text
from minicaffe.errors import ShapeError
from minicaffe.syncedmem import (
    ALIGNMENT,
    EngineCopy,
    SyncedHead,
    SyncedMemory,
    aligned_zeros,
)


def test_starts_as_zeros_of_its_shape() -> None:
    blob = Blob((2, 3, 4, 5))
    assert blob.shape == blob.data.shape == blob.diff.shape == (2, 3, 4, 5)
    assert (blob.count, blob.num_axes, blob.data.dtype) == (120, 4, np.float32)
    assert not blob.data.any()
    assert not blob.diff.any()
    assert repr(blob) == "Blob(2, 3, 4, 5)"
    assert blob.shape_string == "2 3 4 5 (120)"


def test_a_scalar_has_one_element() -> None:
    blob = Blob(())
    assert (blob.shape, blob.count) == ((), 1)
    blob.data[...] = 3
    assert float(blob.data) == 3
    assert shape_text(()) == "scalar"
    assert shape_text((2, 3)) == "2×3"


def test_data_is_live_and_stays_the_same_array() -> None:
    blob = Blob((2, 3))
    view = blob.data
    view[1, 2] = 7
    assert blob.data[1, 2] == 7
    assert np.shares_memory(blob.data, view)
    blob.data = np.arange(6).reshape(2, 3)
    assert view[1, 1] == 4
    blob.diff = 2
    assert (blob.diff == 2).all()


def test_reshape_keeps_memory_while_it_suffices() -> None:
    blob = Blob((4, 5))
    blob.data[...] = np.arange(20).reshape(4, 5)
    memory = blob.data_memory
    blob.reshape(3, 2)
    np.testing.assert_array_equal(blob.data, [[0, 1], [2, 3], [4, 5]])
    blob.reshape(20)
    assert blob.data_memory is memory
    assert blob.data[19] == 19
    blob.reshape(3, 7)
    assert blob.data_memory is not memory
    assert not blob.data.any()


def test_legacy_names() -> None:
    blob = Blob((2, 3, 4))
    assert (blob.num, blob.channels, blob.height, blob.width) == (2, 3, 4, 1)
    with pytest.raises(ShapeError, match="at most 4 axes"):
        _ = Blob((1, 2, 3, 4, 5)).num


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((2, -1), "negative"),
        ((1,) * 33, "33 axes, at most 32"),
        ((65536, 65536), "more than 2\\^31-1"),
        ((2**40, 2**40), "more than 2\\^31-1"),
    ],
)
def test_impossible_shapes(shape: tuple[int, ...], message: str) -> None:
    blob = Blob((2, 3))
    with pytest.raises(ShapeError, match=message):
        blob.reshape(*shape)
    assert blob.shape == (2, 3)


def test_axis() -> None:
    blob = Blob((2, 3, 4))
    assert [blob.axis(i) for i in (0, 2, -1, -3)] == [0, 2, 2, 0]
    for bad in (3, -4):
        with pytest.raises(ShapeError, match="out of range"):
            blob.axis(bad)


def test_sharing_uses_one_memory() -> None:
    one, other = Blob((2, 3)), Blob((6,))
    kept = other.data
    other.share_data(one)
    other.share_diff(one)
    one.data[1, 0] = 5
    one.diff[0, 1] = 4
    assert other.data[3] == 5
    assert other.diff[1] == 4
    assert not np.shares_memory(other.data, kept)
    with pytest.raises(ShapeError, match="cannot share"):
        other.share_data(Blob((7,)))
    with pytest.raises(ShapeError, match="cannot share"):
        other.share_diff(Blob((7,)))


def test_reshape_like_and_blob_vec() -> None:
    blobs = BlobVec(np.float64)
    blob = blobs.add_blob(3, 2)
    assert blobs == [blob]
    assert blob.data.dtype == np.float64
    blob.reshape_like(Blob((1, 4)))
    assert blob.shape == (1, 4)


def test_memory_is_aligned_and_moves_with_its_values() -> None:
    assert aligned_zeros(5, np.dtype(np.float32)).ctypes.data % ALIGNMENT == 0
    blob = Blob((2, 3))
    blob.data[...] = 4
    before = blob.data
    arena = np.zeros(10, np.float32)
    blob.data_memory.move_to(arena[2:8])
    assert (arena[2:8] == 4).all()
    assert not np.shares_memory(blob.data, before)
    blob.data[0, 0] = 9
    assert arena[2] == 9


def test_an_engine_copy_is_fetched_once_when_read() -> None:
    class Copy(EngineCopy):
        calls = 0

        def write_to(self, array: np.ndarray) -> None:
            self.calls += 1
            array[...] = 11

    blob, copy = Blob((2, 3)), Copy()
    held = blob.data
    blob.data_memory.set_head(copy)
    assert (blob.data == 11).all()
    assert (held == 11).all()
    assert copy.calls == 1
    assert not SyncedMemory(3, np.dtype(np.float32)).allocated


def test_memory_knows_whether_its_array_is_referenced() -> None:
    blob = Blob((2, 3))
    memory = blob.data_memory
    assert not memory.exported
    before = memory.write_version
    view = blob.data
    assert memory.exported
    assert memory.write_version == -1, "anyone who holds it may write at any time"
    row = view[1, 1:]
    del view
    assert memory.exported, "a view of a view counts too"
    del row
    assert not memory.exported
    after = memory.write_version
    assert after != before, "it may have been written into"
    assert memory.raw.shape == (6,)
    assert memory.write_version == after


def test_cleared_memory_is_filled_when_it_is_asked_for() -> None:
    blob = Blob((2, 3))
    blob.diff[...] = 5
    memory = blob.diff_memory
    memory.clear()
    assert memory.head is SyncedHead.CLEARED
    assert (memory.raw == 5).all(), "no one has asked"
    assert (blob.diff == 0).all()
    assert memory.head is SyncedHead.HEAD_AT_CPU


def test_a_held_array_is_cleared_at_once() -> None:
    blob = Blob((2, 3))
    view = blob.diff
    view[...] = 5
    blob.diff_memory.clear()
    assert (view == 0).all()
    view[...] = 7
    assert (blob.diff == 7).all()
