"""WindowData: windows of images, as R-CNN is trained on."""

from __future__ import annotations

import logging

from minicaffe.data.batch_reader import BatchReader
from minicaffe.data.prefetch import prefetch_depth
from minicaffe.data.source import derived_generator
from minicaffe.data.windows import WindowBatchReader
from minicaffe.layer import Blobs, register
from minicaffe.layers.data.base_data_layer import PrefetchingLayer

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

    def make_reader(self, top: Blobs) -> BatchReader:
        """Read the window file."""
        self.prefetch_depth = prefetch_depth(self.param.data_param)
        if self.param.transform_param.scale != 1:
            logger.warning(
                "layer '%s': WindowData does not use transform_param { scale }, as in Caffe; "
                "write window_data_param { scale: %g }",
                self.param.name, self.param.transform_param.scale,
            )  # fmt: skip
        rng = derived_generator(self.rng)
        return WindowBatchReader(
            self.param.window_data_param, self.param.transform_param, rng, self.dtype
        )
