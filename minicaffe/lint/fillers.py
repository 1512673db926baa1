"""First values with which a layer learns badly or not at all."""

from __future__ import annotations

from collections.abc import Iterator

from minicaffe.lint.diagnostic import Diagnostic
from minicaffe.lint.rules import Examined, rule
from minicaffe.net.graph import LayerRef
from minicaffe.net.net import TRAIN
from minicaffe.proto.own_fields import own_field

#: Layers whose weights need different first values.
_WEIGHTED = ("Convolution", "Deconvolution", "InnerProduct", "Embed", "LSTM", "RNN")


@rule("MC141")
def weights_begin_at_zero(examined: Examined) -> Iterator[Diagnostic]:
    """A layer that learns has no ``weight_filler``, so its weights begin at 0.

    All outputs of the layer are then equal, and the layers before it get no gradient. Two of them
    in a row never learn. It is right where a layer's weights come from a file (fine-tuning), or
    for the very last layer.

    Found::

        layer { name: "data" type: "DummyData" top: "data" top: "label"
          dummy_data_param { shape { dim: 2 dim: 8 } shape { dim: 2 } } }
        layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip"
          inner_product_param { num_output: 10 } }
        layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" }

    Mended::

        layer { name: "data" type: "DummyData" top: "data" top: "label"
          dummy_data_param { shape { dim: 2 dim: 8 } shape { dim: 2 } } }
        layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip"
          inner_product_param { num_output: 10 weight_filler { type: "xavier" } } }
        layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" }
    """
    for net in examined.in_phase(TRAIN):
        if not net.losses:
            continue
        for layer in net.graph.layers:
            own = own_field(layer.type)
            if layer.type not in _WEIGHTED or own is None or not _learns(layer):
                continue
            if not getattr(layer.param, own).HasField("weight_filler"):
                edits = net.edits(layer)
                path = (own, "weight_filler", "type")
                kind = "msra" if layer.type == "Convolution" else "xavier"
                yield net.remark(
                    layer,
                    "it has no weight_filler, so its weights begin at 0",
                    f'write weight_filler {{ type: "{kind}" }}, unless they come from a file',
                    field=(own, "num_output"),
                    fix=edits.set(path, f'"{kind}"', safe=False) if edits else None,
                )


@rule("MC142")
def weights_begin_equal(examined: Examined) -> Iterator[Diagnostic]:
    """A layer that learns begins with the same value for all its weights.

    All outputs are equal, get equal gradients and stay equal: the layer is worth one output.

    Found::

        layer { name: "data" type: "DummyData" top: "data" top: "label"
          dummy_data_param { shape { dim: 2 dim: 8 } shape { dim: 2 } } }
        layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip"
          inner_product_param { num_output: 10 weight_filler { type: "constant" value: 0.1 } } }
        layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" }

    Mended::

        layer { name: "data" type: "DummyData" top: "data" top: "label"
          dummy_data_param { shape { dim: 2 dim: 8 } shape { dim: 2 } } }
        layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip"
          inner_product_param { num_output: 10 weight_filler { type: "gaussian" std: 0.1 } } }
        layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" }
    """
    for net in examined.in_phase(TRAIN):
        for layer in net.graph.layers:
            own = own_field(layer.type)
            if layer.type not in _WEIGHTED or own is None or not _learns(layer):
                continue
            settings = getattr(layer.param, own)
            if not settings.HasField("weight_filler"):
                continue
            filler = settings.weight_filler
            width = {
                "constant": 0.0, "gaussian": filler.std, "uniform": filler.max - filler.min,
            }  # fmt: skip
            if not width.get(filler.type, 1.0) and settings.num_output > 1:
                yield net.remark(
                    layer,
                    f"its weights all begin at {filler.value:g}, so its outputs stay equal",
                    'write weight_filler { type: "xavier" }',
                    field=(own, "weight_filler"),
                )


@rule("MC143")
def widths_far_off(examined: Examined) -> Iterator[Diagnostic]:
    """A gaussian or uniform filler's width is large enough to let values explode.

    Where a layer adds up N inputs, weights of standard deviation s make results about s·√N times
    as large. A deviation above 1 makes every layer enlarge its input.

    Found::

        layer { name: "data" type: "DummyData" top: "data" top: "label"
          dummy_data_param { shape { dim: 2 dim: 8 } shape { dim: 2 } } }
        layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip"
          inner_product_param { num_output: 10 weight_filler { type: "gaussian" std: 5 } } }
        layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" }

    Mended::

        layer { name: "data" type: "DummyData" top: "data" top: "label"
          dummy_data_param { shape { dim: 2 dim: 8 } shape { dim: 2 } } }
        layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip"
          inner_product_param { num_output: 10 weight_filler { type: "gaussian" std: 0.05 } } }
        layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" }
    """
    for net in examined.in_phase(TRAIN):
        for layer in net.graph.layers:
            own = own_field(layer.type)
            if layer.type not in _WEIGHTED or own is None:
                continue
            filler = getattr(layer.param, own).weight_filler
            deviation = {
                "gaussian": filler.std,
                "uniform": (filler.max - filler.min) / 12**0.5,
            }.get(filler.type, 0.0)
            if deviation > 1:
                yield net.remark(
                    layer,
                    f"its weights begin with a standard deviation of {deviation:g}",
                    'write weight_filler { type: "xavier" }, which suits the number of inputs',
                    field=(own, "weight_filler"),
                )


def _learns(layer: LayerRef) -> bool:
    """Whether a solver changes the layer's weights, its first parameter."""
    specs = layer.param.param
    return not specs or specs[0].lr_mult != 0
