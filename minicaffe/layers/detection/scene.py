"""A picture with its true boxes, and where it goes in the rectangle that a net sees."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from minicaffe.data.images import resize_linear, rounded
from minicaffe.options import Limits

#: Enlarged by more, an image is cut to a little more than the net sees first.
_LARGE = 1.5
_MARGIN = 1.2

#: A cut's place is moved by up to so many pixels, drawn at random.
_NOISE = 10


@dataclass(frozen=True)
class Scene:
    """An image and what is in it.

    Attributes:
        image: 3 × height × width, uint8.
        boxes, regions: xmin, ymin, xmax, ymax in its pixels, (n, 4) and (m, 4).
    """

    image: np.ndarray
    boxes: np.ndarray
    regions: np.ndarray

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return self.image.shape[1], self.image.shape[2]

    def flipped(self) -> Scene:
        """Left to right; boxes by the image's width, as if their edges were between pixels."""
        width, order = self.size[1], [2, 1, 0, 3]
        sign, shift = np.array([-1, 1, -1, 1]), np.array([width, 0, width, 0])
        return Scene(
            self.image[:, :, ::-1],
            self.boxes[:, order] * sign + shift,
            self.regions[:, order] * sign + shift,
        )

    def resized(self, height: int, width: int, limits: Limits) -> Scene:
        """Of another size; boxes go along.

        Raises:
            MemoryLimitError: such an image takes more memory than there may be.
        """
        if (height, width) == self.size:
            return self
        limits.check(12 * height * width, f"an image of {height}×{width} pixels")
        scale = np.array([width / self.size[1], height / self.size[0]] * 2)
        image = resize_linear(self.image, max(1, height), max(1, width))
        return Scene(image, self.boxes * scale, self.regions * scale)

    def moved(self, scale: np.ndarray, shift: np.ndarray) -> Scene:
        """Boxes (x, y) times ``scale`` plus ``shift``; the image as it is."""
        scale, shift = np.tile(scale, 2), np.tile(shift, 2)
        return replace(self, boxes=self.boxes * scale + shift, regions=self.regions * scale + shift)


@dataclass(frozen=True)
class Placed:
    """A scene in the rectangle that a net sees.

    Attributes:
        scene: the part of the image that is seen, and boxes in pixels of the rectangle.
        left, top: where the part begins there.
        size: the rectangle's height and width.
    """

    scene: Scene
    left: int
    top: int
    size: tuple[int, int]


def place(
    scene: Scene,
    size: tuple[int, int],
    scale: np.ndarray,
    centre: np.ndarray,
    rng: np.random.Generator,
    limits: Limits,
) -> Placed:
    """Rescale a scene, and put it into a rectangle, or cut it to it.

    Along each axis an image that is too small goes to the middle, and of one that is too large the
    part around ``centre`` is cut; both moved by up to 10 pixels at random, inside.

    Args:
        size: the rectangle's height and width.
        scale: what x and y are multiplied by, (2,).
        centre: x and y in the image's pixels, (2,).

    Raises:
        MemoryLimitError: the rescaled image takes more memory than there may be.
    """
    if (scale != 1).any():
        if (scale > _LARGE).any():
            scene, centre = _cut_around(scene, scale, centre)
        height, width = scene.size
        wide, high = (
            max(1, rounded(side * by)) for side, by in zip((width, height), scale, strict=True)
        )
        boxes = scene.moved(scale, np.zeros(2))
        image = scene.resized(high, wide, limits).image
        scene = replace(boxes, image=image)
    starts, cuts, lengths = [], [], []
    for axis in (0, 1):  # x, y
        old, new = scene.size[1 - axis], size[1 - axis]
        noise = int(rng.integers(-_NOISE, _NOISE))
        start = min(max(0, rounded((new - old) / 2) + noise), new - old) if old < new else 0
        cut = rounded(centre[axis] * scale[axis]) + noise - rounded(new / 2)
        cuts.append(min(max(0, cut), old - new) if old > new else 0)
        starts.append(start)
        lengths.append(min(old, new))
    (left, top), (x, y), (wide, high) = starts, cuts, lengths
    seen = scene.image[:, y : y + high, x : x + wide]
    shift = np.array([left - x, top - y])
    return Placed(replace(scene.moved(np.ones(2), shift), image=seen), left, top, size)


def _cut_around(scene: Scene, scale: np.ndarray, centre: np.ndarray) -> tuple[Scene, np.ndarray]:
    """The part of the image around ``centre`` that will be a little larger than the image is, and
    the centre in it."""
    sides = np.array(scene.size[::-1])
    lengths = [
        min(rounded(_MARGIN * side / by), side) for side, by in zip(sides, scale, strict=True)
    ]
    lengths = [max(1, int(length)) for length in lengths]
    low = [
        min(max(0, rounded(middle - length * 0.5)), int(side) - length)
        for middle, length, side in zip(centre, lengths, sides, strict=True)
    ]
    (x, y), (wide, high) = low, lengths
    moved = scene.moved(np.ones(2), -np.array(low))
    return replace(moved, image=scene.image[:, y : y + high, x : x + wide]), centre - low
