"""Binary nets of forks that number the settings of layers otherwise than Caffe.

A ``.caffemodel`` holds numbers in place of names. Of its weights nothing is ever mistaken, as name
and blobs have the same numbers everywhere; settings would be.
"""

from __future__ import annotations

import enum
import functools
from collections.abc import Iterator

from minicaffe.proto import caffe_pb2
from minicaffe.proto.dialects import ReadsForks
from minicaffe.proto.own_fields import own_field, own_fields
from minicaffe.proto.wire import BYTES, WireError, WireField, wire_fields, write_varint

_NET = caffe_pb2.NetParameter.DESCRIPTOR.fields_by_name
_LAYER = caffe_pb2.LayerParameter.DESCRIPTOR

#: The numbers that forks gave to settings of their own, each as it liked.
_OF_FORKS = range(132, 20000)

#: The settings of layers in mini-caffe (luoyetx/mini-caffe), which begin at 200 there.
_MINI_CAFFE = {
    "loss_param": 200, "argmax_param": 201, "batch_norm_param": 202, "bias_param": 203,
    "bn_param": 204, "concat_param": 205, "convolution_param": 206, "crop_param": 207,
    "dropout_param": 208, "eltwise_param": 209, "elu_param": 210, "embed_param": 211,
    "exp_param": 212, "flatten_param": 213, "inner_product_param": 214, "input_param": 215,
    "log_param": 216, "lrn_param": 217, "mvn_param": 218, "parameter_param": 219,
    "pooling_param": 220, "power_param": 222, "prelu_param": 223, "proposal_param": 224,
    "psroi_pooling_param": 225, "reduction_param": 226, "relu_param": 227, "reshape_param": 228,
    "roi_pooling_param": 229, "scale_param": 230, "sigmoid_param": 231, "softmax_param": 232,
    "spp_param": 233, "slice_param": 234, "tanh_param": 235, "threshold_param": 236,
    "tile_param": 237, "detection_output_param": 238, "permute_param": 239, "prior_box_param": 240,
    "shuffle_channel_param": 241, "norm_param": 242,
}  # fmt: skip
_OF_MINI_CAFFE = {number: name for name, number in _MINI_CAFFE.items()}


class Numbering(enum.Enum):
    """Whose numbers the settings in a file have."""

    CAFFE = "Caffe's"
    MINI_CAFFE = "mini-caffe's"
    UNKNOWN = "a fork's"


def numbering_of(data: bytes) -> Numbering:
    """Whose numbers a binary ``NetParameter`` has, going by its layers' types.

    It is mini-caffe's where no layer has a number below 200 for settings, and one has its own
    under mini-caffe's. It is unknown where a layer has, under a number that forks use differently,
    what are another type's settings in this schema.
    """
    layers = list(_layers(data))
    numbers = {number for _, found in layers for number in found}
    if numbers <= set(_OF_MINI_CAFFE) and any(
        _MINI_CAFFE.get(own_field(kind) or "") in found for kind, found in layers
    ):
        return Numbering.MINI_CAFFE
    if any(_another_types(kind, number) for kind, found in layers for number in found):
        return Numbering.UNKNOWN
    return Numbering.CAFFE


def from_mini_caffe(data: bytes) -> bytes:
    """A binary ``NetParameter`` of mini-caffe in this schema's numbers."""
    pieces: list[bytes] = []
    for field in wire_fields(memoryview(data)):
        if field.number == _NET["layer"].number and field.wire == BYTES:
            layer = b"".join(_piece(inner) for inner in wire_fields(field.value))
            pieces += [_tag(field.number), write_varint(len(layer)), layer]
        else:
            pieces.append(bytes(field.raw))
    return b"".join(pieces)


def _piece(field: WireField) -> bytes:
    name = _OF_MINI_CAFFE.get(field.number)
    if name is None or field.wire != BYTES:
        return bytes(field.raw)
    number = _LAYER.fields_by_name[name].number
    return _tag(number) + write_varint(len(field.value)) + bytes(field.value)


def _tag(number: int) -> bytes:
    return write_varint(number << 3 | BYTES)


def _layers(data: bytes) -> Iterator[tuple[str, set[int]]]:
    """Each layer's type, and the numbers of the messages in it that are settings."""
    type_number = _LAYER.fields_by_name["type"].number
    try:
        for field in wire_fields(memoryview(data)):
            if field.number != _NET["layer"].number or field.wire != BYTES:
                continue
            kind, numbers = "", set()
            for inner in wire_fields(field.value):
                if inner.number == type_number and inner.wire == BYTES:
                    kind = bytes(inner.value).decode("utf-8", "replace")
                elif inner.wire == BYTES and inner.number >= 100:
                    numbers.add(inner.number)
            yield kind, numbers
    except WireError:  # reported when the message is parsed
        return


def _another_types(kind: str, number: int) -> bool:
    """Whether a field of a layer holds what are another type's settings in this schema."""
    field = _LAYER.fields_by_number.get(number)
    if number not in _OF_FORKS or field is None or field.name in ReadsForks.fork_fields:
        return False
    owners = _owners().get(field.name, frozenset())
    return bool(owners) and kind not in owners and own_field(kind) != field.name


@functools.cache
def _owners() -> dict[str, frozenset[str]]:
    """For each field with settings the types that have it."""
    owners: dict[str, set[str]] = {}
    for kind, name in own_fields().items():
        owners.setdefault(name, set()).add(kind)
    return {name: frozenset(kinds) for name, kinds in owners.items()}
