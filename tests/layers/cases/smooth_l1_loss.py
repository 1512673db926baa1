"""SmoothL1Loss against its definition, value by value."""

from __future__ import annotations

import numpy as np

from tests.layers.harness import Case, positive


def wide(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Values on both sides of the kinks, none near one for a sigma of 1 and 2."""
    steps = np.array([-2.3, -0.7, -0.1, 0.05, 0.15, 0.6, 1.9])
    return rng.permutation(np.resize(steps, int(np.prod(shape)))).reshape(shape)


def zeros(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return np.zeros(shape)


def smooth(sigma: float) -> object:
    def reference(bottoms: list[np.ndarray], _: list[np.ndarray]) -> list[np.ndarray]:
        a, b, *weights = (array.reshape(-1) for array in bottoms)
        total = 0.0
        for index, difference in enumerate(a - b):
            x = difference * (weights[0][index] if weights else 1)
            loss = (sigma * x) ** 2 / 2 if abs(x) < 1 / sigma**2 else abs(x) - 0.5 / sigma**2
            total += loss * (weights[1][index] if len(weights) > 1 else 1)
        return [np.asarray(total / len(bottoms[0]))]

    return reference


def each_place(sigma: float) -> object:
    """The second top is of single places, which add up to the first one."""

    def reference(bottoms: list[np.ndarray], _: list[np.ndarray]) -> list[np.ndarray]:
        items, _, height = bottoms[0].shape
        places = np.zeros((items, 1, height, 1))
        for item in range(items):
            for row in range(height):
                own = [bottom[item, None, :, row] for bottom in bottoms]
                places[item, 0, row, 0] = smooth(sigma)(own, [])[0]  # type: ignore[operator]
        return [np.asarray(places.sum() / items), places]

    return reference


CASES = [
    Case("SmoothL1Loss", param, bottoms=[(2, 7, 2)] * count, values=[wide, zeros, *[positive] * 2],
         gradients=[True, True, False, False][:count], loss=True,
         reference=smooth(sigma),  # type: ignore[arg-type]
         name=f"sigma {sigma}, {count} bottoms")
    for sigma, param in [(1, ""), (2, "smooth_l1_loss_param { sigma: 2 }")]
    for count in (2, 3, 4)
] + [
    Case("SmoothL1Loss", "smooth_l1_loss_param { sigma: 2 }", [(3, 7, 2)] * 4,
         [wide, zeros, positive, positive], tops=2, has_gradient=False,
         reference=each_place(2), name="two tops"),  # type: ignore[arg-type]
]  # fmt: skip
