"""ImageSegData: images from files, each with the classes of its pixels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from minicaffe.data.augmentation import COLOURING, copy_colours
from minicaffe.data.batch_reader import BatchReader
from minicaffe.data.data_transformer import DataTransformer, transform_mistakes
from minicaffe.data.image_pairs import read_pairs, resize_nearest
from minicaffe.data.images import Color, read_image, resize_linear
from minicaffe.data.source import derived_generator
from minicaffe.errors import DataError, MinicaffeError
from minicaffe.layer import Blobs, register
from minicaffe.layers.data.listed_images import ListedImagesLayer
from minicaffe.proto import caffe_pb2
from minicaffe.proto.dialects import meant

_LABELS = caffe_pb2.ImageDataParameter


@register("ImageSegData")
class ImageSegDataLayer(ListedImagesLayer):
    """Reads image files that a list names with images of their pixels' classes.

    In this order an image and its labels are resized, enlarged by one of ``scale_factors``, drawn
    at random (labels by their nearest pixels); filled up at the bottom and the right to the crop's
    size, with the mean value and ``ignore_label``; cropped, at random in TRAIN and in the middle in
    TEST; mirrored. Then (x - mean_value) · scale for the image. As in the fork ``new_height`` and
    ``new_width`` interpolate between the labels, too, which mixes classes at their borders.

    Shapes: no bottom; top 0, images (batch_size, channels, height, width), of 3 channels (blue,
    green, red) or 1; top 1, labels (batch_size, 1, height, width); top 2, optional, the images'
    height and width in pixels before the crop, at most the top's (batch_size, 1, 1, 2).

    Settings: ``image_data_param``: source (lines of two words), required; label_type: PIXEL (the
    second word is an image of labels), IMAGE (a number, the label of all pixels; the default) or
    NONE (all pixels get ignore_label); ignore_label (255); root_folder (put before each name as it
    is), batch_size (1), new_height and new_width (both or neither), is_color (true), shuffle
    (false), rand_skip (0). ``transform_param``: scale (1), mirror (false), mean_value; crop_size
    (0), or crop_height and crop_width; scale_factors.

    Gradients: none, as there are no bottoms.

    Raises:
        DataError: a setting is missing or wrong; the list or an image cannot be read; images of a
            batch differ in size.

    Source: image_seg_data_layer.cpp (hszhao/PSPNet), from DeepLab.
    """

    min_tops = 2
    max_tops = 3
    auto_tops = True
    fork_fields = meant(
        "image_data_param.label_type", "image_data_param.ignore_label",
        "transform_param.scale_factors", "transform_param.crop_width",
        "transform_param.crop_height", *COLOURING,
    )  # fmt: skip

    @classmethod
    def source(cls, param: caffe_pb2.LayerParameter) -> str:
        """``image_data_param``'s."""
        return param.image_data_param.source

    @classmethod
    def image_size(cls, param: caffe_pb2.LayerParameter) -> tuple[int, int]:
        """The crop's size, or ``new_height`` and ``new_width``."""
        crop = _crop(param.transform_param)
        return crop or super().image_size(param)

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        param, transform = self.param.image_data_param, self.param.transform_param
        yield from super().param_mistakes()
        if param.label_type == _LABELS.BBX:
            yield DataError("label_type is BBX, expected PIXEL, IMAGE or NONE")
        if transform.HasField("mean_file"):
            yield DataError("mean_file: images of any size have no mean of theirs; use mean_value")
        yield from transform_mistakes(transform)
        sides = [name for name in ("crop_height", "crop_width") if transform.HasField(name)]
        if len(sides) == 1 or (sides and transform.HasField("crop_size")):
            yield DataError(
                f"{sides[0]} is given, expected crop_size, or crop_height and crop_width"
            )

    def make_reader(self, top: Blobs) -> BatchReader:
        """A reader of the images in the list.

        Raises:
            DataError: a setting is missing or wrong, or the list cannot be read.
        """
        param = self.param.image_data_param
        words = 1 if param.label_type == _LABELS.NONE else 2
        lines = read_pairs(param.source, param.root_folder, words=words)
        rng = derived_generator(self.rng, self.ranks.rank)
        change = SegTransformer(self.param, self.phase, rng, self.dtype, dims=len(top) > 2)
        return self.pair_reader(lines, self._labels, change.apply, rng)

    def _labels(self, text: str, size: tuple[int, int]) -> np.ndarray:
        param = self.param.image_data_param
        if param.label_type == _LABELS.PIXEL:
            new = (param.new_height, param.new_width) if param.new_height else None
            return read_image(param.root_folder + text, Color.GRAY, new)[0]
        if param.label_type == _LABELS.IMAGE:
            return np.full(size, _number(text) & 255, np.uint8)  # a byte, as in the fork
        return np.full(size, param.ignore_label & 255, np.uint8)


class SegTransformer:
    """Does to an image and its labels what ImageSegData says.

    Args:
        param: the layer's.
        phase: ``TRAIN`` or ``TEST``.
        rng: for scales, crops and mirroring.
        dtype: of the results.
        dims: whether a third result holds the image's height and width.
    """

    def __init__(
        self,
        param: caffe_pb2.LayerParameter,
        phase: int,
        rng: np.random.Generator,
        dtype: np.dtype,
        *,
        dims: bool,
    ) -> None:
        transform = param.transform_param
        self._factors = list(transform.scale_factors)
        self._crop, self._random = _crop(transform), phase == caffe_pb2.TRAIN
        self._mirror, self._rng, self._dims = transform.mirror, rng, dims
        self._fill = list(transform.mean_value) or [0.0]
        self._ignore = param.image_data_param.ignore_label
        values = caffe_pb2.TransformationParameter(scale=transform.scale)
        values.mean_value.extend(transform.mean_value)
        copy_colours(transform, values)
        self._values = DataTransformer(values, phase, rng, dtype)
        self._dtype = dtype

    def apply(self, image: np.ndarray, labels: np.ndarray) -> Sequence[np.ndarray]:
        """The image, its labels (1×H×W) and, if wanted, its size (1×1×2)."""
        size = image.shape[1:]
        image, labels = self._scaled(image, labels)
        if self._crop:
            image, labels = self._cropped(*self._filled(image, labels))
        if self._mirror and self._rng.integers(2):
            image, labels = image[:, :, ::-1], labels[:, ::-1]
        data = np.empty((1, *self._values.output_shape(image.shape)), self._dtype)
        self._values.apply(image[None], data)
        items = [data[0], labels[None].astype(self._dtype)]
        if self._dims:
            limits = self._crop or size
            dims = [min(n, most) for n, most in zip(size, limits, strict=True)]
            items.append(np.array(dims, self._dtype).reshape(1, 1, 2))
        return items

    def _scaled(self, image: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if not self._factors:
            return image, labels
        factor = self._factors[int(self._rng.integers(len(self._factors)))]
        height, width = (max(1, int(n * factor)) for n in labels.shape)
        return resize_linear(image, height, width), resize_nearest(labels, height, width)

    def _filled(self, image: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """As large as the crop, at least."""
        height, width = (max(n, c) for n, c in zip(labels.shape, self._crop or (), strict=True))
        if labels.shape == (height, width):
            return image, labels
        larger = np.empty((len(image), height, width), np.float64)
        larger[...] = np.resize(self._fill, len(image))[:, None, None]
        marked = np.full((height, width), self._ignore, labels.dtype)
        rows, columns = labels.shape
        larger[:, :rows, :columns], marked[:rows, :columns] = image, labels
        return larger, marked

    def _cropped(self, image: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        height, width = self._crop or labels.shape
        free = labels.shape[0] - height, labels.shape[1] - width
        row, column = (int(self._rng.integers(n + 1)) if self._random else n // 2 for n in free)
        part = slice(row, row + height), slice(column, column + width)
        return image[:, part[0], part[1]], labels[part]


def _crop(param: caffe_pb2.TransformationParameter) -> tuple[int, int] | None:
    """Height and width of the crop; None without one."""
    if param.crop_height and param.crop_width:
        return param.crop_height, param.crop_width
    return (param.crop_size, param.crop_size) if param.crop_size else None


def _number(text: str) -> int:
    try:
        return int(text)
    except ValueError as reason:
        raise DataError(
            f"'{text}' is no label: with label_type IMAGE (which it is unless set) a whole number "
            "is expected; for images of labels write label_type: PIXEL"
        ) from reason
