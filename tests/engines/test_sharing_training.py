"""Nets to train, opened with keep="outputs": gradients and values lend each other memory."""

from __future__ import annotations

import numpy as np
import pytest
from google.protobuf import text_format

from minicaffe import engines
from minicaffe.errors import GraphError
from minicaffe.net.net import TRAIN, Net
from minicaffe.proto import caffe_pb2
from minicaffe.solver import get_solver
from tests.engines.nets import Text, dense, inception, plain, residual


def mixed() -> str:
    """Layers of both engines in turns, dropout, and a Slice and a Concat by channels."""
    net = Text()
    net.input("data", 3, 4, 9, 7)
    net.input("label", 3)
    net.norm(net.conv("data", "a", 32))
    net.add("Dropout", "a", rest="dropout_param { dropout_ratio: 0.3 }")
    net.add("Slice", "a", "left right", "slice_param { slice_point: 16 }")
    net.relu(net.conv("left", "b", 16, engine="CAFFE"))
    net.add("PReLU", "right", "c")
    net.add("Concat", "b c", "joined")
    net.pool("joined", "pooled", "MAX", 3)
    net.add("MVN", "pooled", "even", name="mvn")
    net.conv("even", "d", 16)
    net.inner("d", "scores", 5)
    net.loss("scores")
    return str(net)


NETS = {
    "residual": residual(),
    "inception": inception(),
    "plain": plain(),
    "dense": dense(),
    "mixed": mixed(),
}


_why_no_bf16 = engines.why_unavailable("onednn", "bf16")


class Pair:
    """The same net to train with all blobs kept and with its outputs only."""

    def __init__(self, text: str, precision: str = "float32") -> None:
        param = text_format.Parse(text, caffe_pb2.NetParameter())
        self.all, self.outputs = self.both = [
            Net(param, TRAIN, seed=1, engine="onednn", precision=precision, keep=keep)
            for keep in ("all", "outputs")
        ]
        self.rng = np.random.default_rng(8)

    def fill(self) -> None:
        """Equal inputs."""
        for name in self.all.inputs:
            shape = self.all.blobs[name].shape
            drawn = self.rng.integers(0, 4, shape) if name == "label" else None
            values = self.rng.normal(size=shape) if drawn is None else drawn
            for net in self.both:
                net.blobs[name].data[...] = values

    def forward(self) -> None:
        """Equal inputs, equal outputs."""
        self.fill()
        found, wanted = self.outputs.forward(), self.all.forward()
        for name, values in wanted.items():
            assert np.array_equal(found[name], values), name

    def backward(self) -> None:
        """Equal gradients of all parameters."""
        for net in self.both:
            net.clear_param_diffs()
            net.backward()
        self.compare()

    def compare(self) -> None:
        """The gradients of parameters are the same to the last bit, and not all 0."""
        for name, blobs in self.all.params.items():
            for left, right in zip(blobs, self.outputs.params[name], strict=True):
                assert np.array_equal(left.diff, right.diff), name
                assert np.array_equal(left.data, right.data), name
        assert any(np.any(blob.diff) for blobs in self.all.params.values() for blob in blobs)

    def update(self) -> None:
        """A step down the gradient."""
        for net in self.both:
            for param in net.learnable_params:
                param.blob.data[...] -= 0.01 * param.blob.diff


@pytest.mark.parametrize("name", NETS)
def test_gradients_are_the_same(name: str) -> None:
    pair = Pair(NETS[name])
    for _ in range(4):
        pair.forward()
        pair.backward()
        pair.update()


@pytest.mark.skipif(bool(_why_no_bf16), reason=f"values in bfloat16: {_why_no_bf16}")
@pytest.mark.parametrize("name", NETS)
def test_gradients_are_the_same_in_bf16(name: str) -> None:
    pair = Pair(NETS[name], precision="bf16")
    for _ in range(2):
        pair.forward()
        pair.backward()
        pair.update()


def test_two_forwards_and_two_backwards() -> None:
    pair = Pair(residual())
    pair.forward()
    pair.forward()
    pair.backward()
    for net in pair.both:  # gradients of two batches add up
        net.forward()
        net.backward()
    pair.compare()


def test_two_backwards_of_one_forward() -> None:
    pair = Pair(mixed())
    pair.forward()
    pair.backward()
    for net in pair.both:
        net.backward()
    pair.compare()


def test_two_backwards_where_every_blob_is_kept() -> None:
    """All are inputs or outputs: what lends its memory is only what the steps keep."""
    text = Text("force_backward: true")
    text.input("data", 2, 5, 3, 7)
    text.add("PReLU", "data", "out")
    text.add("Scale", "out", rest='scale_param { filler { type: "uniform" min: 1 max: 2 } }')
    pair = Pair(str(text))
    pair.fill()
    for net in pair.both:
        net.forward()
        for _ in range(2):
            net.blobs["out"].diff[...] = np.linspace(-1, 1, 210).reshape(2, 5, 3, 7)
            net.backward()
    pair.compare()


def test_two_backwards_where_numpy_writes_a_gradient() -> None:
    text = Text("force_backward: true")
    text.input("data", 2, 5, 6, 6)
    text.input("factors", 6)
    text.add("BatchNorm", text.conv("data", "a", 4))
    text.add("Scale", "a factors", "out", "scale_param { axis: 2 }")  # not by channels: numpy's
    pair = Pair(str(text))
    pair.forward()
    for net in pair.both:
        for _ in range(2):
            net.blobs["out"].diff[...] = np.linspace(-1, 1, 288).reshape(2, 4, 6, 6)
            net.backward()
    pair.compare()


def test_shapes_that_change() -> None:
    pair = Pair(residual())
    for batch in (4, 7, 2, 7):
        for net in pair.both:
            for name in ("data", "label"):
                net.blobs[name].reshape(batch, *net.blobs[name].shape[1:])
        pair.forward()
        pair.backward()


def test_what_was_not_kept_cannot_be_looked_at() -> None:
    pair = Pair(residual())
    for _ in range(2):
        pair.forward()
        pair.backward()
        for _ in range(2):
            with pytest.raises(
                GraphError, match=r"gradients of blob 'a1' were not kept.*keep=.all"
            ):
                _ = pair.outputs.blobs["a1"].diff
            with pytest.raises(GraphError, match=r"values of blob 'stem' were not kept"):
                _ = pair.outputs.blobs["stem"].data
        assert pair.outputs.blobs["loss"].diff == 1


def test_gradients_of_inputs_are_kept() -> None:
    pair = Pair("force_backward: true\n" + plain())
    for _ in range(2):
        pair.forward()
        pair.backward()
        data = [net.blobs["data"].diff for net in pair.both]
        assert np.any(data[0])
        assert np.array_equal(*data)


@pytest.mark.parametrize("moment", ["before", "between"])
def test_a_referenced_gradient_is_kept(moment: str) -> None:
    pair = Pair(residual())
    held = [net.blobs["a1"].diff for net in pair.both] if moment == "before" else []
    for _ in range(3):
        pair.forward()
        held = held or [net.blobs["a1"].diff for net in pair.both]
        pair.backward()
        assert np.any(held[0])
        assert np.array_equal(*held)


def test_values_written_between_forward_and_backward_count() -> None:
    pair = Pair(plain())
    for _ in range(3):
        pair.forward()
        names = [name for name in pair.all.blobs if name not in ("data", "label", "loss")]
        written = []
        for name in names:
            try:
                values = pair.outputs.blobs[name].data
            except GraphError:
                continue
            assert np.array_equal(values, pair.all.blobs[name].data), name
            written.append(name)
            for net in pair.both:
                net.blobs[name].data[...] *= 1.5
        assert written
        pair.backward()


def test_part_of_a_backward_keeps_everything() -> None:
    pair = Pair(mixed())
    pair.forward()
    for net in pair.both:
        net.clear_param_diffs()
        net.backward(end="mvn")
    diffs = [net.blobs["pooled"].diff for net in pair.both]
    assert np.any(diffs[0])
    assert np.array_equal(*diffs)
    for net in pair.both:
        net.backward(start="pooled")
    pair.compare()
    pair.forward()
    pair.backward()
    assert np.array_equal(*(net.blobs["d"].diff for net in pair.both))


def test_callbacks_see_everything() -> None:
    pair = Pair(residual())
    pair.forward()
    pair.backward()
    seen: list[np.ndarray] = []
    reader = pair.all.layer_index("a2")
    for net in pair.both:

        def look(index: int, net: Net = net) -> None:
            if index == reader:
                seen.append(net.blobs["a1"].diff.copy())

        net.callbacks.add("after_backward", look)
    pair.forward()
    for net in pair.both:
        net.backward()
    assert np.any(seen[0])
    assert np.array_equal(*seen)


def test_solver_takes_keep() -> None:
    """By default a program sees all gradients; ``minicaffe train`` asks for outputs."""
    losses, solvers = [], []
    for keep in ("all", "outputs"):
        param = caffe_pb2.SolverParameter(base_lr=0.05, lr_policy="fixed", momentum=0.9)
        param.random_seed, param.iter_size = 3, 2
        text_format.Parse(residual(), param.net_param)
        solver = get_solver(param, engine="onednn", keep=keep, observers=[])
        solver.net.blobs["data"].data[...] = np.random.default_rng(2).normal(
            size=solver.net.blobs["data"].shape
        )
        solver.step(3)
        losses.append(float(solver.net.blobs["loss"].data))
        solvers.append(solver)
    assert losses[0] == losses[1]
    assert np.any(solvers[0].net.blobs["a1"].diff)
    with pytest.raises(GraphError, match="not kept"):
        _ = solvers[1].net.blobs["a1"].diff
