"""numpy arrays as ``BlobProto`` and ``Datum`` messages, and back."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from google.protobuf.message import DecodeError
from numpy.typing import ArrayLike

from minicaffe.arguments import message, shown, whole_number
from minicaffe.blob import as_numbers, shape_text
from minicaffe.data.datum import datum_image
from minicaffe.errors import ArgumentError, DataError, ShapeError
from minicaffe.proto import caffe_pb2
from minicaffe.proto.wire import WireError, check_messages
from minicaffe.weights.blob_proto import (
    blob_proto,
    converted,
    shape_for,
    stated_shape_text,
    values_of,
)


def blobproto_to_array(blob: caffe_pb2.BlobProto, return_diff: bool = False) -> np.ndarray:
    """The values of a ``BlobProto``, such as a mean image.

    Args:
        blob: the message. Its old fields num, channels, height, width make the array 4-D.
        return_diff: the gradients instead of the data.

    Returns:
        A new float64 array (pycaffe's choice, whatever the message holds).

    Raises:
        ArgumentError: this is no BlobProto.
        ShapeError: there are more or fewer values than the shape says.
    """
    message(blob, "BlobProto")
    values = values_of(blob, "diff" if return_diff else "data")
    shape = shape_for(blob, values.size)
    if shape is None:
        raise ShapeError(
            f"a BlobProto of shape {stated_shape_text(blob)} has {values.size} values of "
            f"{'diff' if return_diff else 'data'}; expected one for each element"
        )
    return converted(values, np.float64).reshape(shape)


def array_to_blobproto(arr: ArrayLike, diff: ArrayLike | None = None) -> caffe_pb2.BlobProto:
    """A ``BlobProto`` of an array of any shape; values are stored as float32.

    Args:
        arr: the data.
        diff: the gradients, of the same shape; None leaves them out.

    Raises:
        ShapeError: ``diff`` has another shape; something is given that holds no numbers.
    """
    data = as_numbers(arr, "the data").astype(np.float32)
    if diff is None:
        return blob_proto(data)
    gradients = as_numbers(diff, "diff").astype(np.float32)
    if gradients.shape != data.shape:
        raise ShapeError(
            f"diff has shape {shape_text(gradients.shape)}, expected the array's own "
            f"{shape_text(data.shape)}"
        )
    return blob_proto(data, gradients)


def arraylist_to_blobprotovector_str(arraylist: Iterable[ArrayLike]) -> bytes:
    """A serialized ``BlobProtoVector`` of several arrays.

    Raises:
        ArgumentError: this is no list of arrays.
    """
    if not np.iterable(arraylist):
        raise ArgumentError(f"a list of arrays is expected, not {shown(arraylist)}")
    vector = caffe_pb2.BlobProtoVector()
    vector.blobs.extend(array_to_blobproto(array) for array in arraylist)
    return vector.SerializeToString()


def blobprotovector_str_to_arraylist(text: bytes) -> list[np.ndarray]:
    """The arrays in a serialized ``BlobProtoVector``.

    Raises:
        ArgumentError: these are no bytes.
        DataError: the bytes are something else.
        ShapeError: an array has more or fewer values than its shape says.
    """
    if not isinstance(text, bytes | bytearray | memoryview):
        raise ArgumentError(f"bytes are expected, not {shown(text)}")
    text = bytes(text)
    try:
        check_messages(memoryview(text), caffe_pb2.BlobProtoVector.DESCRIPTOR)
        vector = caffe_pb2.BlobProtoVector.FromString(text)
    except (DecodeError, WireError) as error:
        raise DataError(f"{len(text)} bytes that are no BlobProtoVector: {error}") from error
    return [blobproto_to_array(blob) for blob in vector.blobs]


def array_to_datum(arr: ArrayLike, label: int | None = None) -> caffe_pb2.Datum:
    """A ``Datum`` of an image.

    Args:
        arr: channels × height × width; uint8 is stored as bytes, all else as floats.
        label: its class; None leaves it out.

    Raises:
        ShapeError: the array has not 3 axes, or holds no numbers.
        ArgumentError: the label is no whole number.
    """
    image = as_numbers(arr, "the image")
    if image.ndim != 3:
        raise ShapeError(
            f"an array of shape {shape_text(image.shape)}, expected channels×height×width"
        )
    datum = caffe_pb2.Datum()
    datum.channels, datum.height, datum.width = image.shape
    if image.dtype == np.uint8:
        datum.data = image.tobytes()
    else:
        datum.float_data.extend(image.astype(float).ravel().tolist())
    if label is not None:
        datum.label = whole_number(label, "label", -(2**31), 2**31 - 1)
    return datum


def datum_to_array(datum: caffe_pb2.Datum) -> np.ndarray:
    """The image of a ``Datum``; its label is ``datum.label``.

    Returns:
        channels × height × width: uint8 (an encoded JPEG or PNG is decoded, blue first), or
        float64 from ``float_data``.

    Raises:
        ArgumentError: this is no Datum.
        ShapeError: there are more or fewer values than the datum's size says.
        DataError: an encoded image cannot be decoded.
    """
    message(datum, "Datum")
    if datum.encoded:
        return datum_image(datum)
    try:
        image = datum_image(datum)
    except DataError as error:
        raise ShapeError(error.message) from None
    return image.copy() if image.dtype == np.uint8 else image.astype(np.float64)
