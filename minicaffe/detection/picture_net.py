"""Nets for use that look at pictures, each with the preparation that its pictures want."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from minicaffe.arguments import file_name, shown
from minicaffe.blob import shape_text
from minicaffe.data.images import Color, read_image, to_gray
from minicaffe.detection.preparation import Preparation, find_preparation, prepared_by_user
from minicaffe.errors import ArgumentError, GraphError, ShapeError
from minicaffe.net.given import net_parameter
from minicaffe.net.net import TEST, Net

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from minicaffe.options import NetKeywords

#: A file's name, or an array.
Picture = str | os.PathLike[str] | np.ndarray


class PictureNet:
    """A net for use, with the preparation that its pictures want.

    Args:
        model: the net's prototxt, the one for use ("deploy").
        weights: its weights; None leaves the fillers' values.
        mean: what is subtracted, one number or one a channel in the net's order; found in the
            net's own files by default (see :func:`find_preparation`), as the next one.
        scale: the factor after that.
        rgb: whether the net takes red, green, blue; by default blue, green, red, as Caffe.
        options: what else :class:`minicaffe.Net` takes.

    Attributes:
        net: the net.
        input: the name of the blob that pictures go into.
        preparation: what becomes of a picture before.

    Raises:
        GraphError: the net has no input for pictures.
        MinicaffeError: what :class:`minicaffe.Net` raises.
    """

    #: Whether gradients reach every blob, the input's too.
    gradients: ClassVar[bool] = False

    def __init__(
        self,
        model: str | os.PathLike[str],
        weights: str | os.PathLike[str] | None,
        *,
        mean: float | Sequence[float] | None = None,
        scale: float | None = None,
        rgb: bool | None = None,
        **options: Unpack[NetKeywords],
    ) -> None:
        path = file_name(model, "model")
        param, _ = net_parameter(path, None)
        if self.gradients:
            param.force_backward = True
        values = None if mean is None else np.atleast_1d(np.asarray(mean, np.float64)).tolist()
        settings: NetKeywords = {"path": path}
        settings.update(options)
        self.net = Net(param, TEST, weights=weights, **settings)
        self.input = picture_input(self.net)
        found = self.completed(find_preparation(path, param))
        self.preparation = prepared_by_user(found, mean=values, scale=scale, rgb=rgb)

    def completed(self, found: Preparation) -> Preparation:
        """What the net's files say of its pictures, and what else is known of its kind of net."""
        return found

    @property
    def channels(self) -> int:
        """How many channels the net's pictures have."""
        return self.net.blobs[self.input].shape[1]

    def read(self, image: Picture) -> np.ndarray:
        """A picture in its own size.

        Args:
            image: a file's name, or height × width × 3 (blue, green, red; as OpenCV reads images)
                or height × width, uint8.

        Returns:
            channels × height × width, uint8, with as many channels as the net takes, blue first.

        Raises:
            DataError: the file cannot be read.
            ArgumentError: an array of another type than uint8.
            ShapeError: the array is no picture.
        """
        if isinstance(image, str | os.PathLike):
            color = Color.GRAY if self.channels == 1 else Color.COLOR
            return read_image(file_name(image, "image"), color, upright=True)
        return self.fit_channels(channels_first(image))

    def fit_channels(self, pixels: np.ndarray) -> np.ndarray:
        """channels × height × width with as many channels as the net takes: grey where one."""
        if len(pixels) == self.channels:
            return pixels
        return to_gray(pixels) if self.channels == 1 else np.repeat(pixels, 3, axis=0)

    def reshape(self, shape: tuple[int, ...]) -> None:
        """Bring the input, and with it the net, to another shape."""
        blob = self.net.blobs[self.input]
        if blob.shape != shape:
            blob.reshape(*shape)
            self.net.reshape()


def channels_first(image: object) -> np.ndarray:
    """An array of a picture as channels × height × width.

    Raises:
        ArgumentError: it is no array of uint8.
        ShapeError: it has other axes.
    """
    if not isinstance(image, np.ndarray) or image.dtype != np.uint8:
        kind = f"an array of {image.dtype}" if isinstance(image, np.ndarray) else shown(image)
        raise ArgumentError(f"the picture is {kind}, expected a file's name or an array of uint8")
    pixels = image[:, :, None] if image.ndim == 2 else image
    if pixels.ndim != 3 or pixels.shape[2] not in (1, 3) or not pixels.size:
        raise ShapeError(
            f"the picture has shape {shape_text(image.shape)}, expected height×width×3 (blue, "
            "green, red) or height×width"
        )
    return pixels.transpose(2, 0, 1)


def picture_input(net: Net) -> str:
    """The first input blob of four axes.

    Raises:
        GraphError: there is none.
    """
    for name in net.inputs:
        shape = net.blobs[name].shape
        if len(shape) == 4 and shape[1] in (1, 3):
            return name
    raise GraphError(
        "the net has no input of 1 or 3 channels for pictures; expected a deploy prototxt, which "
        "begins with an Input layer",
        path=net.path,
    )
