"""WindowData: windows of images, as R-CNN is trained on."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import numpy as np

from minicaffe.blob import Blob, shape_text
from minicaffe.blobproto import read_blob
from minicaffe.data.base_layer import PrefetchingLayer, positive, prefetch_depth, required
from minicaffe.data.image_list import root_without_slash
from minicaffe.data.images import Color, decode_image, resize_image
from minicaffe.data.prefetch import Producer
from minicaffe.data.records import State, derived_generator
from minicaffe.data.transformer import channel_factor, check_channel_values
from minicaffe.data.windows import Window, WindowList, place, read_window_file
from minicaffe.errors import DataError
from minicaffe.files import open_to_read
from minicaffe.layer import Blobs
from minicaffe.registry import register

logger = logging.getLogger("minicaffe")


@register("WindowData")
class WindowDataLayer(PrefetchingLayer):
    """Reads windows of image files: some that show objects, the others background.

    ``window_data_param``: source (see :func:`read_window_file`), root_folder (put before each
    path as it is), batch_size, fg_threshold (a window that overlaps an object at least so much
    shows it), bg_threshold (one that overlaps less is background, label 0; those between are not
    used), fg_fraction (share of a batch that shows objects, rounded down; they come last),
    context_pad and crop_mode ("warp" or "square"; see :func:`place`), cache_images (keep the
    files in memory), scale. ``transform_param``: crop_size (the side of the square that every
    window becomes), mirror, mean_file (its middle is used) or mean_value, std_value::

        top = (pixel - mean) · scale / std      0 where there is no image

    Tops: images (batch size × 3 × crop_size × crop_size) and labels (batch size). Windows are
    drawn at random, in both phases. ``transform_param { scale }`` does not count (Caffe's rule).

    Source: Girshick, Donahue, Darrell & Malik, "Rich feature hierarchies", 2014; Caffe's rule.
    """

    exact_tops = 2

    def make_producer(self, top: Blobs) -> Producer:
        """Read the window file."""
        self.prefetch_depth = prefetch_depth(self.param.data_param)
        if self.param.transform_param.scale != 1:
            logger.warning(
                "layer '%s': WindowData does not use transform_param { scale }, as in Caffe; "
                "write window_data_param { scale: %g }",
                self.param.name, self.param.transform_param.scale,
            )  # fmt: skip
        rng = derived_generator(self.rng)
        return WindowProducer(
            self.param.window_data_param, self.param.transform_param, rng, self.dtype
        )


class WindowProducer:
    """Batches of windows.

    Args:
        param: a ``WindowDataParameter``.
        transform: a ``TransformationParameter``.
        rng: for the windows and for mirroring.
        dtype: of the images.

    Raises:
        DataError: a setting is missing; the window file or the mean cannot be used.
    """

    def __init__(self, param: Any, transform: Any, rng: np.random.Generator, dtype: Any) -> None:
        self._param = param
        self._rng = rng
        self._dtype = np.dtype(dtype)
        self._batch_size = positive(param.batch_size, "batch_size")
        self._crop = positive(transform.crop_size, "transform_param { crop_size }")
        self._mirror = transform.mirror
        self._square = param.crop_mode == "square"
        if 2 * param.context_pad >= self._crop:
            raise DataError(
                f"context_pad is {param.context_pad}, which leaves nothing of crop_size "
                f"{self._crop}; expected less than half of it"
            )
        self._source = required(param, "source")
        listed = read_window_file(self._source)
        if listed.channels != 3:
            raise DataError(
                f"the window file '{self._source}' says {listed.channels} channel(s), expected 3: "
                "images are read in colour"
            )
        if listed.paths and (reason := root_without_slash(param.root_folder, listed.paths[0])):
            raise DataError(f"root_folder {reason}")
        self._paths = [param.root_folder + path for path in listed.paths]
        self._files: dict[int, bytes] = {}
        if param.cache_images:
            self._files = {index: self._file(index) for index in range(len(self._paths))}
        self._count_object = int(np.float32(self._batch_size) * np.float32(param.fg_fraction))
        self._split(listed.windows)
        self._mean = self._read_mean(transform)
        self._factor = channel_factor(param.scale, transform.std_value, self._dtype)
        check_channel_values("std_value", self._factor.size, 3)

    def _split(self, windows: WindowList) -> None:
        """Into those with objects and those of background."""
        param, overlaps, labels = self._param, windows.overlaps, windows.labels
        self._windows = windows
        self._objects = np.flatnonzero(overlaps >= param.fg_threshold)
        wrong = self._objects[labels[self._objects] < 1]
        if len(wrong):
            unlabelled = windows[int(wrong[0])]
            raise DataError(
                f"'{self._paths[unlabelled.image]}' in '{self._source}' has a window of label "
                f"{unlabelled.label} that overlaps an object by {unlabelled.overlap:g}; expected a "
                "label of at least 1"
            )
        self._background = np.flatnonzero(
            (overlaps < param.bg_threshold) & (overlaps < param.fg_threshold)
        )
        for kind, found, wanted in (
            ("with an object", self._objects, self._count_object),
            ("of background", self._background, self._batch_size - self._count_object),
        ):
            if wanted and not len(found):
                raise DataError(
                    f"the window file '{self._source}' has no window {kind}, but {wanted} of "
                    f"a batch are to be (batch_size {self._batch_size}, fg_fraction "
                    f"{param.fg_fraction:g}); see fg_threshold and bg_threshold"
                )
        logger.info("Number of images: %d", len(self._paths))
        if len(self._background):
            logger.info("class %d has %d samples", 0, len(self._background))
        for label, count in zip(*np.unique(labels[self._objects], return_counts=True), strict=True):
            logger.info("class %d has %d samples", label, count)

    def _read_mean(self, transform: Any) -> np.ndarray | None:
        """The mean as an array that broadcasts to 3 × crop × crop."""
        if transform.HasField("mean_file"):
            if transform.mean_value:
                raise DataError("mean_file and mean_value are both set; keep one of them")
            logger.info("Loading mean file from: %s", transform.mean_file)
            mean = read_blob(transform.mean_file, inner=True).astype(self._dtype)
            mean = mean[0] if mean.ndim == 4 and len(mean) == 1 else mean
            if mean.ndim != 3 or len(mean) != 3 or min(mean.shape[1:]) < self._crop:
                raise DataError(
                    f"the mean in '{transform.mean_file}' has shape {shape_text(mean.shape)}, "
                    f"expected 3 channels of at least {self._crop}×{self._crop}"
                )
            # Caffe's rule: the width's margin on both axes
            start = min((mean.shape[2] - self._crop) // 2, mean.shape[1] - self._crop)
            return mean[:, start : start + self._crop, start : start + self._crop]
        if transform.mean_value:
            check_channel_values("mean_value", len(transform.mean_value), 3)
            return np.array(transform.mean_value, self._dtype).reshape(-1, 1, 1)
        return None

    def shapes(self) -> list[tuple[int, ...]]:
        """(batch size, 3, crop size, crop size) and (batch size,)."""
        return [(self._batch_size, 3, self._crop, self._crop), (self._batch_size,)]

    def produce(self, blobs: Sequence[Blob]) -> None:
        """Draw a batch: background first, then objects."""
        for blob, shape in zip(blobs, self.shapes(), strict=True):
            blob.reshape(*shape)
        images, labels = (blob.data for blob in blobs)
        images[...] = 0
        first = self._batch_size - self._count_object
        for index in range(self._batch_size):
            kind = self._background if index < first else self._objects
            window = self._windows[int(kind[self._rng.integers(len(kind))])]
            self._fill(images[index], window, self._mirror and bool(self._rng.integers(2)))
            labels[index] = window.label if index >= first else 0

    def _fill(self, target: np.ndarray, window: Window, mirrored: bool) -> None:
        data = self._file(window.image)
        try:
            image = decode_image(data, Color.COLOR)
            where = place(
                window, (image.shape[1], image.shape[2]), self._crop, self._param.context_pad,
                square=self._square, mirrored=mirrored,
            )  # fmt: skip
        except DataError as error:
            path = self._paths[window.image]
            raise DataError(
                f"image '{path}': {error.message}; listed in '{self._source}'"
            ) from error.__cause__
        part = resize_image(image[:, where.rows, where.columns], where.height, where.width)
        part = part[:, :, ::-1] if mirrored else part
        rows = slice(where.top, where.top + where.height)
        columns = slice(where.left, where.left + where.width)
        out = target[:, rows, columns]
        if self._mean is None:
            out[...] = part
        else:
            whole = self._mean.shape[1:] == target.shape[1:]
            np.subtract(part, self._mean[:, rows, columns] if whole else self._mean, out=out)
        out *= self._factor

    def _file(self, index: int) -> bytes:
        if index in self._files:
            return self._files[index]
        try:
            with open_to_read(self._paths[index]) as stream:
                return stream.read()
        except OSError as reason:
            raise DataError(
                f"cannot read image '{self._paths[index]}': {reason.strerror}; listed in "
                f"'{self._source}'"
            ) from reason

    def state(self) -> State:
        """The generator's state."""
        return {"generator": self._rng.bit_generator.state}

    def restore(self, state: State) -> None:
        """Go back to when ``state()`` was taken."""
        self._rng.bit_generator.state = state["generator"]

    def close(self) -> None:
        """Nothing is held open."""
