"""What a training that diverges says, whatever blobs its net has kept."""

from __future__ import annotations

import numpy as np
import pytest
from google.protobuf import text_format

from minicaffe import TRAIN, Net
from minicaffe.engines import engine_names, why_unavailable
from minicaffe.errors import SolverError
from minicaffe.proto import caffe_pb2
from minicaffe.solver import get_solver
from tests.engines.nets import dense, inception, plain, residual
from tests.engines.test_sharing_training import mixed

ENGINES = [name for name in engine_names() if why_unavailable(name) is None]
NETS = {item.__name__: item() for item in (plain, residual, inception, dense, mixed)}


def fill(net: Net, rng: np.random.Generator) -> None:
    for name in net.inputs:
        blob = net.blobs[name]
        values = rng.standard_normal(blob.shape) if name == "data" else rng.integers(0, 4)
        blob.data[...] = values


def message(net: str, keep: str, engine: str, value: float) -> str:
    """How a training ends whose last layer's weights become a value after three iterations."""
    param = caffe_pb2.SolverParameter(
        base_lr=0.25, lr_policy="fixed", max_iter=9, random_seed=2, snapshot_after_train=False
    )
    text_format.Parse(NETS[net], param.net_param)
    solver = get_solver(param, engine=engine, keep=keep, observers=[])
    rng = np.random.default_rng(1)

    def before_each() -> None:
        fill(solver.net, rng)
        if solver.iter == 3:
            solver.net.params["scores"][0].data[...] = value

    solver.add_callback(before_each, lambda: None)
    with pytest.raises(SolverError) as caught:
        solver.solve()
    assert solver.iter == 3
    return str(caught.value)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("net", sorted(NETS))
def test_it_names_iteration_layer_and_remedy(net: str, engine: str) -> None:
    for value, sign in (
        (3e38, "it first shows in blob 'scores', the top of layer 'scores'"),
        (np.inf, "parameter 0 of layer 'scores'"),
    ):
        said = message(net, "outputs", engine, value)
        assert said == message(net, "all", engine, value)
        assert "at iteration 3, the first that is not finite" in said
        assert sign in said
        assert "lower base_lr (the rate is 0.25 now)" in said


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("net", sorted(NETS))
@pytest.mark.parametrize("phase", [TRAIN, 1])
def test_blobs_that_were_not_kept_are_computed_again(net: str, engine: str, phase: int) -> None:
    param = text_format.Parse(NETS[net], caffe_pb2.NetParameter())
    nets = [Net(param, phase, seed=1, engine=engine, keep=keep) for keep in ("all", "outputs")]
    for item in nets:
        rng = np.random.default_rng(1)
        for _ in range(2):
            fill(item, rng)
            item.forward()
            if phase == TRAIN:
                item.clear_param_diffs()
                item.backward()
        fill(item, rng)
        item.forward()
        item.keep_all()
    whole, other = nets
    for name, blob in other.blobs.items():
        np.testing.assert_allclose(blob.data, whole.blobs[name].data, rtol=1e-5, atol=1e-6)
    if phase == TRAIN:
        for item in nets:
            item.clear_param_diffs()
            item.backward()
        for mine, wanted in zip(other.learnable_params, whole.learnable_params, strict=True):
            np.testing.assert_allclose(mine.blob.diff, wanted.blob.diff, rtol=1e-4, atol=1e-6)
