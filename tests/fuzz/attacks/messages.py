"""Binary messages: weights, states, means, datums."""

from __future__ import annotations

from minicaffe.proto import caffe_pb2
from minicaffe.proto.wire import BYTES, END_GROUP, FIXED32, GROUP, VARINT, write_varint
from tests.fuzz.attacks.making import ATTACKS, Attack, attack, field, repeated

_NET = caffe_pb2.NetParameter.DESCRIPTOR.fields_by_name
_LAYER = caffe_pb2.LayerParameter.DESCRIPTOR.fields_by_name
_BLOB = caffe_pb2.BlobProto.DESCRIPTOR.fields_by_name
_STATE = caffe_pb2.SolverState.DESCRIPTOR.fields_by_name


@attack("caffemodel", "solverstate", "binaryproto", "datum", "blob_vector")
def nested_groups(size: int) -> bytes:
    """Groups in groups."""
    half = max(1, size // 4)
    tag, end = write_varint(999 << 3 | GROUP), write_varint(999 << 3 | END_GROUP)
    return tag * half + end * half


@attack("caffemodel")
def nested_messages(size: int) -> bytes:
    """A V1 layer in a V1 layer and so on, as far as lengths fit."""
    payload = b""
    while len(payload) < size // 2:
        payload = field(_NET["layers"].number, field(1, payload + b"\0" * (len(payload) // 50)))
    return payload


@attack("caffemodel")
def empty_layers(size: int) -> bytes:
    """Two bytes a layer."""
    return repeated(field(_NET["layer"].number, b""), size)


@attack("caffemodel")
def empty_blobs(size: int) -> bytes:
    """Two bytes a blob."""
    blobs = repeated(field(_LAYER["blobs"].number, b""), size)
    return field(_NET["layer"].number, field(_LAYER["name"].number, b"ip") + blobs)


@attack("caffemodel")
def small_chunks(size: int) -> bytes:
    """Values in packed pieces of one number each."""
    chunks = repeated(field(_BLOB["data"].number, b"\0\0\0\0"), size)
    layer = field(_LAYER["name"].number, b"ip") + field(_LAYER["blobs"].number, chunks)
    return field(_NET["layer"].number, layer)


@attack("caffemodel")
def single_values(size: int) -> bytes:
    """Values that are not packed at all."""
    one = write_varint(_BLOB["data"].number << 3 | FIXED32) + b"\0\0\0\0"
    blob = field(_LAYER["blobs"].number, repeated(one, size))
    return field(_NET["layer"].number, field(_LAYER["name"].number, b"ip") + blob)


@attack("caffemodel", "solverstate", "binaryproto", "datum", "blob_vector")
def unknown_numbers(size: int) -> bytes:
    """Fields that no schema has."""
    return repeated(write_varint(1999 << 3 | VARINT) + b"\1", size)


@attack("caffemodel", "solverstate", "binaryproto", "datum", "blob_vector")
def length_lie(size: int) -> bytes:
    """A field that says it has 2^62 bytes, and others that say a little too much."""
    start = write_varint(_NET["layer"].number << 3 | BYTES) + write_varint(2**62)
    return start + repeated(b"\x12\x7f", size)


@attack("caffemodel", "solverstate", "binaryproto", "datum", "blob_vector")
def packed_lie(size: int) -> bytes:
    """Packed values whose length says more than there is."""
    lie = write_varint(_BLOB["data"].number << 3 | BYTES) + write_varint(size + 2**31)
    return lie + bytes(size)


@attack("caffemodel", "solverstate", "binaryproto", "datum", "blob_vector")
def endless_varint(size: int) -> bytes:
    """A number without end."""
    return repeated(b"\xff", size)


@attack("solverstate")
def empty_history(size: int) -> bytes:
    """Two bytes a blob."""
    return repeated(field(_STATE["history"].number, b""), size)


@attack("blob_vector")
def empty_arrays(size: int) -> bytes:
    """Two bytes an array."""
    return repeated(field(1, b""), size)


def _blob_of_shape(*dims: int) -> bytes:
    packed = b"".join(write_varint(dim % 2**64) for dim in dims)
    return field(_BLOB["shape"].number, field(1, packed))


for _name, _dims in {
    "negative": (-2, -3),
    "two_to_31": (2**16, 2**15),
    "two_to_63": (2**32, 2**31),
    "two_to_64": (2**32, 2**32),  # 0 modulo 2^64, as many as there are values
    "huge": (2**63 - 1, 2**63 - 1),
    "nothing_times_huge": (0, 2**63 - 1, 2**63 - 1),
    "axes": (1,) * 5000,
}.items():

    def _make(size: int, dims: tuple[int, ...] = _dims) -> bytes:
        return _blob_of_shape(*dims)

    def _make_state(size: int, dims: tuple[int, ...] = _dims) -> bytes:
        blob = _blob_of_shape(*dims)
        return b"\x08\x05" + field(_STATE["history"].number, blob)

    def _make_vector(size: int, dims: tuple[int, ...] = _dims) -> bytes:
        return field(1, _blob_of_shape(*dims))

    ATTACKS[f"binaryproto/shape_{_name}"] = Attack("binaryproto", _make)
    ATTACKS[f"solverstate/shape_{_name}"] = Attack("solverstate", _make_state)
    ATTACKS[f"blob_vector/shape_{_name}"] = Attack("blob_vector", _make_vector)


@attack("binaryproto")
def legacy_shape_overflow(size: int) -> bytes:
    """num · channels · height · width is 2^64."""
    proto = caffe_pb2.BlobProto(num=2**16, channels=2**16, height=2**16, width=2**16)
    return proto.SerializeToString()


@attack("datum")
def datum_overflow(size: int) -> bytes:
    """channels · height · width is 2^93."""
    big = 2**31 - 1
    return caffe_pb2.Datum(channels=big, height=big, width=big, data=b"x").SerializeToString()


@attack("datum")
def datum_negative(size: int) -> bytes:
    """Two negative lengths whose product fits."""
    datum = caffe_pb2.Datum(channels=-1, height=-2, width=3, data=b"123456")
    return datum.SerializeToString()
