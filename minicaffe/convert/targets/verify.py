"""Whether a net that was rewritten for a target computes what it did, value by value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np

from minicaffe.blob import shape_text
from minicaffe.convert.compare.net_side import OnValue, random_arrays, run_whole
from minicaffe.convert.compare.pairs import TOLERANCE
from minicaffe.convert.compare.rows import Row, keep_largest, measure
from minicaffe.convert.targets.fit import Fitted
from minicaffe.errors import MinicaffeError
from minicaffe.net.net import Net
from minicaffe.options import RunKeywords

#: How many random inputs are compared.
_RUNS = 2


@dataclass
class Verified:
    """What a comparison has found.

    Attributes:
        rows: the values that both nets have, with the largest difference.
        only: how many values only the net before, and only the net after has.
        inputs: what was run, in words.
    """

    rows: dict[str, Row] = field(default_factory=dict)
    only: tuple[int, int] = (0, 0)
    inputs: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        """Whether nothing differs by more than rounding explains."""
        return all(row.good for row in self.rows.values())

    @property
    def first(self) -> Row | None:
        """The first value that differs."""
        return next((row for row in self.rows.values() if not row.good), None)


def verify(
    net: Net,
    fitted: Fitted,
    given: Mapping[str, np.ndarray] | None = None,
    *,
    tolerance: float = TOLERANCE,
    options: RunKeywords | None = None,
) -> Verified:
    """Run both nets on random inputs, and given ones, and compare every value that both have.

    Of a larger batch two items are computed, where both nets take so many.

    Args:
        net: the net before, with its parameters; its shapes stay.
        fitted: what became of it.
        given: arrays for its inputs; none to compare on random ones alone.
        tolerance: the largest difference, as a share of a value's largest number, that is put
            down to rounding.
        options: how the net after runs.
    """
    found = Verified()
    with fitted.build(**(options or {})) as after, _two_items(net, after):
        runs = [random_arrays(net, seed) for seed in range(_RUNS)]
        for arrays in [*runs, *([dict(given)] if given else [])]:
            shapes = (f"{name} {shape_text(array.shape)}" for name, array in arrays.items())
            found.inputs.append(", ".join(shapes))
            _compare(net, after, fitted.names, arrays, found, tolerance)
    return found


@contextmanager
def _two_items(net: Net, after: Net) -> Iterator[None]:
    """Within, both nets have two items where they had more and take two, as two prove as much."""
    own = {name: net.blobs[name].shape for name in net.inputs}
    few = {name: (min(shape[0], 2), *shape[1:]) if shape else shape for name, shape in own.items()}
    try:
        _reshape(net, few)
        _reshape(after, few)
    except MinicaffeError:
        _reshape(net, own)
        _reshape(after, own)
    try:
        yield
    finally:
        _reshape(net, own)


def _reshape(net: Net, shapes: Mapping[str, tuple[int, ...]]) -> None:
    for name, shape in shapes.items():
        net.blobs[name].reshape(*shape)
    net.reshape()


def _compare(
    net: Net,
    after: Net,
    names: Mapping[str, list[str]],
    arrays: Mapping[str, np.ndarray],
    found: Verified,
    tolerance: float,
) -> None:
    """Compare on one set of inputs."""
    before: dict[str, tuple[str, np.ndarray]] = {}
    run_whole(net, arrays, _keeping(before))
    values: dict[str, tuple[str, np.ndarray]] = {}
    run_whole(after, arrays, _keeping(values), names)
    for name, (layer, array) in before.items():
        if name in values:
            keep_largest(found.rows, measure(layer, name, array, values[name][1], tolerance))
    common = len(before.keys() & values.keys())
    found.only = len(before) - common, len(values) - common


def _keeping(values: dict[str, tuple[str, np.ndarray]]) -> OnValue:
    def keep(layer: str, name: str, array: np.ndarray) -> None:
        values[name] = layer, np.array(array)

    return keep
