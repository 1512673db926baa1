"""Image files and arrays of height × width × channels, values 0 to 1, red first."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

import numpy as np

from minicaffe.arguments import file_name, height_and_width, shown
from minicaffe.blob import as_numbers, shape_text
from minicaffe.data.images import opened_image
from minicaffe.errors import ArgumentError, DataError, ShapeError
from minicaffe.errors.reading import cannot_read
from minicaffe.files import open_to_read
from minicaffe.io import splines

if TYPE_CHECKING:
    from PIL.Image import Image

#: How bright red, green and blue look (ITU-R BT.709, as scikit-image weighs them).
_LUMINANCE = np.array([0.2125, 0.7154, 0.0721], np.float32)


def load_image(filename: str | os.PathLike[str] | SupportsRead, color: bool = True) -> np.ndarray:
    """Read an image file.

    Args:
        filename: a JPEG, PNG or other file that Pillow reads: its name, or the file itself,
            opened with ``"rb"``, an ``io.BytesIO``, or what ``urllib.request.urlopen`` returns.
            A file that can do so is read from its beginning.
        color: True gives three channels (a grey image three equal ones), False one.

    Returns:
        height × width × 3 (red, green, blue) or height × width × 1; float32 from 0 to 1.
        Transparency is dropped.

    Raises:
        ArgumentError: neither a name nor a file, or a file opened as text.
        DataError: the file is missing or is no image.
        MissingExtraError: Pillow is not installed.
    """
    name, data = _contents(filename)
    try:
        with opened_image(data) as image:
            pixels = _pixels(image)
    except (OSError, ValueError) as error:
        raise DataError(f"this cannot be read as an image ({error})", path=name) from error
    except DataError as error:
        raise error.locate(path=name) from error.__cause__
    if color:
        return np.repeat(pixels, 3, axis=2) if pixels.shape[2] == 1 else pixels
    return pixels if pixels.shape[2] == 1 else (pixels @ _LUMINANCE)[:, :, np.newaxis]


class SupportsRead(Protocol):
    """A file opened with ``"rb"``, or what can be read like one."""

    def read(self) -> bytes:
        """All bytes from here on."""


def _contents(filename: object) -> tuple[str, bytes]:
    """What messages call an image file, and what is in it."""
    if hasattr(filename, "read"):
        return _read_stream(filename)
    if isinstance(filename, bytes | bytearray | memoryview) and b"\0" in bytes(filename):
        raise ArgumentError("bytes of an image are given; load_image takes io.BytesIO(them)")
    name = file_name(filename, "filename")
    try:
        with open_to_read(name, pipes=True) as stream:
            return name, stream.read()
    except FileNotFoundError as error:
        hint = "give urllib.request.urlopen(it) for an address" if "://" in name else ""
        raise cannot_read(name, error, more=hint) from error
    except (OSError, ValueError) as error:
        raise DataError(f"this cannot be read as an image ({error})", path=name) from error


def _read_stream(stream: SupportsRead) -> tuple[str, bytes]:
    """The name and all bytes of an open file."""
    name = getattr(stream, "name", None)
    name = name if isinstance(name, str) else f"<{type(stream).__name__}>"
    seek = getattr(stream, "seek", None)
    with suppress(OSError, ValueError, AttributeError):  # pipes and sockets cannot
        if seek is not None:
            seek(0)
    data: object
    try:
        data = stream.read()
    except UnicodeDecodeError:
        data = ""
    except (OSError, ValueError) as error:  # ValueError: it is closed
        raise DataError(f"the file cannot be read ({error})", path=name) from error
    if not isinstance(data, bytes):
        raise ArgumentError('the file was opened as text; open it with open(name, "rb")', path=name)
    return name, data


def _pixels(image: Image) -> np.ndarray:
    """height × width × 1 or 3, float32 from 0 to 1."""
    if image.mode == "F":
        return np.asarray(image, np.float32)[:, :, np.newaxis]
    if image.mode.startswith("I"):  # 16 bits, whatever Pillow keeps them in
        return (np.asarray(image).astype(np.float32) / np.float32(65535))[:, :, np.newaxis]
    if image.mode in ("1", "L", "LA", "La"):
        values = np.asarray(image.convert("L"))[:, :, np.newaxis]
    else:
        values = np.asarray(image.convert("RGB"))
    return values / np.float32(255)


def resize_image(
    im: np.ndarray, new_dims: Sequence[int] | np.ndarray, interp_order: int = 1
) -> np.ndarray:
    """Resize an image by interpolation between its pixels, without smoothing.

    The two rules are pycaffe's: with 1 or 3 channels output pixel i lies at
    (i + ½)·old/new - ½ of the input and, where that is outside, the image goes on with its
    smallest value; no value leaves the image's range (scikit-image's ``resize`` with
    ``mode="constant", anti_aliasing=False``, as it was before it began to smooth). With another
    number of channels it lies at i·(old - 1)/(new - 1), so that the corners stay the corners,
    and splines go on as mirror images (scipy's ``zoom``).

    Args:
        im: height × width × channels.
        new_dims: the new height and width.
        interp_order: 0 takes the nearest pixel, 1 interpolates linearly, 2 to 5 take splines
            of this order; 3 is cubic.

    Returns:
        new height × new width × channels, float32.

    Raises:
        ShapeError: the image has not three axes or holds no numbers, or a size is below 1.
        ArgumentError: ``new_dims`` are not two numbers.
        DataError: another ``interp_order``.
    """
    height, width = height_and_width(new_dims, "new_dims")
    im = as_numbers(im, "the image")
    if im.ndim != 3 or 0 in im.shape or min(height, width) < 1:
        raise ShapeError(
            f"cannot resize an array of shape {shape_text(im.shape)} to {height}×{width}; "
            "expected height×width×channels, and sizes of at least 1"
        )
    if not isinstance(interp_order, int | np.integer) or interp_order not in range(6):
        raise DataError(
            f"interp_order is {interp_order!r}, expected 0 (nearest), 1 (linear) or 2 to 5 "
            "(splines; 3 is cubic)"
        )
    values = im.astype(np.float64 if im.dtype == np.float64 else np.float32)
    centred = im.shape[2] in (1, 3)
    place = _centred if centred else _cornered
    border, most = values.min(), values.max()
    for axis, new in ((0, height), (1, width)):
        if values.shape[axis] != new:
            where = place(values.shape[axis], new)
            if interp_order > 1:
                beyond = float(border) if centred else None
                values = splines.interpolate(values, axis, where, interp_order, beyond)
            else:
                values = _interpolate(values, axis, where, interp_order, border)
    if interp_order > 1 and centred:  # a spline may rise above what it passes through
        values = values.clip(border, most)
    return values.astype(np.float32)


def _centred(old: int, new: int) -> np.ndarray:
    return (np.arange(new) + 0.5) * (old / new) - 0.5


def _cornered(old: int, new: int) -> np.ndarray:
    return np.linspace(0, old - 1, new)


def _interpolate(
    values: np.ndarray, axis: int, where: np.ndarray, order: int, border: float | np.ndarray
) -> np.ndarray:
    """The values at positions along an axis; beyond the first and last pixel is ``border``."""
    last = values.shape[axis] - 1
    if order == 0:
        nearest = np.floor(where + 0.5).astype(int).clip(0, last)
        return values.take(nearest, axis)
    first = np.floor(where).astype(int)
    shape = [1] * values.ndim
    shape[axis] = len(where)
    share = (where - first).astype(values.dtype).reshape(shape)
    low = values.take(first.clip(0, last), axis)
    high = values.take((first + 1).clip(0, last), axis)
    if first[0] < 0 or first[-1] >= last:
        np.copyto(low, border, where=(first < 0).reshape(shape))
        np.copyto(high, border, where=(first + 1 > last).reshape(shape))
    high -= low
    high *= share
    high += low
    return high


def oversample(
    images: Sequence[np.ndarray] | np.ndarray, crop_dims: Sequence[int] | np.ndarray
) -> np.ndarray:
    """Cut ten crops from each image: the corners, the middle, and their mirror images.

    Args:
        images: of equal shape, height × width × channels.
        crop_dims: height and width of the crops.

    Returns:
        (10 · number of images) × crop height × crop width × channels, float32; for each
        image upper left, upper right, lower left, lower right, middle, then mirrored.

    Raises:
        ShapeError: images of different shapes, or smaller than the crops.
        ArgumentError: no list of images, or ``crop_dims`` are not two numbers.
    """
    if not np.iterable(images):
        raise ArgumentError(f"images is {shown(images)}, expected a list of images")
    images = [as_numbers(image, "an image") for image in images]
    shapes = {image.shape for image in images}
    height, width = height_and_width(crop_dims, "crop_dims")
    if len(shapes) != 1:
        found = ", ".join(sorted(map(shape_text, shapes))) or "none"
        raise ShapeError(f"images of one shape are expected, found: {found}")
    shape = shapes.pop()
    if len(shape) != 3 or shape[0] < height or shape[1] < width:
        raise ShapeError(
            f"cannot cut crops of {height}×{width} from images of shape {shape_text(shape)}"
        )
    batch = np.asarray(images, np.float32)
    bottom, right = shape[0] - height, shape[1] - width
    corners = [(0, 0), (0, right), (bottom, 0), (bottom, right), (bottom // 2, right // 2)]
    crops = np.empty((len(batch), 10, height, width, shape[2]), np.float32)
    for index, (y, x) in enumerate(corners):
        crops[:, index] = batch[:, y : y + height, x : x + width]
    crops[:, 5:] = crops[:, :5, :, ::-1]
    return crops.reshape(-1, height, width, shape[2])
