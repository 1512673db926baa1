"""Where the first value that is not finite comes from: ``train --trace-nan``.

After each pass the loss and the gradients are looked at, after each update the weights: one pass
over the arena's memory each. Only when something is found are layers run again, one by one, to
tell which of them made it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import numpy as np

from minicaffe.blob import Blob
from minicaffe.errors import MinicaffeError, SolverError
from minicaffe.layers.data.base_data_layer import PrefetchingLayer
from minicaffe.net.net import Net
from minicaffe.net.node import Node
from minicaffe.solver.display import first_not_finite

#: Products of values beyond this soon leave single precision.
_LARGE = 1e15

_MOST_NAMES = 4  # of records, in a message


def check_loss(net: Net, loss: float, iteration: int) -> None:
    """Look at the loss of a forward.

    Raises:
        SolverError: it is not finite; names the first layer whose tops are not.
    """
    if math.isfinite(loss):
        return
    net.keep_all()
    first = first_not_finite(net)
    if first is not None:
        name = f"top '{first.blob.name}' is"
        if first.parameter is not None:
            name = f"parameter {first.parameter} holds"
        values = first.blob.data
        raise _found(net, first.node, iteration, "forward", f"{name} {_first(values)}", values)
    raise SolverError(
        f"iteration {iteration}: the loss is {loss}, but every blob is finite, so the weighted sum "
        "of the losses is too large; lower the loss_weights"
    )


def check_statistics(net: Net, iteration: int) -> None:
    """Look at what a forward has measured, such as BatchNorm's averages, and at frozen weights.

    Raises:
        SolverError: some are not finite; names the first such layer.
    """
    learned = {id(param.blob) for param in net.learnable_params if param.lr_mult}
    for node in net.nodes:
        for index, blob in enumerate(node.layer.blobs):
            if id(blob) not in learned and not _finite(blob.data):
                what = f"parameter {index} is {_first(blob.data)}"
                net.keep_all()
                raise _found(net, node, iteration, "forward", what)


def check_gradients(net: Net, iteration: int) -> None:
    """Look at the parameters' gradients after a backward.

    Raises:
        SolverError: some are not finite; names the first layer, from the loss on, that made such.
    """
    if all(_finite(param.blob.diff) for param in net.learnable_params):
        return
    net.keep_all()
    net.clear_param_diffs()
    for index in reversed(range(len(net.nodes))):
        net.backward_from_to(index, index)
        node = net.nodes[index]
        for what, values in _gradients(node):
            if not _finite(values):
                raise _found(net, node, iteration, "backward", f"{what} is {_first(values)}")
    raise SolverError(
        f"iteration {iteration}: gradients are not finite, but those of this batch alone are: they "
        "were added up over several batches (iter_size), or a program wrote them"
    )


def check_weights(net: Net, iteration: int, rate: float) -> None:
    """Look at the weights after an update.

    Raises:
        SolverError: some are not finite; names the first layer and the update.
    """
    for node in net.nodes:
        for index, blob in enumerate(node.layer.blobs):
            if not _finite(blob.data):
                what = f"parameter {index} becomes {_first(blob.data)}"
                raise _found(net, node, iteration, "update", f"{what} at the rate {rate:g}")


def _gradients(node: Node) -> Iterator[tuple[str, np.ndarray]]:
    if not node.need_backward:
        return
    for blob in node.wanted_bottoms:
        yield f"the gradient of bottom '{blob.name}'", blob.diff
    for index, blob in enumerate(node.layer.blobs):
        if node.layer.wants_gradient(index):
            yield f"the gradient of parameter {index}", blob.diff


def _finite(values: np.ndarray) -> bool:
    return bool(np.isfinite(values).all())


def _first(values: np.ndarray) -> str:
    """The first value that is not finite, its place, and how many there are."""
    wrong = ~np.isfinite(values)
    place = np.unravel_index(int(np.argmax(wrong)), values.shape) if values.ndim else ()
    where = f" at [{', '.join(map(str, place))}]" if place else ""
    return f"{values[place]}{where} ({int(wrong.sum())} of {values.size} values are not finite)"


def _found(
    net: Net,
    node: Node,
    iteration: int,
    direction: str,
    what: str,
    values: np.ndarray | None = None,
) -> SolverError:
    """The error that tells all that is known of the layer and its batch.

    Args:
        net, node, iteration: where and when.
        direction: forward, backward or update.
        what: which values are not finite.
        values: those of a top, whose items are the batch's.
    """
    parts = [
        f"iteration {iteration}, phase TRAIN, {direction}: {what}",
        *_inputs(node, direction),
        *_batches(net, node, values),
        f"likely: {_cause(node, direction)}",
    ]
    error = SolverError("; ".join(parts))
    error.locate(path=node.path, line=node.line, layer=node.name, layer_type=node.layer.type)
    return error


def _inputs(node: Node, direction: str) -> Iterator[str]:
    """What the layer's inputs and parameters hold, those of the loss's side for gradients.

    Of an update that are the parameters, and what was subtracted from them: the values of blobs
    were others' before it, and may be gone.
    """
    if direction == "update":
        for index, blob in enumerate(node.layer.blobs):
            yield f"parameter {index}: {_described(blob.data)}"
            if node.layer.wants_gradient(index):
                yield f"what was subtracted from it: {_described(blob.diff)}"
        return
    for blob in node.bottoms:
        yield f"bottom '{blob.name}': {_described(blob.data)}"
    if direction == "backward":
        for blob in node.tops:
            yield f"gradient of top '{blob.name}': {_described(blob.diff)}"
    for index, blob in enumerate(node.layer.blobs):
        yield f"parameter {index}: {_described(blob.data)}"


def _described(values: np.ndarray) -> str:
    finite = values[np.isfinite(values)].astype(np.float64)
    if not finite.size:
        return "no finite value"
    low, high, mean = finite.min(), finite.max(), finite.mean()
    return f"from {low:.4g} to {high:.4g}, mean {mean:.4g}"


def _batches(net: Net, found: Node, values: np.ndarray | None) -> Iterator[str]:
    """What the data layers had read: which records by name, and how far they are."""
    for node in net.nodes:
        state = getattr(node.layer, "state", None)
        source = node.layer.source(node.layer.param)
        if state is None or not source or not node.tops:
            continue
        place, names = _position(state()), _names(node)
        bad = _items(values) if node is found and values is not None else []
        if bad and max(bad) < len(names):
            yield f"{'they are' if len(bad) > 1 else 'it is'} in {_few([names[i] for i in bad])}"
        if place is not None or names:
            count = node.tops[0].shape[0] if node.tops[0].shape else 1
            end = "" if place is None else f" before number {place}" if place else " at the end"
            told = f": {_few(names)}" if names else ""
            yield f"the batch of '{node.name}' is the {count} records{end} of '{source}'{told}"


def _names(node: Node) -> list[str]:
    """What the records of a data layer's batch are called; nothing where that is not known."""
    if not isinstance(node.layer, PrefetchingLayer):
        return []
    try:
        return node.layer.batch_names()
    except MinicaffeError:  # the source cannot be read once more, say
        return []


def _items(values: np.ndarray) -> list[int]:
    """The items along the first axis that hold a value that is not finite."""
    if values.ndim < 1:
        return []
    wrong = ~np.isfinite(values).reshape(len(values), -1).all(axis=1)
    return [int(item) for item in np.flatnonzero(wrong)]


def _few(names: list[str]) -> str:
    if len(names) <= _MOST_NAMES:
        return ", ".join(names)
    return f"{', '.join(names[: _MOST_NAMES - 1])}, … {names[-1]}"


def _position(state: object) -> int | None:
    """The number called ``position`` in a data layer's state, however deep it is."""
    if not isinstance(state, Mapping):
        return None
    found = state.get("position")
    if isinstance(found, int):
        return found
    return next((p for p in map(_position, state.values()) if p is not None), None)


def _cause(node: Node, direction: str) -> str:
    """What most often makes such a value in a layer of this kind."""
    if direction == "update":
        return "the rate is too high for these gradients: lower base_lr, or set clip_gradients"
    if not node.bottoms:
        return "the data hold such values: look at these records"
    if not all(_finite(blob.data) for blob in node.layer.blobs):
        return "an earlier update was too large: lower base_lr, or set clip_gradients"
    own = node.layer.why_not_finite(node.bottoms)
    if own:
        return own
    largest = max(map(_largest, (*node.bottoms, *node.layer.blobs)), default=0.0)
    if largest > _LARGE:
        return f"values of {largest:.3g} have grown too large for single precision: lower base_lr"
    return "values overflow inside the layer: lower base_lr, or scale its input down"


def _largest(blob: Blob) -> float:
    values = blob.data[np.isfinite(blob.data)]
    return float(np.abs(values).max()) if values.size else 0.0
