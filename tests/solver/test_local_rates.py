"""Rates of each parameter blob by its size and its gradient's: NVCaffe's and Intel Caffe's."""

from __future__ import annotations

import numpy as np
import pytest

from minicaffe.errors import SolverError
from minicaffe.proto import caffe_pb2
from minicaffe.solver import rules
from minicaffe.solver.local_rates import LocalRates
from minicaffe.solver.solver_param import refuse, setting_mistakes
from minicaffe.solver.update import Updater
from tests.solver.fakes import MULTIPLIERS, new_gradients, parameter_net

FACTOR = 0.5


def local_rate(param: caffe_pb2.SolverParameter, w: np.ndarray, g: np.ndarray) -> float:
    """By the forks' formulas, of one blob."""
    values, gradient = np.linalg.norm(w), np.linalg.norm(g)
    if param.larc:
        return (1 - param.momentum) * param.larc_eta * values / gradient
    return param.local_gw_ratio * values / (gradient + param.weight_decay * values)


@pytest.mark.parametrize(
    "fields",
    [
        {"local_lr_auto": True, "local_gw_ratio": 0.25},
        {"larc": True, "larc_eta": 0.5},
        {"larc": True, "larc_eta": 0.5, "larc_policy": "clip"},
    ],
    ids=str,
)
def test_each_blob_has_its_own_rate(fields: dict[str, object]) -> None:
    param = caffe_pb2.SolverParameter(
        lr_policy="fixed", momentum=0.75, weight_decay=0.125, iter_size=2, **fields
    )
    net, rng = parameter_net(), np.random.default_rng(2)
    updater = Updater(net, rules.SGD(param), param)
    history = [0.0] * len(net.learnable_params)
    for iteration in range(3):
        new_gradients(net, rng)
        before = [p.blob.data.astype(np.float64) for p in net.learnable_params]
        gradients = [p.blob.diff * FACTOR / param.iter_size for p in net.learnable_params]
        updater.apply(0.5, iteration, FACTOR)
        for index, (w, g, (lr_mult, decay_mult)) in enumerate(
            zip(before, gradients, MULTIPLIERS, strict=True)
        ):
            local = local_rate(param, w, g) if lr_mult > 0 else 0
            rate = min(0.5, local) if param.larc_policy == "clip" and local else 0.5 * local
            step = rate * (g + param.weight_decay * decay_mult * w)
            history[index] = param.momentum * history[index] + step
            found = net.learnable_params[index].blob.data
            np.testing.assert_allclose(found, w - history[index], rtol=1e-12)


def test_zeros_learn_at_the_solvers_rate() -> None:
    rates = LocalRates.of(caffe_pb2.SolverParameter(local_lr_auto=True))
    assert rates is not None
    assert rates.rate(0.5, 2.0, 0.0, 3.0) == 0.5
    assert rates.rate(0.5, 2.0, 3.0, 0.0) == 0.5
    assert rates.rate(0.5, 0.0, 3.0, 3.0) == 0


def test_without_them_there_is_one_rate() -> None:
    assert LocalRates.of(caffe_pb2.SolverParameter(larc_eta=0.5, local_gw_ratio=0.5)) is None


def test_an_unknown_policy_is_refused() -> None:
    param = caffe_pb2.SolverParameter(
        net="n", lr_policy="fixed", larc=True, larc_policy="clipp", momentum=0.5
    )
    with pytest.raises(SolverError, match="unknown larc_policy 'clipp'; known are scale, clip"):
        refuse(setting_mistakes(param))
