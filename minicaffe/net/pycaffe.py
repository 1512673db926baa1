"""pycaffe's manner of calling a net: by names of blobs and layers, with arrays of any length.

What here takes a net first is also a method of :class:`minicaffe.Net`.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from minicaffe.arguments import file_name, shown, whole_number
from minicaffe.arguments import names as listed_names
from minicaffe.blob import Blob, BlobVec, as_numbers, shape_text
from minicaffe.errors import ArgumentError, GraphError, ShapeError, did_you_mean
from minicaffe.layers.data.memory_data import MemoryDataLayer
from minicaffe.named import Named
from minicaffe.net.turn import in_turn
from minicaffe.proto import caffe_pb2
from minicaffe.syncedmem import SyncedHead

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from minicaffe.net.net import Net


logger = logging.getLogger("minicaffe")

Arrays = dict[str, np.ndarray]
#: Arrays by the names of blobs, as callers give them.
Items: TypeAlias = "np.ndarray | Sequence[ArrayLike]"


def phase_level_weights(
    phase: object,
    level: object,
    weights: object,
) -> tuple[int, int, str | None]:
    """Sort the arguments of pycaffe's two forms of ``Net``.

    ``Net(file, phase, level, stages, weights)`` and the older ``Net(file, weights, phase)``,
    where the phase may be left out and is then TEST, as it is in ``Net(file)``.

    Raises:
        ArgumentError: kinds of arguments that neither form has.
    """
    if isinstance(phase, str | bytes | os.PathLike):
        name = file_name(phase, "weights")
        _refuse_phase_in_words(name)
        if weights is not None:
            raise ArgumentError(
                f"weights are given twice: {name!r} in the phase's place and weights="
                f"{shown(weights)}; the phase is caffe.TEST or caffe.TRAIN"
            )
        phase, level, weights = caffe_pb2.TEST if level is None else level, None, name
    if isinstance(level, str | bytes | os.PathLike):
        name = file_name(level, "level")
        raise ArgumentError(
            f"level is {name!r}, expected a whole number; weights are given by name: "
            f"Net(file, phase, weights={name!r})"
        )
    number = whole_number(phase, "phase (caffe.TRAIN or caffe.TEST)")
    chosen = 0 if level is None else whole_number(level, "level", -(2**31), 2**31 - 1)
    return number, chosen, None if weights is None else file_name(weights, "weights")


def _refuse_phase_in_words(name: str) -> None:
    if name.lower() in ("train", "test") and not os.path.exists(name):
        raise ArgumentError(
            f"phase is {name!r}, expected caffe.{name.upper()}, which is a number (a text in this "
            f"place is a file of weights, and there is no file {name!r})"
        )


def blobs_by_name(net: Net) -> Named[Blob]:
    """``Net.blobs``: all blobs of a net, in its order."""
    pairs = zip(net._blob_names, net._blobs, strict=True)
    others = {"it is a layer, whose blobs net.top_names has": net.layer_names}
    return Named(pairs, what="blob", path=net.path, others=others)


def params_by_layer(net: Net) -> Named[BlobVec]:
    """``Net.params``: the parameter blobs of the layers that have some, in the net's order."""
    pairs = ((node.name, node.layer.blobs) for node in net.nodes if node.layer.blobs)
    others = {
        "it is a layer without any": net.layer_names,
        "it is a blob; parameters have the names of layers": net._blob_names,
    }
    return Named(pairs, what="layer with parameters", path=net.path, others=others)


def notebook_html(net: Net) -> str:
    """The picture of a net, which a notebook shows where a cell ends with the net."""
    from minicaffe.draw.picture import net_html  # all that a net knows of what is above it

    return net_html(net)


def layer_index(net: Net, name: str) -> int:
    """The number of the layer of this name (of the last one, should two have it).

    Raises:
        GraphError: no layer has this name.
        ArgumentError: this is no name.
    """
    if not isinstance(name, str):
        raise ArgumentError(f"a layer's name is expected, not {shown(name)}")
    for index in range(len(net.nodes) - 1, -1, -1):
        if net.layer_names[index] == name:
            return index
    hint = did_you_mean(name, net.layer_names)
    raise GraphError(f"the net has no layer '{name}'{hint}", path=net.path)


def more_blobs(argument: str, names: object) -> list[str]:
    """The names of the blobs that a call of forward or backward is to return besides.

    Raises:
        ArgumentError: this is no list of names; inputs, for example, are given by name.
    """
    if isinstance(names, np.ndarray | Mapping):
        raise ArgumentError(
            f"{argument} is {shown(names)}, expected names of blobs to return; arrays are given "
            "by name: net.forward(data=array), or net.forward(**arrays)"
        )
    return listed_names(names, argument)


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


def fill_inputs(net: Net, arrays: Mapping[str, Items]) -> None:
    """Put an array into every input blob.

    Raises:
        GraphError: the names are not exactly those of the net's inputs.
        ShapeError: an array has another shape than its blob.
    """
    _fill(net, arrays, net.inputs, "input", "data")


def warn_of_nan(net: Net, start: int, end: int) -> None:
    """Say once a net that an input holds NaN, as everything that it reaches then does.

    Looked at is what programs have written into the inputs, as an array for ``forward`` or
    straight into ``net.blobs``; nothing is brought up to date for it.

    Args:
        net: before it runs.
        start, end: the numbers of the first and the last layer to run.
    """
    if net.warned_of_nan or not net._inputs:
        return
    nodes = net.nodes[start : end + 1]
    used = {edge.id for node in nodes for edge in (*node.bottom_edges, *node.top_edges)}
    for number in net._inputs:
        blob = net._blobs[number]
        if number not in used or blob.data_memory.head is not SyncedHead.HEAD_AT_CPU:
            continue
        values = blob.data_memory.raw[: blob.count]
        with np.errstate(all="ignore"):
            total = values.sum()  # one pass; NaN is in it if it is in the values
        if not np.isnan(total):
            continue
        count = int(np.isnan(values).sum())
        if count:
            net.warned_of_nan = True
            logger.warning(
                "input blob '%s' holds %d NaN among %d values; the results are NaN where they "
                "matter",
                blob.name,
                count,
                values.size,
            )
            return


def warn_of_no_gradients(net: Net, names: Sequence[str]) -> None:
    """Say once, in TEST, that gradients are returned which nothing has asked for."""
    if net.warned_of_gradients or not names or net.phase != caffe_pb2.TEST:
        return
    asked = {
        bottom.name for node in net.nodes if node.need_backward for bottom in node.wanted_bottoms
    }
    if asked.isdisjoint(names):
        net.warned_of_gradients = True
        logger.warning(
            "backward computes no gradient of %s, as no parameter in front of it needs one, so "
            "its diff is 0; write force_backward: true in the prototxt",
            ", ".join(names),
        )


def fill_top_diffs(net: Net, arrays: Mapping[str, Items]) -> None:
    """Put an array into the diff of every output blob; raises as :func:`fill_inputs`."""
    _fill(net, arrays, net.outputs, "output", "diff")


def _about_names(net: Net, given: set[str], names: list[str], word: str) -> str:
    """What to do about arrays for other blobs than the net has."""
    first = next((node for node in net.nodes if not node.bottom_names), None)
    if word == "input" and not names and first is not None:
        memory = isinstance(first.layer, MemoryDataLayer)
        how = (
            "is MemoryData: call net.set_input_arrays(data, labels), then net.forward()"
            if memory
            else "makes the data itself: call net.forward() without arrays, or open the deploy "
            "net, whose data is an Input layer"
        )
        return f"; layer '{first.name}' {how}"
    missing = [name for name in names if name not in given]
    unknown = sorted(given.difference(names))
    if unknown and (hint := did_you_mean(unknown[0], missing)):
        return hint
    told = [f"give {', '.join(missing)}, too"] if missing else []
    told += [f"leave out {', '.join(unknown)}"] if unknown else []
    return f"; {' and '.join(told)}"


def _fill(
    net: Net,
    arrays: Mapping[str, Items],
    names: list[str],
    word: str,
    kind: str,
) -> None:
    if set(arrays) != set(names):
        raise GraphError(
            f"arrays given for {sorted(arrays)}, but the net's {word} blobs are {names}"
            f"{_about_names(net, set(arrays), names, word)}",
            path=net.path,
        )
    for name, array in arrays.items():
        target = getattr(net.blobs[name], kind)
        values = as_numbers(array, f"{word} blob '{name}'")
        if not _fits(values.shape, target.shape):
            raise ShapeError(
                f"the array for {word} blob '{name}' has shape {shape_text(values.shape)}, "
                f"expected {shape_text(target.shape)}; to change the blob's: "
                f"net.blobs['{name}'].reshape(...), then net.reshape()",
                path=net.path,
            )
        if _without_ones(values.shape) == _without_ones(target.shape):
            values = values.reshape(target.shape)
        target[...] = values


def _fits(given: tuple[int, ...], wanted: tuple[int, ...]) -> bool:
    """Whether numpy can assign it (as pycaffe does), or only axes of length 1 differ."""
    if given[:1] != wanted[:1]:
        return False  # pycaffe insists on the batch's size
    if _without_ones(given) == _without_ones(wanted):
        return True
    matching = zip(reversed(given), reversed(wanted), strict=False)
    return len(given) <= len(wanted) and all(have in (1, want) for have, want in matching)


def _without_ones(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(length for length in shape if length != 1)


@in_turn
def forward_all(net: Net, blobs: Sequence[str] | None = None, **inputs: Items) -> Arrays:
    """Run forward batch after batch on arrays of any equal length.

    Args:
        net: what to run.
        blobs: names of blobs to return besides the outputs.
        inputs: for every input blob an array whose first axis counts the items.

    Returns:
        For every blob an array of the results of all items.
    """
    blobs = more_blobs("blobs", blobs)
    count = _count(inputs)
    results = [_copies(net.forward(blobs, None, None, **batch)) for batch in batches(net, inputs)]
    return _joined(results, count) or _nothing(net, [*net.outputs, *blobs], "data")


@in_turn
def forward_backward_all(
    net: Net,
    blobs: Sequence[str] | None = None,
    diffs: Sequence[str] | None = None,
    **arrays: Items,
) -> tuple[Arrays, Arrays]:
    """Run forward and backward batch after batch; returns the data and the diffs.

    Args:
        net: what to run.
        blobs, diffs: names of blobs to return besides the outputs and the inputs' diffs.
        arrays: for every input blob (or none) its items, for every output blob (or
            none) its items' gradients.
    """
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


@in_turn
def set_input_arrays(net: Net, data: np.ndarray, labels: np.ndarray) -> None:
    """Give the net's MemoryData layer (its first layer) arrays to read batches from.

    Args:
        net: has such a layer.
        data: items × channels × height × width, float32.
        labels: one for each item.

    Raises:
        GraphError: the first layer is another one.
        ShapeError, ArgumentError: arrays that the layer cannot take.
    """
    layer = net.layers[0] if net.layers else None
    if not isinstance(layer, MemoryDataLayer):
        raise GraphError("set_input_arrays needs a MemoryData layer first", path=net.path)
    with net.nodes[0].located():
        layer.reset(data, labels)


def batches(net: Net, arrays: Mapping[str, Items]) -> Iterator[Arrays]:
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


def _count(arrays: Mapping[str, Items]) -> int:
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
    return {name: np.concatenate([batch[name] for batch in results])[:count] for name in names}


def _nothing(net: Net, names: Sequence[str], kind: str) -> Arrays:
    """The results of no items."""
    wanted = existing_blobs(net, names)
    return {name: _copies({name: getattr(net.blobs[name], kind)})[name][:0] for name in wanted}
