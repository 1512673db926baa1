"""Two sources compared value by value, and the first layer that differs by itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from minicaffe.convert.compare.net_side import run_each
from minicaffe.convert.compare.rows import Row, keep_largest, measure
from minicaffe.convert.compare.sources import FolderSource, NetSource, Source, Values
from minicaffe.errors import CompareError

#: The largest difference that is put down to rounding, as a share of a value's largest number.
TOLERANCE = 1e-3


@dataclass
class Compared:
    """What a comparison of two sources has found.

    Attributes:
        rows: the values that both have, in the first one's order, with the largest difference.
        only: how many values only the first, and only the second has.
        alone: where asked for, each layer of the one that is a net of ours, on the values that
            the other has computed before it.
    """

    rows: dict[str, Row] = field(default_factory=dict)
    only: tuple[int, int] = (0, 0)
    alone: dict[str, Row] = field(default_factory=dict)

    @property
    def first(self) -> Row | None:
        """The first value that exceeds its tolerance: by its layer alone, if that is known."""
        wrong = [row for row in (*self.alone.values(), *self.rows.values()) if not row.good]
        return wrong[0] if wrong else None

    @property
    def good(self) -> bool:
        """Whether nothing exceeds its tolerance."""
        return all(row.good for row in self.rows.values())


def inputs_of(
    first: Source, second: Source, given: Mapping[str, np.ndarray], seed: int
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Inputs for both, under the names that each of the two has for them.

    Args:
        first, second: the sources.
        given: arrays by the names of one of them, or nothing: random ones.
        seed: of random ones.

    Raises:
        CompareError: their inputs have other names, and are not one each; or there are none.
    """
    takers = [source for source in (first, second) if source.inputs]
    arrays: Mapping[str, np.ndarray] | None = given or None
    for source in (first, second):
        if arrays is None and isinstance(source, FolderSource) and takers:
            arrays = source.inputs_for(takers[0].inputs)
            if arrays is None:
                raise CompareError(
                    f"'{source.name}' has no arrays of the inputs {', '.join(takers[0].inputs)}; "
                    "put them there, or give them by --inputs"
                )
    for source in takers:
        arrays = source.random(seed) if arrays is None else arrays
    found = arrays or {}
    return _named(first, found), _named(second, found)


def _named(source: Source, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    if not source.inputs or set(source.inputs) == set(arrays):
        return dict(arrays)
    if len(source.inputs) == len(arrays) == 1:
        return {source.inputs[0]: next(iter(arrays.values()))}
    raise CompareError(
        f"'{source.name}' takes {', '.join(source.inputs)}, but the inputs are "
        f"{', '.join(arrays) or 'missing'}; both need the same names"
    )


def compare(
    first: Source,
    second: Source,
    inputs: tuple[Mapping[str, np.ndarray], Mapping[str, np.ndarray]],
    found: Compared,
    *,
    tolerance: float = TOLERANCE,
    bisect: bool = False,
) -> None:
    """Run both on the same inputs and note the largest difference of each value.

    Values are the same if their names are; a single output of each is, in any case. A folder may
    have _ for what file names cannot hold.

    Args:
        first, second: the sources.
        inputs: for each of them.
        found: gets the rows.
        tolerance: the largest share of a value's largest number that is no difference.
        bisect: also run each layer of a net of ours on the other's values.

    Raises:
        CompareError: they have no value in common.
    """
    left, right = first.values(inputs[0]), second.values(inputs[1])
    pairs = _pairs(first, second, left, right)
    if not pairs:
        raise CompareError(
            f"no value has the same name in both: '{first.name}' has {_some(left)}, "
            f"'{second.name}' {_some(right)}"
        )
    for name, other in pairs.items():
        layer = left.layers[name]
        keep_largest(
            found.rows, measure(layer, name, left.arrays[name], right.arrays[other], tolerance)
        )
    found.only = len(left.arrays) - len(pairs), len(right.arrays) - len(pairs)
    if not bisect:
        return
    for source, values, own, names in (
        (second, left, inputs[1], {other: name for name, other in pairs.items()}),
        (first, right, inputs[0], pairs),
    ):
        if isinstance(source, NetSource):
            theirs = {name: values.arrays[other] for name, other in names.items()}
            run_each(source.net, own, theirs, _Noting(found.alone, theirs, tolerance))
            return


class _Noting:
    """Measures what a net's layers make of the other's values."""

    def __init__(
        self, rows: dict[str, Row], theirs: Mapping[str, np.ndarray], tolerance: float
    ) -> None:
        self._rows, self._theirs, self._tolerance = rows, theirs, tolerance

    def __call__(self, layer: str, name: str, array: np.ndarray) -> None:
        if name in self._theirs:
            keep_largest(
                self._rows, measure(layer, name, self._theirs[name], array, self._tolerance)
            )


def _pairs(first: Source, second: Source, left: Values, right: Values) -> dict[str, str]:
    """The names of the second one's values by those of the first."""
    exact = {name: name for name in left.arrays if name in right.arrays}
    folded = {_file_name(name): name for name in right.arrays}
    if isinstance(first, FolderSource) or isinstance(second, FolderSource):
        for name in left.arrays:
            if name not in exact and _file_name(name) in folded:
                exact[name] = folded[_file_name(name)]
    outputs = first.outputs, second.outputs
    if len(outputs[0]) == len(outputs[1]) == 1 and outputs[0][0] not in exact:
        exact[outputs[0][0]] = outputs[1][0]
    return {name: exact[name] for name in left.arrays if name in exact}


def _file_name(name: str) -> str:
    return "".join(letter if letter.isalnum() or letter in "-." else "_" for letter in name)


def _some(values: Values) -> str:
    names = list(values.arrays)
    return ", ".join(names[:4]) + (", …" if len(names) > 4 else "")
