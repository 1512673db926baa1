"""Random programs on random nets: what is done to a net, action after action, settled by a seed."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from google.protobuf import text_format

from minicaffe.errors import MinicaffeError
from minicaffe.net.net import Net
from minicaffe.proto import caffe_pb2
from tests.search.drawing import random_net
from tests.search.forks import FORKS
from tests.search.nets import Input, RandomNet, Shape
from tests.search.sources import filled, reset_memory

#: How often each action is drawn; what they do is in player.py.
ACTIONS = {
    "fill": 2, "forward": 4, "backward": 5, "clear": 2, "update": 2, "write_weights": 1,
    "read": 2, "look": 2, "hold": 1.5, "let_go": 0.5, "write_held_input": 1, "reshape": 3,
    "write_between": 1.5, "forward_part": 1.5, "backward_part": 1.5, "write_and_read": 1,
}  # fmt: skip
#: Those that look into the net, or stop within it.
WITHIN = ("write_between", "forward_part", "backward_part", "write_and_read")


@dataclass(frozen=True)
class Action:
    """One thing that is done.

    Attributes:
        name: of one of the player's methods.
        number: settles what it chooses.
    """

    name: str
    number: int

    def __str__(self) -> str:
        return f"{self.name}:{self.number}"


@dataclass(frozen=True)
class SearchCase:
    """A net, what is done to it, and how it is opened.

    Attributes:
        seed: settles all values.
        shapes: what the inputs may be reshaped to, one dictionary a choice; the first is the
            shapes at first.
        options: further arguments of ``Net``.
    """

    net: RandomNet
    program: tuple[Action, ...]
    seed: tuple[int, ...]
    shapes: tuple[dict[str, Shape], ...]
    options: dict[str, Any]

    def __str__(self) -> str:
        phase = caffe_pb2.Phase.Name(self.net.phase)
        kinds = {
            name: array.kind for name, array in self.net.inputs.items() if array.kind != "normal"
        }
        return (
            f"# phase {phase}, {self.options}, seed {self.seed}\n# inputs that are not normal: "
            f"{kinds}\n# {' '.join(map(str, self.program))}\n{self.net.text}"
        )

    @property
    def backward_refused(self) -> bool:
        """Whether a layer without a gradient is in the way of a loss."""
        return net_refuses(self.net, self.shapes[0], backward=True)


def open_net(net: RandomNet, **options: Any) -> Net:
    """The net, whose MemoryData layers have something to read."""
    param = text_format.Parse(filled(net.text), caffe_pb2.NetParameter())
    opened = Net(param, net.phase, **options)
    reset_memory(opened, 5)
    return opened


def random_case(seed: int | Sequence[int], *, forks: bool = False) -> SearchCase:
    """A net and a program, the same for the same seed; with forks' layers among Caffe's or not."""
    key = (seed,) if isinstance(seed, int) else tuple(seed)
    net = random_net((*key, 0), outside=True, more=FORKS if forks else None)
    rng = np.random.default_rng((*key, 1))
    keep = "outputs" if rng.random() < 0.2 else "all"
    options = {"fuse": bool(rng.random() < 0.85), "keep": keep}
    shapes = reshapes(net, rng)
    names = [name for name in ACTIONS if keep == "all" or name not in WITHIN]
    if net_refuses(net, shapes[0], backward=True):  # a layer that has no gradient is in the way
        names = [item for item in names if "backward" not in item and item != "write_between"]
    weights = np.array([ACTIONS[name] for name in names], float)
    chosen = rng.choice(len(names), rng.integers(3, 12), p=weights / weights.sum())
    program = [Action(names[index], int(rng.integers(1000))) for index in chosen]
    return SearchCase(net, (*program, Action("look", 0)), key, shapes, options)


def reshapes(net: RandomNet, rng: np.random.Generator) -> tuple[dict[str, Shape], ...]:
    """Other shapes of the inputs that the net takes: more or fewer items, larger or smaller ones.

    Shapes that a later layer refuses are tried, and left out.
    """
    first = {name: array.shape for name, array in net.inputs.items()}
    found = [first]
    items, side = int(rng.integers(1, 6)), int(rng.integers(3, 10))
    tries = [
        {name: _with_items(array, items) for name, array in net.inputs.items()},
        {name: _with_side(array, side) for name, array in net.inputs.items()},
    ]
    found += [attempt for attempt in tries if attempt != first and not net_refuses(net, attempt)]
    return tuple(found)


def _with_items(given: Input, items: int) -> Shape:
    axis, shape = given.batch_axis, given.shape
    return shape if axis is None else (*shape[:axis], items, *shape[axis + 1 :])


def _with_side(given: Input, side: int) -> Shape:
    return (*given.shape[:-1], side) if len(given.shape) > 3 else given.shape


def net_refuses(net: RandomNet, shapes: dict[str, Shape], *, backward: bool = False) -> bool:
    """Whether some layer does not take these shapes of the inputs, and values in them."""
    rng = np.random.default_rng(0)
    try:
        built = open_net(net, seed=0, engine="numpy")
        for name, shape in shapes.items():
            built.blobs[name].reshape(*shape)
            built.blobs[name].data[...] = values_for(net.inputs[name], shape, rng)
        built.forward()
        if backward:
            built.backward()
        built.close()
    except MinicaffeError:
        return True
    except Exception:  # a fault, which is to be found when the case is judged
        return False
    return any(not blob.count for blob in built.blobs.values())


def with_net(case: SearchCase, net: RandomNet) -> SearchCase:
    """The case with another net, which may have fewer inputs."""
    shapes = [{name: item[name] for name in net.inputs} for item in case.shapes]
    return replace(case, net=net, shapes=tuple(shapes))


def values_for(given: Input, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """What an input of this kind may hold."""
    kind, _, below = given.kind.partition(" ")
    makers: dict[str, Callable[[], np.ndarray]] = {
        "normal": lambda: rng.normal(size=shape),
        "positive": lambda: rng.uniform(0.5, 2, shape),
        "unit": lambda: rng.uniform(0.05, 0.95, shape),
        "below": lambda: rng.integers(0, int(below), shape),
        "marks": lambda: rng.integers(0, 2, shape),
        "some": lambda: (rng.permutation(math.prod(shape)) < rng.integers(1, 9)).reshape(shape),
    }
    return makers[kind]().astype(np.float32)
