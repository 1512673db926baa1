"""Every row of the layers' generic test that converts gives as a module what the layer gives."""

from __future__ import annotations

import numpy as np
import pytest
from google.protobuf import text_format

pytest.importorskip("torch", reason="PyTorch is absent")

import torch

from minicaffe.convert.torch import to_module
from minicaffe.engines.torch.functions import covers, function_of
from minicaffe.layer import layer_class
from minicaffe.net.net import Net
from minicaffe.proto import caffe_pb2
from tests.engines.test_agree import net_text
from tests.layers.harness import Case, Rig
from tests.layers.test_layers import CASES


def converts(case: Case) -> bool:
    """Whether the class that runs a row, and its settings, have a function."""
    if not covers(layer_class(case.type)):
        return False
    rig = Rig(case, dtype=np.float32)
    return function_of(rig.layer) is not None


COVERED = [case for case in CASES if converts(case)]

#: Of the largest value; both compute in double precision.
TOLERANCE = 1e-9


def net_of(case: Case, *, in_place: bool = False) -> Net:
    """The net of a row in double precision, with its inputs and parameters filled."""
    param = text_format.Parse(net_text(case, in_place), caffe_pb2.NetParameter())
    phase = caffe_pb2.Phase.Value(case.phase)
    net = Net(param, phase, seed=3, engine="numpy", dtype=np.float64)
    rng = np.random.default_rng(7)
    makers = case.values if isinstance(case.values, list | tuple) else [case.values] * 99
    for index, (shape, make) in enumerate(zip(case.bottoms, makers, strict=False)):
        net.blobs[f"in{index}"].data[...] = make(rng, shape)
    for blob in net.params.get("layer", ()):
        if not blob.data.any():  # zeros hide mistakes
            blob.data[...] = rng.uniform(0.5, 2, blob.shape)
    return net


def assert_near(got: torch.Tensor, want: np.ndarray, what: str) -> None:
    assert tuple(got.shape) == want.shape, what
    scale = max(1e-6, float(np.abs(want[np.isfinite(want)]).max(initial=0)))
    found = got.detach().numpy()
    np.testing.assert_allclose(found, want, rtol=0, atol=TOLERANCE * scale, err_msg=what)


def check(case: Case, net: Net) -> None:
    """Compare tops, gradients of bottoms and parameters, and what becomes of statistics."""
    module = to_module(net)
    names = [f"in{index}" for index in range(len(case.bottoms))]
    given = {name: torch.tensor(net.blobs[name].data) for name in names}
    in_place = bool(set(net.top_names["layer"]) & set(names))
    nodes = {node.name: node for node in net.nodes}
    wanted = [name for name, want in zip(names, nodes["layer"].propagate_down, strict=True) if want]
    for name in wanted if case.has_gradient else ():
        given[name].requires_grad_()
    net.forward()
    outputs = module(**given)
    tops = [name for name in net.top_names["layer"] if name in outputs]
    for name in tops:
        assert_near(outputs[name], net.blobs[name].data, name)
    blobs = list(net.params.get("layer", ()))
    layer = module.get_submodule("layer")
    for index, (tensor, blob) in enumerate(zip(layer.blobs, blobs, strict=True)):
        assert_near(tensor, blob.data, f"parameter {index}")
    if not case.has_gradient or not nodes["layer"].need_backward:
        return
    rng = np.random.default_rng(8)
    loss = (
        module.total_loss(outputs) if module.loss_weights else torch.zeros((), dtype=torch.float64)
    )
    for name in tops if not case.loss else ():
        values = rng.normal(size=net.blobs[name].shape)
        net.blobs[name].diff[...] = values
        loss = loss + (outputs[name] * torch.tensor(values)).sum()
    net.backward()
    if loss.requires_grad:
        loss.backward()
    for name in wanted if not in_place else ():
        gradient = given[name].grad
        found = torch.zeros_like(given[name]) if gradient is None else gradient
        assert_near(found, net.blobs[name].diff, f"gradient of {name}")
    for index, (tensor, blob) in enumerate(zip(layer.blobs, blobs, strict=True)):
        if tensor.requires_grad:
            assert tensor.grad is not None
            assert_near(tensor.grad, blob.diff, f"gradient of parameter {index}")


@pytest.mark.parametrize("case", COVERED, ids=str)
def test_row(case: Case) -> None:
    check(case, net_of(case))


@pytest.mark.parametrize("case", [case for case in COVERED if case.in_place], ids=str)
def test_row_in_place(case: Case) -> None:
    check(case, net_of(case, in_place=True))
