"""A hundred iterations of a solver give the same losses and weights on both engines."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from google.protobuf import text_format

from minicaffe.proto import caffe_pb2
from minicaffe.solver import Solver, get_solver
from tests.engines.nets import Text
from tests.engines.twins import error_of

CLASSES = 4
BATCH = 6
ITERATIONS = 100
RULES = {
    "SGD": "base_lr: 0.01 momentum: 0.9 weight_decay: 0.005",
    "Nesterov": "base_lr: 0.01 momentum: 0.9 weight_decay: 0.005 clip_gradients: 1.5",
    "AdaGrad": "base_lr: 0.01 delta: 1e-3",
    "RMSProp": "base_lr: 0.002 rms_decay: 0.95 delta: 1e-3",
    "AdaDelta": "base_lr: 0.1 momentum: 0.95 delta: 1e-5",
    "Adam": "base_lr: 0.002 momentum: 0.9 momentum2: 0.99 delta: 1e-4 weight_decay: 0.001 "
    "iter_size: 2",
}


def normalised(curve: str) -> str:
    """Convolution, BatchNorm, Scale, a bend and pooling, twice; two inner products."""
    text = Text()
    text.input("data", BATCH, 1, 14, 12)
    text.input("label", BATCH)
    bottom = "data"
    for index, outputs in enumerate((10, 16), 1):
        name = text.norm(text.conv(bottom, f"conv{index}", outputs), relu=False)
        text.add(curve, name)
        bottom = text.pool(name, f"pool{index}", ("MAX", "AVE")[index - 1])
    text.inner(bottom, "ip1", 20)
    text.add(curve, "ip1")
    text.inner("ip1", "ip2", CLASSES)
    text.loss("ip2")
    return str(text)


def solver_on(engine: str, rule: str, curve: str) -> Solver:
    text = f'type: "{rule}" {RULES[rule]} lr_policy: "step" stepsize: 40 gamma: 0.5 '
    param = text_format.Parse(text + "random_seed: 4", caffe_pb2.SolverParameter())
    text_format.Parse(normalised(curve), param.net_param)
    return get_solver(param, engine=engine, observers=[])


def losses_of(solver: Solver) -> list[float]:
    """Train on patterns that can be learned, the same for every solver; all losses."""
    rng = np.random.default_rng(6)
    patterns = rng.normal(size=(CLASSES, *solver.net.blobs["data"].shape[1:]))
    losses = []

    def next_batch() -> None:
        labels = rng.integers(0, CLASSES, BATCH)
        noise = rng.normal(size=solver.net.blobs["data"].shape)
        solver.net.blobs["data"].data[...] = patterns[labels] + noise
        solver.net.blobs["label"].data[...] = labels

    def note() -> None:
        losses.append(float(solver.net.blobs["loss"].data))

    solver.add_callback(next_batch, note)
    solver.step(ITERATIONS)
    return losses


def arrays(solver: Solver) -> dict[str, Any]:
    """Parameters (running statistics included) and the solver's histories."""
    blobs = [blob.data for blobs in solver.net.params.values() for blob in blobs]
    return {"parameters": blobs, "histories": solver.history}


@pytest.mark.parametrize("curve", ["TanH", "ReLU"])
@pytest.mark.parametrize("rule", RULES)
def test_trajectory(rule: str, curve: str) -> None:
    follow(rule, curve, "onednn")


def follow(rule: str, curve: str, engine: str) -> None:
    """Train on numpy and on another engine, and compare all losses and what is left."""
    solvers = [solver_on(name, rule, curve) for name in ("numpy", engine)]
    want, got = (losses_of(solver) for solver in solvers)
    assert np.mean(want[-10:]) < 0.7 * np.mean(want[:5]), "it must learn something"
    # float32's rounding grows with every iteration, by the rules that divide by small numbers
    # most; a ReLU's unit may change its sign by it
    tolerance = {"TanH": 1e-3, "ReLU": 2e-2}[curve]
    np.testing.assert_allclose(got[:10], want[:10], rtol=1e-4)
    np.testing.assert_allclose(got, want, rtol=tolerance, atol=tolerance)
    for kind, expected in arrays(solvers[0]).items():
        for left, right in zip(expected, arrays(solvers[1])[kind], strict=True):
            assert error_of(right, left) < tolerance, kind
