"""Windows, activations and dropout in places where they are hardly meant."""

from __future__ import annotations

import math
from collections.abc import Iterator

from minicaffe.lint.diagnostic import Diagnostic, Severity
from minicaffe.lint.rules import Examined, PhaseNet, numbers, rule
from minicaffe.net.graph import LayerRef
from minicaffe.net.net import TEST, TRAIN
from minicaffe.proto.own_fields import own_field

_LINEAR = ("Convolution", "InnerProduct")
#: Between two linear layers these change nothing of their being linear.
_STILL_LINEAR = ("BatchNorm", "Scale", "Bias", "Dropout", "Flatten", "Reshape", "Split")


@rule("MC131")
def linear_after_linear(examined: Examined) -> Iterator[Diagnostic]:
    """Two linear layers follow each other with no activation between them.

    Together they compute what one of them could. Where the first one has fewer outputs than both
    its inputs and the second one's outputs (a bottleneck), or is a depthwise convolution, that is
    meant: it takes fewer multiplications.

    Found::

        layer { name: "data" type: "DummyData" top: "data" top: "label"
          dummy_data_param { shape { dim: 2 dim: 8 } shape { dim: 2 } } }
        layer { name: "ip1" type: "InnerProduct" bottom: "data" top: "ip1"
          inner_product_param { num_output: 20 weight_filler { type: "xavier" } } }
        layer { name: "ip2" type: "InnerProduct" bottom: "ip1" top: "ip2"
          inner_product_param { num_output: 10 weight_filler { type: "xavier" } } }
        layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip2" bottom: "label" }

    Mended::

        layer { name: "data" type: "DummyData" top: "data" top: "label"
          dummy_data_param { shape { dim: 2 dim: 8 } shape { dim: 2 } } }
        layer { name: "ip1" type: "InnerProduct" bottom: "data" top: "ip1"
          inner_product_param { num_output: 20 weight_filler { type: "xavier" } } }
        layer { name: "relu1" type: "ReLU" bottom: "ip1" top: "ip1" }
        layer { name: "ip2" type: "InnerProduct" bottom: "ip1" top: "ip2"
          inner_product_param { num_output: 10 weight_filler { type: "xavier" } } }
        layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip2" bottom: "label" }
    """
    for net in examined.nets:
        for layer in net.layers(*_LINEAR):
            before = _linear_before(net, layer)
            if before is None or _narrows(net, before, layer):
                continue
            yield net.remark(
                layer,
                f"it follows the linear layer '{before.name}' with no activation between them, so "
                "the two compute what one could",
                "add a ReLU after the first one",
                related=[(before, "the first of the two")],
            )


def _linear_before(net: PhaseNet, layer: LayerRef) -> LayerRef | None:
    """The linear layer whose result, alone and unchanged in kind, a layer reads."""
    (value,) = layer.bottoms
    while value.producer.type in _STILL_LINEAR and len(value.producer.bottoms) == 1:
        if len(net.readers(value.producer)) != 1:
            return None
        (value,) = value.producer.bottoms
    before = value.producer
    if before.type not in _LINEAR or len(net.readers(before)) != 1:
        return None
    return before


def _narrows(net: PhaseNet, before: LayerRef, layer: LayerRef) -> bool:
    """Whether the first of two linear layers takes fewer numbers than it gets and hands on."""
    if any(_groups(other) > 1 for other in (before, layer)):
        return True
    if _window(before) != _window(layer):
        return True  # a window in two steps, 1×3 and 3×1 or 3×3 and 1×1, is meant as well
    middle, last = _outputs(before), _outputs(layer)
    (value,) = before.bottoms
    shape = net.shapes.get(value, ())
    first = math.prod(shape[1:]) if before.type == "InnerProduct" else (*shape, 0, 0)[1]
    return 0 < middle < last and (first == 0 or middle < first)


def _outputs(layer: LayerRef) -> int:
    if layer.type == "InnerProduct":
        return layer.param.inner_product_param.num_output
    return layer.param.convolution_param.num_output


def _groups(layer: LayerRef) -> int:
    return layer.param.convolution_param.group if layer.type == "Convolution" else 1


def _window(layer: LayerRef) -> tuple[int, ...]:
    if layer.type == "InnerProduct":
        return ()
    settings = layer.param.convolution_param
    return tuple(numbers(settings, "kernel_size", "kernel_h", "kernel_w"))


@rule("MC132")
def pooling_leaves_pixels_out(examined: Examined) -> Iterator[Diagnostic]:
    """A stride is larger than its kernel: the pixels between windows are read by none.

    (A convolution of 1×1 with a stride takes every second pixel, say, and is meant.)

    Found::

        layer { name: "data" type: "Input" top: "data"
          input_param { shape { dim: 1 dim: 3 dim: 8 dim: 8 } } }
        layer { name: "pool" type: "Pooling" bottom: "data" top: "pool"
          pooling_param { pool: MAX kernel_size: 2 stride: 3 } }

    Mended::

        layer { name: "data" type: "Input" top: "data"
          input_param { shape { dim: 1 dim: 3 dim: 8 dim: 8 } } }
        layer { name: "pool" type: "Pooling" bottom: "data" top: "pool"
          pooling_param { pool: MAX kernel_size: 2 stride: 2 } }
    """
    for net in examined.nets:
        for layer in net.layers("Convolution", "Pooling"):
            own = own_field(layer.type) or ""
            settings = getattr(layer.param, own)
            kernel = max(numbers(settings, "kernel_size", "kernel_h", "kernel_w"), default=0)
            stride = max(numbers(settings, "stride", "stride_h", "stride_w"), default=1)
            whole = layer.type == "Pooling" and settings.global_pooling
            least = 1 if layer.type == "Convolution" else 0
            if not whole and least < kernel < stride:
                yield net.remark(
                    layer,
                    f"the stride {stride} is larger than the kernel {kernel}, so pixels between "
                    "the windows are left out",
                    "lower the stride, or enlarge the kernel",
                    field=(own, "stride"),
                )


@rule("MC133")
def kernel_beyond_map(examined: Examined) -> Iterator[Diagnostic]:
    """A kernel is larger than the map it slides over: most of it lies on the padding.

    Found::

        layer { name: "data" type: "Input" top: "data"
          input_param { shape { dim: 1 dim: 3 dim: 3 dim: 3 } } }
        layer { name: "conv" type: "Convolution" bottom: "data" top: "conv"
          convolution_param { num_output: 4 kernel_size: 7 pad: 3 } }

    Mended::

        layer { name: "data" type: "Input" top: "data"
          input_param { shape { dim: 1 dim: 3 dim: 3 dim: 3 } } }
        layer { name: "conv" type: "Convolution" bottom: "data" top: "conv"
          convolution_param { num_output: 4 kernel_size: 3 pad: 1 } }
    """
    for net in examined.nets:
        for layer in net.layers("Convolution", "Pooling"):
            own = "convolution_param" if layer.type == "Convolution" else "pooling_param"
            settings = getattr(layer.param, own)
            sizes = net.shapes.get(layer.bottoms[0], ())[2:]
            if not sizes or (layer.type == "Pooling" and settings.global_pooling):
                continue
            kernels = numbers(settings, "kernel_size", "kernel_h", "kernel_w")
            pad = max(numbers(settings, "pad", "pad_h", "pad_w"), default=0)
            if kernels and min(kernels) > max(sizes) + pad and max(sizes) > 1:
                yield net.remark(
                    layer,
                    f"the kernel {max(kernels)} is larger than the map of "
                    f"{'×'.join(map(str, sizes))} values",
                    "take a smaller kernel, or fewer strides before it",
                    field=(own, "kernel_size"),
                    related=[(layer.bottoms[0].producer, "the map is computed here")],
                )


@rule("MC134")
def activation_twice(examined: Examined) -> Iterator[Diagnostic]:
    """A ReLU reads a ReLU: the second one changes nothing.

    Found::

        layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 1 dim: 8 } } }
        layer { name: "relu1" type: "ReLU" bottom: "data" top: "relu" }
        layer { name: "relu2" type: "ReLU" bottom: "relu" top: "relu" }

    Mended::

        layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 1 dim: 8 } } }
        layer { name: "relu1" type: "ReLU" bottom: "data" top: "relu" }
    """
    for net in examined.nets:
        for layer in net.layers("ReLU"):
            before = layer.bottoms[0].producer
            if before.type == "ReLU" and not before.param.relu_param.negative_slope:
                edits = net.edits(layer) if layer.tops[0].name == layer.bottoms[0].name else None
                yield net.remark(
                    layer,
                    f"it follows the ReLU '{before.name}', so it changes nothing",
                    "take it out",
                    related=[(before, "the first ReLU")],
                    fix=edits.remove_layer() if edits else None,
                )


@rule("MC135")
def grouping_is_odd(examined: Examined) -> Iterator[Diagnostic]:
    """A convolution has a group for each output, and several inputs for each group.

    A depthwise convolution has as many groups as inputs. With ``group`` equal to ``num_output``
    and more inputs than that, each output sees a few inputs of its own: mostly a mistake.

    Found::

        layer { name: "data" type: "Input" top: "data"
          input_param { shape { dim: 1 dim: 8 dim: 9 dim: 9 } } }
        layer { name: "conv" type: "Convolution" bottom: "data" top: "conv"
          convolution_param { num_output: 4 group: 4 kernel_size: 3 } }

    Mended::

        layer { name: "data" type: "Input" top: "data"
          input_param { shape { dim: 1 dim: 8 dim: 9 dim: 9 } } }
        layer { name: "conv" type: "Convolution" bottom: "data" top: "conv"
          convolution_param { num_output: 8 group: 8 kernel_size: 3 } }
    """
    for net in examined.nets:
        for layer in net.layers("Convolution"):
            settings = layer.param.convolution_param
            shape = net.shapes.get(layer.bottoms[0], ())
            inputs = shape[1] if len(shape) > 1 else 0
            if 1 < settings.group == settings.num_output < inputs:
                yield net.remark(
                    layer,
                    f"{settings.group} groups make {settings.num_output} outputs of {inputs} "
                    f"inputs: each output reads {inputs // settings.group} of them",
                    f"a depthwise convolution has group: {inputs} and num_output: {inputs}",
                    field=("convolution_param", "group"),
                )


@rule("MC136")
def dropout_before_batchnorm(examined: Examined) -> Iterator[Diagnostic]:
    """Dropout comes before BatchNorm: the stored statistics do not fit phase TEST.

    Dropout makes the variance in TRAIN larger than it is in TEST, where nothing is dropped
    (Li et al. 2018, "Understanding the disharmony between dropout and batch normalization").

    Found::

        layer { name: "data" type: "DummyData" top: "data" top: "label"
          dummy_data_param { shape { dim: 9 dim: 8 } shape { dim: 9 } } }
        layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip"
          inner_product_param { num_output: 10 bias_term: false weight_filler { type: "xavier" } } }
        layer { name: "drop" type: "Dropout" bottom: "ip" top: "ip" }
        layer { name: "bn" type: "BatchNorm" bottom: "ip" top: "bn" }
        layer { name: "scale" type: "Scale" bottom: "bn" top: "bn"
          scale_param { bias_term: true } }
        layer { name: "loss" type: "SoftmaxWithLoss" bottom: "bn" bottom: "label" }

    Mended::

        layer { name: "data" type: "DummyData" top: "data" top: "label"
          dummy_data_param { shape { dim: 9 dim: 8 } shape { dim: 9 } } }
        layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip"
          inner_product_param { num_output: 10 bias_term: false weight_filler { type: "xavier" } } }
        layer { name: "bn" type: "BatchNorm" bottom: "ip" top: "bn" }
        layer { name: "scale" type: "Scale" bottom: "bn" top: "bn"
          scale_param { bias_term: true } }
        layer { name: "loss" type: "SoftmaxWithLoss" bottom: "bn" bottom: "label" }
    """
    for net in examined.in_phase(TRAIN):
        for norm in net.layers("BatchNorm"):
            if norm.param.batch_norm_param.use_global_stats:
                continue
            before = norm.bottoms[0].producer
            while before.type in ("ReLU", *_LINEAR) and len(before.bottoms) == 1:
                before = before.bottoms[0].producer
            if before.type == "Dropout":
                yield net.remark(
                    norm,
                    f"Dropout '{before.name}' before it makes the variance of phase TRAIN another "
                    "than that of phase TEST",
                    "put the Dropout after the last BatchNorm, or take it out",
                    related=[(before, "values are dropped here")],
                )


@rule("MC137")
def dropout_at_the_end(examined: Examined) -> Iterator[Diagnostic]:
    """Dropout works on the scores that a loss reads: right classes are dropped, too.

    Found::

        layer { name: "data" type: "DummyData" top: "data" top: "label"
          dummy_data_param { shape { dim: 2 dim: 8 } shape { dim: 2 } } }
        layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip"
          inner_product_param { num_output: 10 weight_filler { type: "xavier" } } }
        layer { name: "drop" type: "Dropout" bottom: "ip" top: "ip" }
        layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" }

    Mended::

        layer { name: "data" type: "DummyData" top: "data" top: "label"
          dummy_data_param { shape { dim: 2 dim: 8 } shape { dim: 2 } } }
        layer { name: "drop" type: "Dropout" bottom: "data" top: "dropped" }
        layer { name: "ip" type: "InnerProduct" bottom: "dropped" top: "ip"
          inner_product_param { num_output: 10 weight_filler { type: "xavier" } } }
        layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" }
    """
    for net in examined.in_phase(TRAIN):
        for layer in net.layers("Dropout"):
            losses = [reader for reader in net.readers(layer) if reader in net.losses]
            if losses:
                yield net.remark(
                    layer,
                    f"it drops the scores that '{losses[0].name}' reads",
                    "put it before the layer that computes the scores",
                    related=[(losses[0], "the loss reads what is left")],
                )


@rule("MC138", Severity.NOTE)
def dropout_in_test_only(examined: Examined) -> Iterator[Diagnostic]:
    """A deploy net has a Dropout layer, which does nothing in phase TEST.

    It takes no time in minicaffe; other programs that read the file may not know the type.

    Found::

        layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 1 dim: 8 } } }
        layer { name: "drop" type: "Dropout" bottom: "data" top: "data" }

    Mended::

        layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 1 dim: 8 } } }
    """
    if any(net.losses for net in examined.nets):
        return
    for net in examined.in_phase(TEST):
        for layer in net.layers("Dropout"):
            edits = net.edits(layer) if layer.tops[0].name == layer.bottoms[0].name else None
            yield net.remark(
                layer,
                "in a net without a loss it does nothing",
                "take it out",
                fix=edits.remove_layer() if edits else None,
            )


@rule("MC139")
def border_is_left_out(examined: Examined) -> Iterator[Diagnostic]:
    """The windows of a convolution with a stride do not reach the last rows or columns.

    Pooling rounds up, so that its last window may begin inside; a convolution rounds down. Where
    more than half a stride is left over, a padding that is odd or a size that is even is likely
    another one than was meant.

    Found::

        layer { name: "data" type: "Input" top: "data"
          input_param { shape { dim: 1 dim: 3 dim: 32 dim: 32 } } }
        layer { name: "conv" type: "Convolution" bottom: "data" top: "conv"
          convolution_param { num_output: 4 kernel_size: 5 stride: 4 } }

    Mended::

        layer { name: "data" type: "Input" top: "data"
          input_param { shape { dim: 1 dim: 3 dim: 33 dim: 33 } } }
        layer { name: "conv" type: "Convolution" bottom: "data" top: "conv"
          convolution_param { num_output: 4 kernel_size: 5 stride: 4 } }
    """
    for net in examined.nets:
        for layer in net.layers("Convolution"):
            settings = layer.param.convolution_param
            sizes = net.shapes.get(layer.bottoms[0], ())[2:]
            if len(settings.kernel_size) != 1 or len(settings.stride) != 1 or not sizes:
                continue
            kernel, stride = settings.kernel_size[0], settings.stride[0] or 1
            pad = settings.pad[0] if settings.pad else 0
            over = [(size + 2 * pad - kernel) % stride - pad for size in sizes]
            if kernel > 1 and max(over) * 2 > stride:
                yield net.remark(
                    layer,
                    f"{max(over)} of {max(sizes)} rows or columns at the end are read by no window",
                    "change pad, or the size of the images",
                    field=("convolution_param", "stride"),
                )
