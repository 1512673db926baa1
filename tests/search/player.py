"""Does to one net what a program says, and notes what can be seen of it."""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from minicaffe.blob import Blob
from minicaffe.errors import GraphError, MinicaffeError
from minicaffe.net.node import Node
from tests.search.programs import Action, SearchCase, open_net, values_for

#: Layers that hand values on, or make whole numbers: there is nothing to round.
EXACT = {
    "Input", "DummyData", "Split", "Slice", "Concat", "Flatten", "Reshape", "ArgMax", "Accuracy",
    "Silence", "Crop", "Tile", "BatchReindex", "Filter", "Threshold", "Parameter", "Pooling",
    "Data", "HDF5Data", "ImageData", "MemoryData", "WindowData", "Python", "Permute", "Transpose",
    "Reverse", "ShuffleChannel", "ChannelShuffle", "Reorg", "CropCenter", "Padding", "Flip",
    "Upsample", "ROIPooling",
}  # fmt: skip
#: Layers of whose results a 0 is exactly 0.
WITH_ZEROS = {"ReLU", "Dropout", "Eltwise", "SPP", "Im2col", "PReLU", "AbsVal", "Clip", "ReLU6"}
#: Which parameter of a normalisation holds variances.
VARIANCES = {"BatchNorm": 1, "BN": 3, "CuDNNBatchNorm": 3}
ROUNDING = 2e-6


@dataclass
class Seen:
    """Something that was looked at.

    Attributes:
        what: where in the program, and which array.
        kind: ``data`` or ``diff``, which are compared on one scale each, or ``error``.
    """

    what: str
    kind: str
    values: np.ndarray


class Player:
    """One net, and a program's state.

    Args:
        case: the net and the program.
        engine, dtype, options: of ``Net``.
        disturbed: not 0: every layer's results are changed by as much as rounding might, by
            random numbers of this seed. What is seen then says how much may differ.
    """

    def __init__(
        self, case: SearchCase, engine: str, dtype: Any = np.float32, disturbed: int = 0,
        **options: Any,
    ) -> None:  # fmt: skip
        self.case = case
        seed = sum(case.seed) + 17
        self.net = open_net(case.net, seed=seed, engine=engine, dtype=dtype, **options)
        self.seen: list[Seen] = []
        self.held: dict[str, np.ndarray] = {}
        self.fresh = False  # a whole forward has run with the values at hand
        #: Blobs whose diff is what someone wrote: a program, a backward, or 0 at first.
        self.known = set(self.net.blobs)
        if disturbed:
            noise = np.random.default_rng(disturbed)
            self.net.after_forward(lambda index: disturb_values(self.net.nodes[index], noise))
            self.net.before_backward(lambda index: disturb_tops(self.net.nodes[index], noise))
            self.net.after_backward(lambda index: disturb_bottoms(self.net.nodes[index], noise))
        self._fill_parameters()
        self._fill(self.rng(Action("first", 0)), self.net.inputs)

    def play(self) -> list[Seen]:
        """Run the program; an error ends it, and is among what is seen."""
        for index, action in enumerate(self.case.program):
            self._here = f"{index} {action}"
            try:
                getattr(self, action.name)(self.rng(action))
            except MinicaffeError as error:
                self.see("error", f"{type(error).__name__}: {error}", np.ones(()))
                break
        self.net.close()
        return self.seen

    def rng(self, action: Action) -> np.random.Generator:
        """What an action's choices and values come from."""
        return np.random.default_rng((*self.case.seed, action.number))

    def see(self, kind: str, name: str, values: np.ndarray) -> None:
        """Note values."""
        self.seen.append(Seen(f"{self._here}: {name}", kind, np.array(values)))

    # ------------------------------------------------------------------ values

    def _fill_parameters(self) -> None:
        """Values near 1 in all parameters, as zeros hide mistakes; statistics that may be."""
        rng = self.rng(Action("parameters", 0))
        owned = {id(param.blob) for param in self.net.learnable_params}
        for node in self.net.nodes:
            for index, blob in enumerate(node.layer.blobs):
                scale = 1 / math.sqrt(max(1, blob.count // max(1, (*blob.shape, 1)[0])))
                values = rng.normal(size=blob.shape) * max(scale, 0.3)
                if node.layer.type == "BatchNorm" and index == 2:
                    values = np.ones(blob.shape)
                if VARIANCES.get(node.layer.type) == index:
                    values = np.abs(values) + 0.5
                if id(blob) in owned:
                    blob.data[...] = values.astype(np.float32)

    def _fill(self, rng: np.random.Generator, names: list[str]) -> None:
        for name in names:
            blob = self.net.blobs[name]
            blob.data[...] = values_for(self.case.net.inputs[name], blob.shape, rng)
        self.fresh = False

    def blob(self, rng: np.random.Generator) -> tuple[str, Blob]:
        """One blob of the net or of its parameters."""
        blobs = self._blobs()
        return blobs[rng.integers(len(blobs))]

    def _blobs(self) -> list[tuple[str, Blob]]:
        found = list(self.net.blobs.items())
        for name, blobs in self.net.params.items():
            found += [(f"{name}[{index}]", blob) for index, blob in enumerate(blobs)]
        return found

    def may_look(self, name: str, kind: str) -> bool:
        """Whether it is settled what an array holds."""
        if name in self.net.blobs and kind == "diff":
            return name in self.known
        return True

    def look_at(self, name: str, blob: Blob, kind: str) -> None:
        """Note an array; what a net that keeps outputs only has given away is left out."""
        if not self.may_look(name, kind):
            return
        try:
            self.see(kind, f"{name}.{kind}", getattr(blob, kind))
        except GraphError as error:
            if "were not kept" not in str(error):
                raise

    # ------------------------------------------------------------------ actions

    def fill(self, rng: np.random.Generator) -> None:
        """Other values in some inputs."""
        self._fill(rng, [name for name in self.net.inputs if rng.random() < 0.8])

    def forward(self, rng: np.random.Generator | None = None) -> None:
        """The whole net."""
        self.see("data", "loss", np.array(self.net.forward_loss()))
        self.fresh = True

    def backward(self, rng: np.random.Generator) -> None:
        """The whole net, from losses and from gradients that the program writes into outputs."""
        if not self.fresh:
            self.forward()
        for name in self.net.outputs:
            counts = self.net.blob_loss_weights[name]
            if name not in self.known or rng.random() < (0.1 if counts else 0.7):
                self._write_diff(name, rng)
        self.net.backward()
        self._now_known(self.net.nodes)

    def clear(self, rng: np.random.Generator) -> None:
        """Parameters' gradients back to 0."""
        self.net.clear_param_diffs()

    def update(self, rng: np.random.Generator) -> None:
        """One step downhill."""
        self.net.arena.data[...] -= 0.003 * np.clip(self.net.arena.diff, -10, 10)
        self.fresh = False

    def write_weights(self, rng: np.random.Generator) -> None:
        """Other values in one parameter."""
        if self.net.learnable_params:
            chosen = self.net.learnable_params[rng.integers(len(self.net.learnable_params))]
            chosen.blob.data[...] *= np.float32(rng.uniform(0.8, 1.2))
            self.fresh = False

    def read(self, rng: np.random.Generator) -> None:
        """One array."""
        name, blob = self.blob(rng)
        if not self.fresh:
            self.forward()
        self.look_at(name, blob, "diff" if rng.random() < 0.3 else "data")

    def look(self, rng: np.random.Generator) -> None:
        """All arrays, and those that are held."""
        if not self.fresh:
            self.forward()
        for name, array in self.held.items():
            if self.may_look(*name.split(".")):
                self.see(name.rpartition(".")[2], f"held {name}", array)
        for name, blob in self._blobs():
            for kind in ("data", "diff"):
                self.look_at(name, blob, kind)

    def hold(self, rng: np.random.Generator) -> None:
        """Keep an array."""
        name, blob = self.blob(rng)
        if self.case.options["keep"] == "outputs" and name not in self.net.inputs:
            return
        kind = "diff" if rng.random() < 0.3 else "data"
        self.held[f"{name}.{kind}"] = getattr(blob, kind)

    def let_go(self, rng: np.random.Generator) -> None:
        """Keep none any more."""
        self.held.clear()

    def write_held_input(self, rng: np.random.Generator) -> None:
        """Write through an array that was taken before a forward."""
        inputs = self.case.net.inputs
        names = [name for name in self.net.inputs if inputs[name].kind == "normal"]
        if names:
            view = self.net.blobs[names[rng.integers(len(names))]].data
            self.forward()
            view[...] = view * np.float32(0.875) + np.float32(0.125)
            self.forward()

    def reshape(self, rng: np.random.Generator) -> None:
        """Other shapes of the inputs, told to the net or not."""
        shapes = self.case.shapes[rng.integers(len(self.case.shapes))]
        self.held.clear()  # they may be of memory that is left behind
        for name, shape in shapes.items():
            self.net.blobs[name].reshape(*shape)
        if rng.random() < 0.5:
            self.net.reshape()
        self._fill(rng, self.net.inputs)
        self.known = {name for name, part in self.net.blob_loss_weights.items() if part}
        if self.case.options["keep"] == "all" and rng.random() < 0.3:
            last = int(rng.integers(len(self.net.nodes)))
            self.net._forward(0, last)
            for top in self.net.nodes[last].top_names:
                self.look_at(top, self.net.blobs[top], "data")
        self.forward()

    def write_between(self, rng: np.random.Generator) -> None:
        """Into a blob, then from the layer that reads it to the end and back there."""
        chosen = [i for i, node in enumerate(self.net.nodes) if node.bottoms]
        index = chosen[rng.integers(len(chosen))]
        name, last = self.net.nodes[index].bottom_names[0], len(self.net.nodes) - 1
        self.forward()
        if name in self.net.inputs:
            return
        blob = self.net.blobs[name]
        blob.data[...] *= rng.uniform(0.8, 1.2, blob.shape).astype(np.float32)
        self.net._forward(index, last)
        if self.known >= set(self.net.blobs):
            self.net._backward(last, index)
            self._now_known(self.net.nodes[index:])
        for top in self.net.nodes[index].top_names:
            self.look_at(top, self.net.blobs[top], "data")
        self.fresh = False

    def forward_part(self, rng: np.random.Generator) -> None:
        """Some layers."""
        if not self.fresh:
            self.forward()
        first, last = sorted(map(int, rng.integers(len(self.net.nodes), size=2)))
        self.see("data", "loss", np.array(self.net._forward(first, last)))
        for top in self.net.nodes[last].top_names:
            self.look_at(top, self.net.blobs[top], "data")
        self.fresh = False

    def backward_part(self, rng: np.random.Generator) -> None:
        """The gradients of some layers, from one that is written into their last one's tops."""
        if not self.fresh:
            self.forward()
        last, first = sorted(map(int, rng.integers(len(self.net.nodes), size=2)))
        for name in self.net.nodes[first].top_names:
            if not self.net.blob_loss_weights[name]:
                self._write_diff(name, rng)
        if self.known >= set(self.net.blobs):
            self.net._backward(first, last)
            self._now_known(self.net.nodes[last : first + 1])
            for name in self.net.nodes[last].bottom_names:
                self.look_at(name, self.net.blobs[name], "diff")

    def write_and_read(self, rng: np.random.Generator) -> None:
        """Into inputs and parameters, then read what the forward before them has left."""
        self.forward()
        self.write_weights(rng)
        self._fill(rng, self.net.inputs)
        name = list(self.net.blobs)[rng.integers(len(self.net.blobs))]
        self.look_at(name, self.net.blobs[name], "data")

    # ------------------------------------------------------------------ gradients

    def _write_diff(self, name: str, rng: np.random.Generator) -> None:
        blob = self.net.blobs[name]
        blob.diff[...] = rng.normal(size=blob.shape).astype(np.float32)
        self.known.add(name)

    def _now_known(self, nodes: list[Node]) -> None:
        """Note which blobs a backward through these layers has written."""
        for node in reversed(nodes):
            if node.need_backward and self.known.issuperset(node.top_names):
                wanted = zip(node.bottom_names, node.propagate_down, strict=True)
                self.known.update(name for name, down in wanted if down)


def disturb_values(node: Node, noise: np.random.Generator) -> None:
    """Change a layer's results by as much as rounding might."""
    if node.layer.type not in EXACT:
        for top in node.tops:
            disturb(top.data, noise, node.layer.type in WITH_ZEROS)


def disturb_tops(node: Node, noise: np.random.Generator) -> None:
    """The same for the gradients that a layer is given: it may take the difference of them."""
    if node.need_backward:
        for top in node.tops:
            disturb(top.diff, noise, True)


def disturb_bottoms(node: Node, noise: np.random.Generator) -> None:
    """Change the gradients that a layer has computed by as much as rounding might."""
    if node.need_backward:
        for bottom, down in zip(node.bottoms, node.propagate_down, strict=True):
            if down:
                disturb(bottom.diff, noise, True)
        for blob in node.layer.blobs:
            disturb(blob.diff, noise, True)


def disturb(values: np.ndarray, noise: np.random.Generator, zeros: bool) -> None:
    """Change values by as much as rounding might; not a 0 where ``zeros`` are exact."""
    size = float(np.abs(values).max(initial=0))
    change = ROUNDING * noise.normal(size=values.shape) * np.maximum(np.abs(values), 0.2 * size)
    values += np.where(values == 0, 0, change) if zeros else change


def quiet() -> None:
    """No warnings of nets that are meant to be odd."""
    logging.getLogger("minicaffe").setLevel(logging.ERROR)
