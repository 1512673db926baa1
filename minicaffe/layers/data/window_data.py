"""WindowData: windows of images, as R-CNN is trained on."""

from __future__ import annotations

import logging
from collections.abc import Iterator

from minicaffe.data.augmentation import COLOURING
from minicaffe.data.batch_reader import BatchReader
from minicaffe.data.prefetch import prefetch_depth
from minicaffe.data.source import derived_generator
from minicaffe.data.windows import WindowBatchReader, window_mistakes
from minicaffe.errors import MinicaffeError, raised_by
from minicaffe.layer import Blobs, register
from minicaffe.layers.data.base_data_layer import PrefetchingLayer

logger = logging.getLogger("minicaffe")


@register("WindowData")
class WindowDataLayer(PrefetchingLayer):
    """Reads windows of image files: some that show objects, the others background.

    Windows are drawn at random, in both phases::

        top = (pixel - mean) · scale / std      0 where there is no image

    Shapes: no bottom; top 0, images (batch_size, 3, crop_size, crop_size); top 1, labels
    (batch_size), 0 for background.

    Settings: ``window_data_param``: source (see :func:`read_window_file`) and batch_size, required;
    root_folder (put before each path as it is), fg_threshold (0.5; a window that overlaps an object
    at least so much shows it), bg_threshold (0.5; one that overlaps less is background; those
    between are not used), fg_fraction (0.25; share of a batch that shows objects, rounded down;
    they come last), context_pad (0) and crop_mode ("warp" or "square"; see :func:`place`),
    cache_images (false; keep the files in memory), scale (1). ``transform_param``: crop_size (the
    side of the square that every window becomes), mirror, mean_file (its middle is used) or
    mean_value, std_value; its scale does not count (Caffe's rule).

    Gradients: none, as there are no bottoms.

    Raises:
        DataError: a setting is missing; the window file or an image cannot be read.

    Source: window_data_layer.cpp (BVLC/caffe); Girshick, Donahue, Darrell & Malik, "Rich feature
    hierarchies for accurate object detection and semantic segmentation", 2014.
    """

    fork_fields = COLOURING
    one_label = True
    exact_tops = 2

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        yield from raised_by(prefetch_depth, self.param.data_param)
        yield from window_mistakes(self.param.window_data_param, self.param.transform_param)

    def make_reader(self, top: Blobs) -> BatchReader:
        """A reader of the windows in the window file.

        Raises:
            DataError: a setting is missing or wrong, or the file cannot be read.
        """
        self.prefetch_depth = prefetch_depth(self.param.data_param)
        if self.param.transform_param.scale != 1:
            logger.warning(
                "layer '%s': WindowData does not use transform_param { scale }, as in Caffe; "
                "write window_data_param { scale: %g }",
                self.param.name, self.param.transform_param.scale,
            )  # fmt: skip
        rng = derived_generator(self.rng, self.ranks.rank)
        return WindowBatchReader(
            self.param.window_data_param, self.param.transform_param, self.phase, rng, self.dtype
        )
