"""From images, height × width × channels, to a net's input, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

from minicaffe.arguments import shown, whole_numbers
from minicaffe.blob import as_numbers, shape_text
from minicaffe.errors import ArgumentError, DataError, GraphError, ShapeError, did_you_mean
from minicaffe.io.image_shapes import wrong_image
from minicaffe.io.images import resize_image


class Transformer:
    """Turns images into what a net's input blobs hold.

    For an image x of height × width × channels the input is::

        (channel_swap(transpose(resize(x))) · raw_scale - mean) / std · input_scale

    where every step is left out that has not been set.

    Args:
        inputs: the shape of each input blob by name, such as
            ``{"data": net.blobs["data"].data.shape}``.
    """

    def __init__(self, inputs: Mapping[str, Sequence[int]]) -> None:
        self.inputs = inputs
        self.transpose: dict[str, Sequence[int]] = {}
        self.channel_swap: dict[str, Sequence[int]] = {}
        self.raw_scale: dict[str, ArrayLike] = {}
        self.mean: dict[str, np.ndarray] = {}
        self.std: dict[str, np.ndarray] = {}
        self.input_scale: dict[str, ArrayLike] = {}

    def _shape(self, in_: str) -> tuple[int, ...]:
        """The blob's shape.

        Raises:
            GraphError: there is no such input.
            ArgumentError: this is no name.
        """
        if not isinstance(in_, str):
            raise ArgumentError(f"the name of an input is expected first, not {shown(in_)}")
        if in_ not in self.inputs:
            hint = did_you_mean(in_, self.inputs)
            raise GraphError(f"'{in_}' is not one of the inputs {sorted(self.inputs)}{hint}")
        return tuple(self.inputs[in_])

    def preprocess(self, in_: str, data: np.ndarray) -> np.ndarray:
        """One image as the net wants it. (pycaffe's changes the given image; this does not.)

        Args:
            in_: the input blob's name.
            data: height × width × channels, of any size and type.

        Returns:
            float32, channels × height × width of the blob (if transposed so).

        Raises:
            GraphError: there is no such input.
            ShapeError: the image cannot be resized.
        """
        size = self._shape(in_)[2:]
        image = np.asarray(data)
        self._check_image(in_, image)
        if image.shape[:2] != size:
            image = resize_image(np.asarray(image, np.float32), size)
        else:
            image = np.array(image, np.float32)
        if in_ in self.transpose:
            image = image.transpose(self.transpose[in_])
        if in_ in self.channel_swap:
            image = image[list(self.channel_swap[in_])]
        if in_ in self.raw_scale:
            image *= self.raw_scale[in_]
        if in_ in self.mean:
            image -= self.mean[in_]
        if in_ in self.std:
            image /= self.std[in_]
        if in_ in self.input_scale:
            image *= self.input_scale[in_]
        return image

    def _check_image(self, in_: str, image: np.ndarray) -> None:
        """Refuse an image with which a step would fail: too few axes, or too few channels.

        Raises:
            ShapeError: says what is wrong with the image.
        """
        order = self.transpose.get(in_)
        if order is None:
            return
        channels = self._shape(in_)[1]
        fits = len(order) == image.ndim
        if fits:
            own = image.shape[order[0]]
            fits = in_ not in self.channel_swap or own > max(self.channel_swap[in_])
            mean = np.shape(self.mean[in_]) if in_ in self.mean else ()
            fits = fits and (len(mean) != 3 or mean[0] in (1, own))
        if not fits:
            reason = wrong_image(image.shape, channels)
            raise ShapeError(f"input '{in_}': {reason or 'it does not fit the transposition'}")

    def deprocess(self, in_: str, data: np.ndarray) -> np.ndarray:
        """The image again, from an item of the input blob: each step of ``preprocess`` undone.

        Only the size stays the net's. Axes of length 1 are dropped first, but where there
        are channels to reorder only those in front of them are.

        Raises:
            GraphError: there is no such input.
        """
        axes = len(self._shape(in_)) - 1
        data = as_numbers(data, f"input '{in_}'")
        dtype = data.dtype if np.issubdtype(data.dtype, np.floating) else np.float32
        image = np.array(data, dtype)
        if in_ in self.transpose or in_ in self.channel_swap:
            while image.ndim > axes and len(image) == 1:
                image = image[0]
        else:
            image = image.squeeze()
        if in_ in self.input_scale:
            image /= self.input_scale[in_]
        if in_ in self.std:
            image *= self.std[in_]
        if in_ in self.mean:
            image += self.mean[in_]
        if in_ in self.raw_scale:
            image /= self.raw_scale[in_]
        if in_ in self.channel_swap:
            image = image[np.argsort(self.channel_swap[in_])]
        if in_ in self.transpose:
            image = image.transpose(np.argsort(self.transpose[in_]))
        return image

    def set_transpose(self, in_: str, order: Sequence[int]) -> None:
        """Set the order of the axes: (2, 0, 1) for images of height × width × channels.

        Raises:
            ShapeError: not as many axes as an item of the blob has, or one of them twice.
            ArgumentError: these are no whole numbers.
        """
        axes = len(self._shape(in_)) - 1
        order = whole_numbers(order, "the transpose order")
        if len(order) != axes:
            raise ShapeError(
                f"transpose order {tuple(order)} for input '{in_}' names {len(order)} axes, "
                f"expected {axes}"
            )
        if sorted(order) != list(range(axes)):
            raise ShapeError(
                f"transpose order {order} for input '{in_}', expected each of 0 to {axes - 1} once"
            )
        self.transpose[in_] = order

    def set_channel_swap(self, in_: str, order: Sequence[int]) -> None:
        """Set the order of the channels, after transposing: (2, 1, 0) makes RGB to BGR.

        Raises:
            ShapeError: not as many channels as the blob has, or others.
            ArgumentError: these are no whole numbers.
        """
        channels = self._shape(in_)[1]
        order = whole_numbers(order, "the channel swap")
        if len(order) != channels:
            raise ShapeError(
                f"channel swap {tuple(order)} for input '{in_}' names {len(order)} channels, "
                f"expected {channels}"
            )
        if not all(-channels <= channel < channels for channel in order):
            raise ShapeError(
                f"channel swap {order} for input '{in_}', whose channels are 0 to {channels - 1}"
            )
        self.channel_swap[in_] = order

    def set_raw_scale(self, in_: str, scale: ArrayLike) -> None:
        """Set a factor before the mean: 255 for nets that were trained on 0 to 255."""
        self._shape(in_)
        as_numbers(scale, f"the raw scale of input '{in_}'")
        self.raw_scale[in_] = scale

    def set_mean(self, in_: str, mean: np.ndarray) -> None:
        """Set what is subtracted.

        Args:
            in_: the input blob's name.
            mean: one number a channel, or channels × height × width (or height × width),
                resized to the blob's size where that differs.

        Raises:
            ShapeError: the mean has other channels than the blob, or no such shape.
        """
        shape = self._shape(in_)[1:]
        mean = np.asarray(mean)
        if mean.dtype.kind not in "fiu" or mean.ndim == 0:
            raise self._mean_error(in_, mean)
        if mean.ndim == 1:
            if len(mean) != shape[0]:
                raise self._mean_error(in_, mean)
            self.mean[in_] = mean[:, np.newaxis, np.newaxis]
            return
        image = mean[np.newaxis] if mean.ndim == 2 else mean
        if image.ndim != 3 or image.shape[0] not in (1, shape[0]):
            raise self._mean_error(in_, mean)
        if image.shape[1:] != shape[1:]:
            mean = resize_image(image.transpose(1, 2, 0), shape[1:]).transpose(2, 0, 1)
        self.mean[in_] = mean

    def _mean_error(self, in_: str, mean: np.ndarray) -> ShapeError:
        shape = self._shape(in_)[1:]
        found = f"has shape {shape_text(mean.shape)}" if mean.ndim else f"is {mean!s:.40}"
        return ShapeError(
            f"the mean {found}, but input '{in_}' is {shape_text(shape)}; expected an array of "
            f"{shape[0]} values, or channels×height×width"
        )

    def set_std(self, in_: str, std: ArrayLike) -> None:
        """Set what is divided by after the mean: one number, or one a channel. (Not pycaffe's.)

        Raises:
            ShapeError: not as many values as the blob has channels.
            DataError: one of them is not above 0.
        """
        channels = self._shape(in_)[1]
        values = np.asarray(std, np.float32).reshape(-1)
        if len(values) not in (1, channels):
            raise ShapeError(f"{len(values)} values of std for input '{in_}', expected {channels}")
        if not (values > 0).all():
            raise DataError(f"a std for input '{in_}' is {values.min():g}, expected above 0")
        self.std[in_] = values[:, np.newaxis, np.newaxis]

    def set_input_scale(self, in_: str, scale: ArrayLike) -> None:
        """Set a factor after everything else."""
        self._shape(in_)
        as_numbers(scale, f"the scale of input '{in_}'")
        self.input_scale[in_] = scale
