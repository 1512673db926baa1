"""DetectionData: images with label maps, which Cascade R-CNN learns from."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from minicaffe.data.batch_reader import BatchReader, at_least_one, required_text
from minicaffe.data.box_file import ListedImage, read_box_file
from minicaffe.data.colours import distort
from minicaffe.data.source import EpochOrder, derived_generator
from minicaffe.errors import DataError, MinicaffeError, raised_by
from minicaffe.layer import Blobs, register
from minicaffe.layers.data.base_data_layer import PrefetchingLayer
from minicaffe.layers.data.image_gt_data import field_list_mistakes
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
from minicaffe.layers.detection.scene_sizes import SceneSizes, arrange, size_mistakes
from minicaffe.options import Limits
from minicaffe.proto import caffe_pb2

_COLUMNS = 8

_SHUFFLES = ("random", "random_aspect", "random_mix_aspect")


@register("DetectionData")
class DetectionDataLayer(PrefetchingLayer):
    """Reads the images of a window file, with what is true of the fields at each place of maps.

    An image gets other colours (distort_param, :func:`distort`), is mirrored at random, resized,
    and cut around one of its true boxes, drawn at random (or anywhere, without one), and moved by
    up to 10 pixels. It becomes resize_width by resize_height; or resize_ratio times as large; or
    its shorter side becomes ``short_size``. What the net sees is crop_width by crop_height; or
    crop_short_size by crop_long_size, the long side along that of the batch's first image; or, with
    short_size and long_size, these; or else of the size of the resized image. ``template_ratio``,
    one of several, drawn for each batch, multiplies short_size and long_size, rounded to multiples
    of 32. With a probability of ``multiscale_prob`` the image is rescaled before it is cut: by
    low_scale_ratio to high_scale_ratio; or so that the object's √(width · height) becomes min_scale
    to max_scale (twice as large, without an object); and its aspect ratio is multiplied by
    min_whaspect to max_whaspect; all drawn evenly in their logarithms. Values are (pixel -
    mean_value) · scale, 0 where there is no image.

    A place has the label of the true box that its field overlaps most, if by more than
    ``fg_threshold``; 0 if that box is to be ignored: its middle lies outside, or it is smaller than
    min_gt_width or min_gt_height, or the file says so. Label 0 and overlap 1, which is no
    background, have places beside the image; fields that reach out of it by more than
    anchor_ignore_margin_ratio of their half sides, or of which less than anchor_ignore_iou_thr lies
    in it; and other fields that lie in regions by ``ignore_fg_threshold``. A box that no place has
    gets the one under its middle, in the map whose field overlaps it most, by at least
    ``pickup_iou_thr``.

    Shapes: no bottom; top 0, images (batch_size, 3, height, width), blue, green, red; then for each
    field labels (batch_size, 6, height / stride, width / stride): label, middle x, middle y, width
    and height of the true box in pixels, overlap with it; with ``output_gt_boxes`` a last top, true
    boxes (G, 8, 1, 1), rows of image, xmin, ymin, xmax, ymax, label, whether to ignore it,
    difficult; one row of -1 where there is none.

    Settings: ``detection_data_param``: source (see :func:`read_box_file`, with DIFFICULT) and
    batch_size, required; stride, field_w and field_h, for each field; coord_num (4, nothing else),
    fg_threshold (0.5), ignore_fg_threshold (0.4), pickup_iou_thr (0.2), anchor_ignore_margin_ratio,
    anchor_ignore_iou_thr, the sizes above, multiscale_prob (0.5), min_gt_width (0), min_gt_height
    (0), shuffle (none unless given: "random"; "random_aspect", first all upright images or all
    others; "random_mix_aspect", mix_group_size of each by turns), mix_group_size (64),
    output_gt_boxes (false), root_folder (put before each path as it is), distort_param.
    cache_images (false) changes nothing; its scale and resize_param do not count.
    ``transform_param``: mirror (false), mean_value, scale (1).

    Gradients: none, as there are no bottoms.

    Raises:
        DataError: a setting is missing or wrong; the window file or an image cannot be read; images
            of a batch differ in size.

    Source: detection_data_layer.cpp (zhaoweicai/cascade-rcnn), with im_transforms.cpp.
    """

    min_tops = 2

    @classmethod
    def image_size(cls, param: caffe_pb2.LayerParameter) -> tuple[int, int]:
        """As far as the settings say it; zeros else."""
        return SceneSizes(param.detection_data_param).first((0, 0))

    @classmethod
    def assumed_shapes(cls, param: caffe_pb2.LayerParameter) -> list[tuple[int, ...] | None]:
        """A map for each field, and as if there were one true box."""
        first, given = cls.assumed_shape(param), param.detection_data_param
        if first is None:
            return [None] * len(param.top)
        fields = zip(given.field_w, given.field_h, given.stride, strict=False)
        size = (first[2], first[3])
        shapes: list[tuple[int, ...] | None] = [first]
        shapes += [(first[0], 6, *Field(*numbers).map_size(size)) for numbers in fields]
        return [*shapes, (1, _COLUMNS, 1, 1)][: len(param.top)]

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        param = self.param.detection_data_param
        yield from raised_by(at_least_one, param.batch_size, "batch_size")
        yield from raised_by(required_text, param, "source")
        yield from mean_mistakes(self.param.transform_param)
        yield from field_list_mistakes(param.stride, param.field_w, param.field_h, "stride")
        yield from size_mistakes(param)
        tops = 1 + len(param.stride) + param.output_gt_boxes
        if len(self.param.top) != tops:
            yield DataError(
                f"there are {len(self.param.top)} tops, expected {tops}: images, labels for each "
                "stride" + (", true boxes" if param.output_gt_boxes else "")
            )
        if param.coord_num != 4:
            yield DataError(f"coord_num is {param.coord_num}, expected 4")
        if not param.fg_threshold > 0:
            yield DataError(f"fg_threshold is {param.fg_threshold:g}, expected a number above 0")
        if param.shuffle not in _SHUFFLES:
            yield DataError(f'shuffle is "{param.shuffle}", expected one of {", ".join(_SHUFFLES)}')
        if not param.mix_group_size:
            yield DataError("mix_group_size is 0, expected at least 1")

    def make_reader(self, top: Blobs) -> BatchReader:
        """A reader of the images in the window file.

        Raises:
            DataError: the file cannot be read.
        """
        param, transform = self.param.detection_data_param, self.param.transform_param
        images = read_box_file(param.source, param.root_folder, difficult=True)
        rng = derived_generator(self.rng, self.ranks.rank)
        shuffled = derived_generator(self.rng) if param.HasField("shuffle") else None
        upright = np.array([listed.size[0] >= listed.size[1] for listed in images])
        order = EpochOrder(
            len(images),
            shuffled,
            arrange=lambda drawing: arrange(param, upright, drawing),
            ranks=self.ranks,
        )
        composer = CascadeComposer(self.param, images[-1].size, rng, self.limits)
        batch, columns = param.batch_size, _COLUMNS if param.output_gt_boxes else 0
        size = SceneSizes(param).first(images[-1].size)
        shapes: list[tuple[int, ...]] = [(batch, 3, *size)]
        shapes += [(batch, 6, *field.map_size(size)) for field in composer.fields]
        return BoxBatchReader(
            images, param.source, order, rng, composer, batch,
            PixelValues.of(transform, transform.scale, self.dtype),
            Tops(len(composer.fields), columns, [-1] * _COLUMNS),
            [*shapes, (1, _COLUMNS, 1, 1)][: len(top)],
        )  # fmt: skip


class CascadeComposer:
    """Makes DetectionData's examples.

    Args:
        param: the layer's text.
        last: height and width of the file's last image.
        rng: what is drawn from.
        limits: what the net allows.

    Attributes:
        fields: of the label maps.
    """

    def __init__(
        self,
        param: caffe_pb2.LayerParameter,
        last: tuple[int, int],
        rng: np.random.Generator,
        limits: Limits,
    ) -> None:
        given = self._param = param.detection_data_param
        self._mirror, self._rng, self._limits = param.transform_param.mirror, rng, limits
        self._sizes = SceneSizes(given)
        self._size = self._sizes.first(last)
        self._ratio = 1.0
        self.fields = [
            Field(*numbers)
            for numbers in zip(given.field_w, given.field_h, given.stride, strict=True)
        ]
        by_margin = given.HasField("anchor_ignore_margin_ratio")
        by_part = given.HasField("anchor_ignore_iou_thr")
        self._rule = LabelRule(
            given.fg_threshold, given.ignore_fg_threshold, given.pickup_iou_thr,
            whole_pixels=True,
            margin=given.anchor_ignore_margin_ratio if by_margin else None,
            inside=given.anchor_ignore_iou_thr if by_part else None,
        )  # fmt: skip

    def begin(self, first: Scene) -> None:
        """Draw the batch's template_ratio, and settle what the net sees."""
        ratios = self._param.template_ratio
        self._ratio = ratios[int(self._rng.integers(len(ratios)))] if ratios else 1.0
        resized = self._sizes.resized(first.size, self._ratio)
        self._size = self._sizes.seen(resized, self._ratio) or self._size
        height, width = self._size
        self._limits.check(12 * height * width, f"an image of {height}×{width} pixels")

    def compose(self, listed: ListedImage, scene: Scene) -> Example:
        """The image as it is drawn, its label maps and true boxes."""
        param, rng = self._param, self._rng
        if param.HasField("distort_param"):
            image = distort(scene.image, param.distort_param, rng)
            scene = Scene(image, scene.boxes, scene.regions)
        if self._mirror and rng.integers(2):
            scene = scene.flipped()
        scene = scene.resized(*self._sizes.resized(scene.size, self._ratio), self._limits)
        chosen, centre = centre_of(scene, self._size, rng)
        scale = self._sizes.drawn_scale(chosen, rng)
        placed = place(scene, self._size, scale, centre, rng, self._limits)
        ignored = listed.ignored | hidden(placed, param.min_gt_width, param.min_gt_height)
        maps = label_maps(placed, listed.labels, ignored, self.fields, self._rule)
        flags = (listed.labels, ignored, listed.difficult)
        return Example(placed, maps, np.column_stack([placed.scene.boxes, *flags]))
