"""A thread that fills batches ahead of the net."""

from __future__ import annotations

import queue
import threading
import weakref
from contextlib import suppress
from dataclasses import dataclass, field

import numpy as np

from minicaffe.blob import Blob
from minicaffe.data.batch_reader import BatchReader, at_least_one
from minicaffe.data.source import State
from minicaffe.errors import DataError
from minicaffe.proto import caffe_pb2
from minicaffe.threads import ForkLock

MAX_PREFETCH = 10_000  # batches


@dataclass(eq=False)
class Batch:
    """What the tops of a data layer are to hold, and where the reader was afterwards."""

    blobs: list[Blob]
    state: State = field(default_factory=dict)


@dataclass
class Stop:
    """Tells the thread to end. (An Event has a lock, which an exception might leave locked.)"""

    wanted: bool = False


class Prefetcher:
    """Runs a reader in a thread that keeps ``depth`` batches ready.

    The thread holds the reader and the queues only: it ends when the prefetcher is closed
    or no longer referred to, and with the program. Batches are used in rotation; nothing
    is allocated once their shapes are steady.

    Args:
        reader: what fills the batches; only the thread uses it from now on.
        depth: how many batches there are, at least 1.
        tops: how many blobs a batch has.
        dtype: of the blobs.
    """

    def __init__(self, reader: BatchReader, depth: int, tops: int, dtype: np.dtype) -> None:
        self._free: queue.SimpleQueue[Batch | None] = queue.SimpleQueue()
        self._full: queue.SimpleQueue[Batch | None] = queue.SimpleQueue()
        self._failures: list[BaseException] = []  # what ended the thread
        for _ in range(depth):
            self._free.put(Batch([Blob(dtype=dtype) for _ in range(tops)]))
        self._stop = stop = Stop()
        queues = (self._free, self._full)
        self._thread = threading.Thread(
            target=_run, args=(reader, ForkLock(), *queues, self._failures, stop), daemon=True
        )
        self._thread.name = "minicaffe-prefetch"
        self._end = weakref.finalize(self, _end, self._thread, self._free, stop)
        self._thread.start()

    def get(self) -> Batch:
        """Wait for the next batch; give it back with :meth:`release`.

        Raises:
            Exception: whatever the thread has failed with, as soon as it has, even where
                batches that it made before are ready; again at each later call.
            DataError: the thread has ended.
        """
        while not self._failures:
            try:
                batch = self._full.get(timeout=1)  # wakes up now and then for Ctrl-C
            except queue.Empty:
                if not self._thread.is_alive() and self._full.empty():
                    gone = DataError("the prefetch thread has ended; make a new net")
                    self._failures.append(gone)
                continue
            if batch is not None and not self._failures:
                return batch
        raise self._failures[0]

    @property
    def failed(self) -> bool:
        """Whether its thread has ended, so that there are no more batches."""
        return bool(self._failures)

    def release(self, batch: Batch) -> None:
        """The batch may be filled again."""
        self._free.put(batch)

    def close(self) -> None:
        """End the thread and wait for it; once more if that was interrupted."""
        _end(self._thread, self._free, self._stop)
        self._end.detach()


def _run(
    reader: BatchReader,
    reading: ForkLock,
    free: queue.SimpleQueue[Batch | None],
    full: queue.SimpleQueue[Batch | None],
    failures: list[BaseException],
    stop: Stop,
) -> None:
    """The thread: fill what is free until told to stop, or until something fails."""
    try:
        while (batch := free.get()) is not None and not stop.wanted:
            with reading:  # libraries that read files have locks, which a fork would leave locked
                reader.read_batch(batch.blobs)
                batch.state = reader.state()
            full.put(batch)
    except BaseException as failure:  # the net's thread raises it
        failures.append(failure)
        full.put(None)  # wakes the waiting thread


def _end(thread: threading.Thread, free: queue.SimpleQueue[Batch | None], stop: Stop) -> None:
    stop.wanted = True
    free.put(None)
    if thread.ident is not None and thread is not threading.current_thread():
        # Bounded: this may run in a garbage collection that holds a lock the thread wants.
        with suppress(RuntimeError):  # its start was interrupted
            thread.join(timeout=5)


def prefetch_depth(param: caffe_pb2.DataParameter) -> int:
    """How many batches ``data_param { prefetch }`` asks to make ahead.

    Raises:
        DataError: none, or more than make sense.
    """
    depth = at_least_one(param.prefetch, "prefetch")
    if depth > MAX_PREFETCH:
        raise DataError(f"prefetch is {depth}, expected at most {MAX_PREFETCH} batches")
    return depth
