"""Random nets that are valid: drawn layer by layer, each of which sees its bottoms' shapes.

    net = random_net(seed)      # of drawing.py; the same one for the same seed
    net.text                    # its prototxt
    net.phase, net.inputs       # what it is run in, and what its inputs must hold

Every layer is set up and shaped when it is drawn, so that one that would be refused is drawn again.
Shapes are small and their axes unequal. Inputs that are no plain numbers (labels, marks of
sequences, indices) say so in :attr:`RandomNet.inputs`; zeros, which a net holds at first, are valid
for all of them but ``some``, of which one must be 1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from google.protobuf import text_format

from minicaffe.blob import Blob
from minicaffe.errors import MinicaffeError
from minicaffe.net.init import make_layer
from minicaffe.proto import caffe_pb2

Shape = tuple[int, ...]
LARGEST = 1500  # elements of a blob


@dataclass(frozen=True)
class Input:
    """What an input takes.

    Attributes:
        kind: ``normal``, ``positive``, ``unit`` (0 to 1), ``below K`` (whole numbers),
            ``marks`` (0 or 1) or ``some`` (marks of which one is 1).
        shape: at first.
        batch_axis: the axis that counts items, None where it does not.
    """

    kind: str
    shape: Shape
    batch_axis: int | None = 0


@dataclass(frozen=True)
class DrawnLayer:
    """A layer as text in parts, so that a net can be made smaller."""

    type: str
    name: str
    bottoms: tuple[str, ...]
    tops: tuple[str, ...]
    rest: str = ""

    def __str__(self) -> str:
        words = [f'name: "{self.name}" type: "{self.type}"']
        words += [f'bottom: "{bottom}"' for bottom in self.bottoms]
        words += [f'top: "{top}"' for top in self.tops]
        return f"layer {{ {' '.join([*words, self.rest]).strip()} }}"


@dataclass(frozen=True)
class RandomNet:
    """A drawn net."""

    phase: int
    layers: tuple[DrawnLayer, ...]
    inputs: dict[str, Input]
    force_backward: bool = False

    @property
    def text(self) -> str:
        """The prototxt."""
        head = ["force_backward: true"] if self.force_backward else []
        return "\n".join([*head, *map(str, self.layers)]) + "\n"

    @property
    def types(self) -> set[str]:
        """The layer types that it has."""
        return {layer.type for layer in self.layers}

    @property
    def works_in_place(self) -> bool:
        """Whether some layer overwrites a bottom."""
        return any(set(layer.bottoms) & set(layer.tops) for layer in self.layers)

    def unfolded(self) -> RandomNet:
        """The same net with a top of its own for each layer that overwrites a bottom."""
        newest: dict[str, str] = {}
        kept = []
        for index, layer in enumerate(self.layers):
            bottoms = tuple(newest.get(name, name) for name in layer.bottoms)
            for name in set(layer.tops) & set(layer.bottoms):
                newest[name] = f"{name}_{index}"
            tops = tuple(newest.get(name, name) for name in layer.tops)
            kept.append(replace(layer, bottoms=bottoms, tops=tops))
        return replace(self, layers=tuple(kept))

    def without(self, index: int) -> RandomNet:
        """The net without a layer; who read its tops reads its first bottom instead."""
        gone = self.layers[index]
        other = dict.fromkeys(gone.tops, gone.bottoms[0] if gone.bottoms else "")
        kept = [
            replace(layer, bottoms=tuple(other.get(name, name) for name in layer.bottoms))
            if gone.bottoms and not set(gone.tops) & set(gone.bottoms) and number > index
            else layer
            for number, layer in enumerate(self.layers)
            if number != index
        ]
        produced = {top for value in kept for top in value.tops}
        inputs = {name: array for name, array in self.inputs.items() if name in produced}
        return replace(self, layers=tuple(kept), inputs=inputs)


@dataclass
class Value:
    """A blob of the net that is being drawn.

    Attributes:
        layer: the number of the layer that makes it.
        positive: no value is below 0.
        readers: how many layers read it.
        batch_axis: the axis that counts items, if it is known.
        counts: in the loss, so that no layer may overwrite it.
        other: the shape when a Filter in front selects one item; None after no Filter.
    """

    name: str
    shape: Shape
    layer: int
    positive: bool = False
    readers: int = 0
    batch_axis: int | None = 0
    counts: bool = False
    other: Shape | None = None


@dataclass
class Draft:
    """A net that is being drawn.

    Attributes:
        rng: what decides.
        values: the newest version of every blob that may be read.
        shared: layers with named parameters, and the shape of the bottom that they had.
        labels: what data layers have read beside their images.
        fill: makes a layer's text one that can be read.
    """

    rng: np.random.Generator
    phase: int
    layers: list[DrawnLayer] = field(default_factory=list)
    inputs: dict[str, Input] = field(default_factory=dict)
    values: dict[str, Value] = field(default_factory=dict)
    shared: list[tuple[DrawnLayer, Shape]] = field(default_factory=list)
    labels: list[Value] = field(default_factory=list)
    fill: Callable[[str], str] = str

    # ------------------------------------------------------------------ to decide

    def chance(self, probability: float) -> bool:
        """Whether something happens."""
        return bool(self.rng.random() < probability)

    def one_of(self, *choices: Any) -> Any:
        """One of these."""
        return choices[self.rng.integers(len(choices))]

    def between(self, low: int, high: int) -> int:
        """A whole number, both ends included."""
        return int(self.rng.integers(low, high + 1))

    def number(self, low: float = -1.5, high: float = 1.5) -> str:
        """A number with two digits, as text."""
        return f"{self.rng.uniform(low, high):.2g}"

    def pick(self, fits: Callable[[Value], bool] = lambda value: True) -> Value | None:
        """A blob, more likely one that nothing reads yet or that came late."""
        found = [value for value in self.values.values() if fits(value) and np.prod(value.shape)]
        if not found:
            return None
        weights = [(1 + value.layer) * (4 if not value.readers else 1) for value in found]
        return found[int(self.rng.choice(len(found), p=np.array(weights) / sum(weights)))]

    # ------------------------------------------------------------------ to add

    def input(self, kind: str, shape: Sequence[int], batch_axis: int | None = 0) -> Value:
        """Another input, which a layer that is being drawn reads."""
        name = f"in{len(self.layers)}"
        dims = " ".join(f"dim: {n}" for n in shape)
        layer = DrawnLayer("Input", name, (), (name,), f"input_param {{ shape {{ {dims} }} }}")
        self.layers.append(layer)
        self.inputs[name] = Input(kind, tuple(shape), batch_axis)
        value = Value(name, tuple(shape), len(self.layers) - 1, batch_axis=batch_axis)
        value.positive = kind in ("positive", "unit")
        if kind in ("normal", "positive", "unit"):
            self.values[name] = value
        return value

    def add(
        self,
        type_: str,
        bottoms: Sequence[Value],
        rest: str = "",
        *,
        tops: int = 1,
        in_place: bool = False,
        positive: bool = False,
        shared: bool = False,
        layer: DrawnLayer | None = None,
    ) -> list[Value]:
        """A layer, if it takes these bottoms; returns its tops, none when it does not.

        Args:
            bottoms: blobs of this draft.
            in_place: overwrite the first bottom, where nothing else reads it.
            positive: the tops hold positive values when the bottoms do not, too.
            shared: its parameters have names.
            layer: take name and text from here.
        """
        name = f"{type_.lower()}{len(self.layers)}"
        in_place = in_place and bottoms[0].name in self.values
        in_place = in_place and not bottoms[0].readers and not bottoms[0].counts
        in_place = in_place and all(item.name != bottoms[0].name for item in bottoms[1:])
        names = [f"{name}{'abcdefgh'[i]}" if tops > 1 else name for i in range(tops)]
        if in_place:
            names[0] = bottoms[0].name
        drawn = layer or DrawnLayer(type_, name, (), (), rest.strip())
        drawn = replace(drawn, bottoms=tuple(item.name for item in bottoms), tops=tuple(names))
        others = [item.other or item.shape for item in bottoms] if behind_filter(bottoms) else None
        text = self.fill(str(drawn))
        found = shapes_of(drawn, text, self.phase, [item.shape for item in bottoms], others)
        if found is None or any(np.prod(shape) > LARGEST for shape in found[0]):
            return []
        shapes, others = found
        if in_place and shapes[0] != bottoms[0].shape:
            return []
        for bottom in bottoms:
            bottom.readers += 1
        self.layers.append(drawn)
        if shared:
            self.shared.append((drawn, bottoms[0].shape))
        axis = bottoms[0].batch_axis if bottoms else 0
        counts = "oss" in str(drawn)  # a loss, or another layer's loss_weight
        made = [
            Value(item, shape, len(self.layers) - 1, positive, 0, axis, counts)
            for item, shape in zip(names, shapes, strict=True)
        ]
        for value, other in zip(made, others or (), strict=False):
            value.other = other
        self.values.update((value.name, value) for value in made)
        return made

    @property
    def ends(self) -> list[Value]:
        """The blobs that nothing reads."""
        return [value for value in self.values.values() if not value.readers]


def behind_filter(bottoms: Sequence[Value]) -> bool:
    """Whether the number of items of some bottom changes from pass to pass."""
    return any(bottom.other is not None for bottom in bottoms)


def shapes_of(
    drawn: DrawnLayer,
    text: str,
    phase: int,
    bottoms: Sequence[Shape],
    others: Sequence[Shape] | None,
) -> tuple[list[Shape], list[Shape] | None] | None:
    """The tops' shapes, and those for other bottoms; None when the layer refuses anything."""
    words = text.removeprefix("layer {").removesuffix("}")
    param = text_format.Parse(words, caffe_pb2.LayerParameter())
    blobs = [Blob(shape, np.float64) for shape in bottoms]
    tops = [
        blobs[i] if drawn.bottoms[i : i + 1] == (name,) else Blob(dtype=np.float64)
        for i, name in enumerate(drawn.tops)
    ]
    rng = np.random.default_rng(0)
    param.phase = phase
    try:
        layer = make_layer(param, rng, np.dtype(np.float64))
        layer.check_blob_counts(len(blobs), len(tops))
        layer.check_loss_weights(len(tops))
        layer.check_places(blobs, tops)
        for mistake in layer.param_mistakes():
            raise mistake
        layer.setup(blobs, tops)
        layer.reshape(blobs, tops)
        shapes, then = [top.shape for top in tops], None
        if len(param.param) > len(layer.blobs) or not all(b.count for b in (*blobs, *tops)):
            return None
        if drawn.type == "Filter":
            then = [(1, *shape[1:]) for shape in shapes]
        elif others is not None:
            for blob, shape in zip(blobs, others, strict=True):
                blob.reshape(*shape)
            layer.reshape(blobs, tops)
            then = [top.shape for top in tops]
        layer.close()
    except MinicaffeError:
        return None
    return shapes, then
