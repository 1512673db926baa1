"""Losses, each against its definition written out in loops or in plain numpy."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tests.layers.cases.softmax import softmax
from tests.layers.harness import Case, Maker, labels, normal

Arrays = list[np.ndarray]


def softmax_loss(
    axis: int = 1, ignore: int | None = None, divide: str = "valid", second: bool = False
) -> Callable[[Arrays, Arrays], Arrays]:
    """-Σ log p over n, one prediction after another."""

    def reference(bottoms: Arrays, params: Arrays) -> Arrays:
        prob = softmax(bottoms[0], axis)
        predictions = np.moveaxis(prob, axis, -1).reshape(-1, prob.shape[axis])
        wanted = [int(label) for label in bottoms[1].flat]
        losses = [
            -np.log(row[label])
            for row, label in zip(predictions, wanted, strict=True)
            if label != ignore
        ]
        outer = int(np.prod(bottoms[0].shape[:axis]))
        n = {"valid": len(losses), "full": len(wanted), "batch": outer, "none": 1}[divide]
        tops = [np.array(sum(losses) / n)]
        return [*tops, prob] if second else tops

    return reference


def infogain(axis: int = 1, ignore: int | None = None) -> Callable[[Arrays, Arrays], Arrays]:
    def reference(bottoms: Arrays, params: Arrays) -> Arrays:
        classes = bottoms[0].shape[axis]
        logs = np.moveaxis(np.log(softmax(bottoms[0], axis)), axis, -1).reshape(-1, classes)
        matrix = bottoms[2].reshape(classes, classes)
        losses = [
            -(matrix[int(label)] * row).sum()
            for row, label in zip(logs, bottoms[1].flat, strict=True)
            if int(label) != ignore
        ]
        return [np.array(sum(losses) / len(losses))]

    return reference


def hinge(power: int) -> Callable[[Arrays, Arrays], Arrays]:
    def reference(bottoms: Arrays, params: Arrays) -> Arrays:
        scores = bottoms[0].reshape(len(bottoms[0]), -1)
        sign = -np.ones_like(scores)
        for row, label in zip(sign, bottoms[1].flat, strict=True):
            row[int(label)] = 1
        return [np.array((np.maximum(0, 1 - sign * scores) ** power).sum() / len(scores))]

    return reference


def multinomial(bottoms: Arrays, params: Arrays) -> Arrays:
    rows = bottoms[0].reshape(len(bottoms[0]), -1)
    picked = [row[int(label)] for row, label in zip(rows, bottoms[1].flat, strict=True)]
    return [-np.log(picked).mean()]


def euclidean(bottoms: Arrays, params: Arrays) -> Arrays:
    difference = bottoms[0].reshape(-1) - bottoms[1].reshape(-1)
    return [np.array((difference**2).sum() / len(bottoms[0]) / 2)]


def contrastive(margin: float, legacy: bool) -> Callable[[Arrays, Arrays], Arrays]:
    def reference(bottoms: Arrays, params: Arrays) -> Arrays:
        total = 0.0
        for a, b, similar in zip(bottoms[0], bottoms[1], bottoms[2].flat, strict=True):
            distance = np.linalg.norm((a - b).reshape(-1))
            if int(similar):
                total += distance**2
            elif legacy:
                total += max(0, margin - distance**2)
            else:
                total += max(0, margin - distance) ** 2
        return [np.array(total / len(bottoms[0]) / 2)]

    return reference


def sigmoid_loss(
    divide: str = "batch", ignore: int | None = None
) -> Callable[[Arrays, Arrays], Arrays]:
    def reference(bottoms: Arrays, params: Arrays) -> Arrays:
        x, target = bottoms[0].reshape(-1), bottoms[1].reshape(-1)
        prob = 1 / (1 + np.exp(-x))
        losses = -(target * np.log(prob) + (1 - target) * np.log(1 - prob))
        counts = np.array([int(t) != ignore for t in target])
        n = {"valid": counts.sum(), "full": x.size, "batch": len(bottoms[0]), "none": 1}[divide]
        return [losses[counts].sum() / n]

    return reference


def around(center: float) -> Maker:
    """Near a value, so that distances fall on both sides of a margin."""
    return lambda rng, shape: center + rng.normal(size=shape)


def between_0_and_1(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.uniform(0.05, 0.95, shape)


def targets(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """0, 1 and 2 in turn; 2 is what the cases ignore."""
    return np.resize([0.0, 1.0, 2.0, 1.0, 0.0], shape)


def fractional(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Labels that only truncation makes whole: 0.9, 1.9, 2.9, 0.9, …"""
    return np.resize([0.9, 1.9, 2.9], shape)


def softmax_case(param: str = "", **changes: object) -> Case:
    settings: dict = {
        "bottoms": [(2, 3, 4, 5), (2, 1, 4, 5)],
        "values": [normal, labels(3)],
        "gradients": [True, False],
        "loss": True,
        "reference": softmax_loss(),
    }
    return Case("SoftmaxWithLoss", param, **{**settings, **changes})


def ignoring(mode: str) -> str:
    return f"loss_param {{ ignore_label: 1 normalization: {mode} }}"


CASES = [
    softmax_case(bottoms=[(4, 3), (4,)]),
    softmax_case("loss_weight: 0.3"),
    softmax_case("softmax_param { axis: 3 }", bottoms=[(2, 4, 5, 3), (2, 4, 5)],
                 reference=softmax_loss(axis=3)),
    softmax_case("softmax_param { axis: -2 }", bottoms=[(2, 4, 3, 5), (2, 4, 5)],
                 reference=softmax_loss(axis=2)),
    softmax_case(name="truncates", values=[normal, fractional]),
    softmax_case(ignoring("VALID"), reference=softmax_loss(ignore=1)),
    softmax_case(ignoring("FULL"), reference=softmax_loss(ignore=1, divide="full")),
    softmax_case(ignoring("BATCH_SIZE"), reference=softmax_loss(ignore=1, divide="batch")),
    softmax_case(ignoring("NONE"), reference=softmax_loss(ignore=1, divide="none")),
    softmax_case("loss_param { normalize: false }", reference=softmax_loss(divide="batch")),
    softmax_case("loss_param { normalize: true ignore_label: 1 }",
                 reference=softmax_loss(ignore=1)),
    softmax_case("loss_param { normalize: true normalization: NONE }",
                 reference=softmax_loss(divide="none")),
    softmax_case(name="probabilities", tops=2, has_gradient=False,
                 reference=softmax_loss(second=True)),
    Case("InfogainLoss", bottoms=[(4, 3), (4,), (3, 3)], values=[normal, labels(3), normal],
         gradients=[True, False, False], loss=True, reference=infogain(),
         smaller=[(1, 3), (1,), (3, 3)]),
    Case("InfogainLoss", "infogain_loss_param { axis: 2 } loss_param { ignore_label: 1 }",
         bottoms=[(2, 5, 3, 4), (2, 5, 4), (1, 1, 3, 3)], values=[normal, labels(3), normal],
         gradients=[True, False, False], loss=True, reference=infogain(axis=2, ignore=1),
         smaller=[(1, 5, 3, 4), (1, 5, 4), (1, 1, 3, 3)]),
    Case("MultinomialLogisticLoss", bottoms=[(4, 3), (4,)], values=[between_0_and_1, labels(3)],
         gradients=[True, False], loss=True, reference=multinomial),
    Case("MultinomialLogisticLoss", bottoms=[(4, 3, 2, 1), (4, 1, 1, 1)],
         values=[between_0_and_1, labels(6)], gradients=[True, False], loss=True,
         reference=multinomial),
    Case("HingeLoss", bottoms=[(4, 3), (4,)], values=[normal, labels(3)],
         gradients=[True, False], loss=True, reference=hinge(1)),
    Case("HingeLoss", "hinge_loss_param { norm: L2 }", bottoms=[(2, 3, 4, 1), (2, 1, 1, 1)],
         values=[normal, labels(12)], gradients=[True, False], loss=True, reference=hinge(2)),
    Case("EuclideanLoss", bottoms=[(2, 3, 4, 5)] * 2, loss=True, reference=euclidean),
    Case("EuclideanLoss", "loss_weight: 2", bottoms=[(4, 6), (4, 3, 2)], loss=True,
         reference=euclidean, name="other shape"),
    Case("ContrastiveLoss", "contrastive_loss_param { margin: 3 }",
         bottoms=[(7, 4), (7, 4), (7,)], values=[around(0), around(0.2), labels(2)],
         gradients=[True, True, False], loss=True, tolerance=2e-4,
         reference=contrastive(3, legacy=False)),
    Case("ContrastiveLoss", "contrastive_loss_param { margin: 9 legacy_version: true }",
         bottoms=[(7, 4, 1, 1), (7, 4, 1, 1), (7, 1, 1, 1)],
         values=[around(0), around(0.2), labels(2)], gradients=[True, True, False], loss=True,
         reference=contrastive(9, legacy=True)),
    *(
        Case("SigmoidCrossEntropyLoss", param, bottoms=[(2, 3, 4, 5), (2, 60)],
             values=[normal, makes], gradients=[True, False], loss=True, reference=reference)
        for param, makes, reference in [
            ("", between_0_and_1, sigmoid_loss()),
            ("loss_param { ignore_label: 2 }", targets, sigmoid_loss(ignore=2)),
            (ignoring("VALID"), targets, sigmoid_loss("valid", ignore=1)),
            (ignoring("FULL"), targets, sigmoid_loss("full", ignore=1)),
            (ignoring("NONE"), targets, sigmoid_loss("none", ignore=1)),
            ("loss_param { normalize: true ignore_label: 2 }", targets,
             sigmoid_loss("valid", ignore=2)),
            ("loss_param { ignore_label: 0 }", between_0_and_1, lambda b, p: [np.array(0.0)]),
        ]
    ),
]  # fmt: skip
