"""pycaffe's ``forward_all`` and ``forward_backward_all``: more items than one batch holds.

The last batch is filled up with zeros, whose results are dropped again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

import numpy as np

from minicaffe.blob import as_numbers, shape_text
from minicaffe.errors import GraphError, ShapeError
from minicaffe.inputs import existing_blobs, more_blobs

if TYPE_CHECKING:
    from minicaffe.net import Net

Arrays = dict[str, np.ndarray]


def forward_all(net: Net, blobs: Sequence[str] | None, inputs: dict[str, Any]) -> Arrays:
    """Run forward on all items; see :meth:`Net.forward_all`."""
    blobs = more_blobs("blobs", blobs)
    count = _count(inputs)
    results = [_copies(net.forward(blobs, None, None, **one)) for one in batches(net, inputs)]
    return _joined(results, count) or _nothing(net, [*net.outputs, *blobs], "data")


def forward_backward_all(
    net: Net, blobs: Sequence[str] | None, diffs: Sequence[str] | None, arrays: dict[str, Any]
) -> tuple[Arrays, Arrays]:
    """Run forward and backward on all items; see :meth:`Net.forward_backward_all`."""
    blobs, diffs = more_blobs("blobs", blobs), more_blobs("diffs", diffs)
    count = _count(arrays)
    inputs = batches(net, {name: arrays[name] for name in net.inputs if name in arrays})
    tops = batches(net, {name: arrays[name] for name in net.outputs if name in arrays})
    data, gradients = [], []
    nothing: Arrays = {}
    for batch, top_diffs in zip_longest(inputs, tops, fillvalue=nothing):
        data.append(_copies(net.forward(blobs, None, None, **batch)))
        gradients.append(_copies(net.backward(diffs, None, None, **top_diffs)))
    return (
        _joined(data, count) or _nothing(net, [*net.outputs, *blobs], "data"),
        _joined(gradients, count) or _nothing(net, [*net.inputs, *diffs], "diff"),
    )


def batches(net: Net, arrays: dict[str, Any]) -> Iterator[Arrays]:
    """Cut arrays into batches of the net's size; the last one is padded with zeros."""
    if not arrays:
        return
    size = next(iter(net.blobs.values())).shape[0]
    for start in range(0, _count(arrays), size):
        batch = {name: np.asarray(array[start : start + size]) for name, array in arrays.items()}
        missing = size - len(next(iter(batch.values())))
        yield {
            name: np.concatenate([part, np.zeros((missing, *part.shape[1:]), part.dtype)])
            for name, part in batch.items()
        }


def _count(arrays: dict[str, Any]) -> int:
    if not arrays:
        raise GraphError("arrays of equal length are expected, not none")
    for name, array in arrays.items():
        if isinstance(array, str | bytes | Mapping):  # they have lengths, too
            as_numbers(array, f"blob {name!r}")
    try:
        counts = {name: len(array) for name, array in arrays.items()}
    except TypeError:  # a single number has no length
        counts = {}
    if len(set(counts.values())) != 1:
        shapes = [
            f"'{name}' {shape_text(as_numbers(array, f'blob {name!r}').shape)}"
            for name, array in arrays.items()
        ]
        raise ShapeError(f"arrays of equal length are expected; their shapes: {', '.join(shapes)}")
    return next(iter(counts.values()))


def _copies(arrays: Arrays) -> Arrays:
    return {name: np.array(array, ndmin=1) for name, array in arrays.items()}


def _joined(results: list[Arrays], count: int) -> Arrays:
    names = results[0] if results else ()
    return {name: np.concatenate([one[name] for one in results])[:count] for name in names}


def _nothing(net: Net, names: Sequence[str], kind: str) -> Arrays:
    """The results of no items."""
    wanted = existing_blobs(net, names)
    return {name: _copies({name: getattr(net.blobs[name], kind)})[name][:0] for name in wanted}
