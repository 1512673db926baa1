"""What a random net ends in: losses of all kinds, scores, and outputs that are none."""

from __future__ import annotations

import numpy as np

from tests.search.nets import Draft, Value


def end(d: Draft) -> None:
    """Something after most blobs that nothing reads."""
    for value in [item for item in d.ends if d.layers[item.layer].type != "Input"]:
        kind = d.rng.random()
        if kind < 0.55:
            loss(d, value)
        elif kind < 0.65:
            d.add("Silence", [value], tops=0)
    if not any(is_loss(str(layer)) for layer in d.layers):
        value = d.pick()
        if value is not None and d.chance(0.8):
            loss(d, value)


def early(d: Draft) -> None:
    """A loss on a blob that others may read, too."""
    value = d.pick()
    if value is not None:
        loss(d, value)


def is_loss(text: str) -> bool:
    """Whether a layer's text says that it counts."""
    return "loss" in text


def weight(d: Draft) -> str:
    """A loss weight, or nothing, which is 1."""
    return f"loss_weight: {d.number(0.2, 2)} " if d.chance(0.35) else ""


def loss(d: Draft, value: Value) -> object:
    """A loss that reads the blob."""
    if len(value.shape) < 2:
        return of_sum(d, value)
    makers = [of_classes, of_classes, of_targets, of_targets, of_sum, of_pairs, of_items]
    return makers[d.rng.integers(len(makers))](d, value)


def of_sum(d: Draft, value: Value) -> object:
    """A Reduction that counts."""
    operation = d.one_of("SUM", "SUMSQ", "MEAN")
    axis = d.one_of(0, 0, len(value.shape) - 1) if value.shape else 0
    words = f"operation: {operation} axis: {axis}"
    rest = f"loss_weight: {d.number(0.2, 2)} reduction_param {{ {words} }}"
    return d.add("Reduction", [value], rest)


def of_classes(d: Draft, value: Value) -> object:
    """SoftmaxWithLoss or InfogainLoss over axis 1, perhaps with Accuracy beside it."""
    classes = value.shape[1]
    shape = (value.shape[0], *value.shape[2:])
    known = [item for item in d.labels if item.shape == shape and classes >= 4]
    if known and d.chance(0.8):
        labels = known[0]
    else:
        labels = d.input(f"below {classes}", shape, value.batch_axis)
    words = d.one_of(
        "", "", "loss_param { ignore_label: 1 }", "loss_param { normalization: BATCH_SIZE }",
        "loss_param { ignore_label: 0 normalization: FULL }", "loss_param { normalization: NONE }",
    )  # fmt: skip
    if d.chance(0.3):
        top = d.one_of("", " accuracy_param { ignore_label: 1 }")
        d.add("Accuracy", [value, labels], top, tops=d.one_of(1, 1, 2))
    if d.chance(0.15):
        matrix = d.input("unit", (classes, classes), None)
        return d.add("InfogainLoss", [value, labels, matrix], f"{weight(d)}{words}")
    tops = d.one_of(1, 1, 1, 2)
    given = weight(d)
    if tops == 2 and given:
        given += "loss_weight: 0 "
    return d.add("SoftmaxWithLoss", [value, labels], f"{given}{words}", tops=tops)


def of_targets(d: Draft, value: Value) -> object:
    """EuclideanLoss or SigmoidCrossEntropyLoss against another blob of the shape."""
    if d.chance(0.6):
        other = d.pick(lambda item: item.shape == value.shape and item is not value)
        if other is None or d.chance(0.5):
            other = d.input("normal", value.shape, value.batch_axis)
        return d.add("EuclideanLoss", [value, other], weight(d))
    other = d.input("unit", value.shape, value.batch_axis)
    rest = weight(d) + d.one_of("", "loss_param { normalization: VALID }")
    return d.add("SigmoidCrossEntropyLoss", [value, other], rest)


def of_pairs(d: Draft, value: Value) -> object:
    """ContrastiveLoss of pairs of items."""
    if np.prod(value.shape[2:]) != 1:
        return of_targets(d, value)
    other = d.input("normal", value.shape, value.batch_axis)
    similar = d.input("marks", value.shape[:1], value.batch_axis)
    rest = weight(d) + f"contrastive_loss_param {{ margin: {d.between(1, 4)} }}"
    return d.add("ContrastiveLoss", [value, other, similar], rest)


def of_items(d: Draft, value: Value) -> object:
    """HingeLoss or MultinomialLogisticLoss: one label for an item."""
    scores = int(np.prod(value.shape[1:]))
    labels = d.input(f"below {scores}", value.shape[:1], value.batch_axis)
    if d.chance(0.6):
        rest = weight(d) + d.one_of("", "hinge_loss_param { norm: L2 }")
        return d.add("HingeLoss", [value, labels], rest)
    found = d.add("Softmax", [value], positive=True) if len(value.shape) > 1 else []
    return d.add("MultinomialLogisticLoss", [*(found or [value]), labels], weight(d))
