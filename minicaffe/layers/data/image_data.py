"""ImageData: images from files."""

from __future__ import annotations

from collections.abc import Iterator

from minicaffe.data.batch_reader import BatchReader, ImageBatchReader, at_least_one, required_text
from minicaffe.data.data_transformer import DataTransformer, transform_mistakes
from minicaffe.data.image_list import ImageFiles
from minicaffe.data.images import Color
from minicaffe.data.prefetch import prefetch_depth
from minicaffe.data.source import DatasetSource, derived_generator
from minicaffe.errors import DataError, MinicaffeError, raised_by
from minicaffe.layer import Blobs, register
from minicaffe.layers.data.base_data_layer import PrefetchingLayer
from minicaffe.proto import caffe_pb2


@register("ImageData")
class ImageDataLayer(PrefetchingLayer):
    """Reads image files that a list names with their labels.

    Shapes: no bottom; top 0, images (batch_size, channels, height, width), of 3 channels (blue,
    green, red) or 1; top 1, labels (batch_size).

    Settings: ``image_data_param``: source (lines of path, space, label), required; root_folder (put
    before each path as it is), batch_size (1), new_height and new_width (both or neither: resize),
    is_color (true), shuffle (false; before each epoch), rand_skip (0; fewer than that many images
    are passed over at the start). ``transform_param``: see :class:`DataTransformer`.

    Gradients: none, as there are no bottoms.

    Raises:
        DataError: a setting is missing; the list or an image cannot be read; images of a batch
            differ in size.

    Source: image_data_layer.cpp (BVLC/caffe).
    """

    @classmethod
    def image_size(cls, param: caffe_pb2.LayerParameter) -> tuple[int, int]:
        """``new_height`` and ``new_width``; zeros where images keep their size."""
        return param.image_data_param.new_height, param.image_data_param.new_width

    @classmethod
    def is_gray(cls, param: caffe_pb2.LayerParameter) -> bool:
        """Whether ``is_color`` is false."""
        return not param.image_data_param.is_color

    exact_tops = 2

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        param = self.param.image_data_param
        yield from raised_by(at_least_one, param.batch_size, "batch_size")
        yield from raised_by(prefetch_depth, self.param.data_param)
        if (param.new_height > 0) != (param.new_width > 0):
            yield DataError(
                f"new_height is {param.new_height} and new_width {param.new_width}; set both "
                "(or neither)"
            )
        yield from raised_by(required_text, param, "source")
        yield from transform_mistakes(self.param.transform_param)

    def make_reader(self, top: Blobs) -> BatchReader:
        """A reader of the images in the list.

        Raises:
            DataError: a setting is missing or wrong, or the list cannot be read.
        """
        param = self.param.image_data_param
        self.prefetch_depth = prefetch_depth(self.param.data_param)
        size = (param.new_height, param.new_width)
        self.limits.check(12 * size[0] * size[1], f"an image of {size[0]}×{size[1]} pixels")
        rng = derived_generator(self.rng)
        transformer = DataTransformer(self.param.transform_param, self.phase, rng, self.dtype)
        files = ImageFiles(
            param.source,
            param.root_folder,
            Color.COLOR if param.is_color else Color.GRAY,
            size if size[0] else None,
        )
        source = DatasetSource(
            files,
            rng=derived_generator(self.rng) if param.shuffle else None,
            skip=int(self.rng.integers(param.rand_skip)) if param.rand_skip else 0,
        )
        return ImageBatchReader(source, transformer, param.batch_size, labels=True)
