"""Learning-rate policies against their formulas."""

from __future__ import annotations

import math

import pytest

from minicaffe.errors import SolverError
from minicaffe.proto import caffe_pb2
from minicaffe.solver.lr_policy import POLICIES, learning_rate


def settings(policy, **fields):
    return caffe_pb2.SolverParameter(lr_policy=policy, base_lr=0.5, **fields)


@pytest.mark.parametrize(
    ("policy", "fields", "iteration", "rate"),
    [
        ("fixed", {}, 7, 0.5),
        ("step", {"gamma": 0.25, "stepsize": 3}, 8, 0.5 * 0.25**2),
        ("exp", {"gamma": 0.75}, 5, 0.5 * 0.75**5),
        ("inv", {"gamma": 0.5, "power": 0.75}, 6, 0.5 * 4**-0.75),
        ("poly", {"power": 1.5, "max_iter": 20}, 5, 0.5 * 0.75**1.5),
        ("poly", {"power": 2, "max_iter": 20}, 30, 0.5 * 0.25),
        ("sigmoid", {"gamma": 0.5, "stepsize": 4}, 6, 0.5 / (1 + math.exp(-1))),
        ("sigmoid", {"gamma": 500, "stepsize": 4}, 1, 0.0),
        ("multifixed", {"stagelr": [0.25, 2, 0.5], "stageiter": [3, 5, 8]}, 3, 0.25),
        ("multifixed", {"stagelr": [0.25, 2, 0.5], "stageiter": [3, 5, 8]}, 4, 2),
        ("multifixed", {"stagelr": [0.25, 2, 0.5], "stageiter": [3, 5, 8]}, 9, 0.5),
        ("cosine", {"max_iter": 8}, 0, 0.5),
        ("cosine", {"max_iter": 8}, 2, 0.25 * (1 + math.sqrt(0.5))),
        ("cosine", {"max_iter": 8, "min_lr": 0.125}, 4, 0.3125),
        ("cosine", {"max_iter": 8, "min_lr": 0.125}, 8, 0.125),
        ("one_cycle", {"max_iter": 10, "stepsize": 4, "max_lr": 2}, 0, 0.5),
        ("one_cycle", {"max_iter": 10, "stepsize": 4, "max_lr": 2}, 2, 1.25),
        ("one_cycle", {"max_iter": 10, "stepsize": 4, "max_lr": 2}, 4, 2),
        ("one_cycle", {"max_iter": 10, "stepsize": 4, "max_lr": 2, "min_lr": 0.25}, 7, 1.125),
        ("one_cycle", {"max_iter": 10, "stepsize": 4, "max_lr": 2, "min_lr": 0.25}, 10, 0.25),
        ("triangular", {"stepsize": 4, "max_lr": 2.5}, 2, 1.5),
        ("triangular", {"stepsize": 4, "max_lr": 2.5}, 4, 2.5),
        ("triangular", {"stepsize": 4, "max_lr": 2.5}, 12, 1.5),
        ("triangular", {"stepsize": 4, "max_lr": 2.5}, 20, 0.5 + 2 / 3),
        ("triangular", {"stepsize": 4, "max_lr": 2.5, "start_lr_policy": 3}, 3, 0.5),
        ("triangular2", {"stepsize": 4, "max_lr": 2.5}, 4, 2.5),
        ("triangular2", {"stepsize": 4, "max_lr": 2.5}, 20, 1),
        ("poly", {"power": 2, "max_iter": 20, "min_lr": 0.25}, 10, 0.25 + 0.25 / 4),
        ("fixed", {"min_lr": 0.75}, 7, 0.75),
        ("exp", {"gamma": 0.5, "min_lr": 0.125}, 7, 0.125),
        ("fixed", {"warmup_iter": 4, "warmup_start_lr": 0.25}, 0, 0.25),
        ("fixed", {"warmup_iter": 4, "warmup_start_lr": 0.25}, 3, 0.4375),
        ("exp", {"gamma": 0.5, "warmup_iter": 4}, 4, 0.5 / 16),
        ("fixed", {"rampup_interval": 4, "rampup_lr": 0.25}, 2, 0.25 + 0.25 / 4),
        ("fixed", {"rampup_interval": 4}, 2, 0.125),
        ("exp", {"gamma": 0.5, "rampup_interval": 4}, 4, 0.5 / 16),
        ("fixed", {"warm_up_iters": 4, "warm_up_factor": 0.5}, 1, 0.3125),
        (
            "fixed",
            {"warm_up_iters": 4, "warm_up_factor": 0.5, "warm_up_method": "constant"},
            3,
            0.25,
        ),
        ("fixed", {"warm_up_iters": 4, "warm_up_power": 2, "warm_up_method": "exp"}, 2, 0.125),
        ("exp", {"gamma": 0.5, "warm_up_iters": 4}, 5, 0.25),
        ("poly", {"power": 1, "warm_up_iters": 4, "max_iter": 12}, 8, 0.25),
        ("cosine", {"warm_up_iters": 4, "max_iter": 12}, 8, 0.25),
        ("step", {"gamma": 0.5, "stepsize": 3, "warm_up_iters": 4}, 6, 0.125),
    ],
)
def test_rate(policy, fields, iteration, rate):
    assert learning_rate(settings(policy, **fields), iteration, 0)[0] == pytest.approx(rate)


def test_every_policy_is_tried():
    tried = test_rate.pytestmark[0].args[1]
    assert {row[0] for row in tried} | {"multistep"} == set(POLICIES)


def test_step_counts_from_the_iteration():
    assert learning_rate(settings("step", gamma=0.5, stepsize=3), 7, 0)[1] == 2


def test_multistep_goes_one_step_an_iteration():
    param = settings("multistep", gamma=0.5, stepvalue=[2, 4, 4])
    step, rates = 0, []
    for iteration in range(7):
        rate, step = learning_rate(param, iteration, step)
        rates.append(rate)
    # the second 4 is reached one iteration late, as in Caffe
    assert rates == [0.5, 0.5, 0.25, 0.25, 0.125, 0.0625, 0.0625]


def test_overflow_is_infinite():
    assert learning_rate(settings("exp", gamma=1e30), 100, 0)[0] == math.inf


@pytest.mark.parametrize(
    ("policy", "fields", "field", "message"),
    [
        ("stepp", {}, "lr_policy", "unknown lr_policy 'stepp'; did you mean `step`"),
        ("plateau", {}, "lr_policy", "unknown lr_policy 'plateau'; known are cosine, exp, fixed"),
        ("cosine", {}, "max_iter", "'cosine' ends at max_iter, which is 0"),
        ("multifixed", {"stagelr": [1]}, "stagelr", "for each stage; there are 1 and 0"),
        (
            "one_cycle",
            {"max_iter": 9, "max_lr": 1},
            "stepsize",
            "a stepsize between 0 and max_iter",
        ),
        ("one_cycle", {"max_iter": 9, "stepsize": 3}, "max_lr", "needs a max_lr above 0"),
        ("triangular", {"max_lr": 1}, "stepsize", "'triangular' needs a stepsize above 0"),
        ("fixed", {"warm_up_method": "slow"}, "warm_up_method", "known are linear, constant, exp"),
        ("", {}, "lr_policy", "lr_policy is not set; known are"),
        ("step", {"gamma": 0.5}, "stepsize", "'step' needs a stepsize above 0, not 0"),
        ("sigmoid", {"gamma": 0.5}, "stepsize", "'sigmoid' needs a stepsize"),
        ("exp", {"gamma": -1}, "gamma", "'exp' needs a gamma of at least 0, not -1"),
        ("poly", {"power": 1}, "max_iter", "'poly' ends at max_iter, which is 0; set max_iter"),
    ],
)
def test_refused(policy, fields, field, message):
    with pytest.raises(SolverError, match=message) as caught:
        learning_rate(settings(policy, **fields), 0, 0)
    assert caught.value.field == field


def test_poly_beyond_its_end_is_refused():
    with pytest.raises(SolverError, match="no learning rate at iteration 11 with max_iter 10"):
        learning_rate(settings("poly", power=1.5, max_iter=10), 11, 0)
