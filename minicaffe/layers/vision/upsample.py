"""Upsample: images made larger, by a pooling's mask or by repetition."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from minicaffe.blob import Blob, shape_text
from minicaffe.errors import DataError, GraphError, MinicaffeError, ShapeError
from minicaffe.layer import Blobs, Layer, register
from minicaffe.layers.images import require_images
from minicaffe.proto import caffe_pb2
from minicaffe.proto.dialects import Origin, Reading

Pair = tuple[int, int]


@register("Upsample")
class Upsample(Layer):
    """Makes images larger: two layers of one name, which the number of bottoms tells apart.

    **Two bottoms** (SegNet): every value goes to the pixel that the mask names, an index h · W' + w
    as Pooling's second top has it; all other pixels are 0. Where several values go to one pixel,
    the last one stays. The size is ``upsample_h`` × ``upsample_w`` or, without them, the bottom's
    times ``scale``, or ``scale_h`` and ``scale_w``, less one row with ``pad_out_h`` and one column
    with ``pad_out_w`` (factor 2 only). SegNet takes that size of the first bottom that it sees,
    and keeps it; here it follows the bottom.

    **One bottom** (YOLO): y[h, w] = x[h / scale, w / scale], rounded down: every pixel is repeated.

    Shapes: bottom 0 (N, C, H, W); bottom 1, optional, the mask, like bottom 0, of whole numbers
    from 0 to H' · W' - 1; top (N, C, H', W').

    Settings: ``upsample_param``: scale, 2 with a mask and 1 without unless it is set; scale_h,
    scale_w; pad_out_h (false), pad_out_w (false); upsample_h, upsample_w. One bottom takes only
    scale.

    Gradients: with a mask dx[i] = dy[mask[i]], also for values that another one overwrote; without
    one dx is the sum of dy over a pixel's repetitions. None for the mask: a pooling asks for none.

    Raises:
        GraphError: settings that contradict each other or are not whole numbers.
        ShapeError: there are not four axes; the mask has another shape than bottom 0.
        DataError: the mask names a pixel that there is not.

    Source: upsample_layer.cpp (alexgkendall/caffe-segnet); with one bottom that of
    eric612/MobileNet-YOLO. Badrinarayanan, Kendall, Cipolla, "SegNet", 2015 (arXiv:1511.00561).

    Attributes:
        repeat: how often one bottom's pixels are repeated along each axis; 0 with a mask.
    """

    dialects = ("segnet", "yolo")
    in_place = False
    min_bottoms = 1
    max_bottoms = 2
    exact_tops = 1

    @classmethod
    def reading_of(cls, param: caffe_pb2.LayerParameter, origin: Origin) -> Reading:
        """The number of bottoms alone decides."""
        if len(param.bottom) > 1:
            return Reading("segnet", "its second bottom is a mask")
        return Reading("yolo", "it has one bottom, and so no mask")

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        param = self.param.upsample_param
        if len(self.param.bottom) > 1:
            yield from _mistakes_with_mask(param)
            return
        others = [field.name for field, _ in param.ListFields() if field.name != "scale"]
        if others:
            yield GraphError(
                f"{' and '.join(others)}: only scale counts with one bottom; remove the others, or "
                "give the mask of the pooling as second bottom"
            )
        yield from _no_factor("scale", _repetitions(param), least=1)

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        masked = len(bottom) > 1
        self.repeat = 0 if masked else int(_repetitions(self.param.upsample_param))
        self.backward_reads = ("bottoms",) if masked else ()

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        require_images(bottom[0])
        shape = bottom[0].shape
        if len(bottom) > 1 and bottom[1].shape != shape:
            raise ShapeError(
                f"the mask has shape {shape_text(bottom[1].shape)}, bottom 0 {shape_text(shape)}; "
                "the same shape is expected"
            )
        top[0].reshape(*shape[:2], *self.size_of(shape))

    def size_of(self, shape: Sequence[int]) -> Pair:
        """The top's height and width, of the shape of bottom 0."""
        if self.repeat:
            return shape[2] * self.repeat, shape[3] * self.repeat
        return _masked_size(self.param.upsample_param, shape[2:])

    def numbers_below(self, index: int, bottom: Blobs) -> int | None:
        return bottom[0].shape[2] * bottom[0].shape[3] if index == 1 else None

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        if len(bottom) == 1:
            np.copyto(_parts(top[0].data, self.repeat), bottom[0].data[:, :, :, None, :, None])
        else:
            put_to_places(bottom[0].data, mask_places(bottom[1], top[0]), top[0].data)

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        if not propagate_down[0]:
            return
        if len(bottom) == 1:
            np.sum(_parts(top[0].diff, self.repeat), axis=(3, 5), out=bottom[0].diff)
        else:
            take_from_places(top[0].diff, mask_places(bottom[1], top[0]), bottom[0].diff)


def mask_places(mask: Blob, top: Blob) -> np.ndarray:
    """A mask as whole numbers (N·C, H·W), each an index into a plane of the top.

    Raises:
        DataError: one of them is outside the plane.
    """
    planes, pixels = mask.shape[0] * mask.shape[1], top.shape[2] * top.shape[3]
    with np.errstate(invalid="ignore"):
        places = mask.data.astype(np.intp)  # truncated as in C
    outside = (places < 0) | (places >= pixels)
    if outside.any():
        index = tuple(int(i) for i in np.argwhere(outside)[0])
        raise DataError(
            f"the mask has {mask.data[index]:g} at {index}, but the top has only the pixels 0 to "
            f"{pixels - 1} ({shape_text(top.shape[2:])}); is the size that of the pooling's bottom "
            "whose mask this is?"
        )
    return places.reshape(planes, mask.shape[2] * mask.shape[3])


def put_to_places(values: np.ndarray, places: np.ndarray, out: np.ndarray) -> None:
    """out[plane, places[plane, i]] = values[plane, i], and 0 elsewhere."""
    out[...] = 0
    if values.size:
        np.put_along_axis(out.reshape(len(places), -1), places, values.reshape(places.shape), 1)


def take_from_places(diff: np.ndarray, places: np.ndarray, out: np.ndarray) -> None:
    """out[plane, i] = diff[plane, places[plane, i]]."""
    if out.size:
        found = np.take_along_axis(diff.reshape(len(places), -1), places, 1)
        np.copyto(out, found.reshape(out.shape))


def _parts(array: np.ndarray, repeat: int) -> np.ndarray:
    """(N, C, H·r, W·r) as (N, C, H, r, W, r)."""
    n, c, h, w = array.shape
    return array.reshape(n, c, h // repeat, repeat, w // repeat, repeat)


def _repetitions(param: caffe_pb2.UpsampleParameter) -> float:
    """The factor of one bottom."""
    return param.scale if param.HasField("scale") else 1


def _no_factor(name: str, value: float, *, least: int) -> Iterator[MinicaffeError]:
    """Whatever is not a whole number of at least ``least``."""
    if not (value >= least and float(value).is_integer()):
        yield GraphError(f"{name} is {value:g}, expected a whole number of at least {least}")


def _mistakes_with_mask(param: caffe_pb2.UpsampleParameter) -> Iterator[MinicaffeError]:
    """Settings of a layer with a mask that give no size or two."""
    size = [name for name in ("upsample_h", "upsample_w") if param.HasField(name)]
    scales = [name for name in ("scale_h", "scale_w") if param.HasField(name)]
    if len(size) == 1:
        yield GraphError(f"only {size[0]} is given; give upsample_h and upsample_w, or neither")
    elif size:
        for name in size:
            yield from _no_factor(name, getattr(param, name), least=2)
    elif len(scales) == 1 or (scales and param.HasField("scale")):
        found = " and ".join([*(["scale"] if param.HasField("scale") else []), *scales])
        yield GraphError(f"{found} given, expected scale, or scale_h and scale_w")
    else:
        for name in scales or ["scale"]:
            yield from _no_factor(name, getattr(param, name), least=2)
        for name, value in zip(("pad_out_h", "pad_out_w"), _scales(param), strict=True):
            if getattr(param, name) and value != 2:
                yield GraphError(
                    f"{name} goes only with a factor of 2, not {value:g}; give upsample_h and "
                    "upsample_w"
                )


def _scales(param: caffe_pb2.UpsampleParameter) -> tuple[float, float]:
    if param.HasField("scale_h"):
        return param.scale_h, param.scale_w
    return param.scale, param.scale


def _masked_size(param: caffe_pb2.UpsampleParameter, size: Sequence[int]) -> Pair:
    """Height and width of the top of a layer with a mask."""
    if param.HasField("upsample_h"):
        return param.upsample_h, param.upsample_w
    height, width = _scales(param)
    return (
        int(size[0] * height) - param.pad_out_h,
        int(size[1] * width) - param.pad_out_w,
    )
