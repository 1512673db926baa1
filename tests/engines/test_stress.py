"""Random programs that do to a net whatever pycaffe programs do, on both engines at once."""

from __future__ import annotations

import gc
from collections.abc import Callable

import numpy as np
import pytest

from minicaffe.net.net import TEST, TRAIN, Net
from tests.engines.nets import Text
from tests.engines.twins import Twins, differs

CLASSES = 5
#: The weights drift apart with every update; a stale or missing value makes it 0.1 and more.
TOLERANCE = 5e-3


def mixed(batch: int = 4) -> str:
    """Shared weights, in-place chains, branches, and layers that ask for numpy."""
    text = Text()
    reference = "engine: CAFFE"
    names = 'param { name: "w" } param { name: "b" }'
    text.input("data", batch, 3, 9, 8)
    text.input("label", batch)
    text.norm(text.conv("data", "stem", 16, bias_term="false"))
    text.relu(text.conv("stem", "left", 16, param=names))
    text.conv("stem", "right", 16, param=names, engine="CAFFE")
    text.add("ReLU", "right", rest=f"relu_param {{ {reference} }}")
    text.add("TanH", "right", "bent", f"tanh_param {{ {reference} }}")
    text.add("Eltwise", "left bent", "sum")
    text.add("Concat", "sum right", "joined")
    text.add("LRN", "joined", "levelled", f"lrn_param {{ alpha: 0.1 {reference} }}")
    text.add("ShuffleChannel", "levelled", "shuffled", "shuffle_channel_param { group: 4 }")
    text.add("Interp", "shuffled", "wider", "interp_param { height: 9 width: 10 }")
    text.add(
        "Pooling",
        "wider",
        "pool",
        f"pooling_param {{ pool: AVE kernel_size: 2 stride: 2 {reference} }}",
    )
    text.add("Scale", "pool", rest="scale_param { bias_term: true }")
    text.add("Sigmoid", "pool", "curved", f"sigmoid_param {{ {reference} }}")
    text.relu(text.inner("curved", "hidden", 24))
    text.inner("hidden", "scores", CLASSES)
    text.loss("scores")
    return str(text)


class Program:
    """Twins, what is held of them, and nets that share their weights."""

    twins_class = Twins

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.twins = self.twins_class(mixed(), TRAIN, seed)
        self.testers = self.twins_class(mixed(2), TEST, seed)
        self.held: list[tuple[np.ndarray, np.ndarray]] = []
        for tester, net in zip(self.testers.nets, self.twins.nets, strict=True):
            tester.share_with(net)
        self.fill(self.twins)
        self.fill(self.testers)
        self.twins.each("forward_loss")

    def fill(self, twins: Twins) -> None:
        twins.fill(**twins.label(CLASSES))

    def blobs(self, net: Net) -> list:
        return [*net.blobs.values(), *(blob for blobs in net.params.values() for blob in blobs)]

    def pick(self) -> tuple[np.ndarray, np.ndarray]:
        """The same array of both nets."""
        kind = ("data", "diff")[self.rng.integers(2)]
        index = self.rng.integers(len(self.blobs(self.twins.numpy)))
        left, right = (getattr(self.blobs(net)[index], kind) for net in self.twins.nets)
        return left, right

    # -------------------------------------------------------------- what programs do

    def train(self) -> None:
        self.twins.step(0.002)

    def train_on_two_batches(self) -> None:
        self.twins.each("clear_param_diffs")
        for _ in range(2):
            self.fill(self.twins)
            self.twins.each("forward_loss")
            self.twins.each("backward")
        for net in self.twins.nets:
            net.arena.data -= 0.001 * net.arena.diff

    def clear_and_write(self) -> None:
        self.twins.each("clear_param_diffs")
        for net in self.twins.nets:
            net.params["scores"][0].diff[0] = 0.25
        self.twins.each("backward")

    def reshape(self) -> None:
        batch = int(self.rng.integers(1, 6))
        self.held.clear()  # they may be of memory that is left behind
        for net in self.twins.nets:
            for name in ("data", "label"):
                net.blobs[name].reshape(batch, *net.blobs[name].shape[1:])
            net.reshape()
        self.fill(self.twins)
        self.twins.each("forward_loss")
        self.twins.each("backward")

    def write_and_go_on(self) -> None:
        """Into a blob, then from the layer that reads it to the end and back there.

        What made the blob is not gone back through: the ReLU in a normalisation knows by itself
        what it let pass.
        """
        nodes = self.twins.numpy.nodes
        index = int(self.rng.integers(2, len(nodes) - 1))
        name = nodes[index].bottom_names[0]
        values = self.rng.normal(size=self.twins.numpy.blobs[name].shape)
        for net in self.twins.nets:
            net.blobs[name].data[...] = values
        self.twins.each("_forward", index, len(nodes) - 1)
        self.twins.each("_backward", len(nodes) - 1, index)
        self.check()
        self.twins.each("forward_loss")

    def write_weights(self) -> None:
        name = list(self.twins.numpy.params)[self.rng.integers(len(self.twins.numpy.params))]
        factor = self.rng.uniform(0.9, 1.1)
        for net in self.twins.nets:
            net.params[name][0].data[...] *= factor

    def hold(self) -> None:
        self.held.append(self.pick())

    def let_go(self) -> None:
        self.held.clear()
        gc.collect()

    def write_held_inputs(self) -> None:
        views = [net.blobs["data"].data for net in self.twins.nets]
        self.twins.each("forward_loss")
        for view in views:
            view[...] = view * 0.9 + 0.1
        self.twins.each("forward_loss")

    def write_held_weights(self) -> None:
        views = [net.params["stem"][0].data for net in self.twins.nets]
        for factor in (0.9, 1.2):
            self.twins.each("forward_loss")
            self.testers.each("forward_loss")
            for view in views:
                view[...] *= factor
                view[0] += 0.1
        self.twins.each("forward_loss")
        self.testers.each("forward_loss")
        self.twins.same(diffs=False, tolerance=TOLERANCE, flips=True)
        self.testers.same(diffs=False, tolerance=TOLERANCE, flips=True)

    def test_between(self) -> None:
        self.testers.each("forward_loss")
        self.testers.same(diffs=False, tolerance=TOLERANCE, flips=True)

    def read(self) -> None:
        left, right = self.pick()
        assert not differs(right, left, TOLERANCE)

    # -------------------------------------------------------------- what must hold

    def check(self) -> None:
        for left, right in self.held:
            assert not differs(right, left, TOLERANCE)
        self.twins.same(tolerance=TOLERANCE, flips=True)


ACTIONS: list[Callable[[Program], None]] = [
    Program.train,
    Program.train_on_two_batches,
    Program.clear_and_write,
    Program.reshape,
    Program.write_and_go_on,
    Program.write_weights,
    Program.hold,
    Program.let_go,
    Program.write_held_inputs,
    Program.write_held_weights,
    Program.test_between,
    Program.read,
]


@pytest.mark.parametrize("seed", range(6))
def test_random_program(seed: int) -> None:
    program = Program(seed)
    done = []
    for number in program.rng.permutation(np.repeat(np.arange(len(ACTIONS)), 3)):
        action = ACTIONS[number]
        done.append(action.__name__)
        try:
            action(program)
            if program.rng.random() < 0.4:  # to look is to change what is newest where
                program.check()
        except AssertionError as error:
            raise AssertionError(f"after {', '.join(done)}:\n{error}") from None
    program.train()
    program.check()


def test_every_blob_is_reached() -> None:
    """The net has what the test is for."""
    program = Program(0)
    nodes = program.twins.tested.nodes
    assert {"Split", "BatchNorm", "Concat", "Eltwise"} <= {node.layer.type for node in nodes}
    assert len(program.twins.tested.shared_params) == 2
    assert program.twins.plan.count("numpy, its prototxt says engine: CAFFE") == 6


def test_a_flip_is_forgiven_and_a_stale_value_is_not() -> None:
    want = np.random.default_rng(3).normal(size=(8, 9, 128))
    flipped, stale = want.copy(), want.copy()
    flipped[2, 3, :2] = flipped[2, 3, 1::-1]
    stale[7] = 0
    few = want[0, 0] * np.where(np.arange(128) == 5, 1.1, 1)
    assert not differs(flipped, want, TOLERANCE)
    assert differs(stale, want, TOLERANCE)
    assert differs(few, want[0, 0], TOLERANCE)
    assert differs(np.where(want == want.max(), np.nan, want), want, TOLERANCE)
