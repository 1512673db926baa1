"""BoxGroupOutput: Cascade R-CNN's proposals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from minicaffe.blob import shape_text
from minicaffe.errors import GraphError, MinicaffeError, ShapeError
from minicaffe.layer import Blobs, Layer, refuse_gradient, register
from minicaffe.layers.detection.pixel_boxes import (
    Limits,
    Normalizer,
    clipped,
    common_lines,
    decode_at_places,
    from_middles,
    nms_type_mistakes,
    normalizer_mistakes,
)
from minicaffe.layers.detection.proposals import Found, choose, fill
from minicaffe.proto import caffe_pb2
from minicaffe.proto.dialects import meant


@register("BoxGroupOutput")
class BoxGroupOutput(Layer):
    """Makes boxes of what a net says of the fields (anchors) at each place of its feature maps.

    Of a field w wide and h high at column x and row y of a map, with offsets o (times bbox_std,
    plus bbox_mean, then kept within ±1/field_xyr and ±log(field_whr)): the middle is
    ((x + 0.5) · stride + o₀ · w, (y + 0.5) · stride + o₁ · h), the sides are w · exp(o₂) and
    h · exp(o₃). The score is 1 - the probability of class 0. Boxes with a score below ``fg_thr``
    are dropped, the others clipped to the image (low corners to 0, high ones to the map's size
    times stride), then those with a side below ``min_size``. Of an image's other boxes, of all maps
    together, the best ``max_nms_num`` are compared: one that overlaps a better one by more than
    ``iou_thr`` is dropped. The best ``max_post_nms_num`` are left.

    Shapes: bottoms in pairs, one for each map with G fields: probabilities (N · G, classes, H, W),
    offsets (N · G, 4, H, W). Top 0 (boxes, 5, 1, 1), shaped in forward: image, xmin, ymin, xmax,
    ymax in pixels, by image and falling score; where there is none in the whole batch, one row (0,
    1, 1, 10, 10). Top 1, optional, (boxes, 6, 1, 1): these with the score; zeros where there is
    none.

    Settings: ``box_group_output_param``: box_group_param, one for each pair, with stride and the
    fields' sides field_w and field_h, required; fg_thr (0), iou_thr (0.5), nms_type ("IOU": of the
    union; "IOMU": of the smaller box; "IOFU": of the better box), field_xyr (2), field_whr (2),
    max_nms_num (0, all), max_post_nms_num (0, all), min_size (15). ``bbox_reg_param``: bbox_mean (0
    each) and bbox_std (1 each), four numbers or none.

    Gradients: none; one that is asked for is refused.

    Raises:
        GraphError: box_group_param does not fit the bottoms; a setting is outside of its range; a
            gradient is asked for.
        ShapeError: the bottoms do not fit each other.

    Source: box_group_output_layer.cpp (zhaoweicai/cascade-rcnn), with bbox_util.cpp; Cai &
    Vasconcelos, "Cascade R-CNN: delving into high quality object detection", 2018
    (arXiv:1712.00726).
    """

    in_place = False
    min_bottoms = 2
    min_tops = 1
    max_tops = 2
    reshapes_always = True  # the number of boxes depends on the bottoms' values
    backward_reads = ()
    fork_fields = meant("bbox_reg_param")

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        param, bottoms = self.param.box_group_output_param, len(self.param.bottom)
        if bottoms % 2:
            yield GraphError(
                f"there are {bottoms} bottoms; expected pairs of probabilities and offsets"
            )
        if len(param.box_group_param) != bottoms // 2:
            yield GraphError(
                f"there are {len(param.box_group_param)} box_group_param for {bottoms // 2} "
                "pair(s) of bottoms; expected one for each pair"
            )
        for group in param.box_group_param:
            yield from field_mistakes(group.field_w, group.field_h, group.stride)
        yield from Limits(param.field_xyr, param.field_whr).mistakes()
        yield from nms_type_mistakes(param.nms_type)
        yield from normalizer_mistakes(self.param)

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        groups = self.param.box_group_output_param.box_group_param
        items = None
        for index, group in enumerate(groups):
            scores, offsets = bottom[2 * index : 2 * index + 2]
            fields, shape = len(group.field_w), scores.shape
            if len(shape) != 4 or shape[0] % fields or shape[1] < 1:
                raise ShapeError(
                    f"bottom {2 * index} has shape {shape_text(shape)}; expected "
                    f"{fields}·N×classes×H×W, as its box_group_param has {fields} field(s)"
                )
            if offsets.shape != (shape[0], 4, *shape[2:]):
                raise ShapeError(
                    f"bottom {2 * index + 1} has shape {shape_text(offsets.shape)}; expected "
                    f"{shape_text((shape[0], 4, *shape[2:]))}, four offsets of each field and place"
                )
            if items not in (None, shape[0] // fields):
                raise ShapeError(
                    f"bottom {2 * index} has shape {shape_text(shape)}: {shape[0] // fields} "
                    f"image(s) of {fields} field(s); expected {items} image(s) as in bottom 0"
                )
            items = shape[0] // fields
        for blob, columns in zip(top, (5, 6), strict=False):
            blob.reshape(1, columns, 1, 1)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        param = self.param.box_group_output_param
        images: list[list[Found]] = []
        for index, group in enumerate(param.box_group_param):
            found = self._of_map(bottom[2 * index].data, bottom[2 * index + 1].data, group)
            images = images or [[] for _ in found]
            for image, boxes in zip(images, found, strict=True):
                image.append(boxes)
        nothing = Found(np.empty((0, 4), self.dtype), np.empty(0, self.dtype))
        chosen = [choose(Found.joined(image), param, common_lines) for image in images]
        fill(top, chosen or [nothing])

    def _of_map(
        self, scores: np.ndarray, offsets: np.ndarray, group: caffe_pb2.BoxGroupParameter
    ) -> list[Found]:
        """The boxes of one map that are good and large enough, for each image."""
        param = self.param.box_group_output_param
        fields = np.array([group.field_w, group.field_h], self.dtype).T
        height, width = scores.shape[2:]
        places = offsets.reshape(len(offsets) // len(fields), len(fields), 4, height, width)
        plain = Normalizer.of(self.param, self.dtype).plain(places, axis=2)
        moved = Limits(param.field_xyr, param.field_whr).apply(plain, axis=2)
        boxes = from_middles(*decode_at_places(moved, fields, group.stride))
        boxes = clipped(boxes, width * group.stride, height * group.stride)
        fore = (1 - scores[:, 0]).reshape(boxes.shape[:-1])
        with np.errstate(invalid="ignore"):
            sides = boxes[..., 2:] - boxes[..., :2] + 1
            good = (fore >= param.fg_thr) & (sides >= param.min_size).all(axis=-1)
        return [Found(*pair).only(mask) for *pair, mask in zip(boxes, fore, good, strict=True)]

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        for index in range(len(bottom)):
            refuse_gradient(propagate_down, index, "what boxes are made of")


def field_mistakes(
    widths: Sequence[int], heights: Sequence[int], stride: int, stride_name: str = "stride"
) -> Iterator[MinicaffeError]:
    """What is wrong with the fields that a layer has at each place of a map."""
    if not widths or len(widths) != len(heights):
        yield GraphError(
            f"field_w has {len(widths)} value(s) and field_h {len(heights)}; expected as many, and "
            "at least one"
        )
    if not all((*widths, *heights)):
        yield GraphError("a field_w or field_h is 0; expected sides in pixels")
    if not stride:
        yield GraphError(f"{stride_name} is missing; give the pixels from one place to the next")
