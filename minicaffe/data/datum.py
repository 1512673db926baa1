"""Datum: the message in which databases hold an image and its label."""

from __future__ import annotations

import numpy as np
from google.protobuf.message import DecodeError

from minicaffe.blob import shape_text
from minicaffe.data.images import Color, decode_image, encode_image
from minicaffe.errors import DataError
from minicaffe.proto import caffe_pb2


def parse_datum(value: bytes) -> caffe_pb2.Datum:
    """The ``Datum`` in a database's value.

    Raises:
        DataError: the bytes are something else.
    """
    try:
        return caffe_pb2.Datum.FromString(value)
    except DecodeError as reason:
        raise DataError(
            f"{len(value)} bytes that are not a Datum; the database is damaged or was not made "
            "for Caffe"
        ) from reason


def datum_image(datum: caffe_pb2.Datum, color: Color = Color.NATIVE) -> np.ndarray:
    """The image of a ``Datum``, decoded if need be.

    Args:
        datum: with ``encoded`` (a JPEG or PNG file in ``data``), or raw ``data`` (one byte a
            value) or ``float_data`` in the order channels × height × width.
        color: how many channels an encoded image gets; raw values stay as they are.

    Returns:
        channels × height × width, uint8 or (from ``float_data``) float32.

    Raises:
        DataError: the image cannot be decoded; the raw values do not fit the stated size.
    """
    if datum.encoded:
        return decode_image(datum.data, color)
    channels, height, width = shape = datum.channels, datum.height, datum.width
    data = datum.data  # a copy, each time
    values = np.frombuffer(data, np.uint8) if data else np.array(datum.float_data, np.float32)
    if channels < 1 or height < 1 or width < 1 or values.size != channels * height * width:
        raise DataError(
            f"a datum of size {shape_text(shape)} (channels×height×width) with {values.size} "
            "values; expected one value for each; it is damaged, or encoded without saying so"
        )
    return values.reshape(shape)


def make_datum(image: np.ndarray, label: int, *, encode: bool = False) -> caffe_pb2.Datum:
    """A ``Datum`` of an image.

    Args:
        image: channels × height × width; uint8 goes to ``data``, all else to ``float_data``.
        label: its class.
        encode: store it as PNG.

    Raises:
        DataError: it is to be encoded, and is not 1 or 3 channels of uint8.
        MissingExtraError: it is to be encoded, and Pillow is not installed.
    """
    channels, height, width = image.shape
    datum = caffe_pb2.Datum(channels=channels, height=height, width=width, label=int(label))
    if encode:
        datum.data = encode_image(image, "png")
        datum.encoded = True
    elif image.dtype == np.uint8:
        datum.data = image.tobytes()
    else:
        datum.float_data.extend(image.ravel().tolist())
    return datum


def forced_color(
    transform_param: caffe_pb2.TransformationParameter, *, color: bool = False
) -> Color:
    """What ``force_color`` and ``force_gray`` ask of encoded images.

    Args:
        transform_param: a ``TransformationParameter``.
        color: whether the older ``force_encoded_color`` asks for colour too.

    Raises:
        DataError: both are set.
    """
    wants_color = transform_param.force_color or color
    if wants_color and transform_param.force_gray:
        raise DataError("force_color and force_gray are both set; keep one of them")
    if wants_color:
        return Color.COLOR
    return Color.GRAY if transform_param.force_gray else Color.NATIVE
