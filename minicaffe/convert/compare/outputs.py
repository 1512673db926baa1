"""Whether two nets compute the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from minicaffe.errors import GraphError, ShapeError
from minicaffe.net.net import Net


@dataclass(frozen=True)
class Difference:
    """How far the outputs of two nets are apart.

    Attributes:
        largest: the largest absolute difference of two values.
        scale: the largest absolute value of the first net's outputs.
        items: how many items went through the nets.
    """

    largest: float
    scale: float
    items: int

    @property
    def relative(self) -> float:
        """The difference as a share of the largest value; infinite if values are not finite."""
        if not np.isfinite(self.largest):
            return float("inf")
        return self.largest / self.scale if self.scale else self.largest

    def __str__(self) -> str:
        return f"{self.largest:.3g} (values up to {self.scale:.3g}, items: {self.items})"


def compare_nets(first: Net, second: Net, arrays: Mapping[str, np.ndarray]) -> Difference:
    """Run both nets on the same inputs and compare their outputs.

    Where an output is a Softmax or Sigmoid, which hides differences of large scores, the
    scores are compared, too.

    Args:
        first, second: with the same inputs and outputs; both are reshaped to the arrays.
        arrays: for every input blob, with any number of items.

    Raises:
        GraphError: arrays for other blobs than the inputs.
        ShapeError: an array that the nets cannot take.
    """
    if set(arrays) != set(first.inputs):
        raise GraphError(
            f"arrays are given for {', '.join(sorted(arrays)) or 'nothing'}; the net's inputs are "
            f"{', '.join(first.inputs)}"
        )
    results = []
    for net in (first, second):
        for name, array in arrays.items():
            blob = net.blobs[name]
            if array.ndim != len(blob.shape) or array.shape[1:] != blob.shape[1:]:
                raise ShapeError(
                    f"the array for '{name}' has shape {'×'.join(map(str, array.shape))}, but the "
                    f"net takes {'×'.join(['N', *map(str, blob.shape[1:])])}"
                )
            blob.reshape(*array.shape)
            blob.data[...] = array
        net.reshape()
        net.forward_loss()
        results.append({name: net.blobs[name].data.astype(np.float64) for name in _compared(net)})
    if results[0].keys() != results[1].keys():
        raise GraphError(f"the outputs differ: {sorted(results[0])} and {sorted(results[1])}")
    apart = [np.abs(results[0][name] - results[1][name]).max(initial=0) for name in results[0]]
    sizes = [np.abs(values).max(initial=0) for values in results[0].values()]
    items = max(len(array) for array in arrays.values())
    return Difference(float(np.max(apart, initial=0)), float(np.max(sizes, initial=0)), items)


def _compared(net: Net) -> list[str]:
    """The outputs, and the scores that outputs were made of."""
    names = list(net.outputs)
    for node in net.nodes:
        hides = node.layer.squashes and node.tops[0] not in node.bottoms
        if hides and node.top_names[0] in names:
            names += node.bottom_names
    return names


def random_inputs(
    net: Net, seed: int = 0, like: Mapping[str, np.ndarray] | None = None
) -> dict[str, np.ndarray]:
    """Normally distributed values for every input, in its shape.

    Args:
        net: whose inputs are filled.
        seed: of the values.
        like: arrays whose mean and deviation the values get; without one, 0 and 1.
    """
    rng = np.random.default_rng(seed)
    arrays = {}
    for name in net.inputs:
        shape = net.blobs[name].shape
        mean, std = 0.0, 1.0
        if like is not None and name in like:
            mean, std = float(like[name].mean()), float(like[name].std()) or 1.0
        arrays[name] = rng.normal(mean, std, shape).astype(np.float32)
    return arrays
