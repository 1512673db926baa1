"""PSROIPooling: the mean of each part of a region, from channels of its own."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from minicaffe.blob import shape_text
from minicaffe.errors import GraphError, MinicaffeError, ShapeError
from minicaffe.layer import Blobs, register
from minicaffe.layers.detection.regions import (
    Parts,
    RegionLayer,
    divide,
    inside,
    nearest,
    number_mistakes,
    pixels,
    read_regions,
    require_regions,
)


@register("PSROIPooling")
class PSROIPooling(RegionLayer):
    """Divides each region of a feature map into group_size × group_size parts: the mean of each,
    taken from channels that are only for this part.

    A region begins at round(xmin) · spatial_scale and ends at (round(xmax) + 1) · spatial_scale; it
    has a size of 0.1 at least. Part k of g covers the pixels from ⌊begin + k · size / g⌋ to
    ⌈begin + (k + 1) · size / g⌉, cut to the feature map. With d = output_dim, part (i, j) of the
    top's channel c is a mean of the bottom's channel (c · g + i) · g + j. An empty part gives 0; a
    region with a NaN corner is empty.

    Shapes: bottom 0, feature map (N, d · g · g, H, W); bottom 1, regions (R, 5): the image's index
    below N, then xmin, ymin, xmax, ymax in pixels of the net's input; top (R, d, g, g).

    Settings: ``psroi_pooling_param``: spatial_scale, output_dim and group_size, all required.

    Gradients: dx is the sum of dy / pixels of the parts that a pixel is in; 0 for the regions, as a
    net with learned proposals asks for it.

    Raises:
        GraphError: output_dim or group_size is not above 0; spatial_scale is 0 or not finite.
        ShapeError: bottom 0 does not have four axes or d · g · g channels; bottom 1 does not have
            five numbers a region.
        DataError: a region is of an image that there is not.

    Source: psroi_pooling_layer.cu (microsoft/caffe), on CPUs psroi_pooling_layer.cpp (intel/caffe);
    Dai et al., "R-FCN: object detection via region-based fully convolutional networks", 2016
    (arXiv:1605.06409), equation 1.
    """

    backward_reads = ("bottoms",)

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        param = self.param.psroi_pooling_param
        for name in ("output_dim", "group_size"):
            if getattr(param, name) < 1:
                yield GraphError(f"{name} is {getattr(param, name)}; expected at least 1")
        yield from number_mistakes(param.spatial_scale)

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        require_regions(bottom)
        param = self.param.psroi_pooling_param
        channels, parts = bottom[0].shape[1], param.group_size
        if channels != param.output_dim * parts * parts:
            raise ShapeError(
                f"bottom 0 has {channels} channels (shape {shape_text(bottom[0].shape)}); expected "
                f"{param.output_dim * parts * parts}: output_dim {param.output_dim} times "
                f"group_size {parts} squared"
            )
        top[0].reshape(bottom[1].shape[0], param.output_dim, parts, parts)

    def _parts(self, bottom: Blobs) -> tuple[np.ndarray, Parts, Parts]:
        """The regions' images, and the parts along H and W."""
        param = self.param.psroi_pooling_param
        images, corners = read_regions(bottom[1], bottom[0].shape[0])
        scale = np.array(param.spatial_scale, self.dtype)
        whole = nearest(corners)
        with np.errstate(over="ignore", invalid="ignore"):
            first = whole[:, :2] * scale
            size = np.maximum((whole[:, 2:] + 1) * scale - first, np.array(0.1, self.dtype))
        across, down = (
            inside(*divide(first[:, axis], size[:, axis], param.group_size), length)
            for axis, length in zip((0, 1), bottom[0].shape[:1:-1], strict=True)
        )
        return images, down, across

    def _of_parts(self, maps: np.ndarray) -> np.ndarray:
        """Feature maps with an axis for each direction of parts: (N, d, g, g, H, W)."""
        param = self.param.psroi_pooling_param
        n, _, h, w = maps.shape
        return maps.reshape(n, param.output_dim, param.group_size, param.group_size, h, w)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        images, down, across = self._parts(bottom)
        x, y = self._of_parts(bottom[0].data), top[0].data
        y[...] = 0
        for region, i, j, rows, columns in pixels(down, across):
            part = x[images[region], :, i, j, rows, columns]
            np.add.reduce(part, axis=(1, 2), out=y[region, :, i, j])
        y /= self._areas(down, across)

    def give_back(self, dy: np.ndarray, bottom: Blobs) -> None:
        images, down, across = self._parts(bottom)
        dx, shares = self._of_parts(bottom[0].diff), dy / self._areas(down, across)
        for region, i, j, rows, columns in pixels(down, across):
            part = dx[images[region], :, i, j, rows, columns]
            part += shares[region, :, i, j, None, None]

    def _areas(self, down: Parts, across: Parts) -> np.ndarray:
        """How many pixels each part has, (R, 1, g, g); 1 where it has none."""
        high, wide = (np.maximum(part.end - part.start, 0) for part in (down, across))
        areas = np.maximum(high[:, :, None] * wide[:, None], 1)
        return areas[:, None].astype(self.dtype)
