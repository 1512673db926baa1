"""Images of other colours, as SSD's ``distort_param`` and ``noise_param`` say."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from minicaffe.errors import GraphError, MinicaffeError
from minicaffe.proto import caffe_pb2


def distort(
    image: np.ndarray, param: caffe_pb2.DistortionParameter, rng: np.random.Generator
) -> np.ndarray:
    """Change brightness, contrast, saturation and hue, and the channels' order.

    Each by its own probability; contrast comes second or, in half of the cases, last but the order.
    Saturation and hue change images of three channels, as OpenCV's 8-bit HSV has them.
    """

    def brightness(values: np.ndarray) -> np.ndarray:
        delta = rng.uniform(-param.brightness_delta, param.brightness_delta)
        return to_bytes(values.astype(float) + delta)

    def contrast(values: np.ndarray) -> np.ndarray:
        return to_bytes(values * rng.uniform(param.contrast_lower, param.contrast_upper))

    def saturation(values: np.ndarray) -> np.ndarray:
        hue, chroma, value = to_hsv(values)
        factor = rng.uniform(param.saturation_lower, param.saturation_upper)
        return from_hsv(hue, to_bytes(chroma * factor), value)

    def hues(values: np.ndarray) -> np.ndarray:
        hue, chroma, value = to_hsv(values)
        delta = rng.uniform(-param.hue_delta, param.hue_delta)
        return from_hsv(to_bytes(hue.astype(float) + delta), chroma, value)

    colour = len(image) == 3
    first = [(param.brightness_prob, brightness)]
    middle = [(param.saturation_prob * colour, saturation), (param.hue_prob * colour, hues)]
    last = [(param.contrast_prob, contrast)]
    order = first + last + middle if rng.uniform() > 0.5 else first + middle + last
    for probability, change in order:
        if rng.uniform() < probability:
            image = change(image)
    if rng.uniform() < param.random_order_prob:
        image = image[rng.permutation(len(image))]
    return image


def to_bytes(values: np.ndarray) -> np.ndarray:
    """Values rounded and brought within 0 to 255."""
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def to_hsv(image: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Hue in steps of 2°, saturation and value (0 to 255) of blue, green and red; uint8 each."""
    blue, green, red = image.astype(np.float32)
    value = np.maximum(np.maximum(blue, green), red)
    spread = value - np.minimum(np.minimum(blue, green), red)
    safe = np.where(spread > 0, spread, 1)
    hue = np.where(
        value == red,
        (green - blue) / safe,
        np.where(value == green, 2 + (blue - red) / safe, 4 + (red - green) / safe),
    )
    degrees = np.rint(np.where(spread > 0, hue, 0) * 30)
    saturation = np.where(value > 0, 255 * spread / np.where(value > 0, value, 1), 0)
    return (degrees % 180).astype(np.uint8), to_bytes(saturation), value.astype(np.uint8)


def from_hsv(hue: np.ndarray, saturation: np.ndarray, value: np.ndarray) -> np.ndarray:
    """Blue, green and red of what :func:`to_hsv` gives."""
    sector = hue.astype(np.float32) / 30 % 6
    which = np.floor(sector).astype(int)
    share, top = saturation.astype(np.float32) / 255, value.astype(np.float32)
    rest = sector - which
    levels = np.stack([top, top * (1 - share), top * (1 - share * rest),
                       top * (1 - share * (1 - rest))])  # fmt: skip
    table = np.array([[1, 3, 0], [1, 0, 2], [3, 0, 1], [0, 2, 1], [0, 1, 3], [2, 1, 0]])
    picked = table[which].transpose(2, 0, 1)
    return to_bytes(np.take_along_axis(levels, picked, axis=0))


#: What of ``noise_param`` is not done.
_LEFT_OUT = ("gauss_blur", "erode", "clahe", "convert_to_hsv", "convert_to_lab", "all_effects",
             "hist_eq")  # fmt: skip


def noise_mistakes(param: caffe_pb2.NoiseParameter) -> Iterator[MinicaffeError]:
    """What is wrong with a ``NoiseParameter``."""
    for name in _LEFT_OUT:
        if getattr(param, name):
            yield GraphError(f"{name} is not among the kinds of noise that minicaffe makes")
    if param.jpeg > 0:
        yield GraphError("jpeg is not among the kinds of noise that minicaffe makes")
    if not 0 <= (share := param.saltpepper_param.fraction) <= 1:
        yield GraphError(f"saltpepper_param has fraction {share:g}; expected 0 to 1")


def add_noise(
    image: np.ndarray, param: caffe_pb2.NoiseParameter, rng: np.random.Generator
) -> np.ndarray:
    """Grey, fewer levels, inverted, single pixels set: each that is asked for, by ``prob``."""
    if not param.prob:
        return image
    image = image.copy()
    if param.decolorize and rng.uniform() < param.prob and len(image) == 3:
        grey = np.tensordot([0.114, 0.587, 0.299], image.astype(float), 1)
        image[...] = to_bytes(grey)
    if param.posterize and rng.uniform() < param.prob:
        image = (image // 64 * 64 + 32).astype(np.uint8)
    if param.inverse and rng.uniform() < param.prob:
        image = 255 - image
    if param.saltpepper and rng.uniform() < param.prob and param.saltpepper_param.value:
        count = int(param.saltpepper_param.fraction * image.shape[1] * image.shape[2])
        rows, columns = (
            rng.integers(image.shape[1], size=count),
            rng.integers(image.shape[2], size=count),
        )
        values = np.resize(list(param.saltpepper_param.value), len(image))
        image[:, rows, columns] = to_bytes(values)[:, None]
    return image
