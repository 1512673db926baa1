"""DetectionLoss of YOLO 1, against the fork's loops over places and boxes."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from tests.layers.cases.eval_detection import BOXES, CLASSES, GRID, SIDE, grid_labels, grid_outputs
from tests.layers.cases.region_loss import corners
from tests.layers.harness import Case
from tests.layers.test_boxes import jaccard


@dataclass
class Loss:
    """What the layer should give; the fields are its settings."""

    scales: tuple[float, float, float, float] = (1, 0.5, 1, 5)
    relative: bool = False
    roots: bool = True

    def run(self, bottoms: list[np.ndarray]) -> tuple[np.ndarray, float]:
        """The differences that go down, and the loss."""
        places = SIDE * SIDE
        of_object, of_none, of_class, of_box = self.scales
        d = np.zeros((len(bottoms[0]), places * (CLASSES + 5 * BOXES)))
        objects, free, total, none = 0, 0, 0.0, 0.0
        for item, own in enumerate(d):
            x, labels = bottoms[0][item].reshape(-1), bottoms[1][item]
            for i in range(places):
                here = []
                for k in range(BOXES):
                    at = (CLASSES + k) * places + i
                    own[at] = of_none * x[at]
                    free += 1
                    none += of_none * x[at] ** 2
                if not labels[places + i]:
                    continue
                objects += 1
                for c in range(CLASSES):
                    off = x[c * places + i] - (c == labels[2 * places + i])
                    own[c * places + i] = of_class * off
                    total += of_class * off**2
                true = list(labels[3 * places + 4 * i :][:4])
                for k in range(BOXES):
                    at = (CLASSES + BOXES + 4 * k) * places + i
                    a, b, w, h = (x[at + o * places] for o in range(4))
                    if self.relative:
                        a, b = (i % SIDE + a) / SIDE, (i // SIDE + b) / SIDE
                    if self.roots:
                        w, h = w * w, h * h
                    here.append([a, b, w, h])
                fits = [jaccard(corners(*box), corners(*true)) for box in here]
                away = [math.dist(box, true) for box in here]
                k = fits.index(max(fits)) if max(fits) > 0 else away.index(min(away))
                at = (CLASSES + k) * places + i
                free -= 1
                none -= of_none * x[at] ** 2
                total += of_object * (x[at] - 1) ** 2
                own[at] = of_object * (x[at] - max(fits))
                if self.relative:
                    true[:2] = true[0] * SIDE - i % SIDE, true[1] * SIDE - i // SIDE
                if self.roots:
                    true[2:] = math.sqrt(true[2]), math.sqrt(true[3])
                for o in range(4):
                    at = (CLASSES + BOXES + 4 * k + o) * places + i
                    own[at] = of_box * (x[at] - true[o])
                    total += of_box * (x[at] - true[o]) ** 2
        return d, total / objects + none / free

    def __call__(self, bottoms: list[np.ndarray], _: object = None) -> list[np.ndarray]:
        return [np.asarray(self.run(bottoms)[1])]


def far(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Half of the boxes overlap nothing."""
    values = grid_outputs(rng, shape)
    return np.where(rng.random(shape) < 0.5, values, values + 1)


PARAM = f"detection_loss_param {{ side: {SIDE} num_class: {CLASSES} num_object: {BOXES} %s }}"
SETTINGS = [
    ("", Loss()),
    ("constriant: true object_scale: 3 noobject_scale: 0.25 class_scale: 2 coord_scale: 4",
     Loss((3, 0.25, 2, 4), relative=True)),
    ("sqrt: false", Loss(roots=False)),
]  # fmt: skip
CASES = [
    Case("DetectionLoss", PARAM % settings, bottoms, [values, grid_labels],
         gradients=[True, False], loss=True, has_gradient=False, reference=loss,
         name=f"YOLO 1 {settings} {values.__name__}")
    for settings, loss in SETTINGS
    for bottoms, values in ((GRID, grid_outputs), ([(2, 12, SIDE, SIDE), GRID[1]], far))
]  # fmt: skip
