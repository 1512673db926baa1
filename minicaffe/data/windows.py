"""Batches of windows, rectangles of images: where each goes in a square, cut and resized."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from minicaffe.blob import Blob, shape_text
from minicaffe.data.augmentation import Augmenter, copy_colours
from minicaffe.data.batch_reader import at_least_one, required_text
from minicaffe.data.data_transformer import (
    channel_factor,
    check_channel_values,
    transform_mistakes,
)
from minicaffe.data.image_list import root_without_slash
from minicaffe.data.images import Color, decode_image, resize_linear, rounded
from minicaffe.data.source import State, part_of
from minicaffe.data.window_file import Window, read_window_file
from minicaffe.errors import DataError, MinicaffeError, raised_by
from minicaffe.errors.reading import cannot_read, listed_in, shown_name
from minicaffe.files import open_to_read
from minicaffe.proto import caffe_pb2
from minicaffe.weights.blob_proto import read_blob

logger = logging.getLogger("minicaffe")


@dataclass(frozen=True)
class Placement:
    """Which part of an image goes where in the square that the net sees.

    Attributes:
        rows, columns: the part.
        height, width: its size in the square.
        top, left: where it begins there.
    """

    rows: slice
    columns: slice
    height: int
    width: int
    top: int = 0
    left: int = 0


def place(
    window: Window,
    size: Sequence[int],
    crop: int,
    context_pad: int = 0,
    *,
    square: bool = False,
    mirrored: bool = False,
) -> Placement:
    """Where a window goes in a square of side ``crop``.

    Without ``context_pad`` and ``square`` the window fills it. Else the window is widened so
    that its own part is ``context_pad`` pixels away from each border (with ``square``, that of
    its longer side), and what lies outside the image stays empty.

    Args:
        window: the rectangle.
        size: (height, width) of the image.
        mirrored: the part will be turned left to right, and the empty margins with it.

    Raises:
        DataError: the window lies outside the image, or nothing of it would be left.
    """
    height, width = size
    name = f"the window ({window.x1}, {window.y1}) to ({window.x2}, {window.y2})"
    if not (context_pad or square):
        columns, rows = slice(window.x1, window.x2 + 1), slice(window.y1, window.y2 + 1)
        if not (
            0 <= columns.start < columns.stop <= width and 0 <= rows.start < rows.stop <= height
        ):
            raise DataError(f"{name} does not lie in the image of {height}×{width} (height×width)")
        return Placement(rows, columns, crop, crop)
    across, down = _widened(window, crop, context_pad, square)
    columns, wide, left = _fit(*across, width, crop, swap=mirrored)
    rows, high, top = _fit(*down, height, crop)
    if min(high, wide, columns.stop - columns.start, rows.stop - rows.start) < 1:
        raise DataError(
            f"{name}, widened by context_pad {context_pad} or crop_mode, has nothing in common "
            f"with the image of {height}×{width} (height×width); remove it from the window file"
        )
    return Placement(rows, columns, high, wide, top, left)


def _widened(
    window: Window, crop: int, pad: int, square: bool
) -> tuple[tuple[int, int], tuple[int, int]]:
    """((x1, x2), (y1, y2)) of the window with its surroundings; may lie outside the image."""
    single = np.float32  # as Caffe computes; its roundings decide pixels
    scale = single(crop) / single(crop - 2 * pad)
    half = [single((b - a + 1) / 2) for a, b in _sides(window)]
    centres = [single(a) + h for (a, _), h in zip(_sides(window), half, strict=True)]
    if square:
        half = [max(half)] * 2
    x, y = (
        (rounded(centre - h * scale), rounded(centre + h * scale))
        for centre, h in zip(centres, half, strict=True)
    )
    return x, y


def _sides(window: Window) -> tuple[tuple[int, int], tuple[int, int]]:
    return (window.x1, window.x2), (window.y1, window.y2)


def _fit(
    first: int, last: int, size: int, crop: int, *, swap: bool = False
) -> tuple[slice, int, int]:
    """Along one axis: the pixels inside the image, their length in the square, and the empty
    pixels before them (after them, with ``swap``)."""
    before, after = max(0, -first), max(0, last - size + 1)
    scale = np.float32(crop) / np.float32(last - first + 1)
    inside = slice(first + before, last - after + 1)
    margin = rounded(np.float32(after if swap else before) * scale)
    length = rounded(np.float32(inside.stop - inside.start) * scale)
    return inside, min(length, crop - margin), margin


class WindowImages:
    """The image files that a window file lists, read when they are asked for.

    Args:
        source: the window file, for messages.
        paths: the images.
        in_memory: read all files at once and keep their bytes (decoded images would take more).

    Raises:
        DataError: with ``in_memory``, a file cannot be read.
    """

    def __init__(self, source: str, paths: Sequence[str], *, in_memory: bool) -> None:
        self._source = source
        self.paths = paths
        self._files: dict[int, bytes] = {}
        if in_memory:
            self._files = {index: self._file(index) for index in range(len(paths))}

    def cut(
        self, window: Window, crop: int, context_pad: int, *, square: bool, mirrored: bool
    ) -> tuple[np.ndarray, Placement]:
        """A window's pixels, of the size that they have in the net's square, and their place.

        Args:
            window, crop, context_pad, square, mirrored: as for :func:`place`.

        Returns:
            3 × height × width, uint8 (blue, green, red), and where they go.

        Raises:
            DataError: the file is no image, or the window does not lie in it.
        """
        data = self._file(window.image)
        try:
            image = decode_image(data, Color.COLOR)
            where = place(
                window, image.shape[1:], crop, context_pad, square=square, mirrored=mirrored
            )
        except DataError as error:
            who = f"image '{self.paths[window.image]}'"
            raise listed_in(error, self._source, who) from error.__cause__
        pixels = resize_linear(image[:, where.rows, where.columns], where.height, where.width)
        return (pixels[:, :, ::-1] if mirrored else pixels), where

    def _file(self, index: int) -> bytes:
        if index in self._files:
            return self._files[index]
        try:
            with open_to_read(self.paths[index]) as stream:
                return stream.read()
        except OSError as reason:
            missing = cannot_read(self.paths[index], reason, what="image")
            raise listed_in(missing, self._source) from reason


def window_mistakes(
    param: caffe_pb2.WindowDataParameter, transform: caffe_pb2.TransformationParameter
) -> Iterator[MinicaffeError]:
    """What is wrong with a ``window_data_param`` and its ``transform_param`` whatever the files."""
    yield from raised_by(at_least_one, param.batch_size, "batch_size")
    crop = transform.crop_size
    yield from raised_by(at_least_one, crop, "transform_param { crop_size }")
    if crop and 2 * param.context_pad >= crop:
        yield DataError(
            f"context_pad is {param.context_pad}, which leaves nothing of crop_size {crop}; "
            "expected less than half of it"
        )
    yield from raised_by(required_text, param, "source")
    yield from transform_mistakes(transform)
    for field in ("mean_value", "std_value"):
        if values := getattr(transform, field):
            yield from raised_by(check_channel_values, field, len(values), 3)


class WindowBatchReader:
    """Batches of windows drawn at random: some of background, then some with objects.

    Args:
        param: a layer's ``window_data_param``.
        transform: its ``transform_param``.
        phase: in ``TRAIN`` the windows' colours are changed, as an ``Augmenter`` does it.
        rng: for the windows, for mirroring and colours.
        dtype: of the images.

    Raises:
        DataError: a setting is missing; the window file or the mean cannot be used.
    """

    def __init__(
        self,
        param: caffe_pb2.WindowDataParameter,
        transform: caffe_pb2.TransformationParameter,
        phase: int,
        rng: np.random.Generator,
        dtype: np.dtype,
    ) -> None:
        self._param, self._rng, self._mirror = param, rng, transform.mirror
        for mistake in window_mistakes(param, transform):
            raise mistake
        colours = caffe_pb2.TransformationParameter()
        copy_colours(transform, colours)
        self._augmenter = Augmenter(colours, phase, rng)
        self._batch_size, self._crop, source = param.batch_size, transform.crop_size, param.source
        listed = read_window_file(source)
        if listed.channels != 3:
            raise DataError(
                f"the window file '{source}' says {listed.channels} channel(s), expected 3: "
                "images are read in colour"
            )
        if listed.paths and (reason := root_without_slash(param.root_folder, listed.paths[0])):
            raise DataError(f"root_folder {reason}")
        paths = [param.root_folder + path for path in listed.paths]
        self._images = WindowImages(source, paths, in_memory=param.cache_images)
        self._windows = listed.windows
        self._count_object = int(np.float32(self._batch_size) * np.float32(param.fg_fraction))
        self._background, self._objects = self._split(source)
        self._mean = _read_mean(transform, self._crop, dtype)
        self._factor = channel_factor(param.scale, transform.std_value, dtype)

    def _split(self, source: str) -> tuple[np.ndarray, np.ndarray]:
        """The numbers of the windows of background, and of those that show objects."""
        param, windows, paths = self._param, self._windows, self._images.paths
        overlaps, labels = windows.overlaps, windows.labels
        objects = np.flatnonzero(overlaps >= param.fg_threshold)
        wrong = objects[labels[objects] < 1]
        if len(wrong):
            unlabelled = windows[int(wrong[0])]
            raise DataError(
                f"'{paths[unlabelled.image]}' in '{source}' has a window of label "
                f"{unlabelled.label} that overlaps an object by {unlabelled.overlap:g}; expected a "
                "label of at least 1"
            )
        background = np.flatnonzero(
            (overlaps < param.bg_threshold) & (overlaps < param.fg_threshold)
        )
        for kind, found, wanted in (
            ("with an object", objects, self._count_object),
            ("of background", background, self._batch_size - self._count_object),
        ):
            if wanted and not len(found):
                raise DataError(
                    f"the window file '{source}' has no window {kind}, but {wanted} of "
                    f"a batch are to be (batch_size {self._batch_size}, fg_fraction "
                    f"{param.fg_fraction:g}); see fg_threshold and bg_threshold"
                )
        logger.info("Number of images: %d", len(paths))
        if len(background):
            logger.info("class %d has %d samples", 0, len(background))
        for label, count in zip(*np.unique(labels[objects], return_counts=True), strict=True):
            logger.info("class %d has %d samples", label, count)
        return background, objects

    def shapes(self) -> list[tuple[int, ...]]:
        """(batch size, 3, crop size, crop size) and (batch size,)."""
        return [(self._batch_size, 3, self._crop, self._crop), (self._batch_size,)]

    def read_batch(self, blobs: Sequence[Blob]) -> None:
        """Draw a batch: background first, then objects."""
        for blob, shape in zip(blobs, self.shapes(), strict=True):
            blob.reshape(*shape)
        images, labels = (blob.data for blob in blobs)
        images[...] = 0
        first = self._batch_size - self._count_object
        for index, (window, mirrored) in enumerate(self._drawn()):
            self._fill(images[index], *self._pixels(window, mirrored))
            labels[index] = window.label if index >= first else 0

    def _drawn(self) -> Iterator[tuple[Window, bool]]:
        """The windows of a batch, each drawn after the colours of the last, and whether it is
        mirrored."""
        first = self._batch_size - self._count_object
        for index in range(self._batch_size):
            kind = self._background if index < first else self._objects
            window = self._windows[int(kind[self._rng.integers(len(kind))])]
            yield window, self._mirror and bool(self._rng.integers(2))

    def _pixels(self, window: Window, mirrored: bool) -> tuple[np.ndarray, Placement]:
        """A window's pixels, their colours changed, and their place."""
        pixels, where = self._images.cut(
            window, self._crop, self._param.context_pad,
            square=self._param.crop_mode == "square", mirrored=mirrored,
        )  # fmt: skip
        return self._augmenter.changed(pixels[None])[0], where

    def _fill(self, target: np.ndarray, pixels: np.ndarray, where: Placement) -> None:
        """Write (pixel - mean) · factor where the image is."""
        rows = slice(where.top, where.top + where.height)
        columns = slice(where.left, where.left + where.width)
        out = target[:, rows, columns]
        if self._mean is None:
            out[...] = pixels
        else:
            whole = self._mean.shape[1:] == target.shape[1:]
            np.subtract(pixels, self._mean[:, rows, columns] if whole else self._mean, out=out)
        out *= self._factor

    def names(self) -> list[str]:
        """Each window's image and corners, (x, y) of the first and of the last pixel; see
        :class:`~minicaffe.data.batch_reader.BatchReader`."""
        found = []
        for window, mirrored in self._drawn():
            if self._augmenter.changes:
                self._pixels(window, mirrored)  # draws colours before the next window is drawn
            corners = f"({window.x1}, {window.y1}) to ({window.x2}, {window.y2})"
            found.append(f"{corners} of {shown_name(self._images.paths[window.image])}")
        return found

    def state(self) -> State:
        """``{"generator": …}``: what the next windows and mirrors depend on."""
        return {"generator": self._rng.bit_generator.state}

    def restore(self, state: State) -> None:
        """Go back to when ``state()`` was taken."""
        self._rng.bit_generator.state = part_of(state, "generator")

    def close(self) -> None:
        """Does nothing: no file is held open between two batches."""


def _read_mean(
    transform: caffe_pb2.TransformationParameter, crop: int, dtype: np.dtype
) -> np.ndarray | None:
    """The mean as an array that broadcasts to 3 × crop × crop; None without one."""
    if transform.HasField("mean_file"):
        logger.info("Loading mean file from: %s", transform.mean_file)
        mean = read_blob(transform.mean_file, inner=True).astype(dtype)
        mean = mean[0] if mean.ndim == 4 and len(mean) == 1 else mean
        if mean.ndim != 3 or len(mean) != 3 or min(mean.shape[1:]) < crop:
            raise DataError(
                f"the mean in '{transform.mean_file}' has shape {shape_text(mean.shape)}, "
                f"expected 3 channels of at least {crop}×{crop}"
            )
        # Caffe's rule: the width's margin on both axes
        start = min((mean.shape[2] - crop) // 2, mean.shape[1] - crop)
        return mean[:, start : start + crop, start : start + crop]
    if transform.mean_value:
        return np.array(transform.mean_value, dtype).reshape(-1, 1, 1)
    return None
