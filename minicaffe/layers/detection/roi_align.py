"""ROIAlign: values between the pixels of a region, as three forks mean it."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from minicaffe.errors import GraphError, MinicaffeError, ShapeError
from minicaffe.layer import Blobs, Layer, register
from minicaffe.layers.detection.regions import (
    RegionLayer,
    channels_last,
    nearest,
    number_mistakes,
    read_regions,
    require_regions,
)
from minicaffe.layers.detection.sampling import Samples, cubic, linear, outer
from minicaffe.proto import caffe_pb2
from minicaffe.proto.dialects import Origin, Reading, meant

#: The most memory that the pixels and weights of one value take.
_BYTES = 2048

_Region = tuple[np.ndarray, np.ndarray]  # where it begins and ends, x and y


@register("ROIAlign")
class ROIAlign(RegionLayer):
    """Values of a feature map at places between its pixels, for each region: three layers of one
    name, which the settings' message and the types beside the layer tell apart.

    Corners are multiplied by spatial_scale. Values between pixels are interpolated from the pixels
    around them, in both directions.

    **MS-CNN and Cascade R-CNN** (``roi_pooling_param``): the corners of the parts, pooled_h + 1 by
    pooled_w + 1 of them, not their means; a pooling follows. Scaled corners lose 1/2, and
    ``pad_ratio`` makes regions larger as in ROIPooling. A place more than 1/2 outside of the
    feature map gives 0, and so does a region without width or height.

    **Mask R-CNN by jasjeetIM** (``roi_align_param``): the largest of four samples for each part. A
    part has the size (xmax - xmin + 1) / pooled_w; of the pixels from ⌈begin⌉ to ⌊end⌋ the first
    four count, in row-major order. With u and v a pixel's place in the whole region, -1 at its
    begin and 1 at its end, it has the weight max(0, 1 - \\|u - s\\|) · max(0, 1 - \\|v - t\\|) in
    the sample (s, t), each -1/2 or 1/2. An empty part gives 0. Where such a pixel lies one
    beyond the feature map, the fork reads other memory; here it is 0.

    **makefile's frcnn** (``roi_pooling_param``, beside Frcnn layers or with its fields): a part has
    the size (xmax - xmin + 1) / pooled_w; its value at the middle or, with is_multi_interpolate,
    the largest of four, at 1/4 and 3/4 of each side, as on GPUs. Between pixels by a cubic
    convolution (a = -1), or linear with bi_type 0. Regions are cut at 0.

    NaN counts as lowest where the largest is taken; a region with a NaN corner gives 0.

    Shapes: bottom 0, feature map (N, C, H, W); bottom 1, regions (R, 5): the image's index below N,
    then xmin, ymin, xmax, ymax in pixels of the net's input; top (R, C, pooled_h, pooled_w), for
    Cascade R-CNN (R, C, pooled_h + 1, pooled_w + 1).

    Settings: ``roi_align_param`` or ``roi_pooling_param``: pooled_h and pooled_w, required;
    spatial_scale (1). Of ``roi_pooling_param``: pad_ratio (0), bi_type (1), is_multi_interpolate
    (true).

    Gradients: dx is the sum of dy times the weights with which a pixel counts; of several samples
    only the largest. 0 for the regions, as a net with learned proposals asks for it.

    Raises:
        GraphError: pooled_h or pooled_w is missing or 0; spatial_scale or pad_ratio is not finite,
            or spatial_scale is 0; both messages are given; so is sampling_ratio, which Detectron's
            layer has.
        ShapeError: bottom 0 does not have four axes, or no pixels; bottom 1 does not have five
            numbers a region.
        DataError: a region is of an image that there is not.

    Source: roi_align_layer.cpp (zhaoweicai/cascade-rcnn); roi_align_layer.cu
    (jasjeetIM/Mask-RCNN, external/caffe); roi_align_layer.cu (makefile/frcnn); He et al., "Mask
    R-CNN", 2017 (arXiv:1703.06870), section 3, has none of them.
    """

    dialects = ("cascade-rcnn", "mask-rcnn", "mscnn", "frcnn")
    fork_fields = meant("roi_pooling_param")
    backward_reads = ("bottoms",)

    @classmethod
    def reading_of(cls, param: caffe_pb2.LayerParameter, origin: Origin) -> Reading:
        pooling = param.roi_pooling_param
        evidence = [
            ("frcnn", f"`{name}` is given")
            for name in ("bi_type", "is_multi_interpolate")
            if pooling.HasField(name)
        ]
        evidence += [
            ("frcnn", f"the net has {name} layers")
            for name in sorted(origin.types)
            if name.startswith("Frcnn")
        ]
        evidence += [
            (dialect, f"`{name}` is given")
            for dialect, name in (
                ("mask-rcnn", "roi_align_param"),
                ("cascade-rcnn", "roi_pooling_param"),
            )
            if param.HasField(name)
        ]
        return origin.choose(cls.dialects, evidence)

    @classmethod
    def class_for(cls, param: caffe_pb2.LayerParameter, reading: Reading) -> type[Layer]:
        return {"mask-rcnn": MaskROIAlign, "frcnn": FrcnnROIAlign}.get(
            reading.dialect, CascadeROIAlign
        )

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        if self.param.HasField("roi_align_param") and self.param.HasField("roi_pooling_param"):
            yield GraphError("roi_align_param and roi_pooling_param are given; keep one")
        if self.param.roi_align_param.HasField("sampling_ratio"):
            yield GraphError(
                "sampling_ratio is given, so this is Detectron's ROIAlign, a mean of samples; "
                "there are those of Cascade R-CNN, Mask R-CNN in Caffe and makefile's frcnn"
            )
        ratio = self.param.roi_pooling_param.pad_ratio
        yield from number_mistakes(self._settings.spatial_scale, ratio)
        for name in ("pooled_h", "pooled_w"):
            if not getattr(self._settings, name):
                yield GraphError(f"{name} is missing or 0; expected at least 1")

    @property
    def _settings(self) -> caffe_pb2.ROIPoolingParameter | caffe_pb2.ROIAlignParameter:
        param = self.param
        if param.HasField("roi_align_param"):
            return param.roi_align_param
        return param.roi_pooling_param

    @property
    def pooled(self) -> tuple[int, int]:
        """How many values a region has from top to bottom and from left to right."""
        return self._settings.pooled_h, self._settings.pooled_w

    def samples(self, region: _Region, size: tuple[int, int]) -> Samples:
        """Where the values of a region come from.

        Args:
            region: where it begins, (x, y) in pixels of the feature map, and where it ends.
            size: height and width of the feature map.
        """
        raise NotImplementedError(f"{type(self).__name__}.samples")

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        require_regions(bottom)
        if 0 in bottom[0].shape[2:]:
            raise ShapeError("a feature map without pixels has no values between them")
        self.limits.check(_BYTES * math.prod(self.pooled), "what it makes of a region")
        top[0].reshape(bottom[1].shape[0], bottom[0].shape[1], *self.pooled)

    def _all_samples(self, bottom: Blobs) -> Iterator[tuple[int, Samples]]:
        """For each region its image, and where its values come from."""
        images, corners = read_regions(bottom[1], bottom[0].shape[0])
        low, high = corners[:, :2], corners[:, 2:]
        size = bottom[0].shape[2], bottom[0].shape[3]
        with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
            ratio = self.param.roi_pooling_param.pad_ratio
            if ratio:
                pad = (high - low + 1) * np.array(ratio, self.dtype)
                low, high = low - pad, high + pad
            scale = np.array(self._settings.spatial_scale, self.dtype)
            for image, *region in zip(images.tolist(), low * scale, high * scale, strict=True):
                places, weights = self.samples((region[0], region[1]), size)
                yield image, Samples(places, weights.astype(self.dtype))

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        maps = with_zeros(channels_last(bottom[0].data))
        found = np.empty((len(top[0].data), *self.pooled, maps.shape[2]), self.dtype)
        for y, (image, samples) in zip(found, self._all_samples(bottom), strict=True):
            y[...] = samples.read(maps[image])[0].reshape(y.shape)
        top[0].data[...] = found.transpose(0, 3, 1, 2)

    def give_back(self, dy: np.ndarray, bottom: Blobs) -> None:
        maps = with_zeros(channels_last(bottom[0].data))
        gradient = np.zeros_like(maps)
        for given, (image, samples) in zip(
            channels_last(dy), self._all_samples(bottom), strict=True
        ):
            _, best = samples.read(maps[image])
            samples.give_back(given.reshape(best.shape), best, gradient[image])
        n, c, h, w = bottom[0].shape
        bottom[0].diff[...] = gradient[:, :-1].reshape(n, h, w, c).transpose(0, 3, 1, 2)


def with_zeros(images: np.ndarray) -> np.ndarray:
    """Images (N, H, W, C) as (N, H · W + 1, C), with a row of zeros at the end of each."""
    n, h, w, c = images.shape
    return np.concatenate([images.reshape(n, h * w, c), np.zeros((n, 1, c), images.dtype)], 1)


#: x and y of jasjeetIM's four samples, from -1 to 1 across a region.
_SAMPLES = np.array([[-0.5, -0.5, 0.5, 0.5], [-0.5, 0.5, -0.5, 0.5]])


class CascadeROIAlign(ROIAlign):
    """Cascade R-CNN's and MS-CNN's: the corners of the parts."""

    @property
    def pooled(self) -> tuple[int, int]:
        """One more than parts."""
        return self._settings.pooled_h + 1, self._settings.pooled_w + 1

    def samples(self, region: _Region, size: tuple[int, int]) -> Samples:
        rows, columns = (
            self._along(region[0][axis] - 0.5, region[1][axis] - 0.5, corners, length)
            for axis, corners, length in zip((1, 0), self.pooled, size, strict=True)
        )
        if not (region[1] > region[0]).all():
            rows[1][...] = 0
        return outer(rows, columns, size[1])

    def _along(
        self, first: np.ndarray, last: np.ndarray, corners: int, length: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Pixels and weights (corners, 1, 2) along an axis."""
        step = (last - first) / self.dtype.type(corners - 1)
        at = first + np.arange(corners, dtype=self.dtype) * step
        places, weights = linear(at[:, None], length)
        outside = ~((at >= -0.5) & (at <= length - 0.5))
        weights[outside] = 0
        return places, weights


class FrcnnROIAlign(ROIAlign):
    """makefile's frcnn: the middle of a part, or the largest of four places in it."""

    def samples(self, region: _Region, size: tuple[int, int]) -> Samples:
        rows, columns = (
            self._along(region[0][axis], region[1][axis], parts, length)
            for axis, parts, length in zip((1, 0), self.pooled, size, strict=True)
        )
        return outer(rows, columns, size[1])

    def _along(
        self, first: np.ndarray, last: np.ndarray, parts: int, length: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Pixels and weights (parts, places, 2 or 4) along an axis."""
        param = self.param.roi_pooling_param
        # the fork cuts at the input's size, in pixels of the feature map
        limit = nearest(np.array(length / self._settings.spatial_scale, self.dtype)) - 1
        first, last = np.maximum(first, 0), np.minimum(last, limit)
        step = np.maximum(last - first + 1, 1) / self.dtype.type(parts)
        inside = np.array([0.25, 0.75] if param.is_multi_interpolate else [0.5], self.dtype)
        at = (np.arange(parts, dtype=self.dtype)[:, None] + inside) * step + first
        return (cubic if param.bi_type == 1 else linear)(at, length)


class MaskROIAlign(ROIAlign):
    """jasjeetIM's: the largest of four samples of a part's first four pixels."""

    def samples(self, region: _Region, size: tuple[int, int]) -> Samples:
        (top, high), (left, wide) = (
            _whole_pixels(region[0][axis], region[1][axis], parts, length)
            for axis, parts, length in zip((1, 0), self.pooled, size, strict=True)
        )
        per_row, number = np.maximum(wide, 1)[None, :, None], np.arange(4)
        rows = top[:, None, None] + number // per_row  # (parts, parts, 4)
        columns = left[None, :, None] + number % per_row
        counts = (number // per_row < high[:, None, None]) & (wide[None, :, None] > 0)
        counts &= (rows < size[0]) & (columns < size[1])
        x, y = _SAMPLES[0][:, None], _SAMPLES[1][:, None]
        weights = _closeness(x, columns, region, 0) * _closeness(y, rows, region, 1)
        weights *= counts[:, :, None]
        places = np.where(counts, rows * size[1] + columns, 0)[:, :, None]
        places = np.broadcast_to(places, weights.shape)
        return Samples(places.reshape(-1, 4, 4), weights.reshape(-1, 4, 4))


def _closeness(samples: np.ndarray, pixels: np.ndarray, region: _Region, axis: int) -> np.ndarray:
    """How much each pixel (…, 4) counts for each sample, along one axis: (…, 4, 4)."""
    begin, end = region[0][axis], region[1][axis]
    place = np.fmin(np.fmax(2 * (pixels - begin) / (end - begin) - 1, -1), 1)
    return np.asarray(np.maximum(0, 1 - np.abs(samples - place[..., None, :])))


def _whole_pixels(
    begin: np.ndarray, end: np.ndarray, parts: int, length: int
) -> tuple[np.ndarray, np.ndarray]:
    """The first whole pixel of each part along an axis, and how many it has."""
    step = np.maximum(end - begin + 1, 1) / begin.dtype.type(parts)
    border = np.clip(np.arange(parts + 1, dtype=begin.dtype) * step + begin, 0, length)
    low, high = border[:-1], border[1:]
    known = low < high
    first = np.where(known, np.ceil(low), 0).astype(np.intp)
    last = np.where(known, np.floor(high), -1).astype(np.intp)
    return first, np.maximum(last - first + 1, 0)
