"""The jit engine gives what numpy's gives, and says which layers its kernels run."""

from __future__ import annotations

import numpy as np
import pytest
from google.protobuf import text_format

pytest.importorskip("llvmlite", reason="llvmlite, which compiles kernels, is absent")

from minicaffe.errors import GraphError
from minicaffe.net.net import TEST, TRAIN, Net
from minicaffe.proto import caffe_pb2
from tests.engines.nets import NETS, Text
from tests.engines.test_stress import ACTIONS, Program
from tests.engines.twins import Twins, error_of


def small_net() -> caffe_pb2.NetParameter:
    """Convolutions that suit the kernels, and some that do not."""
    text = Text("force_backward: true")
    text.input("data", 3, 8, 9, 7)
    text.conv("data", "padded", 24)
    text.relu("padded")
    text.conv("padded", "wide", 9, 5, pad=1)
    text.conv("wide", "bare", 10, 3, pad=0, bias_term="false")
    text.conv("wide", "strided", 10, 3, stride=2)
    text.conv("padded", "grouped", 16, 3, group=2)
    text.conv("padded", "dilated", 8, 3, pad=2, dilation=2)
    return text_format.Parse(str(text), caffe_pb2.NetParameter())


def both(phase: int) -> tuple[Net, Net]:
    nets = [Net(small_net(), phase=phase, engine=engine) for engine in ("numpy", "jit")]
    rng = np.random.default_rng(3)
    nets[1].share_with(nets[0])
    for blob in nets[0].blobs.values():
        blob.diff[...] = rng.standard_normal(blob.shape)
    for name, blob in nets[0].blobs.items():
        nets[1].blobs[name].diff[...] = blob.diff
    for net in nets:
        net.blobs["data"].data[...] = np.random.default_rng(4).standard_normal((3, 8, 9, 7))
    return nets[0], nets[1]


@pytest.mark.parametrize("phase", [TRAIN, TEST])
def test_values(phase: int) -> None:
    reference, net = both(phase)
    reference.forward()
    net.forward()
    for name, blob in reference.blobs.items():
        assert error_of(net.blobs[name].data, blob.data) < 5e-6, name


def test_gradients() -> None:
    reference, net = both(TRAIN)
    found = []
    for each in (reference, net):
        each.forward()
        for params in each.params.values():
            for blob in params:
                blob.diff[...] = 1  # gradients are added
        each.backward()
        found.append(
            [each.blobs["data"].diff.copy()]
            + [blob.diff.copy() for params in each.params.values() for blob in params]
        )
    for got, want in zip(found[1], found[0], strict=True):
        assert error_of(got, want) < 1e-5


def test_it_says_what_runs_each_layer() -> None:
    _, net = both(TEST)
    lines = dict(line.split(": ", 1) for line in net.plan.describe())
    assert lines["padded"] == "jit, Winograd F(4x4, 3x3)"
    assert lines["wide"] == "jit, Winograd F(3x3, 5x5)"
    assert lines["padded_relu"] == "jit"
    assert {lines[name] for name in ("data", "strided", "grouped", "dilated")} == {"numpy"}


def test_shapes_may_change() -> None:
    reference, net = both(TEST)
    for shape in ((1, 8, 12, 5), (3, 8, 9, 7), (2, 8, 5, 5)):
        for each in (reference, net):
            each.blobs["data"].reshape(*shape)
            each.blobs["data"].data[...] = np.random.default_rng(5).standard_normal(shape)
            each.forward()
        assert error_of(net.blobs["wide"].data, reference.blobs["wide"].data) < 5e-6


def test_other_types_than_float32_run_as_numpy() -> None:
    net = Net(small_net(), phase=TEST, engine="jit", dtype=np.float64)
    assert all(line.endswith(": numpy") for line in net.plan.describe())
    net.forward()


def test_direct_convolutions_can_be_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    net = Net(small_net(), phase=TEST, engine="jit", conv_math="direct")
    assert "Winograd" not in "\n".join(net.plan.describe())
    monkeypatch.setenv("MINICAFFE_CONV_MATH", "direct")
    net = Net(small_net(), phase=TEST, engine="jit")
    assert "Winograd" not in "\n".join(net.plan.describe())
    net = Net(small_net(), phase=TEST, engine="jit", conv_math="auto")
    assert "Winograd" in "\n".join(net.plan.describe())
    monkeypatch.setenv("MINICAFFE_CONV_MATH", "fast")
    with pytest.raises(GraphError, match=r"conv_math is 'fast', expected \"auto\" or \"direct\""):
        Net(small_net(), phase=TEST, engine="jit")


class JitTwins(Twins):
    """A net on numpy and on the jit engine."""

    engine = "jit"


class JitProgram(Program):
    """What a program may do between passes, on the jit engine."""

    twins_class = JitTwins


@pytest.mark.parametrize("name", NETS)
def test_training(name: str) -> None:
    """A few iterations of whole nets."""
    make, classes = NETS[name]
    twins = JitTwins(make())
    twins.fill(**twins.label(classes))
    for _ in range(3):
        twins.step()
    twins.same(tolerance=1e-4, flips=True)


@pytest.mark.parametrize("seed", range(2))
def test_random_program(seed: int) -> None:
    program = JitProgram(seed)
    for number in program.rng.permutation(len(ACTIONS)):
        ACTIONS[number](program)
        program.check()
