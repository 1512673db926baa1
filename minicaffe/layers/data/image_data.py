"""ImageData: images from files."""

from __future__ import annotations

from collections.abc import Iterator

from minicaffe.data.augmentation import AUGMENTING
from minicaffe.data.batch_reader import BatchReader, ImageBatchReader
from minicaffe.data.data_transformer import DataTransformer, transform_mistakes
from minicaffe.data.image_list import ImageFiles
from minicaffe.data.prefetch import prefetch_depth
from minicaffe.data.source import DatasetSource, derived_generator, drawn_skip
from minicaffe.errors import MinicaffeError, raised_by
from minicaffe.layer import Blobs, register
from minicaffe.layers.data.listed_images import ListedImagesLayer


@register("ImageData")
class ImageDataLayer(ListedImagesLayer):
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

    fork_fields = AUGMENTING
    one_label = True
    exact_tops = 2

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        yield from super().param_mistakes()
        yield from raised_by(prefetch_depth, self.param.data_param)
        yield from transform_mistakes(self.param.transform_param)

    def make_reader(self, top: Blobs) -> BatchReader:
        """A reader of the images in the list.

        Raises:
            DataError: a setting is missing or wrong, or the list cannot be read.
        """
        param = self.param.image_data_param
        self.prefetch_depth = prefetch_depth(self.param.data_param)
        size, rng = self.new_size(), derived_generator(self.rng, self.ranks.rank)
        transformer = DataTransformer(self.param.transform_param, self.phase, rng, self.dtype)
        files = ImageFiles(param.source, param.root_folder, self.channels_read, size)
        shuffled = self.order_rng()
        skip = drawn_skip(self.rng, param.rand_skip)
        source = DatasetSource(files, rng=shuffled, skip=skip, ranks=self.ranks)
        return ImageBatchReader(source, transformer, param.batch_size, labels=True)
