"""ROIPooling: the largest value of each part of a region."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from minicaffe.blob import Blob
from minicaffe.errors import GraphError, MinicaffeError
from minicaffe.layer import Blobs, register
from minicaffe.layers.detection.regions import (
    Parts,
    Ranges,
    RegionLayer,
    channels_last,
    divide,
    inside,
    nearest,
    number_mistakes,
    read_regions,
    require_regions,
)
from minicaffe.layers.vision.pooling import LOWEST
from minicaffe.proto import caffe_pb2
from minicaffe.proto.dialects import Origin, Reading


@register("ROIPooling")
class ROIPooling(RegionLayer):
    """Divides each region of a feature map into pooled_h × pooled_w parts: the largest value of
    each.

    A region begins at round(xmin · spatial_scale) and ends with the pixel round(xmax ·
    spatial_scale); it has one pixel at least. Part k of n covers the pixels from ⌊k · size / n⌋ to
    ⌈(k + 1) · size / n⌉, so that parts may share pixels, cut to the feature map. An empty part
    gives 0; NaN counts as lowest, and a part of nothing else gives -3.4e38. A region with a NaN
    corner is empty.

    ``pad_ratio`` p makes a region larger before: by (xmax - xmin + 1) · p to the left and right,
    by (ymax - ymin + 1) · p above and below.

    In jolibrain's Caffe a negative spatial_scale, its default, means that corners are counted in
    image sides: they are multiplied by the feature map's W and H.

    Shapes: bottom 0, feature map (N, C, H, W); bottom 1, regions (R, 5): the image's index below N,
    then xmin, ymin, xmax, ymax in pixels of the net's input; top (R, C, pooled_h, pooled_w).

    Settings: ``roi_pooling_param``: pooled_h and pooled_w, required unless pooled_size has one
    number for both, or two; spatial_scale (1), pixels of the feature map for each of the input;
    pad_ratio (0). bi_type and is_multi_interpolate are settings of ROIAlign in their fork.

    Gradients: dx at the first of a part's largest values, in row-major order, is the sum of the dy
    of these parts; 0 for the regions, as a net with learned proposals asks for it.

    Raises:
        GraphError: pooled_h or pooled_w is missing or 0; pooled_size has more than two numbers;
            spatial_scale or pad_ratio is not finite, or spatial_scale is 0.
        ShapeError: bottom 0 does not have four axes; bottom 1 does not have five numbers a region.
        DataError: a region is of an image that there is not.

    Source: roi_pooling_layer.cu (rbgirshick/caffe-fast-rcnn), with backward on CPUs
    roi_pooling_layer.cpp (microsoft/caffe); Girshick, "Fast R-CNN", 2015 (arXiv:1504.08083),
    section 2.1; pad_ratio: zhaoweicai/mscnn; pooled_size: intel/caffe.
    """

    dialects = ("fast-rcnn", "jolibrain")
    backward_reads = ("bottoms",)

    @classmethod
    def reading_of(cls, param: caffe_pb2.LayerParameter, origin: Origin) -> Reading:
        """Only a spatial_scale that is missing or negative means two things."""
        pooling = param.roi_pooling_param
        if not pooling.HasField("spatial_scale"):
            return origin.choose(cls.dialects, otherwise="spatial_scale is missing")
        if pooling.spatial_scale < 0:
            return origin.choose(cls.dialects, [("jolibrain", "spatial_scale is negative")])
        return Reading()

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        param = self.param.roi_pooling_param
        yield from number_mistakes(param.spatial_scale, param.pad_ratio)
        if len(param.pooled_size) > 2:
            yield GraphError(
                f"pooled_size has {len(param.pooled_size)} numbers; expected one, or a height and "
                "a width"
            )
            return
        for name, size in zip(("pooled_h", "pooled_w"), self.pooled, strict=True):
            if not size:
                yield GraphError(f"{name} is missing or 0; expected at least 1")

    @property
    def pooled(self) -> tuple[int, int]:
        """How many parts a region has from top to bottom and from left to right."""
        param = self.param.roi_pooling_param
        if param.pooled_size:
            return param.pooled_size[0], param.pooled_size[-1]
        return param.pooled_h, param.pooled_w

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        require_regions(bottom)
        regions, parts = bottom[1].shape[0], sum(self.pooled)
        self.limits.check(64 * regions * parts, "what it makes of the parts' borders")
        top[0].reshape(regions, bottom[0].shape[1], *self.pooled)

    def scale(self, maps: Blob) -> np.ndarray:
        """Pixels of the feature map for each unit of x and of y."""
        param = self.param.roi_pooling_param
        in_sides = not param.HasField("spatial_scale") or param.spatial_scale < 0
        if in_sides and self.reading.dialect == "jolibrain":
            return np.array(maps.shape[:1:-1], self.dtype)
        return np.full(2, param.spatial_scale, self.dtype)

    def _parts(self, bottom: Blobs) -> tuple[np.ndarray, Parts, Parts]:
        """The regions' images, and the parts along H and W."""
        param = self.param.roi_pooling_param
        images, corners = read_regions(bottom[1], bottom[0].shape[0])
        low, high = corners[:, :2], corners[:, 2:]
        scale = self.scale(bottom[0])
        with np.errstate(invalid="ignore", over="ignore"):
            if param.pad_ratio:
                pad = (high - low + 1) * np.array(param.pad_ratio, self.dtype)
                low, high = low - pad, high + pad
            first = nearest(low * scale)
            size = np.maximum(nearest(high * scale) - first + 1, 1)
        across, down = (
            inside(*_moved(first[:, axis], size[:, axis], parts), length)
            for axis, parts, length in zip(
                (0, 1), self.pooled[::-1], bottom[0].shape[:1:-1], strict=True
            )
        )
        return images, down, across

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        images, down, across = self._parts(bottom)
        maps = channels_last(bottom[0].data)
        found = np.zeros((len(images), *self.pooled, maps.shape[3]), self.dtype)
        for image, rows, columns, y in zip(
            images, down.ranges(), across.ranges(), found, strict=True
        ):
            pool_region(maps[image], rows, columns, y)
        top[0].data[...] = found.transpose(0, 3, 1, 2)

    def give_back(self, dy: np.ndarray, bottom: Blobs) -> None:
        images, down, across = self._parts(bottom)
        maps = channels_last(bottom[0].data)
        gradient = np.zeros_like(maps)
        for image, rows, columns, given in zip(
            images, down.ranges(), across.ranges(), channels_last(dy), strict=True
        ):
            give_back_region(maps[image], rows, columns, given, gradient[image])
        bottom[0].diff[...] = gradient.transpose(0, 3, 1, 2)


def pool_region(image: np.ndarray, rows: Ranges, columns: Ranges, found: np.ndarray) -> None:
    """The largest values of a region's parts: first of each row, then of the rows.

    Args:
        image: (H, W, C).
        rows: the first row of each part and the one after its last.
        columns: likewise.
        found: (rows, columns, C), zeros, as which empty parts stay.
    """
    top, largest = row_maxima(image, rows, columns)
    for i, (start, end) in enumerate(rows):
        if start < end:
            np.fmax.reduce(largest[start - top : end - top], axis=0, initial=LOWEST, out=found[i])


def give_back_region(
    image: np.ndarray, rows: Ranges, columns: Ranges, given: np.ndarray, gradient: np.ndarray
) -> None:
    """Add to the gradient (H, W, C) of an image what is given (rows, columns, C) to the largest
    values of a region's parts: first to their rows, then to their columns."""
    top, largest = row_maxima(image, rows, columns)
    shares = np.zeros_like(largest)
    for i, (start, end) in enumerate(rows):
        if start < end:
            part = slice(start - top, end - top)
            best = np.fmax.reduce(largest[part], axis=0, initial=LOWEST)
            _add_to_first(largest[part], best, np.where(best > LOWEST, given[i], 0), shares[part])
    for j, (start, end) in enumerate(columns):
        if start < end:
            place = np.s_[top : top + len(largest), start:end]
            values, sums = image[place].swapaxes(0, 1), gradient[place].swapaxes(0, 1)
            _add_to_first(values, largest[:, j], shares[:, j], sums)


def row_maxima(image: np.ndarray, rows: Ranges, columns: Ranges) -> tuple[int, np.ndarray]:
    """The first row of a region, and the largest values in each row's parts (rows, columns, C); 0
    in empty ones."""
    top, bottom = min(start for start, _ in rows), max(end for _, end in rows)
    largest = np.zeros((max(bottom - top, 0), len(columns), image.shape[2]), image.dtype)
    for j, (start, end) in enumerate(columns):
        if start < end:
            part = image[top:bottom, start:end]
            np.fmax.reduce(part, axis=1, initial=LOWEST, out=largest[:, j])
    return top, largest


def _add_to_first(
    values: np.ndarray, largest: np.ndarray, given: np.ndarray, sums: np.ndarray
) -> None:
    """Add to the sums (n, …) what is given (…) to the first of the values (n, …) that is the
    largest (…)."""
    left = given
    for value, total in zip(values, sums, strict=True):
        share = np.where(value == largest, left, 0)
        total += share
        left = left - share


def _moved(first: np.ndarray, size: np.ndarray, parts: int) -> tuple[np.ndarray, np.ndarray]:
    """The borders of parts, rounded before they are moved to where the region begins."""
    start, end = divide(np.zeros_like(first), size, parts)
    return np.floor(start) + first[:, None], np.ceil(end) + first[:, None]
