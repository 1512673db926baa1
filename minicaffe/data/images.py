"""Image files to arrays, as OpenCV reads them for Caffe: uint8, channels first, blue first."""

from __future__ import annotations

import enum
import io
import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from minicaffe.errors import DataError, require
from minicaffe.errors.reading import cannot_read
from minicaffe.files import open_to_read

if TYPE_CHECKING:
    from PIL.Image import Image

#: What :func:`encode_image` can make, by the usual endings of names.
ENCODINGS = {
    "bmp": "BMP", "jpe": "JPEG", "jpeg": "JPEG", "jpg": "JPEG", "png": "PNG", "tif": "TIFF",
    "tiff": "TIFF",
}  # fmt: skip

#: The endings of pictures that are looked for in folders.
PICTURES = (
    ".bmp", ".gif", ".jpe", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp",
)  # fmt: skip

#: How :func:`encode_image` asks Pillow to write them.
_OPTIONS: dict[str, dict[str, int | str]] = {
    "JPEG": {"quality": 95, "subsampling": "4:2:0"},
    "PNG": {"optimize": True},
}

#: What images may be. Pillow would run an interpreter of programs for some of the others.
_FORMATS = (
    "JPEG", "MPO", "PNG", "BMP", "DIB", "TIFF", "WEBP", "PPM", "GIF", "JPEG2000", "TGA", "PCX",
    "SGI", "SUN", "AVIF",
)  # fmt: skip
_SMALL = 2**24  # pixels of an image that may be packed to any degree
_NARROW = 16  # pixels that a row takes at least, as Pillow keeps an address for each
_LARGE = 2**26  # pixels of an image of which 500 may lie in a byte; of larger ones 8

#: Pixels that become wider numbers together.
PIXELS_AT_A_TIME = 2**16

#: Weights of red, green and blue, how many bits they have, and what rounds their sum.
_GRAY = ((4899, 9617, 1868), 14, 1 << 13)
_GRAY_OF = {
    "PNG": ((9797, 19234, 3737), 15, 0),  # libpng cuts fractions off
    "WEBP": ((9798, 19235, 3735), 15, 1 << 14),
}

_COEFFICIENT_BITS = 11  # OpenCV's fixed point for 8-bit images


class Color(enum.Enum):
    """How many channels a decoded image gets."""

    NATIVE = "as stored"  #: 1 for grey, 3 for colour, 4 with transparency
    COLOR = "colour"  #: always 3: blue, green, red
    GRAY = "grey"  #: always 1


def decode_image(data: bytes, color: Color = Color.NATIVE, *, upright: bool = False) -> np.ndarray:
    """Decode a JPEG, PNG or other image file held in memory (``cv::imdecode``).

    Args:
        data: the file's bytes.
        color: how many channels.
        upright: turn a photograph as its EXIF data say, as OpenCV does since release 3.1.

    Returns:
        channels × height × width, uint8; colour is blue, green, red (, alpha).

    Raises:
        DataError: the bytes are no image, or one of more than 8 bits a channel.
        MissingExtraError: Pillow is not installed.
    """
    with opened_image(data) as image:
        if color is Color.GRAY and image.format == "JPEG":
            image.draft("L", image.size)  # a JPEG stores its grey values: no conversion
        return _channels_first(_convert(_turned(image) if upright else image, color))


def examine_image(data: bytes) -> tuple[int, int, bool]:
    """Height and width of an image file, the right way up, and whether it is grey.

    A JPEG is decoded at an eighth of its size, which shows whether it is whole.

    Raises:
        DataError: the bytes are no image.
        MissingExtraError: Pillow is not installed.
    """
    with opened_image(data) as image:
        width, height = image.size
        turned = image.getexif().get(_ORIENTATION, 1) in _ON_ITS_SIDE
        gray = image.mode in ("1", "L", "LA") or image.mode.startswith("I")
        image.draft(None, (max(1, width // 8), max(1, height // 8)))
        image.load()
        return (width, height, gray) if turned else (height, width, gray)


#: EXIF's field of how a photograph is to be turned, and its values that swap the sides.
_ORIENTATION = 0x0112
_ON_ITS_SIDE = (5, 6, 7, 8)


def _turned(image: Image) -> Image:
    """The image the right way up; its format stays known."""
    operations: Any = require("PIL.ImageOps", extra="data", purpose="decoding images")
    turned: Any = operations.exif_transpose(image)
    turned.format = image.format
    return cast("Image", turned)


@contextmanager
def opened_image(data: bytes) -> Iterator[Image]:
    """An image file held in memory, as Pillow opens it; formats that run programs are refused.

    Raises:
        DataError: the bytes are no image, or are far too few for the size that they state;
            whatever Pillow raises in the block comes out as this too.
        MissingExtraError: Pillow is not installed.
    """
    image_module: Any = require("PIL.Image", extra="data", purpose="decoding images")
    if not data:
        raise DataError("the image is empty (0 bytes)")
    image_module.init()
    formats = [name for name in _FORMATS if name in image_module.OPEN]
    try:
        with image_module.open(io.BytesIO(data), formats=formats) as image:
            _check_size(image.size, len(data))
            yield image
    except (DataError, GeneratorExit):
        raise
    except Exception as reason:  # decoders of damaged files raise nearly everything
        raise DataError(
            f"{len(data)} bytes that cannot be decoded as an image ({_reason(reason)}); expected a "
            "complete JPEG, PNG or similar file"
        ) from reason


def _check_size(size: tuple[int, int], count: int) -> None:
    """Refuse an image that is small as a file and huge in memory.

    Pillow itself refuses more than 2 · ``PIL.Image.MAX_IMAGE_PIXELS`` pixels.
    """
    width, height = size
    pixels = max(width, _NARROW) * height
    if pixels > max(_SMALL, min(_LARGE, 500 * count), 8 * count):
        raise DataError(
            f"an image of {width}×{height} pixels in {count} bytes; these are too few for so "
            "large an image, so the file is damaged or meant to exhaust the memory"
        )


def _reason(error: Exception) -> str:
    """What a decoder complains of, without the address of our buffer."""
    return re.sub(r" <_io\.BytesIO object at \w+>", "", str(error))


def read_image(
    path: str,
    color: Color = Color.COLOR,
    size: tuple[int, int] | None = None,
    *,
    upright: bool = False,
) -> np.ndarray:
    """Read an image file (Caffe's ``ReadImageToCVMat``).

    Args:
        path: the file.
        color: how many channels.
        size: (height, width) to resize to, or None.
        upright: turn a photograph as its EXIF data say.

    Raises:
        DataError: names the file: it is missing, or is no image.
    """
    try:
        with open_to_read(path) as stream:
            data = stream.read()
    except (OSError, ValueError) as reason:  # ValueError: the name holds a NUL
        raise cannot_read(path, reason, what="image") from reason
    try:
        image = decode_image(data, color, upright=upright)
    except DataError as error:
        raise DataError(f"image '{path}': {error.message}") from error.__cause__
    return image if size is None else resize_linear(image, *size)


def resize_linear(
    image: np.ndarray, height: int, width: int, step: tuple[float, float] | None = None
) -> np.ndarray:
    """Resize by bilinear interpolation without smoothing (``cv::resize``, ``INTER_LINEAR``).

    Output pixel i lies at (i + ½)·step - ½ in the input. As in OpenCV, 8-bit images are
    computed in fixed point with 11 bits. Release 4.6 gives the same to the bit; others differ
    by at most one level. Floats are computed as floats.

    Args:
        image: channels × height × width, uint8 or float32.
        height, width: the new size, each at least 1.
        step: down and across, by default old/new; a factor that the size was rounded from gives
            another one.
    """
    if image.shape[1:] == (height, width) and step is None:
        return image
    steps = step or (image.shape[1] / height, image.shape[2] / width)
    if image.dtype != np.uint8:
        return _resize_floats(image, (height, width), steps)
    top, bottom, down = _neighbours(image.shape[1], height, steps[0])
    left, right, along = _neighbours(image.shape[2], width, steps[1], whole_ends=True)
    # only the pixels that are needed become wider numbers: a large image stays as it is
    needed, places = np.unique([top, bottom], return_inverse=True)
    top, bottom = places.reshape(2, height)
    image = image[:, needed]
    rows = image[:, :, left].astype(np.int32) * along[0]
    rows += image[:, :, right].astype(np.int32) * along[1]
    rows >>= 4
    upper = (rows[:, top] * down[0][:, None]) >> 16
    lower = (rows[:, bottom] * down[1][:, None]) >> 16
    return ((upper + lower + 2) >> 2).astype(np.uint8)


def _resize_floats(
    image: np.ndarray, size: tuple[int, int], steps: tuple[float, float]
) -> np.ndarray:
    """:func:`resize_linear` of float32: along rows, then across them."""
    for axis in (2, 1):
        position = (np.arange(size[axis - 1]) + 0.5) * steps[axis - 1] - 0.5
        first = np.floor(position)
        share = (position - first).astype(np.float32)
        share = share if axis == 2 else share[:, None]
        last = image.shape[axis] - 1
        low = image.take(first.clip(0, last).astype(np.intp), axis)
        high = image.take((first + 1).clip(0, last).astype(np.intp), axis)
        image = low * (1 - share) + high * share
    return image


def encode_image(image: np.ndarray, kind: str) -> bytes:
    """Encode an image as a file (``cv::imencode``).

    JPEGs have OpenCV's quality, 95; PNGs are as small as Pillow makes them.

    Args:
        image: 1 or 3 (blue, green, red) channels × height × width, uint8.
        kind: one of :data:`ENCODINGS`.

    Raises:
        DataError: the image cannot be stored so.
        MissingExtraError: Pillow is not installed.
    """
    if len(image) not in (1, 3) or image.dtype != np.uint8:
        raise DataError(
            f"an image of {len(image)} channels of {image.dtype} cannot be encoded as {kind}; "
            "expected 1 or 3 channels of uint8"
        )
    image_module = require("PIL.Image", extra="data", purpose="encoding images")
    pixels = image[0] if len(image) == 1 else image[::-1].transpose(1, 2, 0)
    stream = io.BytesIO()
    name = ENCODINGS[kind]
    options = _OPTIONS.get(name, {})
    try:
        image_module.fromarray(np.ascontiguousarray(pixels)).save(stream, name, **options)
    except (OSError, ValueError) as reason:
        raise DataError(f"an image cannot be encoded as {kind}: {reason}") from reason
    return stream.getvalue()


def _convert(image: Image, color: Color) -> Image | np.ndarray:
    """To mode L, RGB or RGBA, by OpenCV's rules."""
    if image.mode.startswith(("I", "F")) and color is Color.NATIVE:
        raise DataError(f"an image of mode {image.mode}, expected 8 bits a channel")
    if image.mode.startswith("I;16") or image.mode == "I":  # 16-bit grey: keep the high byte
        image = image.point(lambda value: value / 256).convert("L")
    if image.mode == "P" and "transparency" in image.info and color is not Color.NATIVE:
        image = image.convert("RGBA")  # first, or Pillow warns
    if color is Color.COLOR:
        return image.convert("RGB")
    if color is Color.GRAY:
        return image if image.mode == "L" else _gray(image.convert("RGB"), image.format)
    transparent = image.mode in ("LA", "La", "PA", "RGBA", "RGBa") or (
        image.mode == "P" and "transparency" in image.info
    )
    mode = "RGBA" if transparent else "L" if image.mode in ("L", "1") else "RGB"
    return image if image.mode == mode else image.convert(mode)


def _gray(image: Image, file_format: str | None) -> np.ndarray:
    """From RGB, in the fixed point of what OpenCV reads files of this format with."""
    return _weighed(np.asarray(image), _GRAY_OF.get(file_format or "", _GRAY))


def to_gray(image: np.ndarray) -> np.ndarray:
    """Blue, green, red made grey (``cv::cvtColor``): 3 × height × width to 1 × height × width."""
    return _weighed(image[::-1].transpose(1, 2, 0), _GRAY)[None]


def _weighed(pixels: np.ndarray, rule: tuple[tuple[int, int, int], int, int]) -> np.ndarray:
    """Weighted sums of height × width × RGB.

    A number of rows at a time, as a pixel takes 20 bytes on the way.
    """
    weights, bits, half = rule
    gray = np.empty(pixels.shape[:2], np.uint8)
    count = max(1, PIXELS_AT_A_TIME // max(1, pixels.shape[1]))
    for start in range(0, len(gray), count):
        red, green, blue = pixels[start : start + count].astype(np.uint32).transpose(2, 0, 1)
        total = weights[0] * red + weights[1] * green + weights[2] * blue
        gray[start : start + count] = (total + half) >> bits
    return gray


def _channels_first(image: Image | np.ndarray) -> np.ndarray:
    """Pillow's height × width × RGB as a contiguous BGR × height × width."""
    pixels = np.asarray(image, np.uint8)
    if pixels.ndim == 2:
        return np.ascontiguousarray(pixels[None])
    order = [2, 1, 0, 3][: pixels.shape[2]]
    return np.ascontiguousarray(pixels.transpose(2, 0, 1)[order])


def _neighbours(
    old: int, new: int, step: float, *, whole_ends: bool = False
) -> tuple[np.ndarray, np.ndarray, tuple[np.ndarray, np.ndarray]]:
    """For each output position: the two input positions and their weights in fixed point.

    Beyond the first and last pixel both positions are that pixel. With ``whole_ends`` (OpenCV's
    rule along a row) one of the weights is 1 there; without (across rows) each cuts off its
    own fraction.
    """
    position = (np.arange(new) + 0.5) * step - 0.5
    first = np.floor(position).astype(np.int64)
    fraction = (position - first).astype(np.float32)
    if whole_ends:
        fraction[(first < 0) | (first >= old - 1)] = 0
    unit = 1 << _COEFFICIENT_BITS
    weights = (
        np.rint((1 - fraction) * unit).astype(np.int32),
        np.rint(fraction * unit).astype(np.int32),
    )
    return first.clip(0, old - 1), (first + 1).clip(0, old - 1), weights


def rounded(value: float) -> int:
    """To the nearest whole number, halves away from 0 (C's ``round``)."""
    return int(math.copysign(math.floor(abs(float(value)) + 0.5), value))
