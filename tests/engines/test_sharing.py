"""Nets opened with keep="outputs": blobs lend each other their memory."""

from __future__ import annotations

import numpy as np
import pytest
from google.protobuf import text_format

from minicaffe.errors import GraphError
from minicaffe.net.net import TEST, Net
from minicaffe.proto import caffe_pb2
from tests.engines.nets import Text, inception, plain, residual
from tests.engines.twins import error_of

NETS = {"residual": residual(), "inception": inception(), "plain": plain()}


class Pair:
    """The same net with all blobs kept and with its outputs only."""

    def __init__(self, text: str, engine: str) -> None:
        param = text_format.Parse(text, caffe_pb2.NetParameter())
        self.all = Net(param, TEST, seed=1, engine=engine)
        self.outputs = Net(param, TEST, seed=1, engine=engine, keep="outputs")
        self.rng = np.random.default_rng(8)

    def run(self) -> None:
        """Equal inputs, a forward, equal outputs."""
        for name in self.all.inputs:
            shape = self.all.blobs[name].shape
            values = (
                self.rng.integers(0, 4, shape) if name == "label" else self.rng.normal(size=shape)
            )
            for net in (self.all, self.outputs):
                net.blobs[name].data[...] = values
        found, wanted = self.outputs.forward(), self.all.forward()
        for name, values in wanted.items():
            assert error_of(found[name], values) < 1e-6, name


@pytest.fixture(params=["numpy", "onednn"])
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.parametrize("name", NETS)
def test_outputs_are_the_same(name: str, engine: str) -> None:
    pair = Pair(NETS[name], engine)
    for _ in range(3):
        pair.run()


def test_values_that_were_not_kept_cannot_be_looked_at(engine: str) -> None:
    pair = Pair(residual(), engine)
    for _ in range(2):
        pair.run()
        for _ in range(2):
            with pytest.raises(GraphError, match=r"blob 'stem' were not kept.*keep=.all"):
                _ = pair.outputs.blobs["stem"].data
        with pytest.raises(GraphError, match="not kept"):
            pair.outputs.forward(blobs=["a1"])


def test_a_referenced_blob_is_kept(engine: str) -> None:
    pair = Pair(residual(), engine)
    held = pair.outputs.blobs["a1"].data
    for _ in range(2):
        pair.run()
        assert error_of(held, pair.all.blobs["a1"].data) < 1e-5


def test_reshape_between_forwards(engine: str) -> None:
    pair = Pair(residual(), engine)
    for batch in (4, 7, 2, 7):
        for net in (pair.all, pair.outputs):
            for name in ("data", "label"):
                net.blobs[name].reshape(batch, *net.blobs[name].shape[1:])
        pair.run()


def test_part_of_the_net_keeps_everything(engine: str) -> None:
    pair = Pair(residual(), engine)
    pair.run()
    tops = [net.forward(end="b1_relu")["b1"] for net in (pair.all, pair.outputs)]
    assert error_of(tops[1], tops[0]) < 1e-5
    assert error_of(pair.outputs.blobs["stem"].data, pair.all.blobs["stem"].data) < 1e-5


def test_gradients_keep_everything(engine: str) -> None:
    pair = Pair(plain(), engine)
    pair.run()
    for net in (pair.all, pair.outputs):
        net.backward()
    for name in pair.all.params:
        for left, right in zip(pair.all.params[name], pair.outputs.params[name], strict=True):
            assert error_of(right.diff, left.diff) < 1e-5


def test_blob_that_shows_the_array_of_another(engine: str) -> None:
    net = Text()
    net.input("data", 3, 4, 9, 7)
    net.add("BNLL", "data", "soft")
    net.add("Dropout", "soft", "passed")
    net.conv("passed", "a", 5)
    net.conv("a", "b", 5)
    pair = Pair(str(net), engine)
    for _ in range(2):
        pair.run()


def test_unknown_keep() -> None:
    with pytest.raises(GraphError, match='keep is \'some\', expected "all" or "outputs"'):
        Net(text_format.Parse(plain(), caffe_pb2.NetParameter()), TEST, keep="some")
