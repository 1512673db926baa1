"""ImageGtData: images with label maps, which MS-CNN learns from."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

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
from minicaffe.layers.detection.label_maps import Field, LabelRule, label_maps
from minicaffe.layers.detection.scene import Scene, place
from minicaffe.layers.detection.scene_choices import centre_of, hidden
from minicaffe.options import Limits
from minicaffe.proto import caffe_pb2

#: Regions that cover so much of a field make it no background; a box is given to the place under
#: its middle if the best field overlaps it by so much.
_REGION, _PICKUP = 0.4, 0.2

_COLUMNS = 7

#: Sizes of objects that are tried in an octave, and steps of their aspect ratio.
_OCTAVE, _ASPECT_STEP = 2, 0.05


@register("ImageGtData")
class ImageGtDataLayer(PrefetchingLayer):
    """Reads the images of a window file, with what is true of the fields at each place of maps.

    An image is mirrored at random, becomes resize_width by resize_height, and is cut to crop_width
    by crop_height around one of its true boxes, drawn at random (or anywhere, without one), and
    moved by up to 10 pixels. With ``do_multiple_scale``, in half of the cases, it is rescaled
    before: so that the object gets about one of the sizes from min_scale to max_scale, half an
    octave apart, and, in half of these, an aspect ratio of min_whaspect to max_whaspect. Values are
    (pixel - mean_value) · scale, 0 where there is no image.

    A place has the label of the true box that its field overlaps most, if by more than
    ``fg_threshold``; 0 if that box is to be ignored: its middle lies outside, or it is smaller than
    min_gt_width or min_gt_height, or the file says so. Fields that lie in regions by 0.4, and
    places beside the image, have label 0 and overlap 1, which is no background. A box that no place
    has gets the one under its middle, in the map whose field overlaps it most, by at least 0.2.

    Shapes: no bottom; top 0, images (batch_size, 3, height, width), blue, green, red; then for each
    field labels (batch_size, 6, height / downsample_rate, width / downsample_rate): label, middle
    x, middle y, width and height (xmax - xmin) of the true box in pixels, overlap with it; with
    ``output_gt_boxes`` a last top, true boxes (G, 7, 1, 1), rows of image, xmin, ymin, xmax, ymax,
    label, whether to ignore it; one row (0, 1, 1, 2, 2, 1, 1) where there is none.

    Settings: ``image_gt_data_param``: source (see :func:`read_box_file`, without DIFFICULT),
    batch_size, downsample_rate, field_w and field_h (for each field), required; coord_num (4,
    nothing else), scale (1), fg_threshold (0.5), resize_width and resize_height, crop_width (0,
    none) and crop_height (0, none), do_multiple_scale (false), min_scale, max_scale, min_whaspect,
    max_whaspect, min_gt_width (0), min_gt_height (0), shuffle (false; each epoch in another order),
    fg_img_multiple (1; how often images with objects come in an epoch), output_gt_boxes (false),
    root_folder (put before each path as it is). cache_images (false) changes nothing.
    ``transform_param``: mirror (false), mean_value; its scale does not count.

    Gradients: none, as there are no bottoms.

    Raises:
        DataError: a setting is missing or wrong; the window file or an image cannot be read.

    Source: image_gt_data_layer.cpp (zhaoweicai/mscnn); Cai et al., "A unified multi-scale deep
    convolutional neural network for fast object detection", 2016 (arXiv:1607.07155).
    """

    min_tops = 2

    @classmethod
    def image_size(cls, param: caffe_pb2.LayerParameter) -> tuple[int, int]:
        """``crop_height`` and ``crop_width``, or ``resize_height`` and ``resize_width``."""
        given = param.image_gt_data_param
        return given.crop_height or given.resize_height, given.crop_width or given.resize_width

    @classmethod
    def assumed_shapes(cls, param: caffe_pb2.LayerParameter) -> list[tuple[int, ...] | None]:
        """A map for each field, and as if there were one true box."""
        first, given = cls.assumed_shape(param), param.image_gt_data_param
        if first is None:
            return [None] * len(param.top)
        fields = zip(given.field_w, given.field_h, given.downsample_rate, strict=False)
        size = (first[2], first[3])
        shapes: list[tuple[int, ...] | None] = [first]
        shapes += [(first[0], 6, *Field(*numbers).map_size(size)) for numbers in fields]
        return [*shapes, (1, _COLUMNS, 1, 1)][: len(param.top)]

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        param = self.param.image_gt_data_param
        yield from raised_by(at_least_one, param.batch_size, "batch_size")
        yield from raised_by(required_text, param, "source")
        yield from mean_mistakes(self.param.transform_param)
        yield from field_list_mistakes(
            param.downsample_rate, param.field_w, param.field_h, "downsample_rate"
        )
        tops = 1 + len(param.downsample_rate) + param.output_gt_boxes
        if len(self.param.top) != tops:
            yield DataError(
                f"there are {len(self.param.top)} tops, expected {tops}: images, labels for each "
                "downsample_rate" + (", true boxes" if param.output_gt_boxes else "")
            )
        if param.coord_num != 4:
            yield DataError(f"coord_num is {param.coord_num}, expected 4")
        both = param.HasField("min_scale") and param.HasField("max_scale")
        if param.do_multiple_scale and both and not 0 < param.min_scale <= param.max_scale:
            yield DataError(
                f"min_scale is {param.min_scale} and max_scale {param.max_scale}; expected "
                "0 < min_scale <= max_scale"
            )
        aspects = (param.min_whaspect, param.max_whaspect)
        if any(map(param.HasField, ("min_whaspect", "max_whaspect"))) and not (
            0 < aspects[0] <= aspects[1] < math.inf
        ):
            yield DataError(
                f"min_whaspect is {aspects[0]:g} and max_whaspect {aspects[1]:g}; expected "
                "0 < min_whaspect <= max_whaspect"
            )
        for word in ("width", "height"):
            cut, side = getattr(param, f"crop_{word}"), getattr(param, f"resize_{word}")
            if side and cut > side:
                yield DataError(f"crop_{word} is {cut}, expected at most resize_{word}, {side}")

    def make_reader(self, top: Blobs) -> BatchReader:
        """A reader of the images in the window file.

        Raises:
            DataError: the file cannot be read, or its last image is smaller than the crop.
        """
        param = self.param.image_gt_data_param
        images = read_box_file(param.source, param.root_folder, difficult=False)
        ahead = 8 * param.fg_img_multiple * len(images)
        self.limits.check(ahead, f"a list of {param.fg_img_multiple} times {len(images)} images")
        often = [
            listed
            for listed in images
            for _ in range(param.fg_img_multiple if (~listed.ignored).any() else 1)
        ]
        if not often:
            raise DataError(f"fg_img_multiple is 0, which leaves no image of '{param.source}'")
        height, width = images[-1].size
        if param.HasField("resize_width") and param.HasField("resize_height"):
            height, width = param.resize_height, param.resize_width
        size = (param.crop_height or height, param.crop_width or width)
        if size[0] > height or size[1] > width:
            raise DataError(
                f"crop_height and crop_width are {size[0]} and {size[1]}, but the last image in "
                f"'{param.source}' has {height}×{width} (height×width)"
            )
        rng = derived_generator(self.rng, self.ranks.rank)
        shuffled = derived_generator(self.rng) if param.shuffle else None
        composer = MscnnComposer(self.param, size, rng, self.limits)
        batch, columns = param.batch_size, _COLUMNS if param.output_gt_boxes else 0
        shapes: list[tuple[int, ...]] = [(batch, 3, *size)]
        shapes += [(batch, 6, *field.map_size(size)) for field in composer.fields]
        return BoxBatchReader(
            often, param.source, EpochOrder(len(often), shuffled, ranks=self.ranks), rng, composer,
            batch,
            PixelValues.of(self.param.transform_param, param.scale, self.dtype),
            Tops(len(composer.fields), columns, (0, 1, 1, 2, 2, 1, 1)),
            [*shapes, (1, _COLUMNS, 1, 1)][: len(top)],
        )  # fmt: skip


def field_list_mistakes(
    strides: Sequence[int], widths: Sequence[int], heights: Sequence[int], name: str
) -> Iterator[MinicaffeError]:
    """What is wrong with the fields of a data layer's label maps, one number of each for a map."""
    if not len(strides) == len(widths) == len(heights):
        yield DataError(
            f"there are {len(strides)} {name}, {len(widths)} field_w and {len(heights)} field_h; "
            "expected one of each for each label map"
        )
    if not all((*strides, *widths, *heights)):
        yield DataError(f"a {name}, field_w or field_h is 0, expected pixels")


class MscnnComposer:
    """Makes ImageGtData's examples.

    Args:
        param: the layer's text.
        size: height and width of what the net sees.
        rng: what is drawn from.
        limits: what the net allows.

    Attributes:
        fields: of the label maps.
    """

    def __init__(
        self,
        param: caffe_pb2.LayerParameter,
        size: tuple[int, int],
        rng: np.random.Generator,
        limits: Limits,
    ) -> None:
        self._param, self._size = param.image_gt_data_param, size
        self._mirror, self._rng, self._limits = param.transform_param.mirror, rng, limits
        given = self._param
        self.fields = [
            Field(*numbers)
            for numbers in zip(given.field_w, given.field_h, given.downsample_rate, strict=True)
        ]
        self._rule = LabelRule(given.fg_threshold, _REGION, _PICKUP, whole_pixels=False)

    def begin(self, first: Scene) -> None:
        """Does nothing: all batches are of one size."""

    def compose(self, listed: ListedImage, scene: Scene) -> Example:
        """The image as it is drawn, its label maps and true boxes."""
        param, rng = self._param, self._rng
        if self._mirror and rng.integers(2):
            scene = scene.flipped()
        if param.HasField("resize_width") and param.HasField("resize_height"):
            scene = scene.resized(param.resize_height, param.resize_width, self._limits)
        chosen, centre = centre_of(scene, self._size, rng)
        scale = np.ones(2)
        scaled = param.HasField("min_scale") and param.HasField("max_scale")
        if param.do_multiple_scale and scaled and chosen is not None and rng.integers(2):
            scale = self._drawn_scale(chosen)
        placed = place(scene, self._size, scale, centre, rng, self._limits)
        ignored = listed.ignored | hidden(placed, param.min_gt_width, param.min_gt_height)
        maps = label_maps(placed, listed.labels, ignored, self.fields, self._rule)
        return Example(placed, maps, np.column_stack([placed.scene.boxes, listed.labels, ignored]))

    def _drawn_scale(self, box: np.ndarray) -> np.ndarray:
        """What x and y are multiplied by, so that a box gets a size that is drawn."""
        param, (width, height) = self._param, (box[2:] - box[:2]).tolist()
        steps = rounded(_OCTAVE * math.log2(param.max_scale / param.min_scale) + 1)
        sizes = np.arange(steps) / _OCTAVE
        areas = (param.min_scale * 2.0**sizes) ** 2
        fits = np.minimum(width * height, areas) / np.maximum(width * height, areas)
        factor = 2.0 ** (sizes[self._rng.integers(steps)] - sizes[int(fits.argmax())])
        scale = np.full(2, factor)
        wanted = param.HasField("min_whaspect") and param.HasField("max_whaspect")
        if wanted and min(width, height) > 0 and self._rng.integers(2):
            count = max(1, rounded((param.max_whaspect - param.min_whaspect) / _ASPECT_STEP))
            aspect = self._rng.integers(count) * _ASPECT_STEP + param.min_whaspect
            axis = int(not self._rng.integers(2))
            by = aspect / (width / height)
            changed = factor * (by if axis == 0 else 1 / by)
            target = (width, height)[axis] * changed
            if 0.8 * param.min_scale <= target <= 1.2 * param.max_scale:
                scale[axis] = changed
        return scale
