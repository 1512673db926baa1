"""A process that is lost, or fails, ends the training of all with its cause and a snapshot."""

from __future__ import annotations

import os
import signal

import numpy as np
import pytest

from minicaffe.errors import ParallelError, RankLostError, SolverError
from minicaffe.parallel.nccl import NCCL
from minicaffe.solver.signals import Action
from minicaffe.solver.snapshot import latest_snapshot, read_snapshot
from tests.parallel.problem import NET, joined, make_solver, write_problem, write_text


def end_after(rank, size, key, who, iterations, how):
    """Train; in one rank, after some iterations, something happens."""
    solver, group = joined(rank, size, key)

    def happens():
        if rank == who and solver.iter == iterations:
            if how == "killed":
                os.kill(os.getpid(), signal.SIGKILL)
            raise SolverError("the reason")

    solver.add_callback(happens, lambda: None)
    try:
        solver.step(10)
    finally:
        solver.close()
        group.transport.close()


@pytest.mark.parametrize("who", [0, 2])
def test_a_rank_that_is_killed_ends_the_training_with_a_snapshot(ranks, who):
    write_problem("snapshot: 100")
    results = ranks.run_all(end_after, 3, who, 5, "killed")
    assert results.pop(who) is None
    for error in results:
        assert isinstance(error, RankLostError)
        assert f"rank {who} is gone: its process has ended or was killed" in str(error)
    state, weights, _ = read_snapshot(latest_snapshot("s"))
    assert (state.iter, weights) == (5, "s_iter_5.caffemodel")


def test_the_others_learn_why_a_rank_has_failed(ranks):
    write_problem("snapshot: 100")
    first, second, third = ranks.run_all(end_after, 3, 1, 3, "raised")
    assert isinstance(second, SolverError)
    for error in (first, third):
        assert isinstance(error, RankLostError)
        assert str(error) == "rank 1: the reason"
    assert latest_snapshot("s") == "s_iter_3.solverstate"


def test_ranks_that_train_different_nets_are_refused_before_the_training(ranks):
    write_problem()
    os.mkdir("own")
    errors = ranks.run_all(connect_different, 2)
    for error in errors:
        assert isinstance(error, ParallelError)
        assert "parameters: 321 in rank 0, 479 in rank 1" in str(error)
        assert "momentum" not in str(error)
        assert "the same files, flags and versions" in str(error)


def connect_different(rank, size, key):
    if rank:  # in a folder of its own
        os.symlink("../records", "own/records")
        os.chdir("own")
        write_text(net=NET.replace("num_output: 4", "num_output: 6"))
    solver = make_solver(rank, size)
    try:
        NCCL(solver, key)
    finally:
        solver.close()


def train_until_asked(rank, size, key, who, request):
    """Train; one rank is asked for something after the third iteration."""
    solver, group = joined(rank, size, key)
    asked = iter([Action.NONE, Action.NONE, request] + [Action.NONE] * 100)
    solver.action_function = lambda: next(asked) if rank == who else Action.NONE
    solver.step(6)
    reached = solver.iter
    solver.close()
    group.transport.close()
    return reached


@pytest.mark.parametrize(
    ("request_", "reached", "saved"),
    [(Action.STOP, 3, None), (Action.SNAPSHOT, 6, 3), (Action.TERMINATE, 3, 3)],
)
def test_all_ranks_do_what_one_is_asked_for(ranks, request_, reached, saved):
    write_problem()
    assert ranks.run(train_until_asked, 2, 1, request_) == [reached, reached]
    assert latest_snapshot("s") == (saved and f"s_iter_{saved}.solverstate")


def train_on(rank, size, key, iterations, snapshot):
    solver, group = joined(rank, size, key)
    if snapshot:
        solver.restore(snapshot)
    solver.step(iterations)
    weights = solver.net.arena.data.copy()
    solver.close()
    if group:
        group.transport.close()
    return weights


SHUFFLED = """
layer { name: "data" type: "Data" top: "raw" top: "label"
  data_param { source: "records" backend: LMDB batch_size: 3 }
  transform_param { scale: 0.01 mirror: true } }
layer { name: "drop" type: "Dropout" bottom: "raw" top: "data" }
"""


def test_two_ranks_resume_to_the_last_bit(ranks):
    write_problem("snapshot: 4", data=SHUFFLED)
    straight = ranks.run(train_on, 2, 7, None)
    resumed = ranks.run(train_on, 2, 3, "s_iter_4.solverstate")
    np.testing.assert_array_equal(straight[0], straight[1])
    np.testing.assert_array_equal(resumed, straight)


def test_another_number_of_ranks_goes_on_and_says_what_changes(ranks, caplog):
    write_problem("snapshot: 4")
    ranks.run(train_on, 2, 4, None)
    train_on(0, 1, "", 1, "s_iter_4.solverstate")
    assert "written by 2 process(es), and 1 go on" in caplog.text
    assert "reads 1 batch(es) instead of 2" in caplog.text
    first, *others = ranks.run(train_on, 3, 2, "s_iter_4.solverstate")
    for other in others:
        np.testing.assert_array_equal(other, first)
