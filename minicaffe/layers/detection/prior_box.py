"""PriorBox: the boxes that a net's offsets start from."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from minicaffe.blob import shape_text
from minicaffe.errors import GraphError, MinicaffeError, ShapeError
from minicaffe.layer import Blobs, Layer, register
from minicaffe.layers.gradients import clear_gradients
from minicaffe.proto import caffe_pb2
from minicaffe.proto.dialects import Origin, Reading, meant

#: Fields that SSD's first version did not have.
_LATER = ("img_size", "img_h", "img_w", "step", "step_h", "step_w", "offset")

#: Ratios of the sides that differ by less are one.
_SAME = 1e-6


class PriorLayer(Layer):
    """What makes the same boxes around each place of a feature map."""

    min_bottoms = 1
    max_bottoms = 2
    exact_tops = 1
    in_place = False
    backward_reads = ()
    size_bottoms = frozenset({0, 1})
    fork_fields = meant("prior_box_param")  # PriorBoxClustered has no message of its own

    def sides(self) -> list[tuple[float, float]]:
        """Width and height of each box at a place, in pixels."""
        raise NotImplementedError(f"{type(self).__name__}.sides")

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        for read in (self.sides, self._variances, self._offsets, self._image_size, self._steps):
            try:
                read()
            except MinicaffeError as mistake:
                yield mistake

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        self._sides, self._variance = self.sides(), self._variances()
        self._places, self._image, self._step = self._offsets(), self._image_size(), self._steps()

    def _variances(self) -> list[float]:
        variance = list(self.param.prior_box_param.variance) or [float(np.float32(0.1))]
        if len(variance) not in (1, 4) or min(variance) <= 0:
            raise GraphError(
                f"variance is {_shown(variance)}; expected one number or four, above 0"
            )
        return variance

    def _steps(self) -> tuple[float, float] | None:
        return self._pair("step_h", "step_w", "step")

    def _image_size(self) -> tuple[float, float] | None:
        given = self._pair("img_h", "img_w", "img_size")
        if given is None and len(self.param.bottom) < 2:
            raise GraphError(
                "one bottom, the features; the image's size comes from a second one (mostly data), "
                "or from img_h and img_w"
            )
        return given

    def _pair(self, high: str, wide: str, both: str) -> tuple[float, float] | None:
        """Height and width by two fields, or by one for both; None if not given."""
        param = self.param.prior_box_param
        given = [name for name in (high, wide, both) if param.HasField(name)]
        if not given:
            return None
        if both in given and len(given) > 1:
            raise GraphError(f"{' and '.join(given)} are given; keep {both}, or {high} and {wide}")
        names = (both, both) if both in given else (high, wide)
        for name in names:
            if not (param.HasField(name) and getattr(param, name) > 0):
                found = f"{name} is {getattr(param, name):g}" if param.HasField(name) else name
                raise GraphError(f"{given[0]} is given, but {found}; expected {name} above 0")
        return getattr(param, names[0]), getattr(param, names[1])

    @property
    def clips(self) -> bool:
        """Whether boxes are cut at the image's edge."""
        return self.param.prior_box_param.clip

    def _offsets(self) -> list[tuple[float, float]]:
        """Where boxes have their middles in a place: (across, down), in steps."""
        param = self.param.prior_box_param
        across, down = list(param.offset_w), list(param.offset_h)
        if len(across) != len(down):
            raise GraphError(
                f"offset_w value(s): {len(across)}, offset_h: {len(down)}; expected as many"
            )
        return list(zip(across, down, strict=True)) or [(param.offset, param.offset)]

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        for index, blob in enumerate(bottom):
            if blob.num_axes != 4:
                raise ShapeError(
                    f"bottom {index} has shape {shape_text(blob.shape)}, expected 4 axes: num, "
                    "channels, height, width"
                )
        places = bottom[0].height * bottom[0].width
        count = places * len(self._sides) * len(self._places) * 4
        image = self._image or (bottom[1].height, bottom[1].width)
        if not count or min(image) <= 0:
            raise ShapeError(
                f"features of {bottom[0].height}×{bottom[0].width} and an image of "
                f"{image[0]:g}×{image[1]:g} (height×width) give no boxes"
            )
        top[0].reshape(1, 2, count)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        height, width = bottom[0].shape[2:]
        image = np.array(self._image or bottom[1].shape[2:], float)[::-1]
        step = image / (width, height) if self._step is None else np.array(self._step[::-1])
        cells = np.stack(np.meshgrid(np.arange(width), np.arange(height)), axis=-1)
        middles = (cells[:, :, None, None] + np.array(self._places)) * step
        half = np.array(self._sides)[:, None] / 2
        boxes = np.concatenate([(middles - half) / image, (middles + half) / image], axis=-1)
        if self.clips:
            np.clip(boxes, 0, 1, out=boxes)
        top[0].data[0, 0] = boxes.reshape(-1)
        top[0].data[0, 1].reshape(-1, 4)[...] = self._variance

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        clear_gradients(propagate_down, bottom)


@register("PriorBox")
class PriorBox(PriorLayer):
    """Boxes of several sizes and shapes around each place of a feature map, the same for any image.

    At each place, for each ``min_size`` m with its ``max_size`` M: a square of side m, one of side
    √(m · M) if M is given, and for each aspect ratio r but 1 a box m·√r wide and m/√r high. Sizes
    are cut to whole pixels first (the fork keeps them in ints). The middles are at ((w + offset) ·
    step_w, (h + offset) · step_h); all is divided by the image's sides. Boxes come in the order
    height, width, size; with several offsets (OpenCV's; TextBoxes has 0.5 and 1 down) they come
    last. OpenVINO's ``width`` and ``height`` lists say the boxes' sides themselves, as in
    PriorBoxClustered.

    ``clip`` is false by default; in SSD's first version (dialect ``early-ssd``), TextBoxes, RMPE
    and OpenCV it is true. A text that does not give it may be of either, unless it has a field that
    only later versions have.

    Shapes: bottom 0, features (N, C, H, W); bottom 1, the images (N, channels, height, width), of
    which only the size counts, and which may be missing if img_h and img_w are given. Top
    (1, 2, H · W · boxes · 4): channel 0 has xmin, ymin, xmax, ymax of each box in image sides,
    channel 1 its variances.

    Settings: ``prior_box_param``: min_size, required, and max_size, as many or none, in pixels;
    aspect_ratio, width to height; flip (true; also each ratio's inverse); clip (false; cut boxes at
    the image's edge); variance, one number or four, 0.1 unless set; img_size, or img_h and img_w;
    step, or step_h and step_w, in pixels, image by feature map unless set; offset (0.5), or
    offset_w and offset_h; width and height.

    Gradients: none; zeros are passed down, as the sizes only count.

    Raises:
        GraphError: sizes are missing, not above 0, or do not fit each other; both forms of a
            setting are given.
        ShapeError: a bottom does not have 4 axes, or is empty.

    Source: prior_box_layer.cpp (weiliu89/caffe); Liu et al., "SSD: single shot multibox detector",
    2016 (arXiv:1512.02325), section 2.2.
    """

    dialects = ("ssd", "early-ssd")

    @classmethod
    def reading_of(cls, param: caffe_pb2.LayerParameter, origin: Origin) -> Reading:
        settings = param.prior_box_param
        if settings.HasField("clip"):
            return Reading()
        evidence = [("ssd", f"`{field}` is given") for field in _LATER if settings.HasField(field)]
        if len(settings.min_size) > 1:
            evidence.append(("ssd", "`min_size` is given several times"))
        return origin.choose(cls.dialects, evidence, otherwise="`clip` is not given")

    @property
    def clips(self) -> bool:
        param = self.param.prior_box_param
        return param.clip if param.HasField("clip") else self.reading.dialect == "early-ssd"

    def sides(self) -> list[tuple[float, float]]:
        param = self.param.prior_box_param
        if param.width or param.height:
            return explicit_sides(list(param.width), list(param.height))
        small, large = list(param.min_size), list(param.max_size)
        if not small or not all(0 < side < math.inf for side in small):
            raise GraphError(f"min_size is {_shown(small)}; expected sides in pixels, above 0")
        if not all(math.isfinite(side) for side in large):
            raise GraphError(f"max_size is {_shown(large)}; expected sides in pixels")
        if large and len(large) != len(small):
            raise GraphError(
                f"{len(large)} max_size value(s) for {len(small)} min_size value(s); expected as "
                "many, or none"
            )
        for least, most in zip(small, large, strict=False):
            if most <= least:
                raise GraphError(f"max_size {most:g} is not above min_size {least:g}")
        ratios = self._ratios()
        found = []
        for index, side in enumerate(map(math.trunc, small)):
            found.append((float(side), float(side)))
            if large:
                found.append((math.sqrt(side * math.trunc(large[index])),) * 2)
            found += [(side * math.sqrt(ratio), side / math.sqrt(ratio)) for ratio in ratios]
        return found

    def _ratios(self) -> list[float]:
        """The aspect ratios that are wanted besides 1."""
        param = self.param.prior_box_param
        ratios = [1.0]
        for ratio in param.aspect_ratio:
            if not 0 < ratio < math.inf:
                raise GraphError(f"aspect_ratio is {ratio:g}; expected numbers above 0")
            if all(abs(ratio - known) >= _SAME for known in ratios):
                ratios += [ratio, 1 / ratio] if param.flip else [ratio]
        return [ratio for ratio in ratios if abs(ratio - 1) >= _SAME]


def explicit_sides(widths: list[float], heights: list[float]) -> list[tuple[float, float]]:
    """The boxes that ``width`` and ``height`` lists say.

    Raises:
        GraphError: they are missing, not above 0, or not equally many.
    """
    if len(widths) != len(heights) or not widths or min(widths + heights) <= 0:
        raise GraphError(
            f"width is {_shown(widths)} and height {_shown(heights)}; expected one height for each "
            "width, in pixels, above 0"
        )
    return list(zip(widths, heights, strict=True))


def _shown(values: list[float]) -> str:
    return ", ".join(f"{value:g}" for value in values) or "missing"
