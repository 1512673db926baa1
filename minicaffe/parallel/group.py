"""A solver among those of other processes: it averages gradients and agrees with them."""

from __future__ import annotations

import hashlib
import json
import logging
from dataclasses import replace
from typing import TYPE_CHECKING, cast

import numpy as np

from minicaffe import __version__, common
from minicaffe.engines import engine_name
from minicaffe.errors import ArgumentError
from minicaffe.layers.normalization.shared_statistics import SharedStatistics
from minicaffe.net.callbacks import WhenReady
from minicaffe.net.layer_states import LayerStates
from minicaffe.parallel.gradients import BUCKET, GradientMean
from minicaffe.parallel.transport import Transport, gather, refuse_differences
from minicaffe.proto.printing import to_text
from minicaffe.solver.signals import Action
from minicaffe.solver.together import strongest

if TYPE_CHECKING:
    from minicaffe.solver.solver import Solver

logger = logging.getLogger("minicaffe")

_ACTIONS = tuple(Action)


class Group(WhenReady):
    """Connects a solver with those of other processes.

    A solver that has one asks it what all of them do (see
    :class:`minicaffe.solver.together.Together`); as a callback of the solver it averages the
    gradients, as one of the net's backward it does so while others are still being computed.

    Args:
        solver: made with this process's rank (:func:`minicaffe.set_solver_rank`).
        transport: connects the processes.
        bucket: bytes of gradients that are sent together.
        compress: send them as bfloat16.
        sync_bn: let layers that normalise with a batch's statistics take those of all processes'
            batches, as their field ``sync`` does.

    Raises:
        ParallelError: the others do not train the same: names what differs.
        ArgumentError: the solver was made with another rank.
    """

    def __init__(
        self,
        solver: Solver,
        transport: Transport,
        *,
        bucket: int = BUCKET,
        compress: bool = False,
        sync_bn: bool = False,
    ) -> None:
        self.transport, self._solver = transport, solver
        if (common.solver_rank(), common.solver_count()) != (transport.rank, transport.size):
            raise ArgumentError(
                f"rank {transport.rank} of {transport.size} is connected, but the solver was made "
                f"as rank {common.solver_rank()} of {common.solver_count()}; call "
                "set_solver_count and set_solver_rank before making it"
            )
        how = f"bucket {bucket}, compress {compress}, sync_bn {sync_bn}"
        refuse_differences(transport, [*_facts(solver), ("flags", how)])
        self._mean = GradientMean(
            solver.net, transport, passes=solver.param.iter_size, size=bucket, compress=compress
        )
        for layer in [layer for net in solver.test_nets for layer in net.layers]:
            if layer.ranks.size > 1:
                layer.ranks = replace(layer.ranks, add_up=transport.all_reduce)
        for layer in solver.net.layers:
            layer.ranks = replace(layer.ranks, add_up=transport.all_reduce)
            if isinstance(layer, SharedStatistics):
                layer.sync |= sync_bn
        solver.net.replan()  # engines run such layers otherwise
        solver.join(self)
        logger.info("rank %d of %d, over %s", transport.rank, transport.size, transport.name)

    def bcast(self) -> None:
        """Give all solvers the weights, histories and iteration of rank 0 (pycaffe's name)."""
        solver, transport = self._solver, self.transport
        transport.broadcast(solver.net.arena.data)
        for values in solver.history:
            transport.broadcast(values)
        where = np.array([solver.iter], np.int64)
        transport.broadcast(where)
        solver.iter = int(where[0])

    def on_start(self) -> None:
        """An iteration begins."""
        self._mean.begin()

    def ready(self, first: int, last: int) -> None:
        """The gradients of these layers are complete in this pass."""
        self._mean.ready(first)

    def on_gradients_ready(self) -> None:
        """Average what is left, and wait for all of it."""
        self._mean.finish()

    def agree(self, request: Action) -> Action:
        """What all of them are to do."""
        asked = np.zeros(len(_ACTIONS), np.int64)
        asked[_ACTIONS.index(request)] = 1
        self.transport.all_reduce(asked)
        return strongest([action for action, count in zip(_ACTIONS, asked, strict=True) if count])

    def gather(self, states: LayerStates) -> list[LayerStates]:
        """What the layers of each process hold, by rank."""
        texts = gather(self.transport, json.dumps(states).encode())
        return [cast(LayerStates, json.loads(text)) for text in texts]

    def fail(self, cause: str) -> None:
        """Tell the others that this process ends, and why."""
        self.transport.fail(f"rank {self.transport.rank}: {cause}")


def _facts(solver: Solver) -> list[tuple[str, str]]:
    """What must be alike in all processes."""
    net, settings = solver.net, type(solver.param)()
    settings.CopyFrom(solver.param)
    for field in ("snapshot_prefix", "solver_mode", "device_id", "debug_info"):
        settings.ClearField(field)
    shapes = ", ".join(f"{p.layer_name}[{p.index}] {p.blob.shape}" for p in net.learnable_params)
    return [
        ("minicaffe", __version__),
        ("engine", engine_name(net.engine)),
        ("precision", net.options.precision),
        ("type", str(net.dtype)),
        ("layers", str(len(net.layers))),
        ("parameters", f"{sum(p.blob.count for p in net.learnable_params)}"),
        ("net", _mark("\n".join(str(layer.param) for layer in net.layers) + shapes)),
        ("solver", _mark(to_text(settings))),
    ]


def _mark(text: str) -> str:
    """A few digits by which texts are told apart."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]
