"""Who looks late sees what the run has left, whatever has changed since."""

from __future__ import annotations

import pytest

from minicaffe.net.net import TEST, TRAIN
from tests.engines.nets import Text
from tests.engines.twins import Twins, write


def change(twins: Twins, what: str) -> None:
    """What a program may do between a run and a look at what it has left."""
    if what == "parameters":
        for net in twins.nets:
            net.arena.data[...] *= 1.5
    elif what == "held":
        for net in twins.nets:
            net.params["c2"][0].data[...] *= 1.5
    elif what == "inputs":
        write(twins, "data", seed=8)
    elif what == "another forward":
        write(twins, "data", seed=8)
        twins.each("forward_loss")


def normalised(last: str) -> Twins:
    """BatchNorm, Scale and ReLU, the first two in place on a top of their own."""
    text = Text("force_backward: true")
    text.input("data", 3, 5, 7, 6)
    text.conv("data", "c", 4)
    text.add("BatchNorm", "c", "n")
    rest = 'filler { type: "uniform" min: -2 max: 2 } bias_term: true'
    text.add("Scale", "n", "n", f"scale_param {{ {rest} }}")
    if last:
        text.add("ReLU", "n", last)
    text.add("Power", last or "n", "out", "power_param { scale: 2 }")
    twins = Twins(str(text), TRAIN)
    twins.fill()
    return twins


@pytest.mark.parametrize("last", ["", "n", "r"])
@pytest.mark.parametrize("what", ["nothing", "parameters", "inputs", "another forward"])
def test_gradient_between_layers_in_place(last: str, what: str) -> None:
    twins = normalised(last)
    for _ in range(2):
        twins.each("forward_loss")
        write(twins, "out", "diff")
        twins.each("backward")
        change(twins, what)
        assert twins.agree(twins.tested.blobs["n"].diff, twins.numpy.blobs["n"].diff)


def fused() -> Twins:
    """A branch, each of whose convolutions has a ReLU with a top of its own."""
    text = Text()
    text.input("data", 2, 4, 7, 6)
    text.add("ReLU", text.conv("data", "c1", 16), "r1")
    text.add("ReLU", text.conv("r1", "c2", 16), "r2")
    text.add("ReLU", text.conv("r1", "c3", 16), "r3")
    text.add("Eltwise", "r2 r3", "sum")
    twins = Twins(str(text), TEST)
    twins.fill()
    return twins


@pytest.mark.parametrize("what", ["nothing", "parameters", "held", "inputs"])
@pytest.mark.parametrize("name", ["c1", "c2"])
def test_values_between_layers_that_are_fused(name: str, what: str) -> None:
    twins = fused()
    held = [net.params["c2"][0].data for net in twins.nets] if what == "held" else []
    twins.each("forward_loss")
    assert "c1 + relu" in twins.plan
    for array in held:
        array *= 1.5
    change(twins, what)
    assert twins.agree(twins.tested.blobs[name].data, twins.numpy.blobs[name].data)


@pytest.mark.parametrize("start", [0, 5])
def test_values_between_fused_layers_after_a_forward_of_others(start: int) -> None:
    """The fused step has read what other layers read or make once more."""
    twins = fused()
    names = [node.name for node in twins.numpy.nodes]
    first, last = (0, names.index("c1") + 1) if not start else (names.index("c3"), len(names) - 1)
    twins.each("forward_loss")
    write(twins, "r1" if start else "data", seed=8)
    twins.each("forward_from_to", first, last)
    assert twins.agree(twins.tested.blobs["c2"].data, twins.numpy.blobs["c2"].data)


def test_a_look_between_layers_after_a_flatten() -> None:
    """BatchNorm's bottom shares the memory of a blob with other axes."""
    text = Text()
    text.input("data", 5, 8, 3)
    text.add("PReLU", "data", "p")
    text.add("Flatten", "p", "rows")
    text.add("BatchNorm", "rows", "n")
    text.add("Scale", "n", "out", "scale_param { bias_term: true }")
    twins = Twins(str(text), TEST)
    twins.fill()
    twins.each("forward_loss")
    assert twins.agree(twins.tested.blobs["n"].data, twins.numpy.blobs["n"].data)
