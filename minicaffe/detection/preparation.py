"""How a picture becomes a net's input: what the net's own files say of it, or its user."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from minicaffe.data.data_transformer import DataTransformer
from minicaffe.data.images import resize_linear
from minicaffe.errors import MinicaffeError
from minicaffe.layers.detection.annotations import Example
from minicaffe.layers.detection.resizing import resize_example
from minicaffe.net.filter import filter_net
from minicaffe.proto import caffe_pb2
from minicaffe.proto.io import read_net

#: Beside a net for use, the file that it was trained with has the transformation.
_TRAINED = "train_val.prototxt"
#: What of a transformation is not at random, and not a crop.
_FOR_USE = ("scale", "mean_value", "mean_file", "std_value", "resize_param")


@dataclass(frozen=True)
class Placed:
    """A picture as a net's input, and where its pixels are.

    Attributes:
        values: channels × height × width.
        offset: (x, y) of the picture's corner in the input.
        zoom: (x, y), input pixels to a pixel of the picture.
    """

    values: np.ndarray
    offset: np.ndarray
    zoom: np.ndarray

    def to_picture(self, boxes: np.ndarray) -> np.ndarray:
        """Boxes (n, 4) in pixels of the input, in pixels of the picture."""
        return np.asarray((boxes - np.tile(self.offset, 2)) / np.tile(self.zoom, 2))

    def from_sides(self, boxes: np.ndarray) -> np.ndarray:
        """Boxes (n, 4) in sides of the input, in pixels of the picture."""
        height, width = self.values.shape[1:]
        return self.to_picture(boxes * np.array([width, height] * 2, boxes.dtype))


@dataclass(frozen=True)
class Preparation:
    """input = (picture - mean) · scale, resized to the input's size.

    Attributes:
        transform: mean_value or mean_file, scale, std_value and resize_param of a
            ``TransformationParameter``; what is at random in it is left out.
        rgb: channels are red, green, blue; otherwise blue, green, red, as in Caffe.
        crop: the crop_size that was found; 0 without one.
        origin: the file that it was found in, or the program that does so; "" where nothing was
            found.
    """

    transform: caffe_pb2.TransformationParameter = field(
        default_factory=caffe_pb2.TransformationParameter
    )
    rgb: bool = False
    crop: int = 0
    origin: str = ""

    def values(self, image: np.ndarray) -> np.ndarray:
        """The values of a picture, channels × height × width, not resized."""
        transformer = DataTransformer(
            self.transform, caffe_pb2.TEST, np.random.default_rng(0), np.float32
        )
        ordered = image[::-1] if self.rgb else image
        out = np.empty((1, *transformer.output_shape(ordered.shape)), np.float32)
        transformer.apply(ordered[None], out)
        return out[0]

    def warped(self, image: np.ndarray, size: tuple[int, int]) -> Placed:
        """A picture brought to a size, or as ``resize_param`` says.

        Args:
            image: channels × height × width, uint8, blue first.
            size: height and width that it is warped to without a ``resize_param``.

        Raises:
            DataError: the mean does not fit.
        """
        old = np.array(image.shape[:0:-1], np.float64)
        if not self.transform.resize_param:
            new = np.array(size[::-1], np.float64)
            return Placed(self.values(resize_linear(image, *size)), np.zeros(2), new / old)
        param = caffe_pb2.ResizeParameter()
        param.CopyFrom(self.transform.resize_param[0])
        param.height, param.width = size
        resized = resize_example(_whole(image), param, np.random.default_rng(0))
        sides = np.array(resized.image.shape[:0:-1], np.float64)
        left, top, right, bottom = resized.boxes[0]
        return Placed(
            self.values(resized.image),
            np.array([left, top]) * sides,
            np.array([right - left, bottom - top]) * sides / old,
        )

    def within(self, image: np.ndarray, shorter: int, longer: int) -> Placed:
        """A picture whose shorter side gets a length, unless the longer one became too long.

        As Faster R-CNN does: the mean first, then the size.
        """
        height, width = image.shape[1:]
        zoom = min(shorter / min(height, width), longer / max(height, width))
        size = (max(1, round(height * zoom)), max(1, round(width * zoom)))
        values = resize_linear(self.values(image), *size, step=(1 / zoom, 1 / zoom))
        return Placed(values, np.zeros(2), np.array([zoom, zoom]))


def known(mean: Sequence[float], origin: str) -> Preparation:
    """The preparation of a family of nets, which no file of a net has."""
    return Preparation(caffe_pb2.TransformationParameter(mean_value=mean), origin=origin)


def prepared_by_user(
    found: Preparation,
    *,
    mean: Sequence[float] | None = None,
    scale: float | None = None,
    rgb: bool | None = None,
) -> Preparation:
    """A preparation with what the user says in place of what was found; None leaves it.

    Args:
        found: what the net's files say.
        mean: one number, or one a channel of the net; no numbers at all for none.
        scale: a factor after the mean, in place of std_value too.
        rgb: whether the net takes red first.
    """
    transform = caffe_pb2.TransformationParameter()
    transform.CopyFrom(found.transform)
    if mean is not None:
        transform.ClearField("mean_file")
        transform.mean_value[:] = mean
    if scale is not None:
        transform.scale = scale
        transform.ClearField("std_value")
    return replace(found, transform=transform, rgb=found.rgb if rgb is None else rgb)


def find_preparation(path: str, param: caffe_pb2.NetParameter) -> Preparation:
    """What a net's own files say of its pictures.

    That is the transform_param of a layer of the net in its TEST phase, or else that of the
    ``train_val.prototxt`` in its folder.

    Args:
        path: the net's prototxt.
        param: the ``NetParameter`` in it.
    """
    beside = os.path.join(os.path.dirname(path), _TRAINED)
    if found := _preparation(param, path):
        return found
    if os.path.basename(path) != _TRAINED and os.path.isfile(beside):
        try:
            trained = read_net(beside, inner=True)
        except MinicaffeError:  # it is not what was asked for
            return Preparation()
        return _preparation(trained, beside) or Preparation()
    return Preparation()


def _preparation(param: caffe_pb2.NetParameter, origin: str) -> Preparation | None:
    """The first transformation of the TEST phase, without what is at random."""
    own = caffe_pb2.NetParameter()
    own.CopyFrom(param)
    own.state.phase = caffe_pb2.TEST
    for layer in filter_net(own).layer:
        if layer.HasField("transform_param"):
            transform = caffe_pb2.TransformationParameter()
            transform.CopyFrom(layer.transform_param)
            for field_, _ in transform.ListFields():
                if field_.name not in _FOR_USE:
                    transform.ClearField(field_.name)
            return Preparation(transform, crop=layer.transform_param.crop_size, origin=origin)
    return None


def _whole(image: np.ndarray) -> Example:
    """A picture with one box around all of it."""
    one = np.zeros(1, int)
    return Example(image, 0, one, one, np.array([[0.0, 0.0, 1.0, 1.0]]), one > 0)
