"""The transport of PyTorch: ``torch.distributed`` with gloo between CPUs, NCCL between GPUs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from minicaffe.errors import RankLostError, require
from minicaffe.parallel.transport import Handle

if TYPE_CHECKING:
    import torch
    from torch import distributed

_CAUSE = "cause"  # the key under which the store keeps why a process has ended


class TorchDistributed:
    """Adds up arrays of numpy, or tensors on a device, by ``torch.distributed``.

    Args:
        rank: of this process.
        size: how many there are.
        address: the name or number of the machine of rank 0.
        port: where it listens.
        job: what tells this training from others that meet there, and from its earlier starts.
        backend: ``gloo``, ``nccl``, or what else torch has.
        host: whether this process keeps the store that they meet at; rank 0 unless another program
            does, as torchrun may.
        patience: seconds after which an operation for which a process is missing fails.

    Raises:
        MissingExtraError: torch is not installed.
        ParallelError: the others have not come.
    """

    def __init__(
        self,
        rank: int,
        size: int,
        address: str,
        port: int,
        *,
        job: str,
        backend: str = "gloo",
        host: bool | None = None,
        patience: float = 1800.0,
    ) -> None:
        purpose = "training on several machines"
        self._torch = require("torch", extra="torch", purpose=purpose)
        self._dist = require("torch.distributed", extra="torch", purpose=purpose)
        self.rank, self.size, self.name = rank, size, f"torch.distributed, {backend}"
        keeps, patience_of = rank == 0 if host is None else host, timedelta(seconds=patience)
        with self._told():
            store = self._dist.TCPStore(
                address, port, None, keeps, timeout=patience_of, wait_for_workers=False
            )
            self._store: distributed.Store = self._dist.PrefixStore(job, store)
            self._dist.init_process_group(
                backend, rank=rank, world_size=size, timeout=patience_of, store=self._store
            )

    def _tensor(self, values: np.ndarray) -> torch.Tensor:
        """The memory of an array as a tensor; tensors are what they are."""
        if not isinstance(values, np.ndarray):
            return values  # type: ignore[unreachable]  # an arena on a device
        if values.dtype == np.uint16:
            return self._torch.from_numpy(values.view(np.int16)).view(self._torch.bfloat16)
        return self._torch.from_numpy(values)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Turn torch's errors into ours, with what a process has said of its end."""
        try:
            yield
        except RuntimeError as reason:
            if isinstance(reason, RankLostError):
                raise
            cause = f"another process is gone ({_first_line(reason)})"
            with suppress(RuntimeError, AttributeError):
                if self._store.check([_CAUSE]):
                    cause = self._store.get(_CAUSE).decode()
            raise RankLostError(cause) from None

    def broadcast(self, values: np.ndarray, root: int = 0) -> None:
        """Give all processes the values of one of them."""
        with self._told():
            self._dist.broadcast(self._tensor(values), root)

    def all_reduce(self, values: np.ndarray) -> None:
        """Replace an array by the sum of all processes' arrays."""
        with self._told():
            self._dist.all_reduce(self._tensor(values))

    def start_all_reduce(self, values: np.ndarray) -> Handle:
        """Begin :meth:`all_reduce`."""
        with self._told():
            return Running(self, self._dist.all_reduce(self._tensor(values), async_op=True))

    def finish(self, work: distributed.Work) -> None:
        """Wait for an operation."""
        with self._told():
            work.wait()

    def barrier(self) -> None:
        """Wait until all processes are here."""
        with self._told():
            self._dist.barrier()

    def fail(self, cause: str) -> None:
        """Tell the others that this process ends, and why."""
        with suppress(RuntimeError):
            self._store.set(_CAUSE, cause)

    def close(self) -> None:
        """Let the others go."""
        with suppress(RuntimeError):
            self._dist.destroy_process_group()


class Running:
    """The handle of an operation of torch's."""

    def __init__(self, transport: TorchDistributed, work: distributed.Work) -> None:
        self._transport, self._work = transport, work

    def wait(self) -> None:
        """Wait for its end."""
        self._transport.finish(self._work)


def _first_line(reason: Exception) -> str:
    return str(reason).strip().split("\n", 1)[0][:200]
