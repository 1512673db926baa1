"""YoloSeg against the fork's loops over classes, images and pixels."""

from __future__ import annotations

import numpy as np

from tests.layers.cases.yolo import sigmoid
from tests.layers.harness import Case

SHAPE = (2, 3, 4, 5)


def shares(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.random(shape)


def pixels(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.integers(1, 19, shape).astype(float)


def differences(bottoms: list[np.ndarray], scale: float) -> np.ndarray:
    x, t = bottoms[:2]
    d = np.zeros(x.shape)
    for j, i, row, column in np.ndindex(x.shape):
        factor = scale
        if len(bottoms) > 2 and t[j, i, row, column] > 0.5:
            own = sum(float(w.reshape(-1)[i]) for w in bottoms[2])
            others = sum(x.shape[2] * x.shape[3] - float(w.reshape(-1)[i]) for w in bottoms[2])
            factor *= 2 - own / others
        d[j, i, row, column] = factor * (sigmoid(x[j, i, row, column]) - t[j, i, row, column])
    return d


CASES = [
    Case(
        "YoloSeg", f"yolo_seg_param {{ object_scale: {scale} }}", bottoms,
        [lambda rng, shape: rng.normal(size=shape), shares, pixels][: len(bottoms)],
        gradients=[True, False, False][: len(bottoms)], loss=True, has_gradient=False,
        reference=lambda b, _, scale=scale: [np.asarray((differences(b, scale) ** 2).sum() / 2)],
        name=f"{len(bottoms)} bottoms",
    )
    for scale, bottoms in ((5, [SHAPE, SHAPE]), (0.25, [SHAPE, SHAPE, (2, 3)]))
]  # fmt: skip
