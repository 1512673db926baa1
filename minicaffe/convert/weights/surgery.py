"""Operations on weights without their net: drop, copy, reshape, slice, join, add and average.

Caffe's "net surgery" by names. An operation takes layers by name and gives a new list of layers;
what it does to each is noted for a table.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from minicaffe.blob import shape_text
from minicaffe.convert.weights.between import misfits
from minicaffe.convert.weights.layers import LayerWeights, read_layers
from minicaffe.convert.weights.model import Model
from minicaffe.convert.weights.patterns import Rule, match, parse_rules
from minicaffe.errors import DataError, did_you_mean, visible
from minicaffe.named import it_has

Layers = dict[str, LayerWeights]

_FACTOR = "factor"
_STATISTICS = 3  # the blobs of a BatchNorm: sums of means and variances, and their weight


@dataclass
class Patient:
    """Weights that are operated on.

    Attributes:
        layers: by name, in order.
        model: the net that they are for, which says shapes; None where it is not given.
        notes: for each layer's name what was done to it.
    """

    layers: Layers
    model: Model | None = None
    notes: dict[str, list[str]] = field(default_factory=dict)

    def note(self, name: str, what: str) -> None:
        """Remember what was done to a layer."""
        self.notes.setdefault(name, []).append(what)

    def matching(self, pattern: str) -> list[str]:
        """The layers that a pattern names.

        Raises:
            DataError: none.
        """
        found = [name for name in self.layers if match(pattern, name, whole=True)]
        if not found:
            hint = did_you_mean(pattern, self.layers) or it_has(self.layers)
            raise DataError(f"the file has no layer with parameters `{pattern}`{hint}")
        return found


Operation = Callable[[Patient, str], None]


def drop(patient: Patient, text: str) -> None:
    """``PATTERN``: take layers out.

    Raises:
        DataError: none is called so.
    """
    for name in patient.matching(text):
        del patient.layers[name]
        patient.note(name, "dropped")


def copy(patient: Patient, text: str) -> None:
    """``FROM=TO``: give TO the parameters of FROM; ``*`` is the same in both.

    Where the model says another shape of as many values, TO has that: an InnerProduct becomes a
    Convolution over the same values.

    Raises:
        DataError: none is called so.
    """
    (rule,) = parse_rules([text])
    for name in patient.matching(rule.old):
        _put_copy(patient, patient.layers[name], rule, "")


def take(patient: Patient, text: str) -> None:
    """``FILE:FROM=TO``, or ``FILE:PATTERN``: copy layers of another file.

    Raises:
        DataError: another form, or none is called so there.
        SnapshotError: the file cannot be read.
    """
    path, names = _file_and_names(text)
    rule = parse_rules([names])[0] if "=" in names else Rule(names, names, f"`{names}`")
    other = Patient(_by_name(read_layers(path)))
    for name in other.matching(rule.old):
        _put_copy(patient, other.layers[name], rule, f" of {path}")


def _file_and_names(text: str) -> tuple[str, str]:
    path, colon, names = text.rpartition(":")
    if not colon:
        raise DataError(f"`{text}`: expected FILE:FROM=TO or FILE:PATTERN")
    return path, names


def _put_copy(patient: Patient, layer: LayerWeights, rule: Rule, source: str) -> None:
    new = rule.apply(layer.name, whole=True) or layer.name
    wanted = patient.model.layers.get(new) if patient.model else None
    blobs = layer.blobs
    if wanted is not None and len(wanted.shapes) == len(blobs):
        pairs = list(zip(blobs, wanted.shapes, strict=True))
        if all(blob.size == np.prod(shape) for blob, shape in pairs):
            blobs = tuple(blob.reshape(shape) for blob, shape in pairs)
    kind = wanted.type if wanted else layer.type
    patient.layers[new] = LayerWeights(new, kind, tuple(blob.copy() for blob in blobs))
    patient.note(new, f"copied from {layer.name}{source}")


def reshape(patient: Patient, text: str) -> None:
    """``LAYER=4096,256,6,6``: the first parameter gets another shape of as many values.

    Raises:
        DataError: another form, no such layer, or another number of values.
    """
    name, layer, numbers = _assignment(patient, text)
    try:
        shape = tuple(int(word) for word in numbers.replace("x", ",").split(","))
    except ValueError:
        raise DataError(f"`{text}`: expected lengths such as 4096,256,6,6") from None
    first = layer.blobs[0]
    if min(shape) < 1 or np.prod(shape, dtype=object) != first.size:
        raise DataError(
            f"`{text}`: {shape_text(shape)} has another number of values than "
            f"{shape_text(first.shape)}"
        )
    patient.layers[name] = replace(layer, blobs=(first.reshape(shape), *layer.blobs[1:]))
    patient.note(name, "reshaped")


def slice_outputs(patient: Patient, text: str) -> None:
    """``LAYER=0,5,7-9``: keep these outputs, in this order; ``LAYER@1=0-15`` inputs (axis 1).

    Outputs are those of all parameters that have one for each; an input's axis is the weights'.

    Raises:
        DataError: another form, no such layer, or numbers beyond what there is.
    """
    name, layer, numbers = _assignment(patient, text, axis=True)
    name, at, axis_text = name.partition("@")
    axis = int(axis_text) if at and axis_text.isdecimal() else 0
    length = layer.blobs[0].shape[axis] if axis < layer.blobs[0].ndim else 0
    chosen = _indices(numbers, length, text)
    blobs = []
    for index, blob in enumerate(layer.blobs):
        fits = blob.ndim > axis and blob.shape[axis] == length
        blobs.append(np.take(blob, chosen, axis) if fits and (index == 0 or axis == 0) else blob)
    patient.layers[name] = replace(layer, blobs=tuple(blobs))
    what = "outputs" if axis == 0 else f"of axis {axis}"
    patient.note(name, f"{len(chosen)} of {length} {what} kept")


def _indices(numbers: str, length: int, text: str) -> list[int]:
    """``0,5,7-9`` as numbers below a length."""
    chosen: list[int] = []
    for word in numbers.split(","):
        first, dash, last = word.strip().partition("-")
        if not first.isdecimal() or (dash and not last.isdecimal()):
            raise DataError(f"`{text}`: expected numbers such as 0,5,7-9")
        start, end = int(first), int(last or first)
        if end < start:
            raise DataError(f"`{text}`: {word.strip()} is no range; the smaller number comes first")
        if end >= length:
            raise DataError(f"`{text}`: {word.strip()} is beyond the {length} that there are")
        chosen += range(start, end + 1)
    return chosen


def join(patient: Patient, text: str) -> None:
    """``A,B=C``: the outputs of several layers side by side, as of one layer C.

    Statistics of BatchNorms get the weight that the first one's have.

    Raises:
        DataError: another form, or layers that differ in more than the number of outputs.
    """
    target, layers = _several(patient, text)
    models = [_averages(layer) for layer in layers]
    weighted = _FACTOR in layers[0].blob_names
    joined = []
    for index, blobs in enumerate(zip(*models, strict=True)):
        if weighted and index == _STATISTICS - 1:
            joined.append(blobs[0])
        elif blobs[0].ndim == 0 or len({blob.shape[1:] for blob in blobs}) > 1:
            raise DataError(f"`{text}`: {_shapes(layers)} differ in more than their outputs")
        else:
            joined.append(np.concatenate(blobs))
    _put(patient, target, layers, _sums(layers[0], joined), "joined")


def add(patient: Patient, text: str) -> None:
    """``A,B=C``: the sum of layers' parameters, for branches over the same input that are added.

    Raises:
        DataError: another form, or layers of several shapes.
    """
    target, layers = _several(patient, text)
    if len({tuple(blob.shape for blob in layer.blobs) for layer in layers}) > 1:
        raise DataError(f"`{text}`: {_shapes(layers)} are not of one shape")
    if _FACTOR in layers[0].blob_names:
        raise DataError(f"`{text}`: statistics of BatchNorms have no sum")
    pairs = zip(*(layer.blobs for layer in layers), strict=True)
    _put(patient, target, layers, [np.sum(blobs, axis=0) for blobs in pairs], "sum")


def average(patient: Patient, text: str) -> None:
    """``FILE``, or ``FILE,FILE``: the mean with other trainings of the same net.

    BatchNorm's statistics are averaged as averages, however many batches each file counts.

    Raises:
        DataError: a layer is missing in one of them or has other shapes; tells all.
    """
    paths = _files(text)
    others = [_by_name(read_layers(path)) for path in paths]
    problems = []
    for path, other in zip(paths, others, strict=True):
        for name in sorted({*other, *patient.layers}):
            own, its = patient.layers.get(name), other.get(name)
            if own is None or its is None:
                problems.append(f"layer '{name}' is not in {'it' if its is None else 'the input'}")
            elif [blob.shape for blob in own.blobs] != [blob.shape for blob in its.blobs]:
                problems.append(f"layer '{name}' has other shapes in it: {_shapes([own, its])}")
        if problems:
            raise DataError("; ".join(problems), path=path)
    for name, layer in patient.layers.items():
        models = [_averages(layer), *(_averages(other[name]) for other in others)]
        means = [np.mean(blobs, axis=0) for blobs in zip(*models, strict=True)]
        patient.layers[name] = replace(layer, blobs=_sums(layer, means))
        patient.note(name, f"mean of {len(models)}")


def _files(text: str) -> list[str]:
    return text.split(",")


def _averages(layer: LayerWeights) -> list[np.ndarray]:
    """The parameters in double precision, a BatchNorm's statistics as averages."""
    blobs = [blob.astype(np.float64) for blob in layer.blobs]
    if _FACTOR in layer.blob_names:
        weight = blobs[_STATISTICS - 1]
        factor = np.divide(1, weight, out=np.zeros_like(weight), where=weight != 0)
        blobs[:2] = [blob * factor for blob in blobs[:2]]
    return blobs


def _sums(layer: LayerWeights, averages: Sequence[np.ndarray]) -> tuple[np.ndarray, ...]:
    """Parameters of a layer's types; the statistics as sums again."""
    blobs = list(averages)
    if _FACTOR in layer.blob_names:
        blobs[:2] = [blob * blobs[_STATISTICS - 1] for blob in blobs[:2]]
    types = [blob.dtype for blob in layer.blobs]
    return tuple(np.asarray(blob, dtype) for blob, dtype in zip(blobs, types, strict=True))


# ------------------------------------------------------------------------------- helpers


def _by_name(layers: Sequence[LayerWeights]) -> Layers:
    """The layers by name, in order; of two that have one name the first."""
    found: Layers = {}
    for layer in layers:
        found.setdefault(layer.name, layer)
    return found


def _assignment(
    patient: Patient, text: str, *, axis: bool = False
) -> tuple[str, LayerWeights, str]:
    """``LAYER=REST``: the name with its axis, the layer, and the rest."""
    name, sign, rest = text.rpartition("=")
    if not sign:
        raise DataError(f"`{text}` names a layer only; expected {text}=…")
    plain = name.partition("@")[0] if axis else name
    found, *more = patient.matching(plain)
    if more:
        raise DataError(f"`{text}`: {len(more) + 1} layers, one is expected")
    return found + name[len(plain) :], patient.layers[found], rest


def _several(patient: Patient, text: str) -> tuple[str, list[LayerWeights]]:
    """``A,B=C``: the new name, and the layers."""
    names, sign, target = text.rpartition("=")
    if not sign or not target:
        raise DataError(f"`{text}`: expected A,B=C")
    layers = [
        patient.layers[name] for part in names.split(",") for name in patient.matching(part.strip())
    ]
    if len(layers) < 2:
        raise DataError(f"`{text}`: one layer alone, several are expected")
    if len({len(layer.blobs) for layer in layers}) > 1:
        raise DataError(f"`{text}`: {_shapes(layers)}: not as many parameters")
    return target, layers


def _put(
    patient: Patient,
    target: str,
    layers: Sequence[LayerWeights],
    blobs: Sequence[np.ndarray],
    what: str,
) -> None:
    """Put a layer that is made of others into their place."""
    names = [layer.name for layer in layers]
    for name in names:
        del patient.layers[name]
        patient.note(name, f"part of {target}")
    patient.layers[target] = LayerWeights(target, layers[0].type, tuple(blobs))
    patient.notes[target] = [f"{what} of {', '.join(names)}"]


def _shapes(layers: Sequence[LayerWeights]) -> str:
    return " and ".join(
        f"'{layer.name}' ({', '.join(shape_text(blob.shape) for blob in layer.blobs)})"
        for layer in layers
    )


#: The operations by the names of their flags.
OPERATIONS: dict[str, Operation] = {
    "drop": drop,
    "copy": copy,
    "take": take,
    "reshape": reshape,
    "slice": slice_outputs,
    "join": join,
    "sum": add,
    "average": average,
}


def files_read(operations: Sequence[tuple[str, str]]) -> list[str]:
    """The files of weights that operations read, besides the one that they are done to.

    Args:
        operations: as :func:`operate` takes them.

    Raises:
        DataError: one has another form.
    """
    found: list[str] = []
    for name, text in operations:
        if OPERATIONS[name] is take:
            found.append(_file_and_names(text)[0])
        elif OPERATIONS[name] is average:
            found += _files(text)
    return found


def operate(
    layers: Sequence[LayerWeights],
    operations: Sequence[tuple[str, str]],
    model: Model | None = None,
) -> Patient:
    """Do operations in order.

    Args:
        layers: the weights; they stay as they are.
        operations: the names of :data:`OPERATIONS`, each with its text.
        model: the net that the weights are for.

    Returns:
        The new layers, with notes.

    Raises:
        DataError: an operation cannot be done, such as of a layer that is not there; or what comes
            out does not fit the model: tells all of that. Layers that the model has besides may be
            missing.
    """
    patient = Patient(_by_name(layers), model)
    for name, text in operations:
        OPERATIONS[name](patient, text)
    if model is not None:
        _check(patient, model)
    return patient


def _check(patient: Patient, model: Model) -> None:
    problems: list[str] = []
    for name, layer in patient.layers.items():
        wanted = model.layers.get(name)
        if wanted is None:
            problems.append(f"layer '{name}' is not there{did_you_mean(name, model.layers)}")
        else:
            problems += misfits(wanted, [blob.shape for blob in layer.blobs])
    if problems:
        raise DataError("; ".join(problems), path=model.path)


def table(before: Sequence[LayerWeights], after: Patient) -> list[str]:
    """What becomes of each layer: its name, shapes before and after, and what was done."""
    old = _by_name(before)
    rows: list[tuple[str, ...]] = [("layer", "before", "after", "")]
    for name in [*old, *(name for name in after.layers if name not in old)]:
        shapes = [
            " ".join(shape_text(blob.shape) for blob in layers[name].blobs)
            if name in layers
            else "-"
            for layers in (old, after.layers)
        ]
        rows.append((visible(name), *shapes, visible(", ".join(after.notes.get(name, [])))))
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    return [
        "  ".join(
            [*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[3]]
        ).rstrip()
        for row in rows
    ]
