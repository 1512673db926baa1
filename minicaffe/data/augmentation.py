"""Images changed at random before training sees them: colours, turns, parts cut out and erased."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from minicaffe.blob import shape_text
from minicaffe.data.colours import add_noise, distort, noise_mistakes, to_bytes
from minicaffe.data.interpolation import resize, rotated
from minicaffe.errors import DataError, MinicaffeError
from minicaffe.proto import caffe_pb2
from minicaffe.proto.dialects import meant

_LINEAR = caffe_pb2.ResizeParameter.LINEAR

#: Fields of ``transform_param`` that change colours and pixels, and nothing's place.
COLOURS = (
    "distort_param", "noise_param", "contrast_brightness_adjustment", "min_contrast",
    "max_contrast", "max_brightness_shift", "max_color_shift", "apply_probability",
)  # fmt: skip
#: Those that move, cut or erase.
PLACES = (
    "random_aspect_ratio_param", "max_rotation_angle", "erase_ratio", "scale_min", "scale_max",
    "aspect_min", "aspect_max",
)  # fmt: skip
#: All of them.
AUGMENTATIONS = (*COLOURS, *PLACES)

#: ``fork_fields`` of a layer that does all of this, and of one whose labels are images.
AUGMENTING = meant(*(f"transform_param.{field}" for field in AUGMENTATIONS))
COLOURING = meant(*(f"transform_param.{field}" for field in COLOURS))

_ATTEMPTS = 100  # to find a rectangle that lies inside an image


@dataclass(frozen=True)
class Frames:
    """How the frames of a piece of a video lie among the planes of one image.

    Attributes:
        count: how many frames there are.
        by_channel: all frames of the first channel come first; else all channels of the first
            frame.
    """

    count: int
    by_channel: bool

    def parts(self, planes: np.ndarray) -> np.ndarray:
        """Planes × height × width as frames × channels × height × width, in the same memory."""
        size = planes.shape[1:]
        if self.by_channel:
            return planes.reshape(-1, self.count, *size).swapaxes(0, 1)
        return planes.reshape(self.count, -1, *size)

    def joined(self, frames: np.ndarray) -> np.ndarray:
        """What :meth:`parts` took apart, together again."""
        ordered = frames.swapaxes(0, 1) if self.by_channel else frames
        return ordered.reshape(-1, *frames.shape[2:])


#: An image by itself.
_SINGLE = Frames(1, by_channel=False)


class Augmenter:
    """Changes images at random; in TEST it does nothing.

    In this order, each part where it is asked for:

    ``distort_param`` (SSD)
        other brightness, contrast, saturation and hue, see
        :func:`minicaffe.data.colours.distort`
    ``max_rotation_angle`` (caffe-augmentation)
        turned by a whole number of degrees, up to so many in either direction, on a larger black
        canvas; without ``crop_size`` it keeps its size
    ``max_color_shift``, ``contrast_brightness_adjustment`` (caffe-augmentation)
        each with ``apply_probability``: an amount for each channel added or subtracted; the values
        times a factor (``min_contrast`` to ``max_contrast``) plus an amount (up to
        ``max_brightness_shift`` in either direction)
    ``random_aspect_ratio_param`` (Intel Caffe)
        a part of ``min_area_ratio`` to ``max_area_ratio`` of the area, of other proportions by up
        to ``aspect_ratio_change``, resized to ``crop_size``, or else to the image's own size; where
        no part fits in ``max_attempt`` attempts, the whole image with its shorter side of that size
    ``noise_param`` (SSD)
        see :func:`minicaffe.data.colours.add_noise`
    ``erase_ratio`` (happynear's Caffe)
        with this probability, after the crop, a rectangle of random bytes: ``scale_min`` to
        ``scale_max`` of the width wide, and ``aspect_min`` to ``aspect_max`` times as high (the
        fork tries for ever to place one; here it is cut at the edge in the end)

    All frames of a piece of a video are changed alike.

    Args:
        param: a ``TransformationParameter``.
        phase: ``TRAIN`` or ``TEST``.
        rng: what is drawn from.
        frames: what the planes of an image are; by default one frame.

    Raises:
        DataError: a setting is wrong.
    """

    def __init__(
        self,
        param: caffe_pb2.TransformationParameter,
        phase: int,
        rng: np.random.Generator,
        frames: Frames = _SINGLE,
    ) -> None:
        self._param = param
        self._frames = frames
        self._rng = rng
        train = phase == caffe_pb2.TRAIN
        self._jitter = train and param.HasField("random_aspect_ratio_param")
        self._turns = train and param.max_rotation_angle > 0
        self._colours = train and (
            param.HasField("distort_param") or param.HasField("noise_param")
            or param.max_color_shift > 0 or param.contrast_brightness_adjustment
        )  # fmt: skip
        self._erases = train and param.erase_ratio > 0

    @property
    def changes(self) -> bool:
        """Whether :meth:`changed` draws anything."""
        return bool(self._colours or self.moves)

    @property
    def moves(self) -> bool:
        """Whether images may be turned or get another size, so that no mean image fits them."""
        return bool(self._jitter or self._turns)

    @property
    def resizes(self) -> bool:
        """Whether images of any size are brought to ``crop_size``."""
        return bool(self._jitter)

    def cut_size(self, shape: tuple[int, ...]) -> tuple[int, int]:
        """Height and width that images of a shape have after :meth:`changed`."""
        crop = self._param.crop_size
        return (crop, crop) if crop else (shape[1], shape[2])

    def changed(self, images: np.ndarray) -> np.ndarray:
        """Images with other colours, and other parts of them.

        Args:
            images: count × channels × height × width; left as they are.

        Returns:
            Another array; of :meth:`cut_size` where they are moved.

        Raises:
            DataError: colours are to be changed of images that are not bytes.
        """
        if not self.changes:
            return images
        if self._colours and images.dtype != np.uint8:
            raise DataError(
                f"the images are {images.dtype}, and colours are changed of bytes only; leave "
                "distort_param and the like out"
            )
        return np.stack([self._alike(image) for image in images])

    def _alike(self, planes: np.ndarray) -> np.ndarray:
        """All frames changed by what is drawn for the first: the generator goes back for each."""
        before, changed = self._rng.bit_generator.state, []
        for frame in self._frames.parts(planes):
            self._rng.bit_generator.state = before
            changed.append(self._one(frame))
        return self._frames.joined(np.stack(changed))

    def _one(self, image: np.ndarray) -> np.ndarray:
        param, rng, size = self._param, self._rng, image.shape[1:]
        if self._colours and param.HasField("distort_param"):
            image = distort(image, param.distort_param, rng)
        if self._turns:
            most = param.max_rotation_angle
            image = rotated(image, int(rng.integers(-most, most + 1)), whole=bool(param.crop_size))
        if self._colours:
            image = self._shifted(image)
        if self._jitter:
            image = self._part(image, self.cut_size((0, *size)))
        elif self._turns and param.crop_size:
            image = _random_crop(image, (param.crop_size, param.crop_size), rng)
        if self._colours and param.HasField("noise_param"):
            image = add_noise(image, param.noise_param, rng)
        return image

    def _shifted(self, image: np.ndarray) -> np.ndarray:
        """``max_color_shift`` and ``contrast_brightness_adjustment``."""
        param, rng = self._param, self._rng
        if param.max_color_shift and rng.uniform() < param.apply_probability:
            amounts = rng.integers(param.max_color_shift + 1, size=(len(image), 1, 1))
            image = to_bytes(image + amounts * (1 - 2 * rng.integers(2)))
        if param.contrast_brightness_adjustment and rng.uniform() < param.apply_probability:
            most = param.max_brightness_shift
            factor = rng.uniform(param.min_contrast, param.max_contrast)
            image = to_bytes(image * factor + rng.integers(-most, most + 1))
        return image

    def _part(self, image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
        """``random_aspect_ratio_param``: a part of the image, resized."""
        param, rng = self._param.random_aspect_ratio_param, self._rng
        modes = list(param.resize_param.interp_mode) or [_LINEAR]
        height, width = image.shape[1:]
        change = min(param.aspect_ratio_change, 1 / param.aspect_ratio_change)
        for _ in range(param.max_attempt):
            side = math.sqrt(rng.uniform(param.min_area_ratio, param.max_area_ratio)
                             * height * width)  # fmt: skip
            ratio = rng.uniform(change, 1 / change)
            rows, columns = int(side * ratio), int(side / ratio)
            if rng.integers(2):
                rows, columns = columns, rows
            if 0 < rows <= height and 0 < columns <= width:
                part = _random_crop(image, (rows, columns), rng)
                return _resized(part, size, modes[int(rng.integers(len(modes)))])
        zoom = max(size[0] / height, size[1] / width)
        whole = (max(size[0], round(height * zoom)), max(size[1], round(width * zoom)))
        resized = _resized(image, whole, modes[int(rng.integers(len(modes)))])
        return _random_crop(resized, size, rng)

    def erased(self, images: np.ndarray) -> np.ndarray:
        """Images of their final size, some with a rectangle of random bytes."""
        if not self._erases:
            return images
        images = images.copy()
        for image in images:
            if self._rng.uniform() < self._param.erase_ratio:
                rows, columns = self._rectangle(image.shape[1], image.shape[2])
                holes = self._frames.parts(image)[:, :, rows, columns]
                holes[...] = self._rng.integers(255, size=holes.shape[1:])
        return images

    def _rectangle(self, height: int, width: int) -> tuple[slice, slice]:
        param, rng = self._param, self._rng
        for _ in range(_ATTEMPTS):
            across = int(width * rng.uniform(param.scale_min, param.scale_max))
            down = int(across * rng.uniform(param.aspect_min, param.aspect_max))
            left, top = int(rng.integers(width + 1)), int(rng.integers(height + 1))
            if left + across <= width and top + down <= height:
                break
        return slice(top, top + down), slice(left, left + across)


def copy_colours(
    source: caffe_pb2.TransformationParameter, target: caffe_pb2.TransformationParameter
) -> None:
    """Give a ``TransformationParameter`` the :data:`COLOURS` of another."""
    own = caffe_pb2.TransformationParameter()
    own.CopyFrom(source)
    for field, _ in source.ListFields():
        if field.name not in COLOURS:
            own.ClearField(field.name)
    target.MergeFrom(own)


def augmentation_mistakes(param: caffe_pb2.TransformationParameter) -> Iterator[MinicaffeError]:
    """What is wrong with the settings of an :class:`Augmenter`."""
    jitter = param.random_aspect_ratio_param
    if param.HasField("random_aspect_ratio_param"):
        yield from _range(jitter, "area_ratio", "random_aspect_ratio_param: ")
        if not 0 < jitter.aspect_ratio_change < math.inf:
            yield DataError(
                f"aspect_ratio_change is {jitter.aspect_ratio_change:g}, expected above 0"
            )
    if param.HasField("noise_param"):
        yield from noise_mistakes(param.noise_param)
    for name in ("erase_ratio", "apply_probability"):
        if not 0 <= (value := getattr(param, name)) <= 1:
            yield DataError(f"{name} is {value:g}, expected a probability from 0 to 1")
    if param.HasField("erase_ratio") and not 0 < param.scale_min <= param.scale_max <= 1:
        yield DataError(
            f"scale_min is {param.scale_min:g} and scale_max {param.scale_max:g}; expected "
            "0 < min <= max <= 1, shares of the width"
        )
    if param.HasField("erase_ratio") and not 0 < param.aspect_min <= param.aspect_max < math.inf:
        yield DataError(
            f"aspect_min is {param.aspect_min:g} and aspect_max {param.aspect_max:g}; expected "
            "0 < min <= max"
        )
    if param.contrast_brightness_adjustment and not (
        0 <= param.min_contrast <= param.max_contrast < math.inf
    ):
        yield DataError(
            f"min_contrast is {param.min_contrast:g} and max_contrast {param.max_contrast:g}; "
            "expected 0 <= min <= max"
        )
    moving = param.HasField("random_aspect_ratio_param") or param.max_rotation_angle
    if moving and param.HasField("mean_file"):
        yield DataError(
            "mean_file does not fit images that are turned or resized at random; use mean_value"
        )


def _range(
    param: caffe_pb2.RandomAspectRatioParameter, name: str, where: str
) -> Iterator[DataError]:
    least, most = (getattr(param, f"{end}_{name}") for end in ("min", "max"))
    if not 0 < least <= most <= 1:
        yield DataError(
            f"{where}min_{name} is {least:g} and max_{name} {most:g}; expected 0 < min <= max <= 1"
        )


def _resized(image: np.ndarray, size: tuple[int, int], mode: int) -> np.ndarray:
    """Of bytes by the mode; floats are resized linearly."""
    return resize(image, *size, mode if image.dtype == np.uint8 else _LINEAR)


def _random_crop(image: np.ndarray, size: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    height, width = image.shape[1:]
    if size[0] > height or size[1] > width:
        raise DataError(
            f"crop_size is {size[0]}, but an image has {shape_text((height, width))} "
            "(height×width) after it was turned; lower crop_size or enlarge the images"
        )
    top, left = int(rng.integers(height - size[0] + 1)), int(rng.integers(width - size[1] + 1))
    return image[:, top : top + size[0], left : left + size[1]]
