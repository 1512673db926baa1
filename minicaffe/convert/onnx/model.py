"""An ONNX model in memory: its graph, and the values of its initialisers apart from it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from onnx import ModelProto


@dataclass
class OnnxModel:
    """An ONNX model.

    Attributes:
        model: the ``ModelProto``, without the values of its initialisers.
        tensors: those values by name.
        inputs, outputs: the names of what it takes and gives.
        shapes: of the inputs by name, a word such as "batch" in the place of an open length.
        values: the names of all values that are blobs of a net, in its order.
    """

    model: ModelProto
    tensors: dict[str, np.ndarray]
    inputs: list[str]
    outputs: list[str]
    shapes: dict[str, list[int | str]]
    values: list[str] = field(default_factory=list)
