"""Images and arrays on their way into a net and out of it (pycaffe's ``caffe.io``)."""

from __future__ import annotations

from typing import NoReturn

from minicaffe.arguments import old_name
from minicaffe.errors import did_you_mean
from minicaffe.io.arrays import (
    array_to_blobproto,
    array_to_datum,
    arraylist_to_blobprotovector_str,
    blobproto_to_array,
    blobprotovector_str_to_arraylist,
    datum_to_array,
)
from minicaffe.io.images import load_image, oversample, resize_image
from minicaffe.io.transformer import Transformer
from minicaffe.proto import caffe_pb2


def __getattr__(name: str) -> NoReturn:
    raise old_name("caffe.io", name) or AttributeError(
        f"module 'minicaffe.io' has no attribute '{name}'"
        + ("" if name.startswith("_") else did_you_mean(name, __all__))
    )


__all__ = [
    "Transformer",
    "array_to_blobproto",
    "array_to_datum",
    "arraylist_to_blobprotovector_str",
    "blobproto_to_array",
    "blobprotovector_str_to_arraylist",
    "caffe_pb2",
    "datum_to_array",
    "load_image",
    "oversample",
    "resize_image",
]
