"""How large Cascade R-CNN's pictures become, how much of them a net sees, and in which order."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from minicaffe.data.images import rounded
from minicaffe.errors import DataError, MinicaffeError
from minicaffe.proto import caffe_pb2

#: Sizes that are multiplied by a ``template_ratio`` are multiples of it.
_UNIT = 32

_PAIRS = (
    ("resize_width", "resize_height"),
    ("short_size", "long_size"),
    ("crop_width", "crop_height"),
    ("crop_short_size", "crop_long_size"),
    ("min_scale", "max_scale"),
    ("low_scale_ratio", "high_scale_ratio"),
    ("min_whaspect", "max_whaspect"),
)

#: Of these pairs at most one may be given.
_RIVALS = (
    ("resize_width", "resize_ratio", "short_size"),
    ("crop_width", "crop_short_size"),
    ("min_scale", "low_scale_ratio"),
)


def size_mistakes(param: caffe_pb2.DetectionDataParameter) -> Iterator[MinicaffeError]:
    """What is wrong with the sizes and scales of a ``detection_data_param``."""
    for low, high in _PAIRS:
        given = [name for name in (low, high) if param.HasField(name)]
        if len(given) == 1:
            yield DataError(f"{given[0]} is given, expected {low} and {high}, or neither")
        elif given and not all(0 < getattr(param, name) < math.inf for name in given):
            yield DataError(f"{low} or {high} is not above 0 and finite")
        elif given and "width" not in low and getattr(param, low) > getattr(param, high):
            yield DataError(
                f"{low} is {getattr(param, low):g} and {high} {getattr(param, high):g}; "
                f"expected {low} to be the smaller one"
            )
    for rivals in _RIVALS:
        given = [name for name in rivals if param.HasField(name)]
        if len(given) > 1:
            yield DataError(f"{given[0]} and {given[1]} are given, expected one of them")
    ratios = [("template_ratio", ratio) for ratio in param.template_ratio]
    if param.HasField("resize_ratio"):
        ratios.append(("resize_ratio", param.resize_ratio))
    for name, ratio in ratios:
        if not 0 < ratio < math.inf:
            yield DataError(f"{name} is {ratio:g}, expected a number above 0")


class SceneSizes:
    """The sizes that a ``detection_data_param`` asks for; all are height and width."""

    def __init__(self, param: caffe_pb2.DetectionDataParameter) -> None:
        self._param = param

    def _has(self, low: str, high: str) -> bool:
        return self._param.HasField(low) and self._param.HasField(high)

    def first(self, last: tuple[int, int]) -> tuple[int, int]:
        """What a net sees as far as it is known before an image is read.

        Args:
            last: the size of the last image, in the window file's words.
        """
        param = self._param
        if self._has("crop_width", "crop_height"):
            return param.crop_height, param.crop_width
        if self._has("crop_short_size", "crop_long_size"):
            return param.crop_long_size, param.crop_short_size
        if self._has("resize_width", "resize_height"):
            return param.resize_height, param.resize_width
        if param.HasField("resize_ratio"):
            return rounded(last[0] * param.resize_ratio), rounded(last[1] * param.resize_ratio)
        if self._has("short_size", "long_size"):
            return param.long_size, param.short_size
        return last

    def resized(self, size: tuple[int, int], ratio: float) -> tuple[int, int]:
        """What an image becomes.

        Args:
            size: the image's.
            ratio: the batch's template_ratio.
        """
        param = self._param
        if self._has("resize_width", "resize_height"):
            return param.resize_height, param.resize_width
        if param.HasField("resize_ratio"):
            scale = float(param.resize_ratio)
        elif self._has("short_size", "long_size"):
            short = max(_UNIT, rounded(param.short_size * ratio / _UNIT) * _UNIT)
            scale = float(np.float32(short) / np.float32(min(size)))
        else:
            return size
        return max(1, rounded(size[0] * scale)), max(1, rounded(size[1] * scale))

    def seen(self, resized: tuple[int, int], ratio: float) -> tuple[int, int] | None:
        """What the net sees of a batch; None where it is always :meth:`first`.

        Args:
            resized: the first image's size after it was resized.
            ratio: the batch's template_ratio.
        """
        param, upright = self._param, resized[0] >= resized[1]
        if self._has("crop_width", "crop_height") or self._has("resize_width", "resize_height"):
            return None
        if self._has("crop_short_size", "crop_long_size"):
            sides = (param.crop_long_size, param.crop_short_size)
        elif self._has("short_size", "long_size"):
            sides = tuple(
                max(_UNIT, rounded(side * ratio / _UNIT) * _UNIT)
                for side in (param.long_size, param.short_size)
            )  # type: ignore[assignment]
        else:
            return resized
        return sides if upright else sides[::-1]

    def drawn_scale(self, box: np.ndarray | None, rng: np.random.Generator) -> np.ndarray:
        """What x and y are multiplied by before the picture is cut, (2,).

        Args:
            box: around which it will be cut, (4,); or None.
        """
        param = self._param
        by_ratio = self._has("low_scale_ratio", "high_scale_ratio")
        by_object = self._has("min_scale", "max_scale")
        if not (rng.uniform() < param.multiscale_prob and (by_ratio or by_object)):
            return np.ones(2)
        if by_ratio:
            ends = (math.log2(param.low_scale_ratio), math.log2(param.high_scale_ratio))
        elif box is None:
            ends = (1.0, 1.0)
        else:
            side = math.sqrt(max(1.0, float(np.prod(box[2:] - box[:2] + 1))))
            ends = (math.log2(param.min_scale / side), math.log2(param.max_scale / side))
        scale = np.full(2, 2 ** rng.uniform(*ends))
        if self._has("min_whaspect", "max_whaspect"):
            low, high = math.log2(param.min_whaspect), math.log2(param.max_whaspect)
            root = math.sqrt(2 ** rng.uniform(low, high))
            scale *= [root, 1 / root]
        return scale


def arrange(
    param: caffe_pb2.DetectionDataParameter, upright: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """An order of images by ``shuffle``.

    Args:
        upright: which are at least as high as wide, (n,).
    """
    if param.shuffle == "random":
        return rng.permutation(len(upright))
    kinds = [rng.permutation(np.flatnonzero(upright)), rng.permutation(np.flatnonzero(~upright))]
    if rng.integers(2):
        kinds.reverse()
    if param.shuffle == "random_mix_aspect":
        return _by_turns(kinds[0], kinds[1], param.mix_group_size)
    return np.concatenate(kinds)


def _by_turns(first: np.ndarray, second: np.ndarray, size: int) -> np.ndarray:
    """Groups of so many of each by turns, until one of them is at its end; then the others."""
    lists, taken = (first, second), [0, 0]
    order: list[int] = []
    while taken[0] < len(first) and taken[1] < len(second):
        kind = len(order) // size % 2
        order.append(lists[kind][taken[kind]])
        taken[kind] += 1
    rest = [own[start:] for own, start in zip(lists, taken, strict=True)]
    return np.concatenate([np.array(order, int), *rest])
