"""What carries arrays between the processes that train together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent import futures
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol

import numpy as np

from minicaffe.errors import ParallelError


class Handle(Protocol):
    """An operation that runs."""

    def wait(self) -> None:
        """Wait for its end.

        Raises:
            ParallelError: another process is gone, or has said why it ends.
        """
        ...


class Transport(Protocol):
    """Carries arrays between processes; all of them ask for the same operations in one order.

    Arrays are contiguous, and changed in place: float32, float64, int64, or uint16, which means
    bfloat16 (the upper half of a float32). An array that lies on a device is one of torch's, which
    the transport of torch takes.

    Attributes:
        rank: the number of this process, from 0.
        size: how many there are.
        name: what carries them, for the log.
    """

    rank: int
    size: int
    name: str

    def broadcast(self, values: np.ndarray, root: int = 0) -> None:
        """Give all processes the values of one of them.

        Raises:
            ParallelError: another process is gone, or has said why it ends.
        """
        ...

    def all_reduce(self, values: np.ndarray) -> None:
        """Replace an array by the sum of all processes' arrays.

        Raises:
            ParallelError: another process is gone, or has said why it ends.
        """
        ...

    def start_all_reduce(self, values: np.ndarray) -> Handle:
        """Begin :meth:`all_reduce`; the array belongs to it until its handle has been waited for.

        Raises:
            ParallelError: another process is gone, or has said why it ends.
        """
        ...

    def barrier(self) -> None:
        """Wait until all processes are here.

        Raises:
            ParallelError: another process is gone, or has said why it ends.
        """
        ...

    def fail(self, cause: str) -> None:
        """Tell the others that this process ends, and why, as far as they can still be told."""
        ...

    def close(self) -> None:
        """Let the others go; nothing can be asked for any more."""
        ...


class Background:
    """One thread that runs operations in their order, so that the caller computes meanwhile."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, "minicaffe-reduce")
        self._last: Future[None] | None = None

    def start(self, operation: Callable[[], None]) -> Handle:
        """Run it once those before it are over."""
        self._last = self._pool.submit(operation)
        return Pending(self._last)

    def idle(self) -> None:
        """Wait until all are over; what they have raised, their handles raise."""
        if self._last is not None:
            futures.wait([self._last])
            self._last = None

    def close(self) -> None:
        """End the thread."""
        self._pool.shutdown(wait=False, cancel_futures=True)


class Pending:
    """The handle of an operation in another thread."""

    def __init__(self, future: Future[None]) -> None:
        self._future = future

    def wait(self) -> None:
        """Wait for its end; raises what it has raised."""
        self._future.result()


def gather(transport: Transport, data: bytes) -> list[bytes]:
    """What each process gives, in the order of their ranks; all of them get all of it.

    Raises:
        ParallelError: another process is gone, or has said why it ends.
    """
    sizes = np.zeros(transport.size, np.int64)
    sizes[transport.rank] = len(data)
    transport.all_reduce(sizes)
    found = []
    for rank, size in enumerate(sizes.tolist()):
        words = np.zeros(-(-size // 8), np.int64)
        if rank == transport.rank:
            words.view(np.uint8)[:size] = np.frombuffer(data, np.uint8)
        if size:
            transport.broadcast(words, rank)
        found.append(words.tobytes()[:size])
    return found


def refuse_differences(transport: Transport, facts: Sequence[tuple[str, str]]) -> None:
    """Compare what each process says of itself; all of them find the same.

    Args:
        transport: connects them.
        facts: names and values, such as ``("minicaffe", "1.2")``, in one order everywhere.

    Raises:
        ParallelError: with all that differs, between which ranks.
    """
    texts = gather(transport, "\0".join(f"{name}\1{value}" for name, value in facts).encode())
    first, *others = ([fact.split("\1") for fact in text.decode().split("\0")] for text in texts)
    told = []
    for index, (name, value) in enumerate(first):
        for rank, found in enumerate(others, 1):
            if index >= len(found) or found[index] != [name, value]:
                theirs = found[index][1] if index < len(found) else "nothing"
                told.append(f"{name}: {value} in rank 0, {theirs} in rank {rank}")
                break
    if told:
        raise ParallelError(
            f"the processes do not train the same: {'; '.join(told)}; start all of them with the "
            "same files, flags and versions"
        )


# ------------------------------------------------------------------------------ bfloat16


def to_bf16(values: np.ndarray) -> np.ndarray:
    """float32 as bfloat16, rounded to the nearest (ties to even), in uint16; NaN stays NaN."""
    if not isinstance(values, np.ndarray):
        found: np.ndarray = values.bfloat16()  # type: ignore[unreachable]  # a tensor on a device
        return found
    bits = np.ascontiguousarray(values, np.float32).view(np.uint32)
    rounded = (bits + np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))) >> np.uint32(16)
    return np.where(np.isnan(values), np.uint16(0x7FC0), rounded.astype(np.uint16))


def from_bf16(values: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
    """bfloat16 in uint16 as float32, exactly."""
    if not isinstance(values, np.ndarray):
        return out.copy_(values)  # type: ignore[unreachable]
    wide = np.left_shift(values, np.uint32(16), dtype=np.uint32).view(np.float32)
    if out is None:
        return wide
    out[...] = wide
    return out
