"""Operators for layers that make values of regions of images (R-CNN's, and forks')."""

from __future__ import annotations

import numpy as np

from minicaffe.convert.onnx.site import Site
from minicaffe.convert.onnx.writers import writes
from minicaffe.convert.onnx.writers.activation import FLOAT, affine
from minicaffe.convert.onnx.writers.common import INT64

#: ONNX's number of the type float64.
_DOUBLE = 11


@writes("ROIPooling")
def roi_pooling(site: Site) -> None:
    """MaxRoiPool, which rounds as Fast R-CNN does; pad_ratio makes the regions larger before."""
    layer, param = site.layer, site.layer.param.roi_pooling_param
    regions = site.reshape(site.inputs[1], (site.bottom_shapes[1][0], 5))
    scale = layer.scale(site.node.bottoms[0])
    if param.pad_ratio:
        regions = _enlarged(site, regions, param.pad_ratio)
    together = float(scale[0]) if scale[0] == scale[1] else 1.0
    if scale[0] != scale[1]:  # corners in image sides
        factors = site.constant([1, *scale, *scale])
        regions = site.op("Mul", [regions, factors])
    site.op(
        "MaxRoiPool", [site.inputs[0], regions], 0, pooled_shape=list(layer.pooled),
        spatial_scale=together,
    )  # fmt: skip


def _enlarged(site: Site, regions: str, ratio: float) -> str:
    """Regions that reach further by their sides, a pixel added, times the ratio."""
    image, low, high = (
        site.slice(regions, [(1, start, stop)]) for start, stop in ((0, 1), (1, 3), (3, 5))
    )
    sides = affine(site, site.op("Sub", [high, low]), 1, 1)
    reach = affine(site, sides, ratio, 0)
    ends = [site.op("Sub", [low, reach]), site.op("Add", [high, reach])]
    return site.op("Concat", [image, *ends], axis=1)


@writes("PSROIPooling")
def psroi_pooling(site: Site) -> None:
    """Means of parts by sums of all that is above and left of a pixel, in double precision: of four
    such sums a part's is made, however large it is."""
    param, shape = site.layer.param.psroi_pooling_param, site.bottom_shapes[0]
    size = [n or 0 for n in shape[1:]]
    regions = site.reshape(site.inputs[1], (site.bottom_shapes[1][0], 5))
    rows, columns = (
        _borders(site, regions, axis, length, param.group_size, param.spatial_scale)
        for axis, length in ((1, size[1]), (0, size[2]))
    )
    count = param.group_size
    rows_of = [site.reshape(value, (None, 1, count, 1)) for value in rows]
    columns_of = [site.reshape(value, (None, 1, 1, count)) for value in columns]
    sums = _sums_above_and_left(site)
    base = _places_of_channels(site, regions, size)
    corners = [
        _at(site, sums, base, row, column, size[2] + 1)
        for row in rows_of for column in columns_of
    ]  # fmt: skip
    total = site.op("Sub", [corners[3], corners[1]])
    total = site.op("Sub", [total, corners[2]])
    total = site.op("Cast", [site.op("Add", [total, corners[0]])], to=FLOAT)
    sides = [site.op("Sub", [end, start]) for start, end in (rows_of, columns_of)]
    sides = [site.op("Cast", [side], to=FLOAT) for side in sides]
    zero, one = site.constant(0), site.constant(1)
    height, width = (site.op("Max", [side, zero]) for side in sides)
    area = site.op("Mul", [height, width])
    mean = site.op("Div", [total, site.op("Max", [area, one])])
    site.op("Where", [site.op("Greater", [area, zero]), mean, zero], 0)


def _borders(
    site: Site, regions: str, axis: int, length: int, parts: int, scale: float
) -> tuple[str, str]:
    """The first pixel of each part along an axis and the one after its last: (R, parts), int64."""
    low, high = (
        _rounded(site, site.slice(regions, [(1, place, place + 1)]))
        for place in (1 + axis, 3 + axis)
    )
    first = affine(site, low, scale, 0)
    last = affine(site, affine(site, high, 1, 1), scale, 0)
    size = site.op("Max", [site.op("Sub", [last, first]), site.constant(0.1)])
    step = site.op("Div", [size, site.constant(parts)])
    found = []
    for offset, rounding in ((0, "Floor"), (1, "Ceil")):
        numbers = site.constant(np.arange(parts)[None] + offset)
        edge = site.op("Add", [site.op("Mul", [step, numbers]), first])
        inside = [site.op(rounding, [edge]), site.constant(0), site.constant(length)]
        found.append(site.op("Cast", [site.op("Clip", inside)], to=INT64))
    return found[0], found[1]


def _rounded(site: Site, value: str) -> str:
    """To whole numbers, halves away from 0."""
    size = site.op("Floor", [affine(site, site.op("Abs", [value]), 1, 0.5)])
    return site.op("Mul", [site.op("Sign", [value]), size])


def _sums_above_and_left(site: Site) -> str:
    """For each pixel the sum of all above and left of it, one row and column more, flat."""
    value = site.op("Cast", [site.inputs[0]], to=_DOUBLE)
    for axis in (2, 3):
        value = site.op("CumSum", [value, site.constant(axis, np.int64)])
    counts = site.constant([0, 0, 1, 1, 0, 0, 0, 0], np.int64)
    padded = site.op("Pad", [value, counts, site.constant(0, np.float64)], mode="constant")
    return site.reshape(padded, (None,))


def _places_of_channels(site: Site, regions: str, size: list[int]) -> str:
    """Where in the flat sums each part's channel of each region's image begins: (R, d, g, g)."""
    param = site.layer.param.psroi_pooling_param
    plane = (size[1] + 1) * (size[2] + 1)
    own = np.arange(size[0]).reshape(1, param.output_dim, param.group_size, param.group_size)
    images = site.op("Cast", [site.slice(regions, [(1, 0, 1)])], to=INT64)
    begin = site.op("Mul", [images, site.constant(size[0] * plane, np.int64)])
    return site.op(
        "Add", [site.reshape(begin, (None, 1, 1, 1)), site.constant(own * plane, np.int64)]
    )


def _at(site: Site, sums: str, base: str, row: str, column: str, width: int) -> str:
    """The sums at rows and columns of the channels' planes."""
    place = site.op("Add", [base, site.op("Mul", [row, site.constant(width, np.int64)])])
    return site.op("Gather", [sums, site.op("Add", [place, column])], axis=0)
