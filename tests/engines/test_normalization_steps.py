"""BatchNorm with its Scale and ReLU in kernels that are generated at run time."""

from __future__ import annotations

import numpy as np
import pytest
from google.protobuf import text_format

pytest.importorskip("llvmlite", reason="llvmlite, which compiles kernels, is absent")

from minicaffe.net.net import TRAIN, Net
from minicaffe.proto import caffe_pb2
from tests.engines.nets import Text

SHAPE = (3, 20, 9, 11)


def net_of(*, in_place: bool) -> Net:
    """A convolution, and a normalisation in its place or beside it."""
    text = Text("force_backward: true")
    blob = text.conv(text.input("data", *SHAPE), "conv", SHAPE[1], 1)
    out = blob if in_place else "out"
    text.add("BatchNorm", blob, out, name="bn")
    text.add("Scale", out, out, "scale_param { bias_term: true }", "scale")
    text.relu(out)
    net = Net(text_format.Parse(str(text), caffe_pb2.NetParameter()), TRAIN, engine="onednn")
    rng = np.random.default_rng(3)
    for blobs in (net.params["conv"], net.params["scale"]):
        for parameter in blobs:
            parameter.data[...] = rng.normal(size=parameter.shape)
    net.blobs["data"].data[...] = rng.normal(2, 1, SHAPE)
    return net


def gradients(net: Net, *, write: bool = False) -> list[np.ndarray]:
    """Those of a forward and a backward, with a look at the top in between."""
    net.forward()
    net.clear_param_diffs()
    top = net.blobs[net.outputs[0]]
    if write:
        top.data[...] = 1.0  # the ReLU remembers what it has let pass
    top.diff[...] = np.random.default_rng(4).normal(size=SHAPE)
    net.backward()
    return [blob.diff.copy() for name in ("conv", "scale") for blob in net.params[name]]


def assert_near(got: list[np.ndarray], want: list[np.ndarray]) -> None:
    largest = max(float(np.abs(array).max()) for array in want)
    assert largest > 1
    for one, two in zip(got, want, strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-4, atol=1e-6 * largest)


@pytest.mark.parametrize("in_place", [True, False])
def test_the_plan_says_so(in_place: bool) -> None:
    net = net_of(in_place=in_place)
    gradients(net)
    line = next(line for line in net.plan.describe() if line.startswith("bn + scale + "))
    assert "batch_normalization_forward/jit:generated" in line
    assert "batch_normalization_backward/jit:generated" in line
    assert "binary" not in line


@pytest.mark.parametrize("in_place", [True, False])
def test_layer_by_layer_gradients_are_the_same(in_place: bool) -> None:
    whole = gradients(net_of(in_place=in_place))
    net = net_of(in_place=in_place)
    seen: list[str] = []
    net.after_backward(lambda index: seen.append(net.layer_names[index]))
    assert_near(gradients(net), whole)
    assert "bn" in seen


@pytest.mark.parametrize("in_place", [True, False])
def test_what_a_program_writes_does_not_change_what_has_passed(in_place: bool) -> None:
    want = gradients(net_of(in_place=in_place))
    assert_near(gradients(net_of(in_place=in_place), write=True), want)


def test_the_gradient_between_is_that_of_the_backward_after_another_forward() -> None:
    """Normalisation's own top is overwritten by Scale and ReLU; its gradient is asked for late."""
    net, twin = net_of(in_place=False), net_of(in_place=False)
    gradients(net)
    twin.after_backward(lambda index: None)  # layer by layer: the diff itself
    gradients(twin)
    want = twin.blobs["out"].diff.copy()
    net.blobs["data"].data[...] *= -1
    net.forward()
    assert_near([net.blobs["out"].diff], [want])
