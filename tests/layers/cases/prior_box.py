"""PriorBox and PriorBoxClustered, against loops over places and boxes."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from tests.layers.harness import Case

FEATURES, IMAGES = (2, 3, 4, 5), (2, 1, 40, 60)


def priors(
    sides: Sequence[tuple[float, float]],
    *,
    image: tuple[float, float] = (40, 60),
    step: tuple[float, float] = (10, 12),
    offsets: Sequence[tuple[float, float]] = ((0.5, 0.5),),
    clip: bool = False,
    variance: Sequence[float] = (0.1,) * 4,
) -> object:
    """The top of boxes of these (width, height) sides; the rest is (down, across)."""

    def reference(bottoms: list[np.ndarray], _: list[np.ndarray]) -> list[np.ndarray]:
        found, varied = [], []
        for h in range(bottoms[0].shape[2]):
            for w in range(bottoms[0].shape[3]):
                for width, height in sides:
                    for down, across in offsets:
                        x, y = (w + across) * step[1], (h + down) * step[0]
                        box = [x - width / 2, y - height / 2, x + width / 2, y + height / 2]
                        box = [v / image[1 - i % 2] for i, v in enumerate(box)]
                        found += [min(max(v, 0), 1) for v in box] if clip else box
                        varied += [float(np.float32(v)) for v in variance]
        return [np.array([[found, varied]])]

    return reference


def case(param: str, reference: object, bottoms: Sequence[tuple[int, ...]] = (FEATURES, IMAGES),
         type: str = "PriorBox") -> Case:  # fmt: skip
    return Case(type, f"prior_box_param {{ {param} }}", bottoms, has_gradient=False,
                reference=reference,  # type: ignore[arg-type]
                smaller=[(2, 3, 2, 3), (2, 1, 20, 30)][: len(bottoms)])  # fmt: skip


R = math.sqrt(2)
CASES = [
    case("min_size: 8", priors([(8, 8)])),
    case("min_size: 8.9 max_size: 18.5", priors([(8, 8), (12, 12)])),
    case("min_size: 9 aspect_ratio: 2 aspect_ratio: 1 aspect_ratio: 0.5 clip: true",
         priors([(9, 9), (9 * R, 9 / R), (9 / R, 9 * R)], clip=True)),
    case("min_size: 6 aspect_ratio: 4 flip: false", priors([(6, 6), (12, 3)])),
    case("min_size: 4 min_size: 9 max_size: 9 max_size: 16 aspect_ratio: 4 "
         "variance: 0.1 variance: 0.1 variance: 0.2 variance: 0.3",
         priors([(4, 4), (6, 6), (8, 2), (2, 8), (9, 9), (12, 12), (18, 4.5), (4.5, 18)],
                variance=(0.1, 0.1, 0.2, 0.3))),
    case("min_size: 8 step: 7 offset: 0.25 variance: 0.5",
         priors([(8, 8)], step=(7, 7), offsets=[(0.25, 0.25)], variance=[0.5] * 4)),
    case("min_size: 8 step_h: 7 step_w: 3 img_h: 50 img_w: 30",
         priors([(8, 8)], step=(7, 3), image=(50, 30)), [FEATURES]),
    case("min_size: 8 img_size: 20", priors([(8, 8)], step=(5, 4), image=(20, 20)), [FEATURES]),
    case("min_size: 8 offset_w: 0.5 offset_w: 0.5 offset_h: 0.5 offset_h: 1 max_size: 18",
         priors([(8, 8), (12, 12)], offsets=[(0.5, 0.5), (1, 0.5)])),
    case("width: 3.5 height: 7 width: 8 height: 2", priors([(3.5, 7), (8, 2)])),
    case("width: 3.5 height: 7 width: 90 height: 2 clip: true step: 8 variance: 0.2",
         priors([(3.5, 7), (90, 2)], clip=True, step=(8, 8), variance=[0.2] * 4),
         type="PriorBoxClustered"),
]  # fmt: skip
