"""Classification of windows in images (pycaffe's ``Detector``).

After Girshick, Donahue, Darrell and Malik, *Rich feature hierarchies for accurate object
detection and semantic segmentation*, CVPR 2014 (arXiv:1311.2524).
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, TypedDict, cast

import numpy as np

from minicaffe import io
from minicaffe.arguments import refuse_old_keywords, shown, whole_number
from minicaffe.blob import as_numbers, shape_text
from minicaffe.classifier import image_transformer
from minicaffe.errors import ArgumentError, MinicaffeError, ShapeError
from minicaffe.net.net import TEST, Net

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from minicaffe.options import NetKeywords


#: ymin, xmin, ymax, xmax.
Window = Sequence[float] | np.ndarray


class Detection(TypedDict):
    """A window and what the net says of it.

    Attributes:
        window: ymin, xmin, ymax, xmax, as they were given.
        prediction: the net's first output for it.
        filename: the image.
    """

    window: Window
    prediction: np.ndarray
    filename: str


class Detector(Net):
    """A net that scores windows of images.

    Args:
        model_file: the net's prototxt; its first input takes the windows.
        pretrained_file: its weights.
        mean, input_scale, raw_scale, channel_swap: as :class:`minicaffe.io.Transformer`
            takes them.
        context_pad: how many pixels at each border of the net's input are to show what is
            around the window; None shows only the window.
        options: what else :class:`Net` takes, such as ``allow_python_layers=False``.

    Raises:
        ArgumentError: an argument of the pycaffe of 2014, such as ``gpu``.
        GraphError: the net has no input blob.
        MinicaffeError: what :class:`Net` and the transformer raise.
    """

    def __init__(
        self,
        model_file: str | os.PathLike[str],
        pretrained_file: str | os.PathLike[str] | None,
        mean: np.ndarray | None = None,
        input_scale: float | None = None,
        raw_scale: float | None = None,
        channel_swap: Sequence[int] | None = None,
        context_pad: int | None = None,
        **options: Unpack[NetKeywords],
    ) -> None:
        refuse_old_keywords(options)
        super().__init__(model_file, TEST, weights=pretrained_file, **options)
        self.transformer = image_transformer(self, mean, input_scale, raw_scale, channel_swap)
        self.configure_crop(context_pad)

    def detect_windows(
        self, images_windows: Iterable[tuple[str, Iterable[Window]]]
    ) -> list[Detection]:
        """Score windows.

        Args:
            images_windows: pairs of an image file and its windows (ymin, xmin, ymax, xmax).
                Images are loaded in grey for a net whose input has one channel.

        Returns:
            For each window a dict, see :class:`Detection`.

        Raises:
            DataError: an image cannot be read.
            ShapeError: a window lies outside its image, or is none.
        """
        name = self.inputs[0]
        color = self.blobs[name].shape[1] != 1
        places: list[tuple[str, Window]] = []
        prepared: list[np.ndarray] = []
        for filename, windows in _pairs(images_windows):
            image = io.load_image(filename, color)
            for window in windows:
                try:
                    crop = self.crop(image, window)
                except ShapeError as error:
                    raise error.locate(path=str(filename)) from None
                prepared.append(self.transformer.preprocess(name, crop))
                places.append((filename, window))
        if not prepared:
            return []
        scores = self.forward_all(None, **{name: np.stack(prepared)})[self.outputs[0]]
        return [
            Detection(window=window, prediction=prediction, filename=filename)
            for (filename, window), prediction in zip(places, scores, strict=True)
        ]

    def detect_selective_search(self, image_fnames: Iterable[str]) -> list[Detection]:
        """Score the windows that Selective Search proposes for each image file.

        The proposals come from the package ``selective_search_ijcv_with_python``, which runs
        MATLAB; minicaffe brings neither.

        Raises:
            MinicaffeError: that package is not there.
        """
        try:
            search = importlib.import_module("selective_search_ijcv_with_python")
        except ImportError as error:
            raise MinicaffeError(
                "selective search needs the package selective_search_ijcv_with_python and "
                "MATLAB; give windows of your own to detect_windows instead"
            ) from error
        files = [os.path.abspath(name) for name in image_fnames]
        windows = search.get_windows(files, cmd="selective_search_rcnn")
        return self.detect_windows(zip(files, windows, strict=True))

    def crop(self, im: np.ndarray, window: Window) -> np.ndarray:
        """Cut a window from an image.

        Args:
            im: height × width × channels.
            window: ymin, xmin, ymax, xmax.

        Returns:
            The window, or with ``context_pad`` the window with its surroundings, of the
            size of the net's input; the mean fills what is outside the image.

        Raises:
            ShapeError: nothing of the window is inside the image; it does not hold four finite
                numbers, or ends before it begins; the image has other channels than the input.
        """
        box, im = _window(window), as_numbers(im, "the image")
        if self.context_pad:
            return self._crop_with_context(im, box)
        top, left, bottom, right = box.astype(int)
        crop = im[top:bottom, left:right]
        if crop.size == 0:
            raise self._outside(im, window)
        return crop

    def _crop_with_context(self, im: np.ndarray, window: np.ndarray) -> np.ndarray:
        channels = self.crop_dims[2]
        if im.ndim != 3 or im.shape[2] != channels:
            raise ShapeError(
                f"an image of shape {shape_text(im.shape)}, expected height×width×{channels}: the "
                f"net's input has {channels} channel(s)"
            )
        size = self.blobs[self.inputs[0]].width  # the input is square
        scale = size / (size - self.context_pad * 2.0)
        half = np.array([window[2] - window[0] + 1, window[3] - window[1] + 1]) / 2.0
        centre = window[:2] + half
        box = np.round(np.concatenate([centre - scale * half, centre + scale * half]))
        zoom = size / (box[2:] - box[:2] + 1)
        pad = np.round(np.maximum(0, -box[:2]) * zoom).astype(int)  # in front of the image
        box = np.clip(box, 0, np.tile(im.shape[:2], 2)).astype(int)
        inside = np.round((box[2:] - box[:2] + 1) * zoom).astype(int)
        inside = np.minimum(inside, size - pad)
        part = im[box[0] : box[2], box[1] : box[3]]
        if part.size == 0 or inside.min() < 1:
            raise self._outside(im, window)
        crop = np.ones(self.crop_dims, np.float32) * self.crop_mean
        target = crop[pad[0] : pad[0] + inside[0], pad[1] : pad[1] + inside[1]]
        target[...] = io.resize_image(part, inside)
        return crop

    def _outside(self, im: np.ndarray, window: Window) -> ShapeError:
        return ShapeError(
            f"window {list(map(float, window))} (ymin, xmin, ymax, xmax) has nothing of the "
            f"image, which is {shape_text(im.shape[:2])} (height×width)"
        )

    def configure_crop(self, context_pad: int | None) -> None:
        """Set how much context windows get, and prepare the mean that fills the outside.

        Args:
            context_pad: pixels at each border of the net's input; None or 0 for none.

        Raises:
            ShapeError: the context leaves nothing of the window, or the input is not square,
                which Caffe's way of cutting takes for granted.
        """
        name = self.inputs[0]
        shape = self.blobs[name].shape
        back = np.argsort(self.transformer.transpose[name])
        self.crop_dims = np.array(shape[1:])[back]
        context_pad = whole_number(0 if context_pad is None else context_pad, "context_pad", 0)
        if context_pad and 2 * context_pad >= shape[-1]:
            raise ShapeError(
                f"context_pad is {context_pad} on each side of an input {shape[-1]} wide, "
                "which leaves nothing of the window"
            )
        if context_pad and shape[-2] != shape[-1]:
            raise ShapeError(
                f"context_pad needs a square input, and '{name}' is {shape_text(shape[-2:])} "
                "(height×width); use context_pad 0"
            )
        self.context_pad = context_pad
        mean = self.transformer.mean.get(name)
        if mean is None:
            self.crop_mean = np.zeros(self.crop_dims, np.float32)
            return
        # The outside is filled before the transformer's steps, so they are undone here.
        crop_mean = np.array(mean, np.float32)
        if crop_mean.ndim == 2:
            crop_mean = crop_mean[np.newaxis]
        crop_mean = crop_mean.transpose(back)
        order = self.transformer.channel_swap.get(name)
        if order is not None and crop_mean.shape[2] > 1:
            crop_mean = crop_mean[:, :, np.argsort(order)]
        self.crop_mean = crop_mean / self.transformer.raw_scale.get(name, 1)


def _pairs(images_windows: Iterable[object]) -> Iterator[tuple[str, Iterator[Window]]]:
    """Each image with its windows, one after the other.

    Raises:
        ArgumentError: it is no list of such pairs.
    """
    wrong = ArgumentError(
        f"images_windows is {shown(images_windows)}, expected pairs of an image file and a list of "
        'its windows, such as [("cat.jpg", [(ymin, xmin, ymax, xmax)])]'
    )
    if not np.iterable(images_windows):
        raise wrong
    for pair in images_windows:
        try:
            filename, windows = cast(tuple[str, Iterable[Window]], pair)
            each = iter(windows)
        except (TypeError, ValueError):
            raise wrong from None
        yield filename, each


def _window(given: Window) -> np.ndarray:
    """A window's four numbers, none further out than an index can be.

    Raises:
        ShapeError: they are others than four finite ones, or the last two are the smaller ones.
    """
    box = as_numbers(given, "a window").astype(np.float64)
    if box.shape != (4,) or not np.isfinite(box).all() or (box[2:] < box[:2]).any():
        raise ShapeError(
            f"window {np.array2string(box, threshold=8)}, expected four finite numbers: ymin, "
            "xmin, ymax, xmax, each max at least its min"
        )
    return np.clip(box, -(2.0**31), 2.0**31)
