"""Losses and accuracies that read what they do not expect."""

from __future__ import annotations

from collections.abc import Iterator

from minicaffe.lint.diagnostic import Diagnostic
from minicaffe.lint.rules import Examined, PhaseNet, rule
from minicaffe.net.graph import LayerRef

#: Losses that take the softmax of their first bottom themselves.
_WITH_SOFTMAX = ("SoftmaxWithLoss", "InfogainLoss", "SoftmaxWithLossOHEM", "FocalLoss")


@rule("MC121")
def softmax_twice(examined: Examined) -> Iterator[Diagnostic]:
    """A Softmax comes before a loss that takes the softmax itself.

    The softmax of probabilities is nearly flat: the loss stays near the logarithm of the number of
    classes, gradients are tiny, and the net learns slowly or not at all.

    Found::

        layer { name: "data" type: "DummyData" top: "data" top: "label"
          dummy_data_param { shape { dim: 2 dim: 8 } shape { dim: 2 } } }
        layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip"
          inner_product_param { num_output: 10 weight_filler { type: "xavier" } } }
        layer { name: "prob" type: "Softmax" bottom: "ip" top: "prob" }
        layer { name: "loss" type: "SoftmaxWithLoss" bottom: "prob" bottom: "label" }

    Mended::

        layer { name: "data" type: "DummyData" top: "data" top: "label"
          dummy_data_param { shape { dim: 2 dim: 8 } shape { dim: 2 } } }
        layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip"
          inner_product_param { num_output: 10 weight_filler { type: "xavier" } } }
        layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" }
    """
    for net, loss, maker in _scores(examined, _WITH_SOFTMAX, "Softmax"):
        yield net.remark(
            loss,
            f"it takes the softmax itself, and reads that of layer '{maker.name}'",
            f"let it read '{maker.bottoms[0].name}', the scores",
            field=("bottom",),
            related=[(maker, "the softmax is taken here already")],
        )


@rule("MC122")
def sigmoid_twice(examined: Examined) -> Iterator[Diagnostic]:
    """A Sigmoid comes before a loss that takes the sigmoid itself.

    Found::

        layer { name: "data" type: "DummyData" top: "data" top: "label"
          dummy_data_param { shape { dim: 2 dim: 8 } shape { dim: 2 dim: 10 } } }
        layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip"
          inner_product_param { num_output: 10 weight_filler { type: "xavier" } } }
        layer { name: "prob" type: "Sigmoid" bottom: "ip" top: "prob" }
        layer { name: "loss" type: "SigmoidCrossEntropyLoss" bottom: "prob" bottom: "label" }

    Mended::

        layer { name: "data" type: "DummyData" top: "data" top: "label"
          dummy_data_param { shape { dim: 2 dim: 8 } shape { dim: 2 dim: 10 } } }
        layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip"
          inner_product_param { num_output: 10 weight_filler { type: "xavier" } } }
        layer { name: "loss" type: "SigmoidCrossEntropyLoss" bottom: "ip" bottom: "label" }
    """
    for net, loss, maker in _scores(examined, ("SigmoidCrossEntropyLoss",), "Sigmoid"):
        yield net.remark(
            loss,
            f"it takes the sigmoid itself, and reads that of layer '{maker.name}'",
            f"let it read '{maker.bottoms[0].name}', before the sigmoid",
            field=("bottom",),
            related=[(maker, "the sigmoid is taken here already")],
        )


@rule("MC123")
def loss_of_scores(examined: Examined) -> Iterator[Diagnostic]:
    """MultinomialLogisticLoss reads scores: it expects probabilities.

    It takes the logarithm of its bottom, so a score below 0 counts as 1e-20. SoftmaxWithLoss does
    both steps, more exactly.

    Found::

        layer { name: "data" type: "DummyData" top: "data" top: "label"
          dummy_data_param { shape { dim: 2 dim: 8 } shape { dim: 2 } } }
        layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip"
          inner_product_param { num_output: 10 weight_filler { type: "xavier" } } }
        layer { name: "loss" type: "MultinomialLogisticLoss" bottom: "ip" bottom: "label" }

    Mended::

        layer { name: "data" type: "DummyData" top: "data" top: "label"
          dummy_data_param { shape { dim: 2 dim: 8 } shape { dim: 2 } } }
        layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip"
          inner_product_param { num_output: 10 weight_filler { type: "xavier" } } }
        layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" }
    """
    for linear in ("InnerProduct", "Convolution"):
        for net, loss, maker in _scores(examined, ("MultinomialLogisticLoss",), linear):
            yield net.remark(
                loss,
                f"it expects probabilities, and reads the scores of layer '{maker.name}'",
                'write type: "SoftmaxWithLoss"',
                field=("type",),
                related=[(maker, "the scores are computed here")],
            )


@rule("MC124")
def one_class(examined: Examined) -> Iterator[Diagnostic]:
    """SoftmaxWithLoss reads a single score for each item.

    The softmax of one number is 1, the loss 0, and nothing is learned. Two classes take
    ``num_output: 2``, or one output with SigmoidCrossEntropyLoss.

    Found::

        layer { name: "data" type: "DummyData" top: "data" top: "label"
          dummy_data_param { shape { dim: 2 dim: 8 } shape { dim: 2 } } }
        layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip"
          inner_product_param { num_output: 1 weight_filler { type: "xavier" } } }
        layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" }

    Mended::

        layer { name: "data" type: "DummyData" top: "data" top: "label"
          dummy_data_param { shape { dim: 2 dim: 8 } shape { dim: 2 } } }
        layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip"
          inner_product_param { num_output: 2 weight_filler { type: "xavier" } } }
        layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" }
    """
    for net, loss, maker in _scores(examined, _WITH_SOFTMAX, "InnerProduct"):
        if maker.param.inner_product_param.num_output == 1:
            yield net.remark(
                maker,
                f"one score for each item is what '{loss.name}' ({loss.type}) reads: its softmax "
                "is always 1",
                "write num_output: 2 for two classes",
                field=("inner_product_param", "num_output"),
                related=[(loss, "the softmax is taken here")],
            )


@rule("MC125")
def top_k_beyond_classes(examined: Examined) -> Iterator[Diagnostic]:
    """Accuracy counts the best ``top_k`` of no more classes than that: it is always 1.

    Found::

        layer { name: "data" type: "DummyData" top: "data" top: "label"
          dummy_data_param { shape { dim: 2 dim: 8 } shape { dim: 2 } } }
        layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip"
          inner_product_param { num_output: 5 weight_filler { type: "xavier" } } }
        layer { name: "top5" type: "Accuracy" bottom: "ip" bottom: "label" top: "top5"
          accuracy_param { top_k: 5 } }
        layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" }

    Mended::

        layer { name: "data" type: "DummyData" top: "data" top: "label"
          dummy_data_param { shape { dim: 2 dim: 8 } shape { dim: 2 } } }
        layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip"
          inner_product_param { num_output: 5 weight_filler { type: "xavier" } } }
        layer { name: "top2" type: "Accuracy" bottom: "ip" bottom: "label" top: "top2"
          accuracy_param { top_k: 2 } }
        layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" }
    """
    for net, accuracy, maker in _scores(examined, ("Accuracy",), "InnerProduct"):
        classes = maker.param.inner_product_param.num_output
        top_k = accuracy.param.accuracy_param.top_k
        if top_k >= classes > 0:
            yield net.remark(
                accuracy,
                f"top_k is {top_k}, and there are {classes} classes, so the accuracy is always 1",
                "lower top_k",
                field=("accuracy_param", "top_k"),
                related=[(maker, f"num_output is {classes} here")],
            )


@rule("MC126")
def probabilities_in_place(examined: Examined) -> Iterator[Diagnostic]:
    """A Softmax or Sigmoid works in place on scores that a loss reads as well.

    Which of the two the loss sees depends on the order of the layers in the file, and in training
    the gradient of the scores passes the softmax, too.

    Found::

        layer { name: "data" type: "DummyData" top: "data" top: "label"
          dummy_data_param { shape { dim: 2 dim: 8 } shape { dim: 2 } } }
        layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip"
          inner_product_param { num_output: 10 weight_filler { type: "xavier" } } }
        layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" }
        layer { name: "prob" type: "Softmax" bottom: "ip" top: "ip" }
        layer { name: "accuracy" type: "Accuracy" bottom: "ip" bottom: "label" top: "accuracy" }

    Mended::

        layer { name: "data" type: "DummyData" top: "data" top: "label"
          dummy_data_param { shape { dim: 2 dim: 8 } shape { dim: 2 } } }
        layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip"
          inner_product_param { num_output: 10 weight_filler { type: "xavier" } } }
        layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" }
        layer { name: "accuracy" type: "Accuracy" bottom: "ip" bottom: "label" top: "accuracy" }
    """
    for net in examined.nets:
        for layer in net.layers("Softmax", "Sigmoid"):
            (scores,) = layer.bottoms
            if layer.tops[0].name != scores.name:
                continue
            losses = [other for other in net.graph.readers(scores) if other in net.losses]
            if losses:
                yield net.remark(
                    layer,
                    f"it overwrites the scores '{scores.name}', which a loss reads",
                    "give its top a name of its own",
                    field=("top",),
                    related=[(losses[0], "the loss reads the scores")],
                )


def _scores(
    examined: Examined, types: tuple[str, ...], maker: str
) -> Iterator[tuple[PhaseNet, LayerRef, LayerRef]]:
    """The layers of some types whose first bottom a layer of the type ``maker`` computes."""
    for net in examined.nets:
        for layer in net.graph.layers:
            if layer.type not in types or not layer.bottoms:
                continue
            producer = layer.bottoms[0].producer
            if producer.type == maker and len(producer.bottoms) == 1:
                yield net, layer, producer
