"""ROIPooling: the largest value of each part of a region."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from minicaffe.blob import Blob
from minicaffe.errors import GraphError, MinicaffeError
from minicaffe.layer import Blobs, register
from minicaffe.layers.detection.regions import (
    Parts,
    RegionLayer,
    divide,
    inside,
    nearest,
    pixels,
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
        GraphError: pooled_h or pooled_w is missing or 0; pooled_size has more than two numbers.
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
        if len(param.pooled_size) > 2:
            yield GraphError(
                f"pooled_size has {len(param.pooled_size)} numbers; expected one, or a height and "
                "a width"
            )
            return
        for name, size in zip(("pooled_h", "pooled_w"), self._pooled(), strict=True):
            if not size:
                yield GraphError(f"{name} is missing or 0; expected at least 1")

    def _pooled(self) -> tuple[int, int]:
        """How many parts a region has from top to bottom and from left to right."""
        param = self.param.roi_pooling_param
        if param.pooled_size:
            return param.pooled_size[0], param.pooled_size[-1]
        return param.pooled_h, param.pooled_w

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        require_regions(bottom)
        top[0].reshape(bottom[1].shape[0], bottom[0].shape[1], *self._pooled())

    def _scale(self, maps: Blob) -> np.ndarray:
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
        scale = self._scale(bottom[0])
        with np.errstate(invalid="ignore", over="ignore"):
            if param.pad_ratio:
                pad = (high - low + 1) * np.array(param.pad_ratio, self.dtype)
                low, high = low - pad, high + pad
            first = nearest(low * scale)
            size = np.maximum(nearest(high * scale) - first + 1, 1)
        across, down = (
            inside(*_moved(first[:, axis], size[:, axis], parts), length)
            for axis, parts, length in zip(
                (0, 1), self._pooled()[::-1], bottom[0].shape[:1:-1], strict=True
            )
        )
        return images, down, across

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        images, down, across = self._parts(bottom)
        # with channels last, the largest of many values are found at once
        maps = np.ascontiguousarray(bottom[0].data.transpose(0, 2, 3, 1))
        found = np.zeros((len(images), *self._pooled(), maps.shape[3]), self.dtype)
        for region, image in enumerate(images):
            rows = zip(down.start[region], down.end[region], strict=True)
            columns = zip(across.start[region], across.end[region], strict=True)
            pool_region(maps[image], list(rows), list(columns), found[region])
        top[0].data[...] = found.transpose(0, 3, 1, 2)

    def give_back(self, dy: np.ndarray, bottom: Blobs) -> None:
        images, down, across = self._parts(bottom)
        x, dx = bottom[0].data, bottom[0].diff
        x = np.where(np.isnan(x), -np.inf, x)
        channels = np.arange(x.shape[1])
        for region, i, j, rows, columns in pixels(down, across):
            values = x[images[region], :, rows, columns]
            width = values.shape[2]
            values = values.reshape(len(channels), -1)
            place = values.argmax(axis=1)
            given = np.where(values[channels, place] > LOWEST, dy[region, :, i, j], 0)
            row, column = rows.start + place // width, columns.start + place % width
            dx[images[region], channels, row, column] += given


def pool_region(
    image: np.ndarray,
    rows: Sequence[tuple[int, int]],
    columns: Sequence[tuple[int, int]],
    found: np.ndarray,
) -> None:
    """The largest values of a region's parts: first of each row, then of the rows.

    Args:
        image: (H, W, C).
        rows: the first row of each part and the one after its last.
        columns: likewise.
        found: (rows, columns, C), of which empty parts stay as they are.
    """
    top, bottom = min(start for start, _ in rows), max(end for _, end in rows)
    if top >= bottom:
        return
    largest = np.empty((bottom - top, len(columns), image.shape[2]), image.dtype)
    filled = [j for j, (start, end) in enumerate(columns) if start < end]
    for j in filled:
        part = image[top:bottom, columns[j][0] : columns[j][1]]
        np.fmax.reduce(part, axis=1, initial=LOWEST, out=largest[:, j])
    for i, (start, end) in enumerate(rows):
        if start < end:
            part = largest[start - top : end - top]
            for j in filled:
                np.fmax.reduce(part[:, j], axis=0, out=found[i, j])


def _moved(first: np.ndarray, size: np.ndarray, parts: int) -> tuple[np.ndarray, np.ndarray]:
    """The borders of parts, rounded before they are moved to where the region begins."""
    start, end = divide(np.zeros_like(first), size, parts)
    return np.floor(start) + first[:, None], np.ceil(end) + first[:, None]
