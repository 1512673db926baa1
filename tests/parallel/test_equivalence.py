"""Several processes compute what one does with as many batches an update."""

from __future__ import annotations

import numpy as np
import pytest

from minicaffe import common
from tests.parallel.problem import make_solver, train, write_problem, write_text

SIZES = (1, 2, 4)


@pytest.mark.parametrize("size", SIZES)
def test_all_ranks_hold_the_same_weights_as_one_with_iter_size(ranks, size):
    write_problem()
    results = ranks.run(train, size, 5)
    with common.fresh_settings():
        write_text(f"iter_size: {size}")
        weights, expected = train(0, 1, "", 5)
    for found, history in results:
        np.testing.assert_array_equal(found, results[0][0])
        np.testing.assert_allclose(found, weights, rtol=1e-5, atol=1e-7)
        np.testing.assert_allclose(history, expected, rtol=1e-4, atol=1e-7)


def trained_in_turn(size, iterations):
    """The weights that several solvers in one process have, whose gradients are added in turn."""
    with common.fresh_settings():
        solvers = [make_solver(rank, size, engine="numpy") for rank in range(size)]
    for solver in solvers[1:]:
        solver.net.arena.data = solvers[0].net.arena.data
    for _ in range(iterations):
        for solver in solvers:
            solver.net.clear_param_diffs()
            for _ in range(solver.param.iter_size):
                solver.net.forward_loss()
                solver.net.backward_from_to(len(solver.net.layers) - 1, 0)
        total = solvers[0].net.arena.diff.copy()
        for solver in solvers[1:]:
            total += solver.net.arena.diff
        total *= 1 / size
        for solver in solvers:
            solver.net.arena.diff = total
            solver.apply_update()
    for solver in solvers:
        solver.close()
    return solvers[0].net.arena.data.copy()


@pytest.mark.parametrize("size", [2, 4])
@pytest.mark.parametrize("settings", ["", "iter_size: 2 clip_gradients: 0.5 weight_decay: 0.01"])
def test_the_sum_is_the_same_to_the_last_bit_as_in_turn(ranks, size, settings):
    write_problem(settings)
    for found, _ in ranks.run(train, size, 4):
        np.testing.assert_array_equal(found, trained_in_turn(size, 4))
