"""Running a test net of a solver: the events that tell of it, and what it gives."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from minicaffe.arguments import whole_number
from minicaffe.errors import SolverError
from minicaffe.net.net import Net
from minicaffe.options import ALONE, Ranks
from minicaffe.solver import events
from minicaffe.solver.evaluate import average_outputs, scored_outputs

if TYPE_CHECKING:
    from minicaffe.solver.solver import Solver


def run_test(
    solver: Solver, index: int, stop: Callable[[], bool], path: str | None
) -> dict[str, float | np.ndarray]:
    """What :meth:`minicaffe.solver.Solver.test` does.

    Args:
        solver: whose test net it is.
        index: which one.
        stop: asked before each batch whether to end at once; not where several processes share the
            records, as all of them run their parts.
        path: the solver's file, for messages.

    Raises:
        SolverError: there is no test net of this number; or its batches cannot be shared.
    """
    index = whole_number(index, "index")
    if not -len(solver.test_nets) <= index < len(solver.test_nets):
        count = len(solver.test_nets)
        found = f"there are {count}, numbered from 0" if count else "the solver has none"
        raise SolverError(f"no test net #{index}: {found}", path=path)
    net, batches = solver.test_nets[index], solver.param.test_iter[index]
    tell = solver.tell
    tell(events.TestStart(solver.iter, index, batches))
    net.share_with(solver.net)
    ranks = _sharing(net, batches, path)
    scores = average_outputs(
        net,
        batches // ranks.size,
        stop=stop if ranks.size == 1 else lambda: False,
        on_batch=lambda done: tell(events.TestBatch(solver.iter, index, done, batches)),
        ap_version=solver.param.ap_version,
        by_class=solver.param.show_per_class_result,
        add_up=ranks.add_up,
    )
    if scores.interrupted:
        tell(events.TestResult(solver.iter, index, None))
        return {}
    loss = scores.loss if solver.param.test_compute_loss else None
    outputs = events.outputs_of(net, scores.outputs)
    tell(events.TestResult(solver.iter, index, outputs, loss))
    return scores.named(net.outputs)


def _sharing(net: Net, batches: int, path: str | None) -> Ranks:
    """The processes that share a test net's records.

    Raises:
        SolverError: they cannot share so many batches, or what the net gives.
    """
    ranks = max((layer.ranks for layer in net.layers), key=lambda ranks: ranks.size, default=ALONE)
    if batches % ranks.size:
        low = batches // ranks.size * ranks.size
        raise SolverError(
            f"{ranks.size} processes cannot share test_iter: {batches} batches; make it "
            f"{low or ranks.size} or {low + ranks.size}, or leave --share_test out",
            path=path,
        )
    scored = scored_outputs(net)
    if scored and ranks.size > 1:
        raise SolverError(
            f"output '{next(iter(scored))}' is scored over all batches at once, so that one "
            "process has to test alone; leave --share_test out",
            path=path,
        )
    return ranks
