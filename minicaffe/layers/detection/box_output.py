"""BoxOutput: MS-CNN's proposals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from minicaffe.blob import shape_text
from minicaffe.errors import GraphError, MinicaffeError, ShapeError
from minicaffe.layer import Blobs, Layer, refuse_gradient, register
from minicaffe.layers.detection.box_group_output import field_mistakes
from minicaffe.layers.detection.pixel_boxes import (
    Limits,
    Normalizer,
    common_areas,
    decode_at_places,
    nms_type_mistakes,
    normalizer_mistakes,
)
from minicaffe.layers.detection.proposals import Found, choose, fill
from minicaffe.proto.dialects import meant


@register("BoxOutput")
class BoxOutput(Layer):
    """Makes boxes of what a net says of one field at each place of its feature maps.

    Of a field w wide and h high at column x and row y of a map, with offsets o (times bbox_std,
    plus bbox_mean, then kept within ±1/field_xyr and ±log(field_whr)): the middle is
    ((x + 0.5) · downsample_rate + o₀ · w, (y + 0.5) · downsample_rate + o₁ · h), the sides are
    w · exp(o₂) and h · exp(o₃). The score is the largest of the objects' classes minus that of
    class 0; boxes with less than ``fg_thr`` are dropped. The low corners of the others become at
    least 0, which moves the box, and then their sides end at the map's size times downsample_rate;
    those with a side below ``min_size`` are dropped. Of an image's other boxes, of all maps
    together, the best ``max_nms_num`` are compared: one that overlaps a better one by more than
    ``iou_thr`` is dropped. The best ``max_post_nms_num`` are left. Of equal scores the last comes
    first.

    Shapes: bottoms, one for each map, scores and then offsets (N, classes + 4, H, W). Top 0 (boxes,
    5, 1, 1), shaped in forward: image, xmin, ymin, xmax, ymax in pixels (a width is xmax - xmin),
    by image and falling score; where there is none in the whole batch, one row (0, 1, 1, 10, 10).
    Top 1, optional, (boxes, 6, 1, 1): these with the score; zeros where there is none.

    Settings: ``box_output_param``: downsample_rate, field_w and field_h, one for each bottom,
    required; fg_thr (0), iou_thr (0.5), nms_type ("IOU": of the union; "IOMU": of the smaller box;
    "IOFU": of the better box), field_xyr (2), field_whr (2), max_nms_num (0, all), max_post_nms_num
    (0, all), min_size (15). ``bbox_reg_param``: bbox_mean (0 each) and bbox_std (1 each), four
    numbers or none.

    Gradients: none; one that is asked for is refused.

    Raises:
        GraphError: the fields do not fit the bottoms; a setting is outside of its range; a gradient
            is asked for.
        ShapeError: the bottoms do not fit each other.

    Source: box_output_layer.cpp (zhaoweicai/mscnn), with math_functions.cpp; Cai et al., "A unified
    multi-scale deep convolutional neural network for fast object detection", 2016
    (arXiv:1607.07155).
    """

    in_place = False
    min_bottoms = 1
    min_tops = 1
    max_tops = 2
    reshapes_always = True  # the number of boxes depends on the bottoms' values
    backward_reads = ()
    fork_fields = meant("bbox_reg_param")

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        param, bottoms = self.param.box_output_param, len(self.param.bottom)
        for name in ("downsample_rate", "field_w", "field_h"):
            if len(getattr(param, name)) != bottoms:
                yield GraphError(
                    f"{name} has {len(getattr(param, name))} value(s) for {bottoms} bottom(s); "
                    "expected one for each"
                )
        for width, height, rate in zip(
            param.field_w, param.field_h, param.downsample_rate, strict=False
        ):
            yield from field_mistakes([width], [height], rate, "downsample_rate")
        yield from Limits(param.field_xyr, param.field_whr).mistakes()
        yield from nms_type_mistakes(param.nms_type)
        yield from normalizer_mistakes(self.param)

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        first = bottom[0].shape
        for index, blob in enumerate(bottom):
            if len(blob.shape) != 4 or blob.shape[1] < 6 or blob.shape[:2] != first[:2]:
                expected = shape_text(first[:2]) if index else "N×(classes + 4)"
                raise ShapeError(
                    f"bottom {index} has shape {shape_text(blob.shape)}; expected {expected}×H×W, "
                    "at least two classes and four offsets"
                )
        for blob, columns in zip(top, (5, 6), strict=False):
            blob.reshape(1, columns, 1, 1)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        param = self.param.box_output_param
        maps = [self._of_map(blob.data, index) for index, blob in enumerate(bottom)]
        images = []
        for parts in zip(*maps, strict=True):
            found = Found.joined(parts)
            last_first = found.only(np.arange(len(found.scores))[::-1])
            images.append(choose(last_first, param, common_areas))
        nothing = Found(np.empty((0, 4), self.dtype), np.empty(0, self.dtype))
        outside = np.array([0, 0, 1, 1], self.dtype)  # the first pixel after a box
        fill(top, [Found(boxes + outside, scores) for boxes, scores in images or [nothing]])

    def _of_map(self, values: np.ndarray, index: int) -> list[Found]:
        """The boxes of one map that are good and large enough, for each image."""
        param = self.param.box_output_param
        field = np.array([[param.field_w[index], param.field_h[index]]], self.dtype)
        rate = param.downsample_rate[index]
        plain = Normalizer.of(self.param, self.dtype).plain(values[:, None, -4:], axis=2)
        moved = Limits(param.field_xyr, param.field_whr).apply(plain, axis=2)
        middles, sides = (part[:, 0] for part in decode_at_places(moved, field, rate))
        low = np.maximum(middles - sides / 2, 0)
        size = np.array(values.shape[:1:-1], self.dtype) * rate
        sides = np.minimum(sides, size - low)
        boxes = np.concatenate([low, low + sides - 1], axis=-1)
        with np.errstate(invalid="ignore"):
            score = np.fmax.reduce(values[:, 1:-4], axis=1) - values[:, 0]
            good = (score >= param.fg_thr) & (sides >= param.min_size).all(axis=-1)
        return [Found(*pair).only(mask) for *pair, mask in zip(boxes, score, good, strict=True)]

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        for index in range(len(bottom)):
            refuse_gradient(propagate_down, index, "what boxes are made of")
