"""The transport of MPI, through mpi4py: ``mpiexec -n 4 minicaffe train …``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import numpy as np

from minicaffe.errors import require
from minicaffe.parallel.shared_memory import add_up
from minicaffe.parallel.transport import Handle

if TYPE_CHECKING:
    from mpi4py import MPI


class Mpi:
    """Adds up arrays by ``MPI_Allreduce``.

    MPI ends all processes when one ends before its time: none of the others learns why.

    Raises:
        MissingExtraError: mpi4py is not installed.
    """

    name = "MPI"

    def __init__(self) -> None:
        self._mpi = require("mpi4py.MPI", extra="mpi", purpose="training under mpiexec")
        self._comm: MPI.Comm = self._mpi.COMM_WORLD
        self.rank, self.size = self._comm.Get_rank(), self._comm.Get_size()
        self._add_bf16: MPI.Op = self._mpi.Op.Create(_add_bf16, commute=True)

    def broadcast(self, values: np.ndarray, root: int = 0) -> None:
        """Give all processes the values of one of them."""
        self._comm.Bcast(values, root)

    def all_reduce(self, values: np.ndarray) -> None:
        """Replace an array by the sum of all processes' arrays."""
        self._comm.Allreduce(self._mpi.IN_PLACE, values, self._operation(values))

    def start_all_reduce(self, values: np.ndarray) -> Handle:
        """Begin :meth:`all_reduce`."""
        return Requested(
            self._comm.Iallreduce(self._mpi.IN_PLACE, values, self._operation(values)), values
        )

    def _operation(self, values: np.ndarray) -> MPI.Op:
        found: MPI.Op = self._add_bf16 if values.dtype == np.uint16 else self._mpi.SUM
        return found

    def barrier(self) -> None:
        """Wait until all processes are here."""
        self._comm.Barrier()

    def fail(self, cause: str) -> None:
        """Say why this process ends, and end all of them."""
        print(f"rank {self.rank}: {cause}", file=sys.stderr, flush=True)
        self._comm.Abort(1)

    def close(self) -> None:
        """Wait for the others, as MPI wants it at the end."""
        self._add_bf16.Free()


class Requested:
    """The handle of an operation of MPI's; keeps its array."""

    def __init__(self, request: MPI.Request, values: np.ndarray) -> None:
        self._request, self._values = request, values

    def wait(self) -> None:
        """Wait for its end."""
        self._request.Wait()


def _add_bf16(given: memoryview, both: memoryview, datatype: MPI.Datatype) -> None:
    """Add one process's bfloat16 to another's; MPI calls it."""
    total = np.frombuffer(both, np.uint16)
    add_up([total.copy(), np.frombuffer(given, np.uint16)], total)
