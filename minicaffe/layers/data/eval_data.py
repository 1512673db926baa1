"""EvalData: images with true boxes in pixels, to test Cascade R-CNN's nets with."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from minicaffe.data.batch_reader import BatchReader, at_least_one, required_text
from minicaffe.data.box_file import ListedImage, read_box_file
from minicaffe.data.images import rounded
from minicaffe.data.source import EpochOrder, derived_generator
from minicaffe.errors import DataError, MinicaffeError, raised_by
from minicaffe.layer import Blobs, register
from minicaffe.layers.data.base_data_layer import PrefetchingLayer
from minicaffe.layers.detection.box_reader import (
    BoxBatchReader,
    Example,
    PixelValues,
    Tops,
    mean_mistakes,
)
from minicaffe.layers.detection.scene import Placed, Scene
from minicaffe.options import Limits
from minicaffe.proto import caffe_pb2

#: Sides are multiples of it.
_UNIT = 32

#: Numbers in a row of true boxes.
_COLUMNS = 8


@register("EvalData")
class EvalDataLayer(PrefetchingLayer):
    """Reads the images of a window file in order, with their true boxes, again and again.

    An image becomes resize_width by resize_height, or its shorter side becomes ``short_size``, each
    side at most ``long_size``; without these it keeps its size. Then sides are rounded to multiples
    of 32, and the values are (pixel - mean_value) · scale.

    Shapes: no bottom; top 0, images (batch_size, 3, height, width), blue, green, red; top 1, true
    boxes (G, 8, 1, 1), rows of image, xmin, ymin, xmax, ymax in pixels, label, whether to ignore
    it, difficult; one row of -1 where there is none; top 2, optional, the images' heights and
    widths (batch_size, 2, 1, 1).

    Settings: ``eval_data_param``: source (see :func:`read_box_file`, with DIFFICULT) and
    batch_size, required, 1 unless all images become of one size; root_folder (put before each path
    as it is), resize_width and resize_height, or short_size and long_size. Its scale does not
    count. ``transform_param``: mean_value, scale (1).

    Gradients: none, as there are no bottoms.

    Raises:
        DataError: a setting is missing or wrong; the window file or an image cannot be read.

    Source: eval_data_layer.cpp (zhaoweicai/cascade-rcnn).
    """

    min_tops = 2
    max_tops = 3

    @classmethod
    def image_size(cls, param: caffe_pb2.LayerParameter) -> tuple[int, int]:
        """``resize_height`` and ``resize_width``, or ``long_size`` and ``short_size``."""
        given = param.eval_data_param
        if given.resize_height and given.resize_width:
            return given.resize_height, given.resize_width
        return given.long_size, given.short_size

    @classmethod
    def assumed_shapes(cls, param: caffe_pb2.LayerParameter) -> list[tuple[int, ...] | None]:
        """As if there were one true box."""
        first = cls.assumed_shape(param)
        if first is None:
            return [None] * len(param.top)
        shapes: list[tuple[int, ...] | None] = [first, (1, _COLUMNS, 1, 1), (first[0], 2, 1, 1)]
        return shapes[: len(param.top)]

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        param = self.param.eval_data_param
        yield from raised_by(at_least_one, param.batch_size, "batch_size")
        yield from raised_by(required_text, param, "source")
        yield from mean_mistakes(self.param.transform_param)
        if param.batch_size > 1 and not (param.resize_width and param.resize_height):
            yield DataError(
                f"batch_size is {param.batch_size}, expected 1 unless resize_width and "
                "resize_height are given: images of a batch must be of one size"
            )

    def make_reader(self, top: Blobs) -> BatchReader:
        """A reader of the images in the window file.

        Raises:
            DataError: the file cannot be read.
        """
        param, transform = self.param.eval_data_param, self.param.transform_param
        images = read_box_file(param.source, param.root_folder, difficult=True)
        height, width = self.image_size(self.param)
        if not (height and width):
            height, width = images[-1].size
        batch = param.batch_size
        shapes: list[tuple[int, ...]] = [
            (batch, 3, height, width), (1, _COLUMNS, 1, 1), (batch, 2, 1, 1),
        ]  # fmt: skip
        return BoxBatchReader(
            images, param.source, EpochOrder(len(images), None, ranks=self.ranks),
            derived_generator(self.rng, self.ranks.rank),
            Resizer(param, self.limits), batch,
            PixelValues.of(transform, transform.scale, self.dtype),
            Tops(0, _COLUMNS, [-1] * _COLUMNS, sizes=len(top) > 2), shapes[: len(top)],
        )  # fmt: skip


class Resizer:
    """Makes examples of whole images, of the size that ``eval_data_param`` asks for."""

    def __init__(self, param: caffe_pb2.EvalDataParameter, limits: Limits) -> None:
        self._param, self._limits = param, limits

    def begin(self, first: Scene) -> None:
        """Does nothing: images share nothing."""

    def compose(self, listed: ListedImage, scene: Scene) -> Example:
        """The image resized, with its boxes."""
        height, width = self._size(scene.size)
        sides = [max(_UNIT, rounded(side / _UNIT) * _UNIT) for side in (height, width)]
        scene = scene.resized(sides[0], sides[1], self._limits)
        flags = (listed.labels, listed.ignored, listed.difficult)
        rows = np.column_stack([scene.boxes, *flags])
        return Example(Placed(scene, 0, 0, scene.size), (), rows)

    def _size(self, size: tuple[int, int]) -> tuple[int, int]:
        param = self._param
        if param.HasField("resize_width") and param.HasField("resize_height"):
            return param.resize_height, param.resize_width
        if param.HasField("short_size") and param.HasField("long_size"):
            scale = np.float32(param.short_size) / np.float32(min(size))
            height, width = (min(rounded(side * scale), param.long_size) for side in size)
            return height, width
        return size
