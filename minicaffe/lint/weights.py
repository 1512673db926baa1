"""Weights beside the net that they are for: ``minicaffe lint --weights FILE``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from minicaffe.blob import shape_text
from minicaffe.errors import closest
from minicaffe.lint.diagnostic import Diagnostic, Severity
from minicaffe.lint.rules import LEARNING, Examined, PhaseNet, rule
from minicaffe.lint.stored import StoredWeights
from minicaffe.net.graph import LayerRef
from minicaffe.net.net import TRAIN
from minicaffe.net.summary import Shape

_NORMS = ("BatchNorm",)
#: Weights beyond this let values grow out of single precision within a few layers.
_HUGE = 1e4


@rule("MC401")
def layer_without_weights(examined: Examined) -> Iterator[Diagnostic]:
    """A layer has parameters, and the weights have none of its name.

    Layers are found by name, so a layer that was renamed keeps its first values. Where the weights
    have a layer that no layer of the net takes, with as many values, it is named.

    Looked for with ``--weights``.
    """
    for net, stored in _nets(examined):
        names = {layer.name for layer in net.graph.layers}
        left = {name: blobs for name, blobs in stored.layers.items() if blobs and name not in names}
        for layer in net.graph.layers:
            if layer.type not in (*LEARNING, *_NORMS) or stored.layers.get(layer.name):
                continue
            was = _former_name(layer.name, net.parameter_shapes.get(layer.name, []), left)
            left.pop(was, None)
            message = f"'{stored.path}' has no weights for it"
            help = "rename it as in the weights, unless it is to begin from its fillers"
            if was:
                message += f", but for '{was}' of the same shapes, which no layer takes"
                help = f'write name: "{was}", if it is that layer'
            yield net.remark(layer, message, help, field=("name",))


def _former_name(
    name: str, shapes: Sequence[Shape], left: Mapping[str, Sequence[np.ndarray]]
) -> str:
    """What a layer was probably called: weights of its shapes, of the name most like it, or else
    the first of them; "" where there are none."""
    alike = [
        other
        for other, blobs in left.items()
        if shapes and _fits(shapes, [np.shape(blob) for blob in blobs])
    ]
    return closest(name, alike) or (alike[0] if alike else "")


@rule("MC402")
def weights_without_layer(examined: Examined) -> Iterator[Diagnostic]:
    """The weights have a layer that the net does not have: its values are not used.

    Looked for with ``--weights``.
    """
    for net, stored in _nets(examined):
        names = {layer.name for layer in net.graph.layers}
        lost = [name for name, blobs in stored.layers.items() if blobs and name not in names]
        if lost and net.graph.layers:
            more = f" and {len(lost) - 3} more" if len(lost) > 3 else ""
            shown = ", ".join(f"'{name}'" for name in lost[:3]) + more
            yield net.remark(
                net.graph.layers[-1],
                f"'{stored.path}' has weights for {shown}, which the net does not have",
                "nothing, if those layers were taken out on purpose",
            )


@rule("MC403")
def weights_not_finite(examined: Examined) -> Iterator[Diagnostic]:
    """Weights hold NaN or infinity: the training that wrote them had diverged.

    Looked for with ``--weights``.
    """
    for net, layer, blobs, path in _weighted(examined):
        for index, blob in enumerate(blobs):
            wrong = int(np.size(blob) - np.count_nonzero(np.isfinite(blob)))
            if wrong:
                yield net.remark(
                    layer,
                    f"{wrong} of the {np.size(blob)} values of its parameter {index} in "
                    f"'{path}' are NaN or infinite",
                    "take an earlier snapshot",
                )


@rule("MC404")
def dead_outputs(examined: Examined) -> Iterator[Diagnostic]:
    """Outputs of a layer have weights of 0 alone: they are the same for every input.

    Looked for with ``--weights``.
    """
    for net, layer, blobs, path in _weighted(examined):
        if layer.type not in ("Convolution", "InnerProduct") or not blobs or blobs[0].ndim < 2:
            continue
        outputs = blobs[0].reshape(_outputs(layer, blobs[0]), -1)
        dead = int(np.count_nonzero(~outputs.any(axis=1)))
        if dead:
            yield net.remark(
                layer,
                f"the weights of {dead} of its {len(outputs)} outputs in '{path}' are all 0",
                "such outputs can be taken out, unless the training is to begin from here",
            )


@rule("MC405")
def exploding_weights(examined: Examined) -> Iterator[Diagnostic]:
    """Weights are so large that values grow out of single precision.

    Looked for with ``--weights``.
    """
    for net, layer, blobs, path in _weighted(examined):
        if layer.type in _NORMS or not blobs:
            continue
        with np.errstate(invalid="ignore"):
            largest = float(np.max(np.abs(blobs[0]), initial=0))
        if np.isfinite(largest) and largest > _HUGE:
            yield net.remark(
                layer,
                f"a weight in '{path}' is {largest:g} in size",
                "the training was about to diverge: take an earlier snapshot, or lower base_lr",
            )


@rule("MC406")
def statistics_never_gathered(examined: Examined) -> Iterator[Diagnostic]:
    """A BatchNorm's third blob, the factor of its statistics, is 0: none were gathered.

    In phase TEST mean and variance are then taken as 0, and every channel divided by √eps.

    Looked for with ``--weights``.
    """
    for net, layer, blobs, path in _weighted(examined):
        if layer.type == "BatchNorm" and len(blobs) == 3 and not np.any(blobs[2]):
            yield net.remark(
                layer,
                f"the factor of its statistics in '{path}' is 0: no batch was seen",
                "gather them by `minicaffe bn-stats`",
            )


@rule("MC407", Severity.ERROR)
def weights_of_another_shape(examined: Examined) -> Iterator[Diagnostic]:
    """A layer's weights are stored in other shapes than it has, or in another number.

    They cannot be copied: a net is not opened with them. Where the layer was changed on purpose,
    for another number of classes say, another name lets it begin from its fillers. Other forks
    store other numbers of parameters for some types: a note says which forks do.

    Looked for with ``--weights``, in layers whose shapes need no data to be known.
    """
    for net, layer, blobs, path in _weighted(examined):
        own = net.parameter_shapes.get(layer.name)
        stored = [np.shape(blob) for blob in blobs]
        if own is None or not layer.param.strict_dim or _fits(own, stored):
            continue
        other_number = len(own) != len(stored)
        yield net.remark(
            layer,
            f"its parameters have the shapes {_shapes(own)}, in '{path}' {_shapes(stored)}",
            "rename the layer to let it begin from its fillers, or give the weights of this net",
            field=("name",),
            note=net.built[layer.name].layer.blobs_hint(len(stored)) if other_number else "",
        )


def _fits(own: Sequence[tuple[int, ...]], stored: Sequence[tuple[int, ...]]) -> bool:
    """Whether stored shapes are these but for axes of length 1 before them (those of old files)."""
    if len(own) != len(stored):
        return False
    return all(_trimmed(a) == _trimmed(b) for a, b in zip(own, stored, strict=True))


def _trimmed(shape: tuple[int, ...]) -> tuple[int, ...]:
    first = next((axis for axis, length in enumerate(shape) if length != 1), len(shape))
    return shape[first:]


def _shapes(shapes: Sequence[tuple[int, ...]]) -> str:
    return " and ".join(map(shape_text, shapes)) or "none"


def _outputs(layer: LayerRef, weights: np.ndarray) -> int:
    if layer.type == "InnerProduct":
        count = layer.param.inner_product_param.num_output
    else:
        count = layer.param.convolution_param.num_output
    return count if count and weights.size % count == 0 else weights.shape[0]


def _weighted(
    examined: Examined,
) -> Iterator[tuple[PhaseNet, LayerRef, list[np.ndarray], str]]:
    """The layers that the weights have values for, each with its blobs and the file's name."""
    for net, stored in _nets(examined):
        for layer in net.graph.layers:
            if stored.layers.get(layer.name):
                yield net, layer, stored.layers[layer.name], stored.path


def _nets(examined: Examined) -> Iterator[tuple[PhaseNet, StoredWeights]]:
    """The net that the weights are for, that of TRAIN or what there is, with the weights."""
    if examined.weights is not None:
        for net in (examined.in_phase(TRAIN) or examined.nets)[:1]:
            yield net, examined.weights
