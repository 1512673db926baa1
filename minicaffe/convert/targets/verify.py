"""Whether a net that was rewritten for a target computes what it did, value by value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from minicaffe.convert.compare.net_side import OnValue, random_arrays, run_whole
from minicaffe.convert.compare.pairs import TOLERANCE
from minicaffe.convert.compare.rows import Row, keep_largest, measure
from minicaffe.convert.targets.fit import Fitted
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
    """

    rows: dict[str, Row] = field(default_factory=dict)
    only: tuple[int, int] = (0, 0)

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

    Args:
        net: the net before, with its parameters.
        fitted: what became of it.
        given: arrays for its inputs; none to compare on random ones alone.
        tolerance: the largest difference, as a share of a value's largest number, that is put
            down to rounding.
        options: how the net after runs.
    """
    found = Verified()
    with fitted.build(**(options or {})) as after:
        runs = [random_arrays(net, seed) for seed in range(_RUNS)]
        for arrays in [*runs, *([dict(given)] if given else [])]:
            _compare(net, after, fitted.names, arrays, found, tolerance)
    return found


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
