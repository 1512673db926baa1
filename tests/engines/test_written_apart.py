"""What a program writes into one blob is never seen in another whose values are the same."""

from __future__ import annotations

import pytest

from minicaffe.net.net import TEST, TRAIN
from tests.engines.nets import Text
from tests.engines.twins import Twins, write


def dropout(axes: int) -> Twins:
    """A Dropout in TEST, whose top has its bottom's values: row-major ones or a convolution's."""
    text = Text("force_backward: true")
    text.input("data", 2, 3, *[6] * (axes - 2))
    first = text.conv("data", "a", 5) if axes == 4 else "data"
    text.add("Dropout", first, "left")
    text.add("Power", "left", "power", "power_param { scale: 2 }")
    twins = Twins(str(text), TEST)
    twins.fill()
    twins.each("forward_loss")
    return twins


@pytest.mark.parametrize("axes", [2, 4])
@pytest.mark.parametrize("written", ["bottom", "top"])
def test_values_of_a_dropout(axes: int, written: str) -> None:
    twins = dropout(axes)
    last = len(twins.numpy.nodes) - 1
    write(twins, twins.numpy.nodes[-2].bottom_names[0] if written == "bottom" else "left")
    twins.same(diffs=False)
    twins.each("_forward", last, last)
    twins.same(diffs=False)
    twins.each("_forward", last - 1, last)
    twins.same(diffs=False)


@pytest.mark.parametrize("axes", [2, 4])
def test_gradients_of_a_dropout(axes: int) -> None:
    twins = dropout(axes)
    last = len(twins.numpy.nodes) - 1
    write(twins, "power", "diff")
    twins.each("backward")
    write(twins, "left", "diff")
    twins.same()
    twins.each("_backward", last - 1, last - 1)
    twins.same()
    write(twins, twins.numpy.nodes[-2].bottom_names[0], "diff", seed=6)
    twins.each("_backward", last - 2, 0)
    twins.same()


def branches(flat: bool) -> Twins:
    """A sum of a Split's two tops, one of which goes through a convolution; and a sum of them."""
    text = Text("force_backward: true")
    shape = (4, 6) if flat else (2, 4, 7, 6)
    text.input("data", *shape)
    first = text.inner("data", "stem", 8) if flat else text.conv("data", "stem", 8)
    text.add("Split", first, "left right")
    text.add("Eltwise", "left right", "sum")
    (text.inner if flat else text.conv)("sum", "out", 3)
    twins = Twins(str(text), TRAIN)
    twins.fill()
    twins.each("forward_loss")
    write(twins, "out", "diff")
    twins.each("backward")
    return twins


@pytest.mark.parametrize("flat", [False, True])
@pytest.mark.parametrize("written", ["sum", "left", "right"])
def test_gradients_of_a_sum(flat: bool, written: str) -> None:
    twins = branches(flat)
    twins.same()
    write(twins, written, "diff")
    twins.same()
    split = next(i for i, node in enumerate(twins.numpy.nodes) if node.layer.type == "Split")
    twins.each("_backward", split, 0)
    twins.same()
    twins.each("_backward", split + 1, 0)
    twins.same()
    write(twins, written, "diff", seed=6)
    twins.each("_backward", split, split)
    twins.same()


@pytest.mark.parametrize("flat", [False, True])
@pytest.mark.parametrize("rest", ["", "use_global_stats: true"])
@pytest.mark.parametrize("scaled", [False, True])
def test_gradient_of_a_normalisation_whose_bottom_is_written(
    flat: bool, rest: str, scaled: bool
) -> None:
    """As in Caffe, its backward reads a copy of what it has read, and a convolution the bottom."""
    text = Text("force_backward: true")
    text.input("data", *((4, 6) if flat else (2, 4, 7, 6)))
    first = text.inner("data", "stem", 8) if flat else text.conv("data", "stem", 8)
    text.add("BatchNorm", first, "norm", f"batch_norm_param {{ {rest} }}")
    if scaled:
        text.add("Scale", "norm", rest="scale_param { filler { value: 2 } }")
    (text.inner if flat else text.conv)(first, "other", 3)
    twins = Twins(str(text), TRAIN)
    for net in twins.nets:
        net.params["batchnorm3"][1].data[...] = 1.5
        net.params["batchnorm3"][2].data[...] = 1
    twins.fill()
    for seed in range(2):
        twins.each("forward_loss")
        write(twins, "norm", "diff")
        write(twins, "other", "diff")
        for name in ("stem", "stem_stem_0_split_0", "stem_stem_0_split_1"):
            write(twins, name, seed=6 + seed)
        twins.each("backward")
        twins.same()
        twins.fill()
