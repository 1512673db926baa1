"""Parts of a net, callbacks and held arrays: what a plan of whole passes must not forget."""

from __future__ import annotations

import numpy as np
import pytest

from minicaffe.net.net import TEST
from tests.engines.nets import Text, plain
from tests.engines.twins import Twins, error_of, residual_twins, write

# ------------------------------------------------------------------ parts of a net


@pytest.mark.parametrize("kind", ["from", "to", "between"])
def test_partial_forward(kind: str) -> None:
    twins = residual_twins()
    count = len(twins.numpy.layers)
    twins.each("forward_loss")
    for index in range(count):
        start, end = {
            "from": (index, count - 1),
            "to": (0, index),
            "between": (index, index),
        }[kind]
        if kind != "to" and index > 2:
            write(twins, twins.numpy.nodes[index].bottom_names[0], seed=index)
        losses = twins.each("_forward", start, end)
        assert twins.agree(losses[1], losses[0])
    twins.same(diffs=False)


@pytest.mark.parametrize("kind", ["from", "to"])
def test_partial_backward(kind: str) -> None:
    twins = residual_twins()
    last = len(twins.numpy.layers) - 1
    for index in range(2, last):
        twins.each("forward_loss")
        if kind == "from":
            write(twins, twins.numpy.nodes[index].top_names[0], "diff", seed=index)
        twins.each("_backward", *((index, 0) if kind == "from" else (last, index)))
        twins.same()


def test_partial_backward_after_a_dropout() -> None:
    """The plan is built again, but the mask is the forward's."""
    text = Text("force_backward: true")
    text.input("data", 2, 3, 7, 6)
    text.conv("data", "a", 5)
    text.add("Dropout", "a", rest="dropout_param { dropout_ratio: 0.3 }")
    text.relu(text.conv("a", "b", 4))
    twins = Twins(str(text))
    twins.fill()
    twins.each("forward_loss")
    write(twins, "b", "diff")
    twins.each("_backward", len(twins.numpy.layers) - 2, 0)  # not the ReLU
    assert np.any(twins.tested.params["a"][0].diff)
    twins.same()


def test_backward_after_writing_into_a_blob() -> None:
    twins = Twins(plain())
    twins.fill(**twins.label(4))
    twins.each("forward_loss")
    write(twins, "hidden")
    write(twins, "p1")
    twins.each("backward")
    twins.same()


def test_hooks_see_what_numpy_shows() -> None:
    twins = residual_twins()
    twins.step()
    seen: list[list[np.ndarray]] = [[], []]
    for net, values in zip(twins.nets, seen, strict=True):

        def look(index: int, net=net, values=values) -> None:
            values += [net.blobs[name].data.copy() for name in net.nodes[index].top_names]

        def look_back(index: int, net=net, values=values) -> None:
            values += [net.blobs[name].diff.copy() for name in net.nodes[index].bottom_names[:1]]

        net.after_forward(look)
        net.after_backward(look_back)
    twins.step()
    twins.same()
    assert len(seen[0]) == len(seen[1]) > 40
    for got, want in zip(seen[1], seen[0], strict=True):
        assert twins.agree(got, want)


# ------------------------------------------------------------------ arrays that are held


def test_held_arrays_are_kept_in_step(twins: Twins) -> None:
    held = [
        {(name, kind): getattr(blob, kind) for name, blob in net.blobs.items() for kind in KINDS}
        for net in twins.nets
    ]
    for _ in range(3):
        twins.step()
        for key, want in held[0].items():
            assert twins.agree(held[1][key], want), key
        for arrays in held:
            arrays["data", "data"][...] *= 0.9


KINDS = ("data", "diff")


def test_writing_into_held_arrays_takes_effect() -> None:
    twins = residual_twins(TEST)
    inputs = [net.blobs["data"].data for net in twins.nets]
    weights = [net.params["a1"][0].data for net in twins.nets]
    scale = [net.params["a1_scale"][0].data for net in twins.nets]
    statistics = [net.params["a1_bn"][0].data for net in twins.nets]
    counts = [net.params["a1_bn"][2].data for net in twins.nets]
    for arrays in (inputs, weights, scale, statistics, counts):
        twins.each("forward")
        before = twins.numpy.blobs["scores"].data.copy()
        for array in arrays:
            array[...] = array * 1.5 + 0.25
        twins.each("forward")
        twins.same(diffs=False)
        assert error_of(twins.numpy.blobs["scores"].data, before) > 1e-3
