"""Common mistakes with BatchNorm and Scale; docs/batchnorm.md explains them."""

from __future__ import annotations

import math
from collections.abc import Iterator

from minicaffe.layers.normalization.batch_norm import param_block_mistake, scales_inside
from minicaffe.lint.diagnostic import Diagnostic, Severity
from minicaffe.lint.rules import BIASED, LEARNING, Examined, PhaseNet, is_loss, learns, rule
from minicaffe.net.graph import LayerRef
from minicaffe.net.net import TEST, TRAIN
from minicaffe.solver.solver_param import few, iter_size_advice

#: How many times 1 / (1 - f) steps until little is left of the first batches: exp(-3) = 5 %.
_MEMORIES = 3
#: Values of a channel from which its statistics mean something.
_FEWEST = 4


@rule("BN001")
def no_scale(examined: Examined) -> Iterator[Diagnostic]:
    """BatchNorm alone: no gamma, no beta.

    Algorithm 1 of Ioffe & Szegedy 2015 ends with γ·x̂ + β, which is a layer of its own here, Scale.
    Without it every channel is forced to mean 0 and variance 1, and half of it is lost in a ReLU.

    Found::

        layer { name: "data" type: "DummyData" top: "data" top: "label"
          dummy_data_param { shape { dim: 8 dim: 3 dim: 9 dim: 9 } shape { dim: 8 } } }
        layer { name: "conv" type: "Convolution" bottom: "data" top: "conv"
          convolution_param { num_output: 4 kernel_size: 3 bias_term: false
            weight_filler { type: "msra" } } }
        layer { name: "bn" type: "BatchNorm" bottom: "conv" top: "bn" }
        layer { name: "ip" type: "InnerProduct" bottom: "bn" top: "ip"
          inner_product_param { num_output: 10 weight_filler { type: "xavier" } } }
        layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" }

    Mended::

        layer { name: "data" type: "DummyData" top: "data" top: "label"
          dummy_data_param { shape { dim: 8 dim: 3 dim: 9 dim: 9 } shape { dim: 8 } } }
        layer { name: "conv" type: "Convolution" bottom: "data" top: "conv"
          convolution_param { num_output: 4 kernel_size: 3 bias_term: false
            weight_filler { type: "msra" } } }
        layer { name: "bn" type: "BatchNorm" bottom: "conv" top: "bn" }
        layer { name: "scale" type: "Scale" bottom: "bn" top: "bn"
          scale_param { bias_term: true } }
        layer { name: "ip" type: "InnerProduct" bottom: "bn" top: "ip"
          inner_product_param { num_output: 10 weight_filler { type: "xavier" } } }
        layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" }
    """
    for net, norm in _norms(examined):
        inside = scales_inside(norm.param.batch_norm_param)  # NVCaffe's and Intel Caffe's form
        if not inside and not _readers(net, norm, "Scale"):
            yield net.remark(
                norm,
                "no Scale layer reads its result, so every channel is forced to mean 0, variance 1",
                "add a Scale layer with scale_param { bias_term: true } after it",
            )


@rule("BN002")
def no_offset(examined: Examined) -> Iterator[Diagnostic]:
    """A gamma without a beta.

    Scale's ``bias_term`` is false where it is left out.

    Found::

        layer { name: "data" type: "DummyData" top: "data" top: "label"
          dummy_data_param { shape { dim: 8 dim: 3 dim: 9 dim: 9 } shape { dim: 8 } } }
        layer { name: "conv" type: "Convolution" bottom: "data" top: "conv"
          convolution_param { num_output: 4 kernel_size: 3 bias_term: false
            weight_filler { type: "msra" } } }
        layer { name: "bn" type: "BatchNorm" bottom: "conv" top: "bn" }
        layer { name: "scale" type: "Scale" bottom: "bn" top: "bn" }
        layer { name: "ip" type: "InnerProduct" bottom: "bn" top: "ip"
          inner_product_param { num_output: 10 weight_filler { type: "xavier" } } }
        layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" }

    Mended::

        layer { name: "data" type: "DummyData" top: "data" top: "label"
          dummy_data_param { shape { dim: 8 dim: 3 dim: 9 dim: 9 } shape { dim: 8 } } }
        layer { name: "conv" type: "Convolution" bottom: "data" top: "conv"
          convolution_param { num_output: 4 kernel_size: 3 bias_term: false
            weight_filler { type: "msra" } } }
        layer { name: "bn" type: "BatchNorm" bottom: "conv" top: "bn" }
        layer { name: "scale" type: "Scale" bottom: "bn" top: "bn"
          scale_param { bias_term: true } }
        layer { name: "ip" type: "InnerProduct" bottom: "bn" top: "ip"
          inner_product_param { num_output: 10 weight_filler { type: "xavier" } } }
        layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" }
    """
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
def batch_statistics_in_test(examined: Examined) -> Iterator[Diagnostic]:
    """An image's result depends on its neighbours.

    ``use_global_stats: false`` holds for both phases. In phase TEST the statistics are then
    those of the batch, and testing changes what is stored.

    Found::

        layer { name: "data" type: "DummyData" top: "data" top: "label"
          dummy_data_param { shape { dim: 8 dim: 3 dim: 9 dim: 9 } shape { dim: 8 } } }
        layer { name: "conv" type: "Convolution" bottom: "data" top: "conv"
          convolution_param { num_output: 4 kernel_size: 3 bias_term: false
            weight_filler { type: "msra" } } }
        layer { name: "bn" type: "BatchNorm" bottom: "conv" top: "bn"
          batch_norm_param { use_global_stats: false } }
        layer { name: "scale" type: "Scale" bottom: "bn" top: "bn"
          scale_param { bias_term: true } }
        layer { name: "ip" type: "InnerProduct" bottom: "bn" top: "ip"
          inner_product_param { num_output: 10 weight_filler { type: "xavier" } } }
        layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" }

    Mended::

        layer { name: "data" type: "DummyData" top: "data" top: "label"
          dummy_data_param { shape { dim: 8 dim: 3 dim: 9 dim: 9 } shape { dim: 8 } } }
        layer { name: "conv" type: "Convolution" bottom: "data" top: "conv"
          convolution_param { num_output: 4 kernel_size: 3 bias_term: false
            weight_filler { type: "msra" } } }
        layer { name: "bn" type: "BatchNorm" bottom: "conv" top: "bn" }
        layer { name: "scale" type: "Scale" bottom: "bn" top: "bn"
          scale_param { bias_term: true } }
        layer { name: "ip" type: "InnerProduct" bottom: "bn" top: "ip"
          inner_product_param { num_output: 10 weight_filler { type: "xavier" } } }
        layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" }
    """
    for net, norm in _norms(examined, TEST):
        if _asked_for_stored(norm) is False:
            yield net.remark(
                norm,
                "use_global_stats: false reaches phase TEST, where results then depend on the "
                "other items of the batch, and testing changes the stored statistics",
                "leave use_global_stats out: the phase decides",
            )


@rule("BN004")
def frozen_in_training(examined: Examined) -> Iterator[Diagnostic]:
    """Stored statistics are used in TRAIN, where something learns.

    In a training from scratch nothing is stored yet. It is right where weights are fine-tuned with
    small batches, and where the layers before it have ``lr_mult: 0``: then nothing is said.

    Found::

        layer { name: "data" type: "DummyData" top: "data" top: "label"
          dummy_data_param { shape { dim: 8 dim: 3 dim: 9 dim: 9 } shape { dim: 8 } } }
        layer { name: "conv" type: "Convolution" bottom: "data" top: "conv"
          convolution_param { num_output: 4 kernel_size: 3 bias_term: false
            weight_filler { type: "msra" } } }
        layer { name: "bn" type: "BatchNorm" bottom: "conv" top: "bn"
          batch_norm_param { use_global_stats: true } }
        layer { name: "scale" type: "Scale" bottom: "bn" top: "bn"
          scale_param { bias_term: true } }
        layer { name: "ip" type: "InnerProduct" bottom: "bn" top: "ip"
          inner_product_param { num_output: 10 weight_filler { type: "xavier" } } }
        layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" }

    Mended::

        layer { name: "data" type: "DummyData" top: "data" top: "label"
          dummy_data_param { shape { dim: 8 dim: 3 dim: 9 dim: 9 } shape { dim: 8 } } }
        layer { name: "conv" type: "Convolution" bottom: "data" top: "conv"
          convolution_param { num_output: 4 kernel_size: 3 bias_term: false
            weight_filler { type: "msra" } } }
        layer { name: "bn" type: "BatchNorm" bottom: "conv" top: "bn" }
        layer { name: "scale" type: "Scale" bottom: "bn" top: "bn"
          scale_param { bias_term: true } }
        layer { name: "ip" type: "InnerProduct" bottom: "bn" top: "ip"
          inner_product_param { num_output: 10 weight_filler { type: "xavier" } } }
        layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" }
    """
    for net, norm in _norms(examined, TRAIN):
        if _asked_for_stored(norm) and _trains(net) and not net.is_frozen_up_to(norm):
            yield net.remark(
                norm,
                "use_global_stats: true in phase TRAIN freezes the statistics while other layers "
                "learn; in a training from scratch none are stored",
                "leave use_global_stats out, unless this is fine-tuning, where it may be meant "
                "(then --ignore BN004)",
            )


@rule("BN005")
def longer_memory_than_training(examined: Examined) -> Iterator[Diagnostic]:
    """The stored statistics are mostly those of the first iterations' weights.

    They are averages over about 1 / (1 - ``moving_average_fraction``) batches.

    Found::

        net: "net_with_batchnorm.prototxt"
        base_lr: 0.01
        lr_policy: "fixed"
        display: 100
        max_iter: 500

    Mended::

        net: "net_with_batchnorm.prototxt"
        base_lr: 0.01
        lr_policy: "fixed"
        display: 100
        max_iter: 50000
    """
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
def gradients_add_up_statistics_do_not(examined: Examined) -> Iterator[Diagnostic]:
    """``iter_size`` is no larger batch for BatchNorm.

    Gradients of the ``iter_size`` batches add up; each has statistics of its own.

    Found::

        net: "net_with_batchnorm.prototxt"
        base_lr: 0.01
        lr_policy: "fixed"
        display: 100
        max_iter: 50000
        iter_size: 4

    Mended::

        net: "net_with_batchnorm.prototxt"
        base_lr: 0.01
        lr_policy: "fixed"
        display: 100
        max_iter: 50000
    """
    if examined.solver is None or examined.solver.iter_size < 2:
        return
    names = [n.name for _, n in _norms(examined, TRAIN) if not _asked_for_stored(n)]
    if names:
        advice = iter_size_advice(examined.solver.iter_size, names)
        yield examined.remark("iter_size", *advice)


@rule("BN007")
def bias_without_effect(examined: Examined) -> Iterator[Diagnostic]:
    """The mean that BatchNorm takes away contains the bias.

    A constant that is added to all values of a channel is in their mean as well.

    Found::

        layer { name: "data" type: "DummyData" top: "data" top: "label"
          dummy_data_param { shape { dim: 8 dim: 3 dim: 9 dim: 9 } shape { dim: 8 } } }
        layer { name: "conv" type: "Convolution" bottom: "data" top: "conv"
          convolution_param { num_output: 4 kernel_size: 3
            weight_filler { type: "msra" } } }
        layer { name: "bn" type: "BatchNorm" bottom: "conv" top: "bn" }
        layer { name: "scale" type: "Scale" bottom: "bn" top: "bn"
          scale_param { bias_term: true } }
        layer { name: "ip" type: "InnerProduct" bottom: "bn" top: "ip"
          inner_product_param { num_output: 10 weight_filler { type: "xavier" } } }
        layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" }

    Mended::

        layer { name: "data" type: "DummyData" top: "data" top: "label"
          dummy_data_param { shape { dim: 8 dim: 3 dim: 9 dim: 9 } shape { dim: 8 } } }
        layer { name: "conv" type: "Convolution" bottom: "data" top: "conv"
          convolution_param { num_output: 4 kernel_size: 3 bias_term: false
            weight_filler { type: "msra" } } }
        layer { name: "bn" type: "BatchNorm" bottom: "conv" top: "bn" }
        layer { name: "scale" type: "Scale" bottom: "bn" top: "bn"
          scale_param { bias_term: true } }
        layer { name: "ip" type: "InnerProduct" bottom: "bn" top: "ip"
          inner_product_param { num_output: 10 weight_filler { type: "xavier" } } }
        layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" }
    """
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
                f"write {BIASED[linear.type]} {{ bias_term: false }}",
            )


@rule("BN008")
def phases_differ(examined: Examined) -> Iterator[Diagnostic]:
    """Two layers of one name, of which one is for TRAIN and one for TEST.

    Phase TEST is then normalised otherwise than was trained.

    Found::

        layer { name: "data" type: "DummyData" top: "data" top: "label"
          dummy_data_param { shape { dim: 8 dim: 3 dim: 9 dim: 9 } shape { dim: 8 } } }
        layer { name: "conv" type: "Convolution" bottom: "data" top: "conv"
          convolution_param { num_output: 4 kernel_size: 3 bias_term: false
            weight_filler { type: "msra" } } }
        layer { name: "bn" type: "BatchNorm" bottom: "conv" top: "bn"
          include { phase: TRAIN } batch_norm_param { eps: 0.001 } }
        layer { name: "bn" type: "BatchNorm" bottom: "conv" top: "bn"
          include { phase: TEST } batch_norm_param { eps: 0.00001 } }
        layer { name: "scale" type: "Scale" bottom: "bn" top: "bn"
          scale_param { bias_term: true } }
        layer { name: "ip" type: "InnerProduct" bottom: "bn" top: "ip"
          inner_product_param { num_output: 10 weight_filler { type: "xavier" } } }
        layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" }

    Mended::

        layer { name: "data" type: "DummyData" top: "data" top: "label"
          dummy_data_param { shape { dim: 8 dim: 3 dim: 9 dim: 9 } shape { dim: 8 } } }
        layer { name: "conv" type: "Convolution" bottom: "data" top: "conv"
          convolution_param { num_output: 4 kernel_size: 3 bias_term: false
            weight_filler { type: "msra" } } }
        layer { name: "bn" type: "BatchNorm" bottom: "conv" top: "bn" }
        layer { name: "scale" type: "Scale" bottom: "bn" top: "bn"
          scale_param { bias_term: true } }
        layer { name: "ip" type: "InnerProduct" bottom: "bn" top: "ip"
          inner_product_param { num_output: 10 weight_filler { type: "xavier" } } }
        layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" }
    """
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


@rule("BN009", Severity.ERROR)
def learning_rates_for_statistics(examined: Examined) -> Iterator[Diagnostic]:
    """BatchNorm's blobs are statistics, no parameters: a learning rate for them is an error.

    Caffe sets their multipliers to 0 itself, and stops at another one. (Three ``param`` blocks, as
    old nets have them, are left out when a file is read.)

    Found::

        layer { name: "data" type: "DummyData" top: "data" top: "label"
          dummy_data_param { shape { dim: 8 dim: 3 dim: 9 dim: 9 } shape { dim: 8 } } }
        layer { name: "conv" type: "Convolution" bottom: "data" top: "conv"
          convolution_param { num_output: 4 kernel_size: 3 bias_term: false
            weight_filler { type: "msra" } } }
        layer { name: "bn" type: "BatchNorm" bottom: "conv" top: "bn"
          param { lr_mult: 2 } }
        layer { name: "scale" type: "Scale" bottom: "bn" top: "bn"
          scale_param { bias_term: true } }
        layer { name: "ip" type: "InnerProduct" bottom: "bn" top: "ip"
          inner_product_param { num_output: 10 weight_filler { type: "xavier" } } }
        layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" }

    Mended::

        layer { name: "data" type: "DummyData" top: "data" top: "label"
          dummy_data_param { shape { dim: 8 dim: 3 dim: 9 dim: 9 } shape { dim: 8 } } }
        layer { name: "conv" type: "Convolution" bottom: "data" top: "conv"
          convolution_param { num_output: 4 kernel_size: 3 bias_term: false
            weight_filler { type: "msra" } } }
        layer { name: "bn" type: "BatchNorm" bottom: "conv" top: "bn" }
        layer { name: "scale" type: "Scale" bottom: "bn" top: "bn"
          scale_param { bias_term: true } }
        layer { name: "ip" type: "InnerProduct" bottom: "bn" top: "ip"
          inner_product_param { num_output: 10 weight_filler { type: "xavier" } } }
        layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" }
    """
    for net, norm in _norms(examined):
        mistake = param_block_mistake(norm.param.param)
        if mistake is not None and not scales_inside(norm.param.batch_norm_param):
            yield net.remark(norm, *mistake)


@rule("BN010")
def batch_too_small(examined: Examined) -> Iterator[Diagnostic]:
    """BatchNorm in phase TRAIN gets statistics of fewer than four items.

    Mean and variance of so few are far from those of the data, and so are the stored ones.

    Found::

        layer { name: "data" type: "DummyData" top: "data" top: "label"
          dummy_data_param { shape { dim: 2 dim: 8 } shape { dim: 2 } } }
        layer { name: "fc" type: "InnerProduct" bottom: "data" top: "fc"
          inner_product_param { num_output: 4 bias_term: false weight_filler { type: "xavier" } } }
        layer { name: "bn" type: "BatchNorm" bottom: "fc" top: "bn" }
        layer { name: "scale" type: "Scale" bottom: "bn" top: "bn"
          scale_param { bias_term: true } }
        layer { name: "ip" type: "InnerProduct" bottom: "bn" top: "ip"
          inner_product_param { num_output: 10 weight_filler { type: "xavier" } } }
        layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" }

    Mended::

        layer { name: "data" type: "DummyData" top: "data" top: "label"
          dummy_data_param { shape { dim: 64 dim: 8 } shape { dim: 64 } } }
        layer { name: "fc" type: "InnerProduct" bottom: "data" top: "fc"
          inner_product_param { num_output: 4 bias_term: false weight_filler { type: "xavier" } } }
        layer { name: "bn" type: "BatchNorm" bottom: "fc" top: "bn" }
        layer { name: "scale" type: "Scale" bottom: "bn" top: "bn"
          scale_param { bias_term: true } }
        layer { name: "ip" type: "InnerProduct" bottom: "bn" top: "ip"
          inner_product_param { num_output: 10 weight_filler { type: "xavier" } } }
        layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" }
    """
    for net, norm in _norms(examined, TRAIN):
        shape = net.shapes.get(norm.bottoms[0], ())
        values = math.prod((*shape[:1], *shape[2:]))
        if shape and 0 < values < _FEWEST and not _asked_for_stored(norm) and _trains(net):
            yield net.remark(
                norm,
                f"each channel has {values} values in a batch, too few for their statistics",
                "enlarge batch_size; for small batches there are renorm: true and GroupNorm",
                related=[(norm.bottoms[0].producer, "its input is computed here")],
            )


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
    return [r for r in net.readers(layer) if r.type == kind and len(r.bottoms) == 1]


def _trains(net: PhaseNet) -> bool:
    """Whether there is a loss, and a layer with parameters that a solver changes."""
    layers = net.graph.layers
    learned = any(layer.type in LEARNING and learns(layer) for layer in layers)
    return learned and any(is_loss(layer) for layer in layers)


def _has_channel_bias(layer: LayerRef) -> bool:
    """Whether a layer adds an offset to each channel as BatchNorm sees channels (axis 1)."""
    param = getattr(layer.param, BIASED[layer.type]) if layer.type in BIASED else None
    return param is not None and param.bias_term and param.axis == 1


def _batches_needed(fraction: float) -> float:
    # Rounded: a fraction is stored in single precision, 0.999 being a little more than that.
    return round(_MEMORIES / (1 - fraction)) if fraction < 1 else float("inf")
