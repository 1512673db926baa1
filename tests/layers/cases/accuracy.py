"""Accuracy and ArgMax."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tests.layers.harness import Case, distinct, labels

Arrays = list[np.ndarray]


def accuracy(
    axis: int = 1, top_k: int = 1, ignore: int | None = None, by_class: bool = False
) -> Callable[[Arrays, Arrays], Arrays]:
    """Counted one prediction after another."""

    def reference(bottoms: Arrays, params: Arrays) -> Arrays:
        classes = bottoms[0].shape[axis]
        rows = np.moveaxis(bottoms[0], axis, -1).reshape(-1, classes)
        right: list[list[bool]] = [[] for _ in range(classes)]
        for row, label in zip(rows, map(int, bottoms[1].flat), strict=True):
            if label != ignore:
                right[label].append(label in np.argsort(-row)[:top_k])
        tops = [np.array(np.mean(np.concatenate(right)))]
        return [*tops, np.array([np.mean(r) if r else 0 for r in right])] if by_class else tops

    return reference


def argmax(axis: int, top_k: int) -> Callable[[Arrays, Arrays], Arrays]:
    def reference(bottoms: Arrays, params: Arrays) -> Arrays:
        best = np.argsort(-bottoms[0], axis=axis)
        return [np.take(best, range(top_k), axis=axis).astype(float)]

    return reference


def maxima(axis: int, top_k: int) -> Callable[[Arrays, Arrays], Arrays]:
    def reference(bottoms: Arrays, params: Arrays) -> Arrays:
        return [np.take(-np.sort(-bottoms[0], axis=axis), range(top_k), axis=axis)]

    return reference


def argmax_of_item(top_k: int, values: bool) -> Callable[[Arrays, Arrays], Arrays]:
    def reference(bottoms: Arrays, params: Arrays) -> Arrays:
        flat = bottoms[0].reshape(len(bottoms[0]), -1)
        indices = np.argsort(-flat, axis=1)[:, :top_k]
        rows = [indices, np.take_along_axis(flat, indices, 1)] if values else [indices]
        tail = (1,) * (bottoms[0].ndim - 3)
        return [np.stack(rows, axis=1).astype(float).reshape(len(flat), len(rows), top_k, *tail)]

    return reference


def accuracy_case(param: str = "", **changes: object) -> Case:
    settings: dict = {
        "bottoms": [(2, 5, 3, 4), (2, 3, 4)],
        "values": [distinct, labels(5)],
        "has_gradient": False,
        "reference": accuracy(),
    }
    return Case("Accuracy", param, **{**settings, **changes})


def argmax_case(param: str = "", **changes: object) -> Case:
    return Case("ArgMax", param, values=distinct, has_gradient=False, **changes)  # type: ignore[arg-type]


CASES = [
    accuracy_case(bottoms=[(6, 5), (6,)], phase="TEST"),
    accuracy_case("accuracy_param { top_k: 3 }", reference=accuracy(top_k=3)),
    accuracy_case("accuracy_param { axis: -1 }", bottoms=[(2, 3, 5), (2, 3)],
                  reference=accuracy(axis=2)),
    accuracy_case("accuracy_param { ignore_label: 2 }", reference=accuracy(ignore=2)),
    accuracy_case("accuracy_param { top_k: 2 ignore_label: 2 }", tops=2,
                  reference=accuracy(top_k=2, ignore=2, by_class=True)),
    accuracy_case(tops=2, bottoms=[(6, 5), (6, 1, 1, 1)], values=[distinct, labels(4)],
                  name="class without items", reference=accuracy(by_class=True)),
    argmax_case(reference=argmax_of_item(1, values=False)),
    argmax_case("argmax_param { top_k: 3 out_max_val: true }",
                reference=argmax_of_item(3, values=True)),
    argmax_case("argmax_param { top_k: 2 }", bottoms=[(3, 5)],
                reference=argmax_of_item(2, values=False)),
    argmax_case("argmax_param { axis: 1 }", reference=argmax(1, 1)),
    argmax_case("argmax_param { axis: -1 top_k: 4 }", reference=argmax(3, 4)),
    argmax_case("argmax_param { axis: 2 top_k: 2 out_max_val: true }", reference=maxima(2, 2)),
]  # fmt: skip
