"""DenseImageData: images from files, each with an image of its pixels' classes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from minicaffe.blob import shape_text
from minicaffe.data.augmentation import COLOURING
from minicaffe.data.batch_reader import BatchReader
from minicaffe.data.data_transformer import DataTransformer, transform_mistakes
from minicaffe.data.image_pairs import read_pairs, resize_nearest
from minicaffe.data.images import Color, read_image
from minicaffe.data.source import derived_generator
from minicaffe.errors import DataError, MinicaffeError
from minicaffe.layer import Blobs, register
from minicaffe.layers.data.listed_images import ListedImagesLayer, Settings, one_side
from minicaffe.proto import caffe_pb2
from minicaffe.proto.dialects import meant


@register("DenseImageData")
class DenseImageDataLayer(ListedImagesLayer):
    """Reads image files that a list names with images of their pixels' classes.

    In this order an image and its labels are resized (labels by their nearest pixels), mirrored
    with probability ½, turned by 0, 90, 180 or 270 degrees, and cropped at random; all of that in
    both phases. Then ``transform_param`` changes the image's values.

    Shapes: no bottom; top 0, images (batch_size, channels, height, width), of 3 channels (blue,
    green, red) or 1; top 1, labels (batch_size, 1, height, width), or with ``one_hot_nclasses`` a
    channel for each class, 1 where the pixel has it, else 0.

    Settings: ``dense_image_data_param``: source (lines of two names), batch_size, both required;
    root_folder (put before each name as it is), new_height and new_width (both or neither),
    is_color (true), shuffle (false), rand_skip (0), mirror (false), crop_height and crop_width
    (both or neither), rotate (false; square images only), one_hot_nclasses (0).
    ``transform_param``: scale (1), mean_value or mean_file; crop_size and mirror are refused,
    since they would not change the labels.

    Gradients: none, as there are no bottoms.

    Raises:
        DataError: a setting is missing or wrong; the list or an image cannot be read; an image and
            its labels, or the images of a batch, differ in size.

    Source: dense_image_data_layer.cpp (alexgkendall/caffe-segnet); rotate and one_hot_nclasses
    jolibrain/caffe.
    """

    exact_tops = 2
    fork_fields = meant("dense_image_data_param", *COLOURING)

    @classmethod
    def image_size(cls, param: caffe_pb2.LayerParameter) -> tuple[int, int]:
        """The crop's size, or ``new_height`` and ``new_width``."""
        own = param.dense_image_data_param
        return (own.crop_height, own.crop_width) if own.crop_height else super().image_size(param)

    @classmethod
    def settings(cls, param: caffe_pb2.LayerParameter) -> Settings:
        """``dense_image_data_param``."""
        return param.dense_image_data_param

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        param, transform = self.param.dense_image_data_param, self.param.transform_param
        yield from super().param_mistakes()
        yield from one_side(param.crop_height, param.crop_width, "crop")
        if param.rotate and param.new_height != param.new_width:
            yield DataError("rotate needs square images: set new_height and new_width alike")
        for name in ("crop_size", "mirror"):
            if getattr(transform, name):
                yield DataError(
                    f"transform_param {{ {name} }} would not change the labels; use crop_height, "
                    "crop_width and mirror of dense_image_data_param"
                )
        yield from transform_mistakes(transform)

    def make_reader(self, top: Blobs) -> BatchReader:
        """A reader of the images in the list.

        Raises:
            DataError: a setting is missing or wrong, or the list cannot be read.
        """
        param = self.param.dense_image_data_param
        lines = read_pairs(param.source, param.root_folder)
        self._draw = rng = derived_generator(self.rng, self.ranks.rank)
        self._values = DataTransformer(self.param.transform_param, self.phase, rng, self.dtype)
        return self.pair_reader(lines, self._labels, self._change, rng)

    def _labels(self, text: str, _: tuple[int, int]) -> np.ndarray:
        param = self.param.dense_image_data_param
        labels = read_image(param.root_folder + text, Color.GRAY)[0]
        if param.new_height:
            labels = resize_nearest(labels, param.new_height, param.new_width)
        return labels

    def _change(self, image: np.ndarray, labels: np.ndarray) -> Sequence[np.ndarray]:
        param = self.param.dense_image_data_param
        if param.mirror and self._draw.integers(2):
            image, labels = image[:, :, ::-1], labels[:, ::-1]
        if param.rotate:
            turns = int(self._draw.integers(4))
            image, labels = np.rot90(image, turns, (1, 2)), np.rot90(labels, turns)
        if param.crop_height:
            image, labels = self._cropped(image, labels)
        data = np.empty((1, *self._values.output_shape(image.shape)), self.dtype)
        self._values.apply(image[None], data)
        if param.one_hot_nclasses:
            classes = np.arange(param.one_hot_nclasses)[:, None, None]
            return data[0], (labels == classes).astype(self.dtype)
        return data[0], labels[None].astype(self.dtype)

    def _cropped(self, image: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        param = self.param.dense_image_data_param
        free = labels.shape[0] - param.crop_height, labels.shape[1] - param.crop_width
        if min(free) < 0:
            raise DataError(
                f"an image of {shape_text(labels.shape)} pixels cannot be cropped to "
                f"{param.crop_height}×{param.crop_width}; lower crop_height and crop_width"
            )
        row, column = (int(self._draw.integers(n + 1)) for n in free)
        rows = slice(row, row + param.crop_height)
        columns = slice(column, column + param.crop_width)
        return image[:, rows, columns], labels[rows, columns]
