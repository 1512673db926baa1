"""Weights from one format to another: Caffe's two, and files of arrays by name.

Names are ``LAYER.PARAMETER``, such as ``conv1.weight`` (the layer class's ``blob_names``).
BatchNorm's statistics are sums in Caffe, with their weight as the third blob. By name they are
averages, as PyTorch's ``running_mean`` and ``running_var``, and ``factor`` keeps the weight.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from minicaffe.blob import shape_text
from minicaffe.convert.torch.batch_norm import batchnorm_to_torch
from minicaffe.convert.weights.layers import LayerWeights, read_layers, write_layers
from minicaffe.convert.weights.model import Model, ModelLayer, Parameter
from minicaffe.convert.weights.patterns import Renaming
from minicaffe.convert.weights.tensors import ENDINGS, is_tensor_file, read_tensors, write_tensors
from minicaffe.errors import Problem, SnapshotError, did_you_mean
from minicaffe.layer import find_layer_class, layer_types

_MEAN, _VARIANCE, _FACTOR = "running_mean", "running_var", "factor"

#: What PyTorch counts, and Caffe does not.
_COUNTED = "num_batches_tracked"

Tensors = dict[str, np.ndarray]


def convert_weights(
    source: str, target: str, *, model: Model | None = None, renaming: Renaming | None = None
) -> list[str]:
    """Write the weights of one file as another; the files' names say the formats.

    Args:
        source: a ``.caffemodel`` or HDF5 file, or one of arrays by name (:data:`ENDINGS`).
        target: the file to write, of a name that ends with ``.caffemodel``, ``.h5`` or so.
        model: the net, by which names and shapes are checked, parameters that layers share are
            found, and a BatchNorm without ``factor`` gets one that a training can go on from.
        renaming: from Caffe's names to those of the other file; without one they are the same.

    Returns:
        The names of what was written, as they are there.

    Raises:
        SnapshotError: a file cannot be read or written, or does not fit the model; tells all
            that does not.
    """
    _check_formats(source, target, renaming)
    if not is_tensor_file(source):
        layers = read_layers(source, model.shared if model else {})
        if model is not None:
            layers = fitted(layers, model, source, renaming)
        if is_tensor_file(target):
            tensors = named(layers, source, renaming)
            write_tensors(target, tensors)
            return list(tensors)
    else:
        tensors = read_tensors(source)
        if is_tensor_file(target):
            write_tensors(target, tensors)
            return list(tensors)
        layers = (
            guessed(tensors, source, renaming)
            if model is None
            else taken(tensors, model, source, renaming)
        )
    write_layers(target, layers)
    return [layer.name for layer in layers]


def _check_formats(source: str, target: str, renaming: Renaming | None) -> None:
    """Refuse a name that says no format, and names to change where both files have the same."""
    if not is_tensor_file(target) and not target.lower().endswith((".caffemodel", ".h5", ".hdf5")):
        known = [".caffemodel", ".h5", *ENDINGS]
        raise SnapshotError(f"its name says no format, expected one of {', '.join(known)}",
                            path=target)  # fmt: skip
    if renaming is not None and is_tensor_file(source) == is_tensor_file(target):
        raise SnapshotError(
            "a map of names is between Caffe's names and others, and both files have the same "
            "kind; `minicaffe rename_layers` renames layers"
        )


# -------------------------------------------------------------------- from Caffe's names


def named(layers: Sequence[LayerWeights], path: str, renaming: Renaming | None = None) -> Tensors:
    """The arrays by name.

    Args:
        layers: the weights.
        path: the file that they are from, for messages.
        renaming: of ``LAYER.PARAMETER``.

    Raises:
        SnapshotError: two get one name; tells all that do.
    """
    renaming = renaming or Renaming()
    found: Tensors = {}
    origin: dict[str, str] = {}
    problems = []
    for layer in layers:
        for name, array in _named_blobs(layer).items():
            own = f"{layer.name}.{name}"
            new = renaming(own)
            if new is None:
                continue
            if new in found:
                problems.append(f"'{own}' and '{origin[new]}' are both called '{new}'")
            found[new], origin[new] = array, own
    _refuse([*problems, *_unused(renaming)], path)
    return found


def _named_blobs(layer: LayerWeights) -> Tensors:
    """A layer's parameters by name, the statistics as averages."""
    arrays = dict(zip(layer.blob_names, layer.blobs, strict=True))
    if _FACTOR in arrays:
        arrays |= batchnorm_to_torch([array.reshape(-1) for array in layer.blobs[:3]])
        arrays[_FACTOR] = arrays[_FACTOR].reshape(-1)
    if _MEAN in arrays:  # the forks' BN has (1, C, 1, 1)
        arrays = {name: array.reshape(-1) for name, array in arrays.items()}
    return arrays


def fitted(
    layers: Sequence[LayerWeights], model: Model, path: str, renaming: Renaming | None = None
) -> list[LayerWeights]:
    """The layers of a model, in its order, with its types and shapes.

    Raises:
        SnapshotError: a layer is missing or has other shapes, or is not in the model; tells all
            of them. Layers that ``renaming`` leaves out may be anything.
    """
    by_name = {layer.name: layer for layer in reversed(layers)}
    problems, result = [], []
    for layer in model.layers.values():
        stored = by_name.pop(layer.name, None)
        if stored is None:
            problems.append(f"layer '{layer.name}' ({layer.type}) is not there"
                            f"{did_you_mean(layer.name, by_name)}")  # fmt: skip
            continue
        mistakes = list(misfits(layer, [blob.shape for blob in stored.blobs]))
        problems += mistakes
        if not mistakes:
            pairs = zip(stored.blobs, layer.shapes, strict=True)
            blobs = tuple(blob.reshape(shape) for blob, shape in pairs)
            result.append(LayerWeights(layer.name, layer.type, blobs))
    left_out = [name for name in by_name if renaming and renaming(f"{name}.weight") is None]
    for name in by_name:
        if name not in left_out:
            hint = did_you_mean(name, model.layers) or (
                f"; a line `{name} -` of --map leaves it out" if renaming else ""
            )
            problems.append(f"layer '{name}' is not in '{model.path}'{hint}")
    _refuse(problems, path)
    return result


def misfits(layer: ModelLayer, shapes: Sequence[tuple[int, ...]]) -> Iterator[str]:
    """How stored parameters differ from a model's."""
    if len(shapes) != len(layer.shapes):
        yield (
            f"layer '{layer.name}' ({layer.type}) has {len(layer.shapes)} parameters in the net, "
            f"{len(shapes)} here"
        )
        return
    for name, wanted, found in zip(layer.blob_names, layer.shapes, shapes, strict=True):
        if _without_ones(found) != _without_ones(wanted):
            yield (
                f"'{layer.name}.{name}' has shape {shape_text(found)}, in the net "
                f"{shape_text(wanted)}"
            )


def _without_ones(shape: Sequence[int]) -> list[int]:
    return [length for length in shape if length != 1]


# ---------------------------------------------------------------------- to Caffe's names


def taken(
    tensors: Mapping[str, np.ndarray], model: Model, path: str, renaming: Renaming | None = None
) -> list[LayerWeights]:
    """The layers of a model, of arrays by name.

    Args:
        tensors: the arrays.
        model: says which are looked for.
        path: the file that they are from, for messages.
        renaming: from ``LAYER.PARAMETER`` to names there.

    Raises:
        SnapshotError: one is missing, has another shape or no numbers, or has no place in the
            model; tells all of them.
    """
    renaming = renaming or Renaming()
    left = {name: array for name, array in tensors.items() if not name.endswith(_COUNTED)}
    for name in [name for name in left if any(rule.old == "-" and rule.turned().apply(name)
                                              for rule in renaming.rules)]:  # fmt: skip
        del left[name]
    used: set[str] = set()
    problems: list[str] = []
    values: dict[Parameter, np.ndarray] = {}
    for layer in model.layers.values():
        for index, (name, shape) in enumerate(zip(layer.blob_names, layer.shapes, strict=True)):
            wanted = renaming(f"{layer.name}.{name}")
            array = None if wanted is None else left.get(wanted)
            if array is not None and wanted is not None:
                used.add(wanted)
                problems += _array_mistakes(wanted, array, f"{layer.name}.{name}", shape)
                values[layer.name, index] = array
            elif name == _FACTOR:
                values[layer.name, index] = np.array([layer.weight_sum])
            elif wanted is not None and (layer.name, index) not in model.shared:
                close = did_you_mean(wanted, set(left) - used)
                problems.append(f"'{wanted}' is not there ({layer.type} '{layer.name}'){close}")
    problems += [f"'{name}' has no place in '{model.path}'" for name in left if name not in used]
    _refuse(problems, path)
    return list(_assembled(model, values, path))


def _array_mistakes(
    name: str, array: np.ndarray, own: str, shape: tuple[int, ...]
) -> Iterator[str]:
    called = f"'{name}'" if name == own else f"'{name}' (for '{own}')"
    if array.dtype.kind != "f":
        yield f"{called} holds {array.dtype}, floating point is expected"
    elif _without_ones(array.shape) != _without_ones(shape):
        yield f"{called} has shape {shape_text(array.shape)}, in the net {shape_text(shape)}"


def _assembled(
    model: Model, values: Mapping[Parameter, np.ndarray], path: str
) -> Iterator[LayerWeights]:
    """The layers all of whose parameters are there, or are shared."""
    for layer in model.layers.values():
        where = [(layer.name, index) for index in range(len(layer.shapes))]
        found = [values.get(place, values.get(model.shared.get(place, place))) for place in where]
        arrays = [array for array in found if array is not None]
        if len(arrays) < len(found):  # left out by the map
            continue
        pairs = zip(arrays, layer.shapes, strict=True)
        blobs = tuple(_float(array).reshape(shape) for array, shape in pairs)
        weights = LayerWeights(layer.name, layer.type, blobs)
        yield _summed(weights, layer.blob_names)


def guessed(
    tensors: Mapping[str, np.ndarray], path: str, renaming: Renaming | None = None
) -> list[LayerWeights]:
    """Layers of arrays by name, without knowing their net: names say which parameter is which.

    Args:
        tensors: the arrays.
        path: the file that they are from, for messages.
        renaming: from ``LAYER.PARAMETER`` to names there; it is turned round.

    Raises:
        SnapshotError: names that no layer's parameters have, or that may be several; tells all.
    """
    turned = renaming.turned() if renaming else Renaming()
    layers: dict[str, Tensors] = {}
    problems = []
    for name, array in tensors.items():
        own = None if name.endswith(_COUNTED) else turned(name)
        if own is None:
            continue
        layer, dot, parameter = own.rpartition(".")
        if not dot:
            problems.append(f"'{own}' is no name of a layer and a parameter, such as conv1.weight")
        elif array.dtype.kind != "f":
            problems.append(f"'{name}' holds {array.dtype}, floating point is expected")
        elif parameter in layers.setdefault(layer, {}):
            problems.append(f"'{own}' is there twice")
        else:
            layers[layer][parameter] = array
    found = []
    for layer, arrays in layers.items():
        if _MEAN in arrays and _VARIANCE in arrays and _FACTOR not in arrays and len(arrays) == 2:
            arrays[_FACTOR] = np.ones(1, np.float32)
        order = _order(set(arrays))
        if order is None:
            listed = ", ".join(sorted(arrays))
            problems.append(
                f"layer '{layer}': which parameters {listed} are in Caffe only the net says; give "
                "it as --model"
            )
            continue
        blobs = tuple(_float(arrays[name]) for name in order)
        found.append(_summed(LayerWeights(layer, "", blobs), order))
    _refuse(problems, path)
    return found


def _order(names: set[str]) -> tuple[str, ...] | None:
    """The order of a layer's parameters in Caffe, by their names; None where it is not certain."""
    if _MEAN in names and _FACTOR not in names:  # a fork's BN, or PyTorch's BatchNorm with a Scale
        return None
    orders = {find_layer_class(kind).blob_names(len(names)) for kind in layer_types()}
    fitting = [order for order in orders if len(order) == len(names) and set(order) == names]
    return fitting[0] if len(fitting) == 1 else None


def _summed(layer: LayerWeights, names: Sequence[str]) -> LayerWeights:
    """The statistics as sums."""
    if _FACTOR not in names:
        return layer
    mean, variance, factor = (blob.reshape(-1) for blob in layer.blobs[:3])
    return replace(layer, blobs=(mean * factor, variance * factor, factor, *layer.blobs[3:]))


def _float(array: np.ndarray) -> np.ndarray:
    """float32, or float64 where it is stored so."""
    return array if array.dtype == np.float64 else array.astype(np.float32)


# --------------------------------------------------------------------------- all at once


def _unused(renaming: Renaming) -> list[str]:
    return [f"{rule.place}: nothing is called `{rule.old}`" for rule in renaming.unused
            if rule.old != "-"]  # fmt: skip


def _refuse(problems: Sequence[str], path: str) -> None:
    """Raise one error of all that was found, if anything was."""
    if problems:
        error = SnapshotError(problems[0], path=path)
        error.problems = [Problem(path, 0, 0, f"{path}: {text}", "") for text in problems[:100]]
        error.more = max(0, len(problems) - 100)
        raise error
