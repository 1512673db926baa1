"""The transport between processes of one machine: memory that all of them see."""

from __future__ import annotations

import mmap
import os
import tempfile

import numpy as np

from minicaffe.parallel.star import PATIENCE, Merge, Star
from minicaffe.parallel.transport import Background, Handle, from_bf16, to_bf16

#: Bytes of an array that are added up at a time.
CHUNK = 4 << 20

#: Arrays of at most so many bytes go through the sockets, in one turn instead of two.
SMALL = 2048


class SharedMemory:
    """Adds up arrays in memory that all processes of a machine see.

    Each copies its own into a place of its own, adds up a share of all of them, in the order of
    the ranks, and copies the sum. So all of them get the same bits, each time.

    Args:
        rank, size, key, patience: as :class:`minicaffe.parallel.star.Star` takes them.

    Raises:
        ParallelError: the others have not come in time.
    """

    name = "shared memory"

    def __init__(self, rank: int, size: int, key: str, patience: float = PATIENCE) -> None:
        self.rank, self.size = rank, size
        self._star = Star(rank, size, key, patience)
        length = (size + 1) * CHUNK  # a place each, and the sum's
        descriptor = self._star.share_file(lambda: _new_file(length))
        try:
            self._memory = mmap.mmap(descriptor, length)
        finally:
            os.close(descriptor)
        self._background = Background()

    def _place(self, number: int, dtype: np.dtype, count: int) -> np.ndarray:
        """The first elements of a process's place; after them comes the sum's."""
        return np.frombuffer(self._memory, dtype, count, number * CHUNK)

    def broadcast(self, values: np.ndarray, root: int = 0) -> None:
        """Give all processes the values of one of them."""
        self._background.idle()
        flat = values.reshape(-1)
        step = CHUNK // flat.itemsize
        for start in range(0, flat.size, step):
            part = flat[start : start + step]
            place = self._place(self.size, part.dtype, part.size)
            if self.rank == root:
                place[...] = part
            self._star.meet()
            if self.rank != root:
                part[...] = place
            self._star.meet()

    def all_reduce(self, values: np.ndarray) -> None:
        """Replace an array by the sum of all processes' arrays."""
        self._background.idle()
        self._all_reduce(values.reshape(-1))

    def _all_reduce(self, flat: np.ndarray) -> None:
        if flat.nbytes <= SMALL:
            flat[...] = np.frombuffer(
                self._star.meet(flat.tobytes(), _adder(flat.dtype)), flat.dtype
            )
            return
        step = CHUNK // flat.itemsize
        for start in range(0, flat.size, step):
            self._reduce(flat[start : start + step])

    def _reduce(self, part: np.ndarray) -> None:
        own = self._place(self.rank, part.dtype, part.size)
        own[...] = part
        self._star.meet()
        low, high = (part.size * number // self.size for number in (self.rank, self.rank + 1))
        total = self._place(self.size, part.dtype, part.size)
        places = [self._place(rank, part.dtype, part.size)[low:high] for rank in range(self.size)]
        add_up(places, total[low:high])
        self._star.meet()
        part[...] = total

    def start_all_reduce(self, values: np.ndarray) -> Handle:
        """Begin :meth:`all_reduce` in a thread."""
        return self._background.start(lambda: self._all_reduce(values.reshape(-1)))

    def barrier(self) -> None:
        """Wait until all processes are here."""
        self._background.idle()
        self._star.meet()

    def fail(self, cause: str) -> None:
        """Tell the others that this process ends, and why."""
        self._star.fail(cause)

    def close(self) -> None:
        """Let the others go."""
        self._background.close()
        self._star.close()


def add_up(arrays: list[np.ndarray], out: np.ndarray) -> None:
    """The sum of several arrays, one after the other; of bfloat16, added up as float32."""
    if out.dtype == np.uint16:
        total = from_bf16(arrays[0])
        for array in arrays[1:]:
            total += from_bf16(array)
        out[...] = to_bf16(total)
        return
    out[...] = arrays[0]
    for array in arrays[1:]:
        out += array


def _adder(dtype: np.dtype) -> Merge:
    def merge(brought: list[bytes]) -> bytes:
        arrays = [np.frombuffer(data, dtype) for data in brought]
        total = np.empty_like(arrays[0])
        add_up(arrays, total)
        return total.tobytes()

    return merge


def _new_file(length: int) -> int:
    """The descriptor of a file without a name, in memory where the system can do that."""
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("minicaffe")
    else:
        with tempfile.TemporaryFile() as stream:
            descriptor = os.dup(stream.fileno())
    os.ftruncate(descriptor, length)
    return descriptor
