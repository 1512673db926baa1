"""The transformation of images that ``transform_param`` describes."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import DTypeLike

from minicaffe.blob import shape_text
from minicaffe.data.augmentation import Augmenter, augmentation_mistakes
from minicaffe.data.source import State, part_of
from minicaffe.errors import DataError, MinicaffeError
from minicaffe.proto import caffe_pb2
from minicaffe.weights.blob_proto import read_blob

logger = logging.getLogger("minicaffe")


class DataTransformer:
    """Crop, mirror, subtract the mean, scale: whole batches at a time.

    For a pixel x of channel c at (h, w) of the uncropped image::

        top = (x - mean[c, h, w]) · scale       with mean_file
        top = (x - mean_value[c]) · scale       with mean_value (one, or one a channel)

    ``std_value`` (one, or one a channel; not Caffe's) divides besides: (x - mean) · scale / std.
    ``crop_size`` cuts a square, in TRAIN at a random place, in TEST from the middle
    (rounded up and left); ``mirror`` turns each image left to right with probability ½ in
    both phases. (Caffe's ``DataTransformer``.) Before that, in TRAIN, come the changes of an
    :class:`~minicaffe.data.augmentation.Augmenter`.

    Args:
        param: a ``TransformationParameter``.
        phase: ``TRAIN`` or ``TEST``.
        rng: for crops, mirroring and all else that is drawn.
        dtype: of the results.

    Raises:
        DataError: mean_file and mean_value are both set; the mean file cannot be read; a
            std_value is not above 0.

    Attributes:
        rng: the generator.
        dtype: of the results.
        mirror, mean_file: as the settings have them.
        crop: crop_size.
        random_crop: whether crops are drawn.
        mean: the mean file's, or mean_value (channels or 1, 1, 1); None without either.
        factor: what values are multiplied by.
        augmenter: what changes images at random besides.
    """

    def __init__(
        self,
        param: caffe_pb2.TransformationParameter,
        phase: int,
        rng: np.random.Generator,
        dtype: DTypeLike,
    ) -> None:
        for mistake in transform_mistakes(param):
            raise mistake
        self.dtype = np.dtype(dtype)
        self.rng = rng
        self.factor = channel_factor(param.scale, param.std_value, self.dtype)
        self.mirror = param.mirror
        self.crop = param.crop_size
        self.augmenter = Augmenter(param, phase, rng)
        self.random_crop = bool(param.crop_size) and phase == caffe_pb2.TRAIN
        self.mean_file = param.mean_file
        self.mean: np.ndarray | None = None
        if param.HasField("mean_file"):
            self.mean = self._read_mean()
        elif param.mean_value:
            self.mean = np.array(param.mean_value, self.dtype).reshape(-1, 1, 1)

    def _read_mean(self) -> np.ndarray:
        logger.info("Loading mean file from: %s", self.mean_file)
        return self.fitted_mean(read_blob(self.mean_file, inner=True).astype(self.dtype))

    def fitted_mean(self, mean: np.ndarray) -> np.ndarray:
        """The mean of a file as channels × height × width.

        Raises:
            DataError: it has other axes.
        """
        if mean.ndim == 4 and len(mean) == 1:
            mean = mean[0]
        if mean.ndim != 3:
            raise DataError(
                f"the mean in '{self.mean_file}' has shape {shape_text(mean.shape)}, expected "
                "1×channels×height×width"
            )
        return mean

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, int, int]:
        """The shape that an image of shape channels × height × width gets.

        Raises:
            DataError: the image is smaller than the crop, or the mean does not fit it.
        """
        channels, height, width = shape
        crop = self.crop
        if crop > min(height, width) and not self.augmenter.resizes:
            raise DataError(
                f"crop_size is {crop}, but an image has {height}×{width} (height×width); "
                "lower crop_size or enlarge the images"
            )
        self._check_mean(shape)
        check_channel_values("std_value", self.factor.size, shape[0])
        return (channels, crop, crop) if crop else (channels, height, width)

    def _check_mean(self, shape: tuple[int, ...]) -> None:
        if self.mean is None:
            return
        if self.mean_file:
            if self.mean.shape != shape:
                raise DataError(
                    f"the mean in '{self.mean_file}' has size {shape_text(self.mean.shape)}, "
                    f"but an image has {shape_text(shape)} (channels×height×width, before "
                    "cropping); compute the mean of these images, or use mean_value"
                )
        else:
            check_channel_values("mean_value", len(self.mean), shape[0])

    def apply(self, images: np.ndarray, out: np.ndarray) -> None:
        """Transform a batch.

        Args:
            images: count × channels × height × width, uint8 or float; left as they are.
            out: count × :meth:`output_shape`; every element is written.
        """
        mirrored = self.rng.integers(2, size=len(images)).nonzero()[0] if self.mirror else None
        mean = self.mean
        images = self.augmenter.changed(images)
        if self.crop and not self.augmenter.moves:
            cut = self._draw_cut(images.shape)
            images = cut(images)
            if mean is not None and self.mean_file:
                mean = cut(mean[None])
        images = self.augmenter.erased(images)
        if mean is None:
            np.multiply(images, self.factor, out=out, dtype=out.dtype, casting="same_kind")
        else:
            np.subtract(images, mean, out=out, dtype=out.dtype, casting="same_kind")
            if self.factor.ndim or self.factor != 1:
                out *= self.factor
        if mirrored is not None:
            out[mirrored] = out[mirrored, :, :, ::-1]

    def _draw_cut(self, shape: tuple[int, ...]) -> Callable[[np.ndarray], np.ndarray]:
        """A function that crops a batch of this shape, or one array for all its images."""
        count, _, height, width = shape
        crop = self.crop
        if not self.random_crop:
            row, column = (height - crop) // 2, (width - crop) // 2
            return lambda batch: batch[:, :, row : row + crop, column : column + crop]
        rows = self.rng.integers(height - crop + 1, size=count)
        columns = self.rng.integers(width - crop + 1, size=count)

        def cut(batch: np.ndarray) -> np.ndarray:
            windows = sliding_window_view(batch, (crop, crop), axis=(2, 3))
            which = np.arange(count) if len(batch) == count else 0
            return windows[which, :, rows, columns]

        return cut

    def state(self) -> State:
        """The generator's state: what the next crops and mirrors depend on."""
        return {"generator": self.rng.bit_generator.state}

    def restore(self, state: State) -> None:
        """Go back to when ``state()`` was taken."""
        self.rng.bit_generator.state = part_of(state, "generator")


def transform_mistakes(param: caffe_pb2.TransformationParameter) -> Iterator[MinicaffeError]:
    """What is wrong with a ``TransformationParameter`` whatever the images are."""
    if param.HasField("mean_file") and param.mean_value:
        yield DataError("mean_file and mean_value are both set; keep one of them")
    yield from augmentation_mistakes(param)
    for value in param.std_value:
        if not value > 0:
            yield DataError(f"std_value is {value:g}, expected above 0: values are divided by it")


def channel_factor(scale: float, std_values: Sequence[float], dtype: DTypeLike) -> np.ndarray:
    """What pixels are multiplied by: scale / std.

    Args:
        scale: of all channels.
        std_values: for each channel, or one for all; none is 1.
        dtype: that of the result.

    Returns:
        An array of shape (), or with ``std_values`` (channels or 1, 1, 1).
    """
    if not std_values:
        return np.array(scale, dtype)
    return np.array(scale / np.array(std_values), dtype).reshape(-1, 1, 1)


def check_channel_values(field: str, found: int, channels: int) -> None:
    """Refuse values that are neither one nor one for each channel.

    Args:
        field: what they are, such as ``mean_value``.
        found: how many there are.
        channels: how many the images have.

    Raises:
        DataError: says how many there are and how many channels.
    """
    if found not in (1, channels):
        raise DataError(
            f"{found} {field}(s) for images of {channels} channel(s); give one, or one for each "
            "channel"
        )
