"""Crop: a blob cut to the size of another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from minicaffe.arguments import whole_number
from minicaffe.blob import shape_text
from minicaffe.errors import GraphError, MinicaffeError, ShapeError
from minicaffe.layer import Blobs, CoordMap, Layer, register
from minicaffe.layers.vision.geometry import numbers, own_message
from minicaffe.proto import caffe_pb2
from minicaffe.proto.dialects import Alignment, Origin, Reading


@register("Crop")
class Crop(Layer):
    """Cuts a blob to the size of another.

    Shapes: bottom 0 of any shape; bottom 1 with at least as many axes, of which only the shape
    counts; top with bottom 0's lengths before ``axis`` and bottom 1's from there on.

    Settings: ``crop_param``: axis (2); offset (0), where the part begins: one value for all those
    axes, or a value for each; align (false): the offset is that at which bottom 1 lies on bottom 0.

    With ``align``, both bottoms are followed upwards by first bottoms to the blob that both were
    made of, and the pixels' places by the windows on the way: the pixel at x of a convolution's or
    a pooling's bottom lies at (x + pad - (kernel - 1) / 2) / stride of its top. So does the layer
    CROP of the first Caffe that had one; FCN, HED, CRF-RNN, DeconvNet and U-Net were written for
    it. A layer without ``crop_param`` is read so (dialect ``fcn``) where its bottoms lie apart,
    which is told; ``crop_param { }`` or the dialect ``caffe`` make it offset 0.

    Gradients: dx is dy in the part and 0 around it; none for bottom 1.

    Raises:
        GraphError: bottoms to be aligned do not lie on each other by whole pixels.
        ShapeError: there is no such axis; bottom 1 has fewer axes; the part exceeds bottom 0.
        GraphError: there is neither one offset nor one for each cropped axis.

    Source: crop_layer.cpp (BVLC/caffe, s9xie/hed); Long, Shelhamer, Darrell, "Fully convolutional
    networks for semantic segmentation", 2015 (arXiv:1411.4038).
    """

    size_bottoms = frozenset({1})
    in_place = False
    exact_bottoms = 2
    exact_tops = 1
    backward_reads = ()
    dialects = ("caffe", "fcn")

    @classmethod
    def aligns(cls, param: caffe_pb2.LayerParameter) -> bool:
        crop = param.crop_param
        return not crop.offset and (crop.align or not param.HasField("crop_param"))

    @classmethod
    def reading_of(cls, param: caffe_pb2.LayerParameter, origin: Origin) -> Reading:
        if not cls.aligns(param) or not param.top:
            return Reading()
        found = origin.alignments.get(param.top[0], Alignment(mistake="there is no net around it"))
        if param.crop_param.align:
            return Reading("fcn", "the offset is left to the net", alignment=found)
        if origin.dialect in cls.dialects:
            return origin.choose(cls.dialects)._replace(alignment=found)
        if found.mistake or not any(found.offset):
            return Reading()  # FCN's Caffe would not run it, or both do the same
        because = "crop_param is not given and the bottoms lie apart by the windows above them"
        return Reading("fcn", because, sure=False, alignment=found)

    @classmethod
    def coord_map(cls, params: Mapping[str, object]) -> CoordMap:
        """A pixel lies ``offset`` further up in the top."""
        axis, offset = crop_params(params)
        return axis - 1, 1, -offset  # maps do not count the batch axis

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        crop = self.param.crop_param
        if crop.align and crop.offset:
            yield GraphError("both align and offset are given; keep one")
        elif self._alignment is not None and self._alignment.mistake:
            yield GraphError(
                f"the bottoms cannot be aligned: {self._alignment.mistake}; say where to cut by "
                "crop_param { offset: … }"
            )

    @property
    def _alignment(self) -> Alignment | None:
        """Where bottom 1 lies on bottom 0, where that decides."""
        return self.reading.alignment if self.reading.dialect == "fcn" else None

    def _offsets(self, cropped: int) -> list[int]:
        """Where the part begins on each of the cropped axes."""
        offsets = list(self.param.crop_param.offset) or [0]
        if self._alignment is not None:
            offsets = list(self._alignment.offset)
            if len(offsets) > 1:  # FCN's Caffe has only images, and cuts their height and width
                return [0] * (cropped - len(offsets)) + offsets[-cropped:]
        return offsets * cropped if len(offsets) == 1 else offsets

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        param = self.param.crop_param
        cropped = len(bottom[0].shape) - bottom[0].axis(param.axis)
        if len(param.offset) > 1 and len(param.offset) != cropped:
            raise GraphError(
                f"{len(param.offset)} offset values for {cropped} cropped axes; give one for "
                "each, one for all, or none"
            )

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        param = self.param.crop_param
        shape, wanted = bottom[0].shape, bottom[1].shape
        start = bottom[0].axis(param.axis)
        cropped = len(shape) - start
        if len(wanted) < len(shape):
            raise ShapeError(
                f"bottom 1 has shape {shape_text(wanted)}; as many axes as in bottom 0 "
                f"({shape_text(shape)}) are expected"
            )
        offsets = self._offsets(cropped)
        for axis, offset in enumerate(offsets, start):
            if offset + wanted[axis] > shape[axis]:
                raise ShapeError(
                    f"axis {axis} of length {shape[axis]} cannot be cropped to "
                    f"{wanted[axis]} from offset {offset}"
                )
        lengths = wanted[start : len(shape)]
        self.window = (
            *[slice(None)] * start,
            *(slice(o, o + n) for o, n in zip(offsets, lengths, strict=True)),
        )
        top[0].reshape(*shape[:start], *lengths)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        np.copyto(top[0].data, bottom[0].data[self.window])

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        if propagate_down[0]:
            bottom[0].diff[...] = 0
            np.copyto(bottom[0].diff[self.window], top[0].diff)


def crop_params(fields: Mapping[str, object]) -> tuple[int, np.ndarray]:
    """(axis, offset) of a Crop layer in a net specification."""
    params = own_message(fields, "crop_param")
    return whole_number(params.get("axis", 2), "axis"), numbers(params.get("offset", 0))
