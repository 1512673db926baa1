"""From images to a net's input and back: OpenCV's ``blobFromImage`` and its siblings."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from minicaffe.arguments import shown, whole_numbers
from minicaffe.blob import shape_text
from minicaffe.data.images import resize_linear
from minicaffe.errors import ArgumentError, ShapeError

#: What OpenCV calls uint8 and float32.
CV_8U, CV_32F = 0, 5

#: A number, which is the first channel's, or one a channel.
Scalar = float | Sequence[float] | np.ndarray


def blobFromImage(
    image: np.ndarray,
    scalefactor: float = 1.0,
    size: Sequence[int] = (0, 0),
    mean: Scalar = (),
    swapRB: bool = False,
    crop: bool = False,
    ddepth: int = CV_32F,
) -> np.ndarray:
    """An image as a net's input: (resized - mean) · scalefactor.

    Args:
        image: height × width, or × 1, 3 or 4 channels; uint8 or floats.
        scalefactor: what is multiplied by, after the mean.
        size: width and height; (0, 0) leaves the image's.
        mean: what is subtracted from each channel of the result, so red first with ``swapRB``; a
            single number is the first channel's, and missing ones are 0, as in OpenCV.
        swapRB: swap the first and the third channel.
        crop: keep the proportions: resize so that both sides are long enough, then cut the middle
            out; otherwise width and height are resized by themselves.
        ddepth: ``CV_32F``, or ``CV_8U`` for uint8, without mean and scalefactor.

    Returns:
        1 × channels × height × width.

    Raises:
        ShapeError: this is no image.
        ArgumentError: of another kind, or what cannot be with ``CV_8U``.
    """
    return blobFromImages([image], scalefactor, size, mean, swapRB, crop, ddepth)


def blobFromImages(
    images: Sequence[np.ndarray] | np.ndarray,
    scalefactor: float = 1.0,
    size: Sequence[int] = (0, 0),
    mean: Scalar = (),
    swapRB: bool = False,
    crop: bool = False,
    ddepth: int = CV_32F,
) -> np.ndarray:
    """Images as a batch; see :func:`blobFromImage`. Without a size all get the first one's.

    Returns:
        images × channels × height × width.

    Raises:
        ShapeError: no images, one that is none, or of another number of channels.
        ArgumentError: as :func:`blobFromImage`.
    """
    planes = [_planes(image, ddepth) for image in images]
    if not planes:
        raise ShapeError("no images are given, expected at least one")
    channels = len(planes[0])
    for number, image in enumerate(planes):
        if len(image) != channels:
            raise ShapeError(
                f"image {number} has {len(image)} channel(s), but the first one has {channels}"
            )
    width, height = _width_and_height(size) or planes[0].shape[:0:-1]
    batch = np.stack([_resized(image, height, width, crop) for image in planes])
    if swapRB and channels >= 3:
        batch = batch[:, [2, 1, 0, *range(3, channels)]]
    means = scalar(mean, "mean")[:channels].astype(np.float32)
    if ddepth == CV_8U:
        if scalefactor != 1 or means.any():
            raise ArgumentError("a blob of CV_8U takes no scalefactor and no mean")
        return np.ascontiguousarray(batch)
    return (batch - means.reshape(-1, 1, 1)) * np.float32(scalefactor)


def imagesFromBlob(blob_: np.ndarray) -> tuple[np.ndarray, ...]:
    """The images in a blob, height × width × channels, their values as they are.

    Raises:
        ShapeError: the blob has not four axes.
    """
    blob = np.asarray(blob_)
    if blob.ndim != 4:
        raise ShapeError(
            f"a blob of shape {shape_text(blob.shape)}, expected images×channels×height×width"
        )
    moved = np.ascontiguousarray(blob.transpose(0, 2, 3, 1))
    return tuple(image[:, :, 0] if image.shape[2] == 1 else image for image in moved)


def scalar(value: Scalar, what: str) -> np.ndarray:
    """OpenCV's Scalar: four numbers, of which those not given are 0.

    Raises:
        ArgumentError: it is something else.
    """
    numbers = np.zeros(4)
    try:
        given = np.atleast_1d(np.asarray(value, np.float64)).ravel()
    except (TypeError, ValueError):
        given = np.zeros(5)
    if len(given) > 4:
        raise ArgumentError(f"{what} is {shown(value)}, expected at most four numbers")
    numbers[: len(given)] = given
    return numbers


def _planes(image: object, ddepth: int) -> np.ndarray:
    """channels × height × width, uint8 or float32."""
    if ddepth not in (CV_8U, CV_32F):
        raise ArgumentError(f"ddepth is {shown(ddepth)}, expected CV_32F ({CV_32F}) or CV_8U")
    if not isinstance(image, np.ndarray):
        hint = "; is the file there that it was read from?" if image is None else ""
        raise ArgumentError(f"the image is {shown(image)}, expected an array{hint}")
    if image.dtype.kind not in "uif":
        raise ArgumentError(f"the image holds {image.dtype}, expected uint8 or float32")
    if ddepth == CV_8U and image.dtype != np.uint8:
        raise ArgumentError(f"a blob of CV_8U is made of uint8, and the image holds {image.dtype}")
    planes = image[:, :, None] if image.ndim == 2 else image
    if planes.ndim != 3 or planes.shape[2] not in (1, 3, 4) or not planes.size:
        raise ShapeError(
            f"the image has shape {shape_text(image.shape)}, expected height×width, or "
            "height×width×1, 3 or 4"
        )
    planes = planes.transpose(2, 0, 1)
    return planes if image.dtype == np.uint8 else planes.astype(np.float32)


def _width_and_height(size: Sequence[int]) -> tuple[int, int] | None:
    """The size asked for; None for (0, 0)."""
    given = whole_numbers(size, "size")
    if len(given) != 2 or (min(given) < 1 and given != (0, 0)):
        raise ArgumentError(f"size is {shown(size)}, expected a width and a height, both above 0")
    return None if given == (0, 0) else (given[0], given[1])


def _resized(planes: np.ndarray, height: int, width: int, crop: bool) -> np.ndarray:
    old = planes.shape[1:]
    if old == (height, width):
        return planes
    if not crop:
        return resize_linear(planes, height, width)
    factor = max(np.float32(width) / np.float32(old[1]), np.float32(height) / np.float32(old[0]))
    rows, columns = (int(np.rint(side * float(factor))) for side in old)
    step = 1 / float(factor)
    larger = resize_linear(planes, max(rows, height), max(columns, width), (step, step))
    top, left = (rows - height) // 2, (columns - width) // 2
    return larger[:, max(top, 0) :, max(left, 0) :][:, :height, :width]
