"""Runs a kernel's units on several threads: each takes a range of them and a workspace of its own.

Where oneDNN computes with GNU's OpenMP, kernels run on the very threads that it uses
(``GOMP_parallel``), as two pools would keep each other's threads from the cores. Elsewhere a few
threads of Python call the kernels, which do not need Python's lock.
"""

from __future__ import annotations

import ctypes
import functools
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from minicaffe.engines.jit.compiler import callable_at, compile_functions
from minicaffe.engines.jit.ir import Function
from minicaffe.engines.jit.target import Target
from minicaffe.syncedmem import aligned_zeros
from minicaffe.threads import thread_count


def aligned_floats(count: int) -> np.ndarray:
    """Zeros that begin on a line of the cache."""
    return aligned_zeros(count, np.dtype(np.float32))


class Team:
    """Threads that share the units of a kernel.

    Args:
        target: the instruction set of its kernels.
        openmp: whose threads run them; None for threads of Python.

    Attributes:
        target: the same.
    """

    def __init__(self, target: Target, openmp: OpenMP | None = None) -> None:
        self._openmp = openmp
        self.target = target

    @property
    def threads(self) -> int:
        """How many threads there are to be."""
        return thread_count()

    def workspace(self, floats: int) -> int:
        """The size of all threads' workspaces, when each needs so many floats."""
        return self.threads * _distance(floats)

    def run(self, kernel: int, frame: int, units: int, workspace: int = 0, floats: int = 0) -> None:
        """Run a kernel ``void (frame, workspace, first, last)`` over all units.

        Args:
            kernel: its address.
            frame: the address of its frame.
            units: how many there are.
            workspace: the address of the threads' workspaces, of the size that
                :meth:`workspace` says.
            floats: what each thread needs of it.
        """
        threads = 1 if units == 1 else max(1, min(self.threads, units))
        distance = _distance(floats)
        if threads == 1:
            _entry(kernel)(frame, workspace, 0, units)
        elif self._openmp is not None:
            words = (kernel, frame, workspace, distance * 4, units)
            data = (ctypes.c_int64 * len(words))(*words)
            self._openmp.run(_share(self.target, self._openmp), ctypes.addressof(data), threads)
        else:
            cuts = [units * index // threads for index in range(threads + 1)]
            calls = [
                _pool(threads, os.getpid()).submit(
                    _entry(kernel),
                    frame,
                    workspace + distance * 4 * index,
                    *cuts[index : index + 2],
                )
                for index in range(threads)
            ]
            for call in calls:
                call.result()


def _distance(floats: int) -> int:
    """How far the workspaces of threads are from each other: no line of the cache is shared."""
    return (floats + 31) // 16 * 16


class OpenMP:
    """GNU's OpenMP, as another library has loaded it.

    Raises:
        AttributeError: the library has no ``GOMP_parallel``.
    """

    def __init__(self, library: ctypes.CDLL) -> None:
        self._parallel = library.GOMP_parallel
        self._parallel.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint, ctypes.c_uint]
        self._parallel.restype = None
        self.thread_number = ctypes.cast(library.omp_get_thread_num, ctypes.c_void_p).value or 0
        self.team_size = ctypes.cast(library.omp_get_num_threads, ctypes.c_void_p).value or 0

    def run(self, function: int, data: int, threads: int) -> None:
        """Call ``void function(void *data)`` on as many threads."""
        self._parallel(function, data, threads, 0)


@functools.cache
def _share(target: Target, openmp: OpenMP) -> int:
    """The function that each thread of OpenMP calls: finds its range and calls the kernel.

    The team may be smaller than was asked for, so the size is asked inside.
    """
    f = Function("share", target, ["data"])
    kernel, frame, start = (f.pointer("%data", index) for index in range(3))
    distance, units = f.integer("%data", 3), f.integer("%data", 4)
    number = f.value(f"call i32 inttoptr (i64 {openmp.thread_number} to ptr)()")
    size = f.value(f"call i32 inttoptr (i64 {openmp.team_size} to ptr)()")
    number, size = (f.value(f"zext i32 {value} to i64") for value in (number, size))
    first = f.div(f.mul(units, number), size)
    last = f.div(f.mul(units, f.add(number, 1)), size)
    workspace = f.value(f"getelementptr i8, ptr {start}, i64 {f.mul(distance, number)}")
    with f.when(f.compare("slt", first, last)):
        f.call(kernel, [frame, workspace], [first, last])
    return compile_functions([f], target)["share"]


@functools.cache
def _entry(kernel: int) -> Callable[..., None]:
    kinds = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64]
    return callable_at(kernel, kinds)


@functools.cache
def _pool(threads: int, process: int) -> ThreadPoolExecutor:
    """A pool of this process: a fork has none of the threads."""
    return ThreadPoolExecutor(threads, "minicaffe-kernels")
