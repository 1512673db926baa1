"""Arrays and names that a caller hands to ``Net.forward`` and ``Net.backward``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from minicaffe.errors import GraphError, ShapeError
from minicaffe.suggest import did_you_mean

if TYPE_CHECKING:
    from minicaffe.net import Net


def existing_blobs(net: Net, names: Sequence[str]) -> list[str]:
    """The names, each once.

    Raises:
        GraphError: the net has no such blob.
    """
    for name in names:
        if name not in net.blobs:
            hint = did_you_mean(name, net.blobs)
            raise GraphError(f"the net has no blob '{name}'{hint}", path=net.path)
    return list(dict.fromkeys(names))


def fill_inputs(net: Net, arrays: dict[str, Any]) -> None:
    """Put an array into every input blob.

    Raises:
        GraphError: the names are not exactly those of the net's inputs.
        ShapeError: an array has another shape than its blob.
    """
    _fill(net, arrays, net.inputs, "input", "data")


def fill_top_diffs(net: Net, arrays: dict[str, Any]) -> None:
    """Put an array into the diff of every output blob; raises as :func:`fill_inputs`."""
    _fill(net, arrays, net.outputs, "output", "diff")


def _fill(net: Net, arrays: dict[str, Any], names: list[str], word: str, kind: str) -> None:
    if set(arrays) != set(names):
        raise GraphError(
            f"arrays given for {sorted(arrays)}, but the net's {word} blobs are {names}",
            path=net.path,
        )
    for name, array in arrays.items():
        target = getattr(net.blobs[name], kind)
        values = np.asarray(array)
        if values.shape[:1] != target.shape[:1] or values.size != target.size:
            raise ShapeError(
                f"the array for {word} blob '{name}' has shape {values.shape}, expected "
                f"{target.shape}; to change it: net.blobs['{name}'].reshape(...), net.reshape()",
                path=net.path,
            )
        target[...] = values.reshape(target.shape)
