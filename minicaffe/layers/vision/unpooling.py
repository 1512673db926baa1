"""Unpooling: values put back to where a pooling found them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from minicaffe.blob import shape_text
from minicaffe.errors import GraphError, MinicaffeError, ShapeError
from minicaffe.layer import Blobs, Layer, register
from minicaffe.layers.images import require_images
from minicaffe.layers.vision.geometry import Lengths, Pair, Windows
from minicaffe.layers.vision.upsample import mask_places, put_to_places, take_from_places
from minicaffe.proto import caffe_pb2


@register("Unpooling")
class Unpooling(Layer):
    """The way back from a pooling, with windows of ``kernel_size`` every ``stride`` pixels.

    ``unpool: MAX``: a value goes to the pixel that the mask names, an index h · W' + w as Pooling's
    second top has it, or without a mask to the first pixel of its window; all others are 0. Of
    values for one pixel the last one stays. ``AVE``: a value goes to all pixels of its window,
    divided by their number; where windows overlap, values are added. ``TILE``: as AVE, without the
    division.

    The size is ``unpool_size``, or ``unpool_h`` × ``unpool_w``. Two faults of the fork are not
    copied: AVE and TILE add to what is in the top already, and TILE's gradient is divided by the
    window's number of pixels.

    Shapes: bottom 0 (N, C, H, W); bottom 1, optional, the mask, like bottom 0, of whole numbers
    from 0 to H' · W' - 1; top (N, C, H', W').

    Settings: ``unpooling_param``: unpool, MAX, AVE or TILE; unpool_size, or unpool_h and unpool_w;
    kernel_size, or kernel_h and kernel_w; stride (1), or stride_h and stride_w; pad (0), which must
    stay 0.

    Gradients: MAX: dx[i] = dy at its pixel, also for values that another one overwrote. AVE: the
    mean of dy over the window; TILE: the sum. None for the mask: a pooling asks for none.

    Raises:
        GraphError: the size is missing, or given twice; the same of kernel and stride; a pad.
        ShapeError: there are not four axes; the mask has another shape; with AVE and TILE a window
            is outside the top.
        DataError: the mask names a pixel that there is not.

    Source: unpooling_layer.cpp (HyeonwooNoh/caffe); Noh, Hong, Han, "Learning deconvolution network
    for semantic segmentation", 2015 (arXiv:1505.04366).
    """

    in_place = False
    min_bottoms = 1
    max_bottoms = 2
    exact_tops = 1

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        param = self.param.unpooling_param
        for name in ("pad", "pad_h", "pad_w"):
            if getattr(param, name):
                yield GraphError(
                    f"{name} is {getattr(param, name)}, expected 0: there is no padding"
                )
        for field, stem in (("unpool_size", "unpool"), ("kernel_size", "kernel")):
            yield from _mistakes_of_pair(param, field, stem, required=True)
        yield from _mistakes_of_pair(param, "stride", "stride", required=False)

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        param = self.param.unpooling_param
        self._size = _pair(param, "unpool_size", "unpool")
        self._kernel = _pair(param, "kernel_size", "kernel")
        self._stride = _pair(param, "stride", "stride")
        self._masked = len(bottom) > 1 and param.unpool == param.MAX
        self.backward_reads = ("bottoms",) if self._masked else ()

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        require_images(bottom[0])
        shape = bottom[0].shape
        if len(bottom) > 1 and bottom[1].shape != shape:
            raise ShapeError(
                f"the mask has shape {shape_text(bottom[1].shape)}, bottom 0 {shape_text(shape)}; "
                "the same shape is expected"
            )
        starts = zip(shape[2:], self._stride, self._size, strict=True)
        if not self._masked and any((n - 1) * s >= size for n, s, size in starts):
            raise ShapeError(
                f"windows of {shape_text(shape[2:])} values every {shape_text(self._stride)} "
                f"pixels begin outside of {shape_text(self._size)}; a larger unpool_size is needed"
            )
        top[0].reshape(*shape[:2], *self._size)

    def numbers_below(self, index: int, bottom: Blobs) -> int | None:
        return bottom[0].shape[2] * bottom[0].shape[3] if index == 1 else None

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        if self._masked:
            put_to_places(bottom[0].data, mask_places(bottom[1], top[0]), top[0].data)
            return
        x, y = bottom[0].data, top[0].data
        y[...] = 0
        if self.param.unpooling_param.unpool == caffe_pb2.UnpoolingParameter.AVE:
            x = x / self.areas(x.shape[2:])
        for values, pixels in self.windows(x.shape[2:]).positions():
            y[pixels] += x[values]

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        if not propagate_down[0]:
            return
        dx, dy = bottom[0].diff, top[0].diff
        if self._masked:
            take_from_places(dy, mask_places(bottom[1], top[0]), dx)
            return
        dx[...] = 0
        for values, pixels in self.windows(dx.shape[2:]).positions():
            dx[values] += dy[pixels]
        if self.param.unpooling_param.unpool == caffe_pb2.UnpoolingParameter.AVE:
            dx /= self.areas(dx.shape[2:])

    def windows(self, grid: Lengths) -> Windows:
        """Where the pixels of each value's window lie in the top; one pixel with MAX."""
        one = self.param.unpooling_param.unpool == caffe_pb2.UnpoolingParameter.MAX
        kernel = (1, 1) if one else self._kernel
        return Windows(self._size, kernel, self._stride, (0, 0), grid)

    def areas(self, grid: Lengths) -> np.ndarray:
        """Pixels of each window, as far as it lies in the top."""
        return self.windows(grid).areas().astype(self.dtype)


def _pair(param: caffe_pb2.UnpoolingParameter, field: str, stem: str) -> Pair:
    """A quantity of height and width, from one field or two."""
    if param.HasField(f"{stem}_h"):
        return getattr(param, f"{stem}_h"), getattr(param, f"{stem}_w")
    return getattr(param, field), getattr(param, field)


def _mistakes_of_pair(
    param: caffe_pb2.UnpoolingParameter, field: str, stem: str, *, required: bool
) -> Iterator[MinicaffeError]:
    """A quantity that is missing, 0, given by half or in both forms."""
    single = param.HasField(field)
    halves = [name for name in (f"{stem}_h", f"{stem}_w") if param.HasField(name)]
    if len(halves) == 1 or (single and halves) or (required and not single and not halves):
        found = " and ".join([*([field] if single else []), *halves]) or f"no {field}"
        yield GraphError(f"{found} given, expected {field}, or {stem}_h and {stem}_w")
    elif 0 in (pair := _pair(param, field, stem)):
        yield GraphError(f"{field} is {shape_text(pair)}, expected at least 1")
