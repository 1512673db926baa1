"""What can be compared: a net of ours, an ONNX model, a program of PyTorch, a folder of arrays."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np

from minicaffe.convert.compare.net_side import random_arrays, run_whole
from minicaffe.convert.deploy import Shape, deploy_net
from minicaffe.convert.onnx.load import load
from minicaffe.convert.onnx.session import Runner
from minicaffe.errors import DataError, require
from minicaffe.errors.mistakes import MissingFileError
from minicaffe.errors.reading import cannot_read
from minicaffe.net.net import TEST, Net
from minicaffe.options import RunKeywords
from minicaffe.proto.io import read_net

logger = logging.getLogger("minicaffe")


@dataclass
class Values:
    """All that a source has computed.

    Attributes:
        arrays: the values by name, in their order.
        layers: for each the layer, or operator, that computed it.
    """

    arrays: dict[str, np.ndarray] = field(default_factory=dict)
    layers: dict[str, str] = field(default_factory=dict)

    def add(self, layer: str, name: str, array: np.ndarray) -> None:
        """Keep a copy of a value."""
        self.arrays[name], self.layers[name] = np.array(array), layer


class Source(Protocol):
    """Gives values by name.

    Attributes:
        name: what messages call it.
        inputs: the names of what it takes; empty for one that only has values.
        outputs: the names of what it gives.
    """

    name: str
    inputs: list[str]
    outputs: list[str]

    def values(self, arrays: Mapping[str, np.ndarray]) -> Values:
        """What it makes of inputs, by name."""

    def random(self, seed: int) -> dict[str, np.ndarray] | None:
        """Inputs for it; None where it does not know their sizes."""


class NetSource:
    """A prototxt with its weights, in its deploy form."""

    def __init__(
        self,
        model: str,
        weights: Sequence[str],
        shapes: Mapping[str, Shape],
        options: RunKeywords,
    ) -> None:
        self.name = model
        given = {name: shapes[name] for name in shapes}
        deployed = deploy_net(
            read_net(model), given, path=model, max_memory=options.get("max_memory")
        )
        self.net = Net(deployed.param, TEST, seed=0, path=model, **options)
        for path in weights:
            self.net.copy_from(path)
        if not weights and self.net.params:
            logger.warning(
                "%s: no weights are given (%s,W.caffemodel): it has what the fillers make",
                model, model,
            )  # fmt: skip
        self.inputs, self.outputs = self.net.inputs, self.net.outputs

    def values(self, arrays: Mapping[str, np.ndarray]) -> Values:
        """Every value, those too that are overwritten in place."""
        found = Values()
        run_whole(self.net, arrays, found.add)
        return found

    def random(self, seed: int) -> dict[str, np.ndarray] | None:
        """In the net's shapes."""
        return random_arrays(self.net, seed)


class OnnxSource:
    """An ONNX model, run by onnxruntime."""

    def __init__(self, path: str) -> None:
        self.name = path
        read = load(path)
        nodes = [(n.name, name) for n in read.model.graph.node for name in n.output if name]
        self._layers = {name: node for node, name in nodes}
        self._runner = Runner(read.model, read.tensors, looked_at=list(self._layers))
        self.inputs = list(self._runner.inputs)
        self.outputs = read.outputs

    def values(self, arrays: Mapping[str, np.ndarray]) -> Values:
        """Every result of an operator that is an array of numbers."""
        found = Values()
        for name, array in self._runner.run(arrays).items():
            found.add(self._layers[name], name, array)
        return found

    def random(self, seed: int) -> dict[str, np.ndarray] | None:
        """In the model's shapes, 1 in place of an open length."""
        rng = np.random.default_rng(seed)
        return {
            name: rng.normal(size=[n if isinstance(n, int) and n > 0 else 1 for n in shape]).astype(
                np.float32
            )
            for name, shape in self._runner.inputs.items()
        }


class FolderSource:
    """A folder of .npy files, each named as its value; in a name ``/`` may be a folder, or _.

    Raises:
        DataError: there is none.
    """

    def __init__(self, path: str) -> None:
        self.name = path
        self.inputs: list[str] = []
        self.outputs: list[str] = []
        files = sorted(Path(path).rglob("*.npy"))
        if not files:
            raise DataError("the folder has no .npy file", path=path)
        self.files = {file.relative_to(path).with_suffix("").as_posix(): file for file in files}

    def values(self, arrays: Mapping[str, np.ndarray]) -> Values:
        """The files' arrays, whatever the inputs."""
        found = Values()
        for name, file in self.files.items():
            found.add(name, name, _array(file))
        return found

    def random(self, seed: int) -> dict[str, np.ndarray] | None:
        """None: it computes nothing."""
        return None

    def inputs_for(self, names: Sequence[str]) -> dict[str, np.ndarray] | None:
        """The files of these inputs; None if one is missing."""
        if not all(name in self.files for name in names):
            return None
        return {name: _array(self.files[name]).astype(np.float32) for name in names}


def _array(file: Path) -> np.ndarray:
    try:
        array: np.ndarray = np.load(file, allow_pickle=False)
    except OSError as reason:
        raise cannot_read(file, reason) from reason
    except (ValueError, EOFError) as reason:
        raise DataError(f"this is no .npy file of numbers: {reason}", path=str(file)) from None
    if array.dtype.kind not in "fiub":
        raise DataError(f"it holds {array.dtype}, numbers are expected", path=str(file))
    return array


def open_source(text: str, shapes: Mapping[str, Shape], options: RunKeywords) -> Source:
    """What a name on the command line means.

    Args:
        text: ``net.onnx``, ``net.pt2``, a folder, or ``deploy.prototxt,W.caffemodel`` (with more
            weights after further commas, or none).
        shapes: of a net's inputs.
        options: how nets run.

    Raises:
        CompareError: it is none of these.
        MinicaffeError: it cannot be read.
    """
    if os.path.isdir(text):
        return FolderSource(text)
    if text.endswith(".onnx"):
        return OnnxSource(text)
    if text.endswith(".pt2"):
        require("torch", extra="torch", purpose="programs of torch.export")
        from minicaffe.convert.torch.source import ModuleSource  # which imports this module

        return ModuleSource(text)
    model, *weights = [text] if os.path.exists(text) else text.split(",")
    if not os.path.exists(model):
        raise MissingFileError(
            f"'{model}' is not there; expected a prototxt, with weights after a comma "
            "(deploy.prototxt,W.caffemodel), an .onnx file, a .pt2 file or a folder of .npy files"
        )
    return NetSource(model, weights, shapes, options)
