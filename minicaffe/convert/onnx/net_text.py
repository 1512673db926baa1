"""The net that is being written while a model is read: layers, their weights, blobs by value."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from minicaffe.convert.values import unused_name
from minicaffe.proto import caffe_pb2


@dataclass(eq=False)
class Written:
    """A layer, or in its place what cannot be one.

    Attributes:
        param: the layer, without its weights.
        weights: its parameters.
        problem: why there is none; "" if there is.
    """

    param: caffe_pb2.LayerParameter
    weights: list[np.ndarray] = field(default_factory=list)
    problem: str = ""


class NetText:
    """Layers in order. Blobs have the names of the model's values.

    Args:
        values: the names of the model's values, which blobs between them must not have.

    Attributes:
        layers: what is written so far.
        blobs: the blob of each value that has another's.
    """

    def __init__(self, values: Iterable[str]) -> None:
        self.layers: list[Written] = []
        self.blobs: dict[str, str] = {}
        self._taken = set(values)
        self._names: set[str] = set()
        self._producers: dict[str, Written] = {}

    def fresh(self, wish: str) -> str:
        """A name for a blob that is no value of the model."""
        return unused_name(wish, self._taken)

    def add(
        self,
        layer_type: str,
        wish: str,
        bottoms: Sequence[str],
        tops: Sequence[str],
        weights: Sequence[np.ndarray] = (),
        problem: str = "",
    ) -> caffe_pb2.LayerParameter:
        """Append a layer, named as wished or with a number after it."""
        name = unused_name(wish, self._names)
        param = caffe_pb2.LayerParameter(name=name, type=layer_type, bottom=bottoms, top=tops)
        written = Written(param, [np.asarray(array, np.float32) for array in weights], problem)
        self.layers.append(written)
        self._producers.update(dict.fromkeys(tops, written))
        return param

    def producer(self, blob: str) -> Written | None:
        """What computes a blob."""
        return self._producers.get(blob)

    def rename(self, blob: str, name: str) -> None:
        """Give a blob another name, wherever it is read."""
        for written in self.layers:
            for names in (written.param.bottom, written.param.top):
                names[:] = [name if own == blob else own for own in names]
        for value, own in list(self.blobs.items()):
            if own == blob:
                self.blobs[value] = name
        self.blobs[blob] = name
        self._producers[name] = self._producers.pop(blob)

    def give_out(self, layers: list[Written], blob: str) -> None:
        """Let a blob that layers read be an output as well: a Split with one top gives it, and they
        read what is before it.

        Args:
            layers: those of the net, in order; gets the Split.
            blob: the output.
        """
        before = self.fresh(f"{blob}/value")
        for written in layers:
            for names in (written.param.bottom, written.param.top):
                names[:] = [before if own == blob else own for own in names]
        place = next(n for n, written in enumerate(layers) if before in written.param.top)
        name = unused_name(f"{blob}/split", self._names)
        split = caffe_pb2.LayerParameter(name=name, type="Split", bottom=[before], top=[blob])
        layers.insert(place + 1, Written(split))

    def needed(self, outputs: Iterable[str]) -> list[Written]:
        """The layers that the outputs depend on, in order, and all inputs."""
        wanted, found = set(outputs), set[Written]()
        for written in reversed(self.layers):
            if wanted.intersection(written.param.top):
                wanted.update(written.param.bottom)
                found.add(written)
        found.update(w for w in self.layers if w.param.HasField("input_param"))
        made = {top for written in found for top in written.param.top}
        silent = {w for w in self.layers if not w.param.top and made.issuperset(w.param.bottom)}
        return [written for written in self.layers if written in found | silent]
