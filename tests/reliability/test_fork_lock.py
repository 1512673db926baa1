"""A fork waits for threads that hold what the child needs."""

from __future__ import annotations

import os
import threading
import time
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from minicaffe import threads
from minicaffe.blob import Blob
from minicaffe.data.prefetch import Prefetcher
from minicaffe.threads import ForkLock

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")

HOLD = 0.3  # seconds that the thread is within; any other length would do
LIMIT = 60  # seconds after which a lock is called locked for ever


def succeeds_in_child(work: Callable[[], bool]) -> bool:
    """Fork this process; whether ``work`` is true in the child."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of threads in a forking process
        child = os.fork()
    if not child:
        status = 1
        try:
            status = 0 if work() else 1
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


class SlowReader:
    """Holds a library's lock while it reads."""

    def __init__(self, library: Any) -> None:
        self._library = library
        self.within = threading.Event()
        self.whole = True

    def read_batch(self, blobs: Sequence[Blob]) -> None:
        with self._library:
            self.whole = False
            self.within.set()
            time.sleep(HOLD)
            self.whole = True
        for blob in blobs:
            blob.reshape(1)

    def shapes(self) -> list[tuple[int, ...]]:
        return [(1,)]

    def state(self) -> dict[str, Any]:
        return {}

    def restore(self, state: dict[str, Any]) -> None:
        pass

    def close(self) -> None:
        pass


def _plain() -> Any:
    return threading.Lock()


def _hdf5() -> Any:
    return pytest.importorskip("h5py._objects").phil


@pytest.mark.parametrize("make", [_plain, _hdf5])
def test_a_fork_waits_for_the_batch_that_is_being_read(make: Callable[[], Any]) -> None:
    library = make()
    reader = SlowReader(library)
    prefetcher = Prefetcher(reader, 1, 1, np.dtype(np.float32))
    assert reader.within.wait(LIMIT)

    def is_free() -> bool:
        taken: list[bool] = []

        def take() -> None:
            with library:
                taken.append(True)

        thread = threading.Thread(target=take, daemon=True)
        thread.start()
        thread.join(5)
        return bool(taken) and reader.whole

    assert succeeds_in_child(is_free)
    prefetcher.release(prefetcher.get())  # the parent's thread reads on
    assert prefetcher.get().blobs[0].shape == (1,)
    prefetcher.close()


def test_the_thread_that_forks_is_within_in_the_child_too() -> None:
    lock = ForkLock()
    with lock:
        with lock:
            assert succeeds_in_child(lambda: _taken_elsewhere(lock) is False)
        assert _taken_elsewhere(lock) is False  # the parent has not let go of it
    assert _taken_elsewhere(lock)


def test_a_fork_does_not_wait_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "FORK_PATIENCE", 0.05)
    lock, within, leave = ForkLock(), threading.Event(), threading.Event()

    def stay() -> None:
        with lock:
            within.set()
            leave.wait(LIMIT)

    thread = threading.Thread(target=stay)
    thread.start()
    assert within.wait(LIMIT)
    assert succeeds_in_child(lambda: _taken_elsewhere(lock))  # its owner is not there
    assert not _taken_elsewhere(lock)
    leave.set()
    thread.join()
    assert _taken_elsewhere(lock)


def test_two_locks_that_wait_for_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fork holds no lock while it waits for another one, whose owner may want the first."""
    monkeypatch.setattr(threads, "FORK_PATIENCE", 300.0)
    first, second = ForkLock(), ForkLock()
    within = threading.Event()

    def nested() -> None:
        for outer, inner in ((first, second), (second, first)):
            with outer:
                within.set()
                time.sleep(HOLD)
                with inner:
                    pass

    thread = threading.Thread(target=nested)
    thread.start()
    assert within.wait(LIMIT)
    begin = time.monotonic()
    assert succeeds_in_child(lambda: _taken_elsewhere(first) and _taken_elsewhere(second))
    assert time.monotonic() - begin < threads.FORK_PATIENCE
    thread.join()


def _taken_elsewhere(lock: ForkLock) -> bool:
    """Whether another thread can take a lock."""
    taken: list[bool] = []

    def take() -> None:
        if lock.begin_fork(0.1):
            taken.append(True)
            lock.end_fork()

    thread = threading.Thread(target=take)
    thread.start()
    thread.join()
    return bool(taken)
