"""What the layers have in common that read image files whose names are in a list."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from minicaffe.data.batch_reader import at_least_one, required_text
from minicaffe.data.image_pairs import Change, ImagePairs, PairBatchReader
from minicaffe.data.images import Color
from minicaffe.data.source import derived_generator, drawn_skip, epoch_order
from minicaffe.errors import DataError, MinicaffeError, raised_by
from minicaffe.layers.data.base_data_layer import PrefetchingLayer
from minicaffe.proto import caffe_pb2

Settings = (
    caffe_pb2.ImageDataParameter | caffe_pb2.DenseImageDataParameter | caffe_pb2.VideoDataParameter
)


class ListedImagesLayer(PrefetchingLayer):
    """Reads the images of a list: of a size, or as they are; in color, or grey; in the list's
    order, or each epoch in another."""

    @classmethod
    def settings(cls, param: caffe_pb2.LayerParameter) -> Settings:
        """The message with source, new_height, is_color, shuffle and the like."""
        return param.image_data_param

    @classmethod
    def image_size(cls, param: caffe_pb2.LayerParameter) -> tuple[int, int]:
        """``new_height`` and ``new_width``; zeros where images keep their size."""
        settings = cls.settings(param)
        return settings.new_height, settings.new_width

    @classmethod
    def is_gray(cls, param: caffe_pb2.LayerParameter) -> bool:
        """Whether ``is_color`` is false."""
        return not cls.settings(param).is_color

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        settings = self.settings(self.param)
        yield from raised_by(at_least_one, settings.batch_size, "batch_size")
        yield from one_side(settings.new_height, settings.new_width, "new")
        yield from raised_by(required_text, settings, "source")

    @property
    def channels_read(self) -> Color:
        """How many channels images are read with."""
        return Color.COLOR if self.settings(self.param).is_color else Color.GRAY

    def new_size(self) -> tuple[int, int] | None:
        """Height and width to which images are resized, or None.

        Raises:
            MemoryLimitError: such an image takes more memory than there may be.
        """
        settings = self.settings(self.param)
        height, width = settings.new_height, settings.new_width
        self.limits.check(12 * height * width, f"an image of {height}×{width} pixels")
        return (height, width) if height else None

    def order_rng(self) -> np.random.Generator | None:
        """Draws an order for each epoch; None without ``shuffle``."""
        return derived_generator(self.rng) if self.settings(self.param).shuffle else None

    def pair_reader(
        self,
        lines: Sequence[tuple[str, str]],
        label_of: Callable[[str, tuple[int, int]], np.ndarray],
        change: Change,
        rng: np.random.Generator,
    ) -> PairBatchReader:
        """A reader of images whose labels are images.

        Args:
            lines: of the list, see :func:`~minicaffe.data.image_pairs.read_pairs`.
            label_of: reads the labels, see :class:`~minicaffe.data.image_pairs.ImagePairs`.
            change: what is done to both.
            rng: what that draws from.

        Raises:
            DataError: no images are left after those that ``rand_skip`` passes over.
            MemoryLimitError: an image takes more memory than there may be.
        """
        settings = self.settings(self.param)
        path, root = settings.source, settings.root_folder
        pairs = ImagePairs(path, lines, root, self.channels_read, self.new_size(), label_of)
        shuffled = self.order_rng()
        skip = drawn_skip(self.rng, settings.rand_skip)
        order = epoch_order(len(lines), shuffled, skip, path, self.ranks)
        return PairBatchReader(pairs, order, settings.batch_size, change, rng)


def one_side(height: int, width: int, stem: str) -> Iterator[DataError]:
    """What is wrong where only one of ``STEM_height`` and ``STEM_width`` is set."""
    if (height > 0) != (width > 0):
        yield DataError(
            f"{stem}_height is {height} and {stem}_width {width}; set both (or neither)"
        )
