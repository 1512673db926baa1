"""Common mistakes with BatchNorm and Scale; docs/batchnorm.md explains them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from minicaffe.layers.normalization.batch_norm import param_block_mistake, scales_inside
from minicaffe.lint.rules import Examined, PhaseNet, Remark, rule
from minicaffe.net.graph import LayerRef
from minicaffe.net.net import TEST, TRAIN
from minicaffe.proto import caffe_pb2
from minicaffe.solver.solver_param import few, iter_size_advice

#: Layers with an offset for each output channel, and the message that says whether.
_BIASED = {
    "Convolution": "convolution_param",
    "Deconvolution": "convolution_param",
    "InnerProduct": "inner_product_param",
}
#: Types whose parameters a solver changes.
_LEARNING = (*_BIASED, "Scale", "Bias", "PReLU", "Embed", "LSTM", "RNN")
#: How many times 1 / (1 - f) steps until little is left of the first batches: exp(-3) = 5 %.
_MEMORIES = 3


@rule("BN001")
def no_scale(examined: Examined) -> Iterator[Remark]:
    """BatchNorm alone: no gamma, no beta."""
    for net, norm in _norms(examined):
        if scales_inside(norm.param.batch_norm_param):
            yield net.remark(
                norm,
                "it has a scale and a bias inside (NVCaffe's and Intel Caffe's form), which "
                "minicaffe refuses",
                "leave those fields out, keep three param blocks, and add after it a Scale layer "
                "with scale_param { bias_term: true }",
            )
        elif not _readers(net, norm, "Scale"):
            yield net.remark(
                norm,
                "no Scale layer reads its result, so every channel is forced to mean 0, variance 1",
                "add a Scale layer with scale_param { bias_term: true } after it",
            )


@rule("BN002")
def no_offset(examined: Examined) -> Iterator[Remark]:
    """A gamma without a beta."""
    for net, norm in _norms(examined):
        for scale in _readers(net, norm, "Scale"):
            if not scale.param.scale_param.bias_term and not _readers(net, scale, "Bias"):
                yield net.remark(
                    scale,
                    f"it scales the result of BatchNorm '{norm.name}' but adds no offset (beta); "
                    "bias_term is false by default",
                    "write scale_param { bias_term: true }",
                )


@rule("BN003")
def batch_statistics_in_test(examined: Examined) -> Iterator[Remark]:
    """An image's result depends on its neighbours."""
    for net, norm in _norms(examined, TEST):
        if _asked_for_stored(norm) is False:
            yield net.remark(
                norm,
                "use_global_stats: false reaches phase TEST, where results then depend on the "
                "other items of the batch, and testing changes the stored statistics",
                "leave use_global_stats out: the phase decides",
            )


@rule("BN004")
def frozen_in_training(examined: Examined) -> Iterator[Remark]:
    """Stored statistics are used in TRAIN, where something learns."""
    for net, norm in _norms(examined, TRAIN):
        if _asked_for_stored(norm) and _trains(net):
            yield net.remark(
                norm,
                "use_global_stats: true in phase TRAIN freezes the statistics while other layers "
                "learn; in a training from scratch none are stored",
                "leave use_global_stats out, unless this is fine-tuning, where it may be meant "
                "(then --ignore BN004)",
            )


@rule("BN005")
def longer_memory_than_training(examined: Examined) -> Iterator[Remark]:
    """The stored statistics are mostly those of the first iterations' weights."""
    solver = examined.solver
    if solver is None or solver.max_iter <= 0:
        return
    batches = solver.max_iter * solver.iter_size
    names: dict[float, list[str]] = {}
    for _, norm in _norms(examined, TRAIN):
        fraction = norm.param.batch_norm_param.moving_average_fraction
        if not _asked_for_stored(norm) and _batches_needed(fraction) > batches:
            names.setdefault(fraction, []).append(norm.name)
    for fraction, layers in names.items():
        times = f" with iter_size {solver.iter_size}" if solver.iter_size > 1 else ""
        yield examined.remark(
            "max_iter",
            f"max_iter is {solver.max_iter}{times}, but moving_average_fraction {fraction:g} "
            f"({few(layers)}) needs {_batches_needed(fraction):.0f} batches until its averages "
            "have forgotten the first ones",
            "lower the fraction, train longer, or run `minicaffe bn-stats` afterwards",
        )


@rule("BN006")
def gradients_add_up_statistics_do_not(examined: Examined) -> Iterator[Remark]:
    """``iter_size`` is no larger batch for BatchNorm."""
    if examined.solver is None or examined.solver.iter_size < 2:
        return
    names = [n.name for _, n in _norms(examined, TRAIN) if not _asked_for_stored(n)]
    if names:
        advice = iter_size_advice(examined.solver.iter_size, names)
        yield examined.remark("iter_size", *advice)


@rule("BN007")
def bias_without_effect(examined: Examined) -> Iterator[Remark]:
    """The mean that BatchNorm takes away contains the bias."""
    for net, norm in _norms(examined, TRAIN if examined.in_phase(TRAIN) else TEST):
        (value,) = norm.bottoms
        linear = value.producer
        # A bias counts where statistics are frozen, and for other layers that read the result.
        if _asked_for_stored(norm) or net.graph.readers(value) != [norm]:
            continue
        if _has_channel_bias(linear):
            yield net.remark(
                linear,
                f"BatchNorm '{norm.name}' takes its bias away again with the mean, so it is a "
                "parameter without effect",
                f"write {_BIASED[linear.type]} {{ bias_term: false }}",
            )


@rule("BN008")
def phases_differ(examined: Examined) -> Iterator[Remark]:
    """Two layers of one name, of which one is for TRAIN and one for TEST."""
    trained = {norm.name: norm.param.batch_norm_param for _, norm in _norms(examined, TRAIN)}
    for net, norm in _norms(examined, TEST):
        param = norm.param.batch_norm_param
        for field in ("eps", "moving_average_fraction"):
            value = getattr(param, field)
            other = getattr(trained.get(norm.name, param), field)
            # Stored statistics leave the fraction unused: it need not be repeated for TEST.
            if value != other and (field == "eps" or param.HasField(field)):
                yield net.remark(
                    norm,
                    f"{field} is {value:g} in phase TEST, but {other:g} in phase TRAIN",
                    "write the same in both, or one layer for both phases",
                )


@rule("BN009")
def learning_rates_for_statistics(examined: Examined) -> Iterator[Remark]:
    """The layer's own error, before anything is built."""
    for net, norm in _norms(examined):
        mistake = param_block_mistake(norm.param.param)
        if mistake is not None and not scales_inside(norm.param.batch_norm_param):
            yield net.remark(norm, *mistake)


# ------------------------------------------------------------------------- what rules ask


def _norms(examined: Examined, phase: int | None = None) -> Iterator[tuple[PhaseNet, LayerRef]]:
    """The BatchNorm layers of one phase or of all, each with its net."""
    for net in examined.nets if phase is None else examined.in_phase(phase):
        for layer in net.layers("BatchNorm"):
            yield net, layer


def _asked_for_stored(norm: LayerRef) -> bool | None:
    """What ``use_global_stats`` says; None where it is left out."""
    param = norm.param.batch_norm_param
    return param.use_global_stats if param.HasField("use_global_stats") else None


def _readers(net: PhaseNet, layer: LayerRef, kind: str) -> list[LayerRef]:
    """The layers of a type that read the result of a layer, and nothing else."""
    found: list[LayerRef] = []
    for value in layer.tops:
        for reader in net.graph.readers(value):
            if reader.type == "Split":
                found += _readers(net, reader, kind)
            elif reader.type == kind and len(reader.bottoms) == 1:
                found.append(reader)
    return found


def _trains(net: PhaseNet) -> bool:
    """Whether there is a loss, and a layer with parameters that a solver changes."""
    layers = net.graph.layers
    return any(_is_loss(layer.param) for layer in layers) and any(
        layer.type in _LEARNING and _learns(layer.param.param) for layer in layers
    )


def _is_loss(param: caffe_pb2.LayerParameter) -> bool:
    return any(param.loss_weight) if param.loss_weight else param.type.endswith("Loss")


def _learns(specs: Sequence[caffe_pb2.ParamSpec]) -> bool:
    return not specs or any(spec.lr_mult > 0 for spec in specs)


def _has_channel_bias(layer: LayerRef) -> bool:
    """Whether a layer adds an offset to each channel as BatchNorm sees channels (axis 1)."""
    if layer.type not in _BIASED:
        return False
    param = getattr(layer.param, _BIASED[layer.type])
    return param.bias_term and param.axis == 1


def _batches_needed(fraction: float) -> float:
    # Rounded: a fraction is stored in single precision, 0.999 being a little more than that.
    return round(_MEMORIES / (1 - fraction)) if fraction < 1 else float("inf")
