"""Reads nets, solvers and weights from files, in whatever age of Caffe they were written."""

from __future__ import annotations

import logging
import mmap
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, BinaryIO

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import DecodeError

from minicaffe.errors import MinicaffeError, PrototxtError, SnapshotError
from minicaffe.errors.mistakes import FileKindError
from minicaffe.errors.reading import cannot_read
from minicaffe.files import open_to_read
from minicaffe.proto import caffe_pb2
from minicaffe.proto.file_kinds import (
    BLOB,
    ENOUGH,
    HDF5_SIGNATURE,
    PROTOTXT,
    STATE,
    WEIGHTS,
    other_kind,
)
from minicaffe.proto.places import SourceMap
from minicaffe.proto.renumbered import Numbering, from_mini_caffe, numbering_of
from minicaffe.proto.text_format import parse
from minicaffe.proto.upgrade_proto import upgrade_net, upgrade_solver
from minicaffe.proto.wire import WireError, check_messages, is_repeated

#: What files of a message are called, for those that have a name of their own.
_EXPECTED = {"NetParameter": WEIGHTS, "SolverState": STATE, "BlobProto": BLOB}
Path = str | os.PathLike[str]


class MappedFile:
    """The contents of a file, without reading them first.

    Attributes:
        view: the bytes; the file stays open while they are referred to.
    """

    def __init__(self, stream: BinaryIO) -> None:
        try:
            self._memory: Any = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError):  # empty, or a pipe
            self._memory = stream.read()
        self.view = memoryview(self._memory)

    def forget(self) -> None:
        """Let the system take back the memory of what was read; it is read again if need be."""
        if hasattr(self._memory, "madvise") and hasattr(mmap, "MADV_DONTNEED"):
            self._memory.madvise(mmap.MADV_DONTNEED)


def read_net(path: Path, *, inner: bool = False, skip_unknown: bool = False) -> Any:
    """The ``NetParameter`` of a prototxt file, upgraded to today's form.

    Args:
        path: the file.
        inner: another file names it, so it must be a regular one, and what is in it is
            shown in messages only where a layer makes clear that it is a net: who wrote the
            other file may be another than who may read this one.
        skip_unknown: pass over fields that are not known, which a warning lists.

    Raises:
        PrototxtError: the file is missing, empty, binary or has mistakes (all are named); what
            could be read is its ``net``.
        GraphError: an old form that has no meaning today.
    """
    name = os.fspath(path)
    param = caffe_pb2.NetParameter()
    try:
        _read_into(param, name, "net", inner=inner, skip_unknown=skip_unknown)
    except PrototxtError as error:
        if inner and error.problems and not (param.layer or param.layers):
            raise _no_net(error, name) from None
        error.net = param
        raise
    return upgrade_net(param, name)


def _no_net(error: PrototxtError, path: str) -> PrototxtError:
    """In place of an error that shows what a file holds which is no net."""
    first = error.problems[0]
    return PrototxtError(
        f"this is no net in prototxt: from column {first.column} on there is no field of one, and "
        "no layer comes before; is it the file that was meant?",
        path=path,
        line=first.line,
    )


def read_solver(path: Path) -> Any:
    """The ``SolverParameter`` of a prototxt file, upgraded to today's form.

    Raises:
        PrototxtError: the file is missing, empty, binary or has mistakes (all are named).
    """
    return read_solver_located(path)[0]


def read_solver_located(path: Path, *, skip_unknown: bool = False) -> tuple[Any, SourceMap]:
    """The ``SolverParameter`` of a prototxt file, and the lines of its fields."""
    name = os.fspath(path)
    param = caffe_pb2.SolverParameter()
    source = _read_into(param, name, "solver", skip_unknown=skip_unknown)
    return upgrade_solver(param, name), source


def read_text(path: Path, message_class: Any) -> Any:
    """Any message from a text file (an empty file is an empty message).

    Raises:
        PrototxtError: the file is missing, binary or has mistakes (all are named).
    """
    message = message_class()
    _read_into(message, os.fspath(path), None)
    return message


def _read_into(
    message: Any, path: str, what: str | None, *, inner: bool = False, skip_unknown: bool = False
) -> SourceMap:
    # which frees the text
    data = _text_contents(path, inner)
    state = "has nothing but comments" if data.strip() else "is empty"
    source = parse(data, message, path, skip_unknown=skip_unknown)
    if what is not None and not message.ListFields():
        raise PrototxtError(f"the file {state}; a {what} in prototxt is expected", path=path)
    return source


def read_net_binary(path: Path) -> Any:
    """The ``NetParameter`` of a ``.caffemodel``, upgraded to today's form.

    Raises:
        SnapshotError: the file is missing, empty, truncated, or something else.
    """
    name = os.fspath(path)
    data = _binary_contents(name)
    _check_messages(data, caffe_pb2.NetParameter, name)
    try:
        param = parse_net_binary(data, name)
    except (DecodeError, UnicodeDecodeError) as error:
        raise unreadable(data, caffe_pb2.NetParameter, name) from error
    _mend_strings(param)
    if not param.layer and not param.layers and (reason := other_kind(data[:ENOUGH], WEIGHTS)):
        raise FileKindError(reason, path=name)
    if not param.ListFields():
        raise SnapshotError("there is no net in this file; it is no .caffemodel", path=name)
    return upgrade_net(param, name)


def map_binary(path: Path, *, inner: bool = False) -> MappedFile:
    """A binary file of any size as memory that the system fills as it is read.

    Args:
        path: the file.
        inner: another file names it, so it must be a regular one.

    Raises:
        SnapshotError: the file is missing, empty, or HDF5.
    """
    name = os.fspath(path)
    with _opened(name, SnapshotError, inner) as stream:
        mapped = MappedFile(stream)
    _refuse_other_formats(bytes(mapped.view[: len(HDF5_SIGNATURE)]), name)
    return mapped


def read_binary(path: Path, message_class: Any, *, inner: bool = False) -> Any:
    """Any message from a binary file (a ``.solverstate`` or ``.binaryproto``).

    Args:
        path: the file.
        message_class: of the message.
        inner: as for :func:`map_binary`.

    Raises:
        SnapshotError: the file is missing, empty, truncated, or something else.
    """
    name = os.fspath(path)
    data = _binary_contents(name, inner)
    _check_messages(data, message_class, name)
    try:
        return message_class.FromString(data)
    except (DecodeError, UnicodeDecodeError) as error:
        raise unreadable(data, message_class, name) from error


def _text_contents(path: str, inner: bool) -> bytes:
    data = _contents(path, PrototxtError, inner)
    if reason := other_kind(data[:ENOUGH], PROTOTXT):
        raise FileKindError(reason, path=path)
    return data


def _binary_contents(path: str, inner: bool = False) -> bytes:
    data = _contents(path, SnapshotError, inner)
    _refuse_other_formats(data, path)
    return data


def _refuse_other_formats(data: bytes, path: str) -> None:
    if not data:
        raise SnapshotError("the file is empty; take another copy of it", path=path)
    if data.startswith(HDF5_SIGNATURE):
        raise FileKindError("this is an HDF5 file; its name should end in .h5", path=path)


def _check_messages(data: bytes, message_class: Any, path: str) -> None:
    try:
        check_messages(memoryview(data), message_class.DESCRIPTOR)
    except WireError as error:
        name = message_class.DESCRIPTOR.name
        if reason := other_kind(data[:ENOUGH], _EXPECTED.get(name, "")):
            raise FileKindError(reason, path=path) from error
        raise SnapshotError(f"no {name} that makes sense: {error}", path=path) from error


def _mend_strings(message: Any) -> None:
    """Make text of names that are not UTF-8, such as a path in the writer's own encoding.

    protobuf hands them out as bytes, and does not take these back in another message.
    """
    for field, value in message.ListFields():
        if field.message_type is not None:
            if field.message_type.name != "BlobProto":  # long, and has no names
                for inner in value if is_repeated(field) else (value,):
                    _mend_strings(inner)
        elif field.type == FieldDescriptor.TYPE_STRING:
            if isinstance(value, bytes):
                setattr(message, field.name, value.decode("utf-8", "replace"))
            elif is_repeated(field) and any(isinstance(text, bytes) for text in value):
                value[:] = [
                    text.decode("utf-8", "replace") if isinstance(text, bytes) else text
                    for text in value
                ]


def unreadable(data: bytes, message_class: Any, path: str | None = None) -> SnapshotError:
    """The error that says what a file may be, that is not the binary message expected.

    Args:
        data: the beginning of the file.
        message_class: what was expected.
        path: the file.
    """
    name = message_class.DESCRIPTOR.name
    expected = _EXPECTED.get(name)
    if expected and (reason := other_kind(data[:ENOUGH], expected)):
        return FileKindError(reason, path=path)
    what = expected if expected == WEIGHTS else f"binary {name}"
    message = f"the file is truncated or damaged, or it is not a {what}; take another copy of it"
    return SnapshotError(message, path=path)


def _contents(path: str, kind: type[MinicaffeError], inner: bool) -> bytes:
    with _opened(path, kind, inner) as stream:
        return stream.read()


@contextmanager
def _opened(path: str, kind: type[MinicaffeError], inner: bool) -> Iterator[BinaryIO]:
    try:
        with open_to_read(path, pipes=not inner) as stream:
            yield stream
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise cannot_read(path, error, kind) from error


logger = logging.getLogger("minicaffe")


def parse_net_binary(data: bytes, path: str | None = None) -> Any:
    """The ``NetParameter`` of a .caffemodel, not upgraded yet.

    Forks of Caffe gave one field number different meanings, so that their files can contain
    what no ``NetParameter`` may, or what would be another layer's settings. mini-caffe's numbers
    are known. Of other such files only what weights need is read: names, types, bottoms, tops and
    blobs of the layers.

    Args:
        data: the contents of the file.
        path: its name, for messages.

    Raises:
        google.protobuf.message.DecodeError: the weights cannot be read either.
    """
    numbering = numbering_of(data)
    if numbering is Numbering.MINI_CAFFE:
        logger.info("%s has mini-caffe's numbers for settings, and is read so", path or "the net")
        with suppress(WireError):  # of a damaged file, which is told below
            data = from_mini_caffe(data)
    with suppress(DecodeError):
        net = caffe_pb2.NetParameter.FromString(data)
        if net.IsInitialized() and numbering is not Numbering.UNKNOWN:
            return net
    weights = caffe_pb2.WeightsOfNet.FromString(data)
    weights.DiscardUnknownFields()
    logger.info("%s is of a fork of Caffe; only its weights are read", path or "the weight file")
    return caffe_pb2.NetParameter.FromString(weights.SerializeToString())
