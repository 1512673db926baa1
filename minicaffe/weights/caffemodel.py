"""Caffe's ``.caffemodel``: layers with their blobs, copied into a net and written from one."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from minicaffe.blob import Blob, shape_text
from minicaffe.errors import SnapshotError
from minicaffe.errors.mistakes import FileKindError, WeightShapeError
from minicaffe.files import write_beside
from minicaffe.proto import caffe_pb2
from minicaffe.proto.file_kinds import ENOUGH, WEIGHTS, other_kind
from minicaffe.proto.io import map_binary, unreadable
from minicaffe.proto.upgrade_v0 import layer_type_of_v0
from minicaffe.proto.upgrade_v1 import layer_type
from minicaffe.proto.wire import (
    BYTES,
    VARINT,
    MessageBudget,
    WireError,
    WireField,
    wire_fields,
)
from minicaffe.weights import hdf5 as weights_hdf5
from minicaffe.weights.blob_proto import (
    RENAME,
    StoredBlob,
    blob_proto,
    same_shape,
    shape_hint,
    shape_of,
    stated_shape_text,
)
from minicaffe.weights.hdf5 import load_hdf5

if TYPE_CHECKING:
    from google.protobuf.message import Message

    from minicaffe.net.net import Net
    from minicaffe.net.node import Node

logger = logging.getLogger("minicaffe")

MAX_BLOBS = 1000  # of one layer


_FIELDS = caffe_pb2.NetParameter.DESCRIPTOR.fields_by_name

#: The fields of a net that are layers, by number, with the message of one.
LAYER_FIELDS: dict[int, type[Message]] = {
    _FIELDS["layer"].number: caffe_pb2.LayerParameter,
    _FIELDS["layers"].number: caffe_pb2.V1LayerParameter,
}


class StoredLayer(NamedTuple):
    """A layer as a file holds it.

    Attributes:
        name: the layer's.
        type: today's name of its type; "" where the file says none that is known.
        blobs: its parameters.
    """

    name: str
    type: str
    blobs: list[StoredBlob]


def stored_layers(buffer: memoryview, path: str) -> list[StoredLayer]:
    """Names, types and blobs of all layers in a binary ``NetParameter`` of any age.

    Nothing else of the layers is looked at, so fields of forks that contradict the schema do
    not matter. The blobs refer to ``buffer``.

    Raises:
        SnapshotError: the bytes are something else, or only the beginning of such a file.
    """
    layers: list[StoredLayer] = []
    fields, messages = 0, MessageBudget(len(buffer))
    try:
        for field in wire_fields(buffer):
            fields += field.number in caffe_pb2.NetParameter.DESCRIPTOR.fields_by_number
            message = LAYER_FIELDS.get(field.number)
            if message is not None and field.wire == BYTES:
                messages.take(message.DESCRIPTOR)
                layers.append(_layer(field.value, message))
    except (WireError, SnapshotError) as error:
        raise unreadable(bytes(buffer[:ENOUGH]), caffe_pb2.NetParameter, path) from error
    if not layers and (reason := other_kind(bytes(buffer[:ENOUGH]), WEIGHTS)):
        raise FileKindError(reason, path=path)
    if not fields:
        raise SnapshotError("there is no net in this file; it is no .caffemodel", path=path)
    return layers


def _layer(buffer: memoryview, message: type[Message]) -> StoredLayer:
    """A layer of today's form, of V1 or (inside that) of V0."""
    numbers = message.DESCRIPTOR.fields_by_name
    name, kind, blobs = "", "", list[StoredBlob]()
    for field in wire_fields(buffer):
        if field.number == numbers["type"].number:
            kind = _type(field, message)
        if field.wire != BYTES:
            continue
        if field.number == numbers["name"].number:
            name = bytes(field.value).decode("utf-8", "replace")
        elif field.number == numbers["blobs"].number:
            if len(blobs) >= MAX_BLOBS:
                raise WireError(f"a layer has more than {MAX_BLOBS} parameters")
            blobs.append(StoredBlob(field.value))
        elif "layer" in numbers and field.number == numbers["layer"].number:
            name, kind, blobs = _layer(field.value, caffe_pb2.V0LayerParameter)
    return StoredLayer(name, kind, blobs)


def _type(field: WireField, message: type[Message]) -> str:
    """Today's name of the type that a field states; "" for none that is known."""
    if field.wire == VARINT:
        numbers = caffe_pb2.V1LayerParameter.LayerType.values()
        return layer_type(field.value) if field.value in numbers else ""
    if field.wire != BYTES:
        return ""
    stated = bytes(field.value).decode("utf-8", "replace")
    return layer_type_of_v0(stated) if message is caffe_pb2.V0LayerParameter else stated


def load_weights(net: Net, path: str, *, inner: bool = False) -> None:
    """Copy trained layers by name from a ``.caffemodel`` or HDF5 file (told by its content).

    Args:
        net: gets them.
        path: the file.
        inner: another file names it, so it must be a regular one.

    Raises:
        SnapshotError: the file cannot be read, or a layer's parameters do not fit; the
            net is then unchanged.
    """
    if weights_hdf5.is_hdf5(path):
        load_hdf5(net, path)
        return
    file = map_binary(path, inner=inner)
    layers = stored_layers(file.view, path)
    _copy_layers(net, layers, path, after_each=file.forget)


def load_buffer(net: Net, data: bytes, called: str) -> None:
    """:func:`load_weights` of a ``.caffemodel`` in memory.

    Args:
        net: gets them.
        data: the file's contents.
        called: what messages call it.

    Raises:
        SnapshotError: as :func:`load_weights`.
    """
    _copy_layers(net, stored_layers(memoryview(data), called), called)


def copy_trained_layers(net: Net, source: caffe_pb2.NetParameter, path: str | None = None) -> None:
    """Copy the parameters of layers that are in both nets, by name (Caffe's rule).

    Args:
        net: its layers get the values; those that the source lacks are left alone.
        source: a ``NetParameter`` with blobs; its other layers are ignored, with a line
            in the log.
        path: the file that it came from, for messages.

    Raises:
        SnapshotError: a layer has another number or other shapes of parameters there;
            nothing is copied then.
    """
    _copy_layers(net, [(layer.name, layer.type, layer.blobs) for layer in source.layer], path)


def _copy_layers(
    net: Net,
    layers: Sequence[tuple[str, str, Sequence[caffe_pb2.BlobProto | StoredBlob]]],
    path: str | None,
    after_each: Callable[[], None] = lambda: None,
) -> None:
    targets = {node.name: node for node in reversed(net.nodes)}
    found = []
    for name, _, stored in layers:
        if name in targets:
            found.append((targets[name], _in_order(targets[name], stored)))
        else:
            logger.info("Ignoring source layer %s", name)
    for node, stored in found:
        _check_layer(node.layer.blobs, stored, node, path)
    for node, stored in found:
        copy_blobs(node.layer.blobs, stored)
        after_each()
    if targets and not any(len(stored) for _, stored in found):
        logger.warning(
            "%s: nothing was copied, as net '%s' has none of its layers; layers are found by their "
            "names, which `minicaffe lint NET --weights=FILE` compares",
            path or "weights",
            net.name,
        )


def _in_order(
    node: Node, stored: Sequence[caffe_pb2.BlobProto | StoredBlob]
) -> Sequence[caffe_pb2.BlobProto | StoredBlob]:
    """Stored blobs in the layer's order, without their shapes where another fork had another."""
    order = node.layer.blob_order(len(stored), lambda index: _stored(stored[index]).values().size)
    if list(order) == list(range(len(stored))):
        return stored
    blobs = [_stored(stored[index]) for index in order]
    for blob, own in zip(blobs, node.layer.blobs, strict=False):
        blob.header.Clear()
        blob.header.shape.dim.extend(own.shape)
    return blobs


def copy_layer_blobs(
    blobs: Sequence[Blob],
    protos: Sequence[caffe_pb2.BlobProto | StoredBlob],
    name: str,
    path: str | None = None,
) -> None:
    """Copy one layer's parameters from messages.

    Args:
        blobs: the layer's, which are changed.
        protos: as many, of the same shapes.
        name: the layer's, for messages.
        path: the file that they are from, for messages.

    Raises:
        SnapshotError: other numbers or shapes; nothing is copied then.
    """
    complaint = mismatch(blobs, protos)
    if complaint:
        raise WeightShapeError(complaint, path=path, layer=name)
    copy_blobs(blobs, protos)


def copy_blobs(blobs: Sequence[Blob], protos: Sequence[caffe_pb2.BlobProto | StoredBlob]) -> None:
    """Copy values (and gradients where stored) from messages that are known to fit."""
    for blob, proto in zip(blobs, protos, strict=True):
        stored = _stored(proto)
        diff = stored.values("diff")
        with np.errstate(all="ignore"):  # doubles may be out of range; that is no news
            blob.data[...] = stored.values().reshape(blob.shape)
            if diff.size:
                blob.diff[...] = diff.reshape(blob.shape)


def mismatch(
    blobs: Sequence[Blob],
    protos: Sequence[caffe_pb2.BlobProto | StoredBlob],
    *,
    any_shape: bool = False,
) -> str:
    """How stored parameters differ from a layer's; "" when they fit.

    Args:
        blobs: the layer's.
        protos: those stored.
        any_shape: another shape of as many values fits, too.
    """
    if len(blobs) != len(protos):
        return (
            f"{len(protos)} parameter blob(s) are stored for it, "
            f"but it has {len(blobs)} in this net{RENAME}"
        )
    for index, (blob, proto) in enumerate(zip(blobs, protos, strict=True)):
        stored = _stored(proto)
        if not any_shape and not same_shape(blob.shape, stored.header):
            hint = shape_hint(shape_of(stored.header), blob.shape)
            return (
                f"parameter {index} has shape {stated_shape_text(stored.header)} where it is "
                f"stored, {shape_text(blob.shape)} in this net{RENAME}{hint}"
            )
        count = stored.values().size
        if count != blob.count:
            damaged = "" if any_shape else "; the file is damaged"
            return (
                f"parameter {index} of shape {shape_text(blob.shape)} is stored with {count} "
                f"values{damaged}"
            )
        gradients = stored.values("diff").size
        if gradients not in (0, blob.count):
            return (
                f"parameter {index} of shape {shape_text(blob.shape)} is stored with {gradients} "
                "gradients; the file is damaged"
            )
    return ""


def _stored(proto: caffe_pb2.BlobProto | StoredBlob) -> StoredBlob:
    """A ``BlobProto``, or what is one in a file."""
    if isinstance(proto, StoredBlob):
        return proto
    return StoredBlob(memoryview(proto.SerializeToString()))


def _check_layer(
    blobs: Sequence[Blob],
    protos: Sequence[caffe_pb2.BlobProto | StoredBlob],
    node: Node,
    path: str | None,
) -> None:
    complaint = mismatch(blobs, protos, any_shape=not node.layer.param.strict_dim)
    if complaint:
        complaint = node.layer.blobs_hint(len(protos)) or complaint
        raise WeightShapeError(complaint, path=path, layer=node.name, layer_type=node.layer.type)


# ------------------------------------------------------------------------- out


def net_to_proto(net: Net, write_diff: bool = False) -> caffe_pb2.NetParameter:
    """The net with its parameters as a ``NetParameter``, just as Caffe writes it.

    Every layer is in it, splits too; parameters that layers share are repeated; a loss
    layer's implied ``loss_weight: 1`` is written out.

    Args:
        net: what to write.
        write_diff: whether the parameters' gradients are in it too.
    """
    proto = caffe_pb2.NetParameter(name=net.name)
    for node in net.nodes:
        layer = proto.layer.add()
        layer.CopyFrom(node.layer.param)
        layer.ClearField("source_line")
        if not layer.loss_weight:
            weights = [node.layer.loss_weight(index) for index in range(len(node.tops))]
            layer.loss_weight.extend(weights if any(weights) else ())
        del layer.blobs[:]
        for blob in node.layer.blobs:
            layer.blobs.append(blob_proto(blob.data, blob.diff if write_diff else None))
    return proto


def save_caffemodel(net: Net, path: str, write_diff: bool = False) -> None:
    """Write a binary ``.caffemodel``; the old file stays if that fails.

    Args:
        net: has the parameters.
        path: the file.
        write_diff: whether to write the gradients, too.

    Raises:
        SnapshotError: the file cannot be written.
    """
    with write_beside(path) as beside:
        write_caffemodel(net, beside, write_diff)


def write_caffemodel(net: Net, path: Path, write_diff: bool = False) -> None:
    """Write a binary ``.caffemodel`` into a file that nothing reads before it is complete.

    Args:
        net: has the parameters.
        path: the file.
        write_diff: whether to write the gradients, too.

    Raises:
        OSError: it cannot be written.
    """
    path.write_bytes(net_to_proto(net, write_diff).SerializeToString())
