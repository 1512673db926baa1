"""What of a picture a net is to see, and which of its true boxes then do not count."""

from __future__ import annotations

import numpy as np

from minicaffe.layers.detection.scene import Placed, Scene


def centre_of(
    scene: Scene, size: tuple[int, int], rng: np.random.Generator
) -> tuple[np.ndarray | None, np.ndarray]:
    """Around what a picture is cut: one of its true boxes, or without one any place.

    Args:
        size: height and width of the cut.

    Returns:
        the box (4,), or None; and the middle, x and y in pixels (2,).
    """
    if len(scene.boxes):
        box = scene.boxes[rng.integers(len(scene.boxes))]
        return box, (box[:2] + box[2:]) / 2
    middle = [
        side / 2 if cut > side else rng.integers(side - cut + 1) + cut / 2
        for side, cut in zip(scene.size[::-1], size[::-1], strict=True)
    ]
    return None, np.array(middle)


def hidden(placed: Placed, width: float, height: float) -> np.ndarray:
    """Which true boxes have their middle outside, or are smaller than so many pixels, (n,)."""
    boxes = placed.scene.boxes
    middles, sides = (boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2] + 1
    outside = (middles < 0) | (middles >= placed.size[::-1])
    return np.asarray((outside | (sides < [width, height])).any(axis=1))
