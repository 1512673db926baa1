from __future__ import annotations

import _thread
import gc
import threading
import weakref
from collections.abc import Iterable

import numpy as np
import pytest

from minicaffe.data.prefetch import Prefetcher
from minicaffe.errors import DataError


class Counter:
    """Delivers 0, 1, 2, …; fails at ``fails_at``."""

    def __init__(self, fails_at: int = -1, failure: BaseException | None = None) -> None:
        self.next = 0
        self.fails_at = fails_at
        self.failure = failure or DataError("record 5 is broken")
        self.produced = threading.Semaphore(0)

    def shapes(self):
        return [(2, 3)]

    def read_batch(self, blobs):
        if self.next == self.fails_at:
            raise self.failure
        blobs[0].reshape(2, 3)
        blobs[0].data[...] = self.next
        self.next += 1
        self.produced.release()

    def state(self):
        return {"next": self.next}

    def restore(self, state):
        self.next = state["next"]

    def close(self):
        pass


def prefetchers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "minicaffe-prefetch"]


def left_prefetchers() -> list[threading.Thread]:
    """Those that do not end within five seconds.

    A garbage collection may run in the very thread that it ends, which no one waits for then.
    """
    for thread in prefetchers():
        thread.join(timeout=5)
    return prefetchers()


def end_unclosed() -> None:
    """End the threads of nets that earlier tests have left unclosed.

    Such nets are cycles: their threads live until the next search for garbage, and for ever once
    ``gc.freeze`` has taken them out of it.
    """
    if prefetchers():
        gc.collect()


def have_ended(threads: Iterable[threading.Thread]) -> bool:
    """Whether all of these end within ten seconds each."""
    return not any(thread.join(timeout=10) or thread.is_alive() for thread in threads)


def start(reader: Counter, depth: int = 2) -> Prefetcher:
    return Prefetcher(reader, depth, 1, np.float32)


def test_batches_come_in_order_with_the_state_after_each():
    one = start(Counter())
    for expected in range(7):
        batch = one.get()
        assert (batch.blobs[0].data == expected).all()
        assert batch.state == {"next": expected + 1}
        one.release(batch)
    one.close()


def test_it_works_ahead_but_no_further_than_its_depth():
    reader = Counter()
    one = start(reader, depth=3)
    for _ in range(3):
        assert reader.produced.acquire(timeout=10)
    assert not reader.produced.acquire(timeout=0.05)
    one.release(one.get())
    assert reader.produced.acquire(timeout=10)
    one.close()


def test_the_buffers_are_used_again():
    one = start(Counter(), depth=2)
    memories = set()
    for _ in range(6):
        batch = one.get()
        memories.add(batch.blobs[0].data.ctypes.data)
        one.release(batch)
    assert len(memories) == 2
    one.close()


def test_a_failure_reaches_the_caller_before_the_batches_that_are_ready():
    failure = DataError("record 5 is broken")
    failure.__cause__ = OSError("disk")
    reader = Counter(fails_at=2, failure=failure)
    one = start(reader, depth=4)
    assert not left_prefetchers()
    assert reader.next == 2, "two good batches are ready"
    for _ in range(2):
        with pytest.raises(DataError, match="record 5 is broken") as caught:
            one.get()
        assert isinstance(caught.value.__cause__, OSError)
    one.close()
    assert not left_prefetchers()


def test_a_failure_after_the_last_wanted_batch_is_not_reported():
    one = start(Counter(fails_at=2), depth=1)
    for expected in range(2):  # one after the other: the thread cannot be ahead of us
        batch = one.get()
        assert (batch.blobs[0].data == expected).all()
        one.release(batch)
    assert not left_prefetchers()
    one.close()


def test_a_failure_wakes_the_waiting_caller():
    class Slow(Counter):
        go_on = threading.Event()

        def read_batch(self, blobs):
            self.go_on.wait()
            super().read_batch(blobs)

    one = start(Slow(fails_at=0))
    threading.Timer(0.1, Slow.go_on.set).start()
    with pytest.raises(DataError, match="record 5 is broken"):
        one.get()
    one.close()


def test_a_failure_of_any_kind_arrives():
    one = start(Counter(fails_at=0, failure=MemoryError("too large")))
    with pytest.raises(MemoryError, match="too large"):
        one.get()
    one.close()


def test_a_thread_that_is_gone_does_not_leave_the_caller_waiting():
    reader = Counter()
    one = start(reader)
    one.close()
    for _ in range(reader.next):  # what was ready is still delivered
        one.get()
    with pytest.raises(DataError, match="has ended"):
        one.get()


def test_close_ends_the_thread_and_may_be_repeated():
    one = start(Counter())
    assert prefetchers()
    one.close()
    one.close()
    assert not left_prefetchers()


def test_a_dropped_prefetcher_leaves_nothing():
    reader = Counter()
    one = start(reader)
    one.release(one.get())
    gone = weakref.ref(reader)
    del one, reader
    gc.collect()
    assert not left_prefetchers()
    assert gone() is None


def test_the_thread_does_not_keep_the_program_alive():
    one = start(Counter())
    assert all(thread.daemon for thread in prefetchers())
    one.close()


def test_ctrl_c_reaches_a_caller_who_waits():
    class Slow(Counter):
        def __init__(self):
            super().__init__()
            self.asked, self.go_on = threading.Event(), threading.Event()

        def read_batch(self, blobs):
            self.asked.set()
            self.go_on.wait()
            super().read_batch(blobs)

    reader = Slow()
    one = start(reader)
    reader.asked.wait()
    threading.Timer(0.1, _thread.interrupt_main).start()
    with pytest.raises(KeyboardInterrupt):
        one.get()
    reader.go_on.set()
    one.close()
    assert not left_prefetchers()
