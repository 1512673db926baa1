"""What a caller hands to a ``Net``: the network itself, later arrays and names of blobs."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from minicaffe.arguments import file_name, shown, whole_number
from minicaffe.arguments import names as listed_names
from minicaffe.blob import as_numbers, shape_text
from minicaffe.errors import ArgumentError, GraphError, ShapeError
from minicaffe.proto import caffe_pb2
from minicaffe.proto.read import read_net
from minicaffe.proto.upgrade import upgrade_net
from minicaffe.suggest import did_you_mean

if TYPE_CHECKING:
    from minicaffe.net import Net

logger = logging.getLogger("minicaffe")


def net_parameter(network: Any, source: str | None) -> tuple[Any, str | None]:
    """A ``NetParameter`` of one's own, and the file that it was read from.

    Raises:
        PrototxtError: the file cannot be read.
        GraphError: this is no network.
    """
    if isinstance(network, str | os.PathLike):
        path = os.fspath(network)
        return read_net(path), path
    if not isinstance(network, caffe_pb2.NetParameter):
        raise GraphError(f"a file name or a NetParameter is expected, not {type(network).__name__}")
    param = caffe_pb2.NetParameter()
    param.CopyFrom(network)
    return upgrade_net(param, source), source


def phase_level_weights(phase: Any, level: Any, weights: Any) -> tuple[int, int, str | None]:
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


def set_state(param: Any, phase: int, level: int, stages: Iterable[str] | None) -> None:
    """Put what the caller asked for into the net's own state (stages add up, as in Caffe)."""
    param.state.phase = phase
    param.state.level = level
    param.state.stage.extend(stages or ())


def more_blobs(argument: str, names: Any) -> list[str]:
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


def fill_inputs(net: Net, arrays: dict[str, Any]) -> None:
    """Put an array into every input blob.

    Raises:
        GraphError: the names are not exactly those of the net's inputs.
        ShapeError: an array has another shape than its blob.
    """
    _fill(net, arrays, net.inputs, "input", "data")
    for name in arrays:
        _warn_of_nan(net, name)


def _warn_of_nan(net: Net, name: str) -> None:
    """Say once a net that an input holds NaN, as everything that it reaches then does."""
    values = net.blobs[name].data
    with np.errstate(all="ignore"):
        total = values.sum(dtype=np.float64)  # one pass; NaN is in it if it is in the values
    if not np.isnan(total) or net.warned_of_nan:
        return
    count = int(np.isnan(values).sum())
    if count:
        net.warned_of_nan = True
        logger.warning(
            "input blob '%s' holds %d NaN among %d values; the results are NaN where they matter",
            name,
            count,
            values.size,
        )


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
