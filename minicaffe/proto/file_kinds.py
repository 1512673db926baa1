"""What a file is, going by its first bytes, where it is not what was expected.

People give a web page for a prototxt, a PyTorch checkpoint for a ``.caffemodel``, a solver state
for weights. :func:`other_kind` says which kind it is and what to do with it; all readers ask it
when a file is not theirs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

HDF5_SIGNATURE = b"\x89HDF\r\n\x1a\n"

#: How much of a file is looked at.
ENOUGH = 1 << 16

# What is expected, as a message says it.
PROTOTXT, WEIGHTS, STATE, BLOB = "prototxt", ".caffemodel", ".solverstate", ".binaryproto"
_CONTROL = re.compile(rb"[\0-\x08\x0e-\x1f\x7f]")  # which no text has


class Kind(NamedTuple):
    """A kind of files.

    Attributes:
        what: its name with its article, as in "an HTML page".
        remedy: what to do with such a file; "" where it depends on what was expected.
        code: which of the kinds that have remedies of their own, else "".
    """

    what: str
    remedy: str = ""
    code: str = ""


_PAGE = "save the file itself (on GitHub: the button Raw, or Download), not the page that shows it"
_PICTURE = "give the file that was meant, or a picture where a picture is asked for"
_UNPACK = "unpack it first, with `{}`"

_COPY = (
    "minicaffe does not read it; load it with {} and copy its arrays by hand, as in "
    'net.params["conv1"][0].data[...] = array, then net.save("x.caffemodel")'
)

_CONVERT = "convert it: `minicaffe convert_weights FILE W.caffemodel --model=net.prototxt`"

_TORCH = Kind("a PyTorch checkpoint", _CONVERT)

_ONNX = Kind(
    "an ONNX model",
    "make a net of it: `minicaffe import_onnx net.onnx -o deploy.prototxt -w W.caffemodel`",
)
_TENSORFLOW = Kind("a TensorFlow model (GraphDef or SavedModel)", _COPY.format("TensorFlow"))
_NPY, _NPZ = Kind("a .npy array of numpy", code="npy"), Kind("a .npz archive of numpy", code="npz")
_KERAS = Kind("a Keras model", _COPY.format("Keras"))
_TEXT, _NET_TEXT = Kind("a text file", code="text"), Kind("a prototxt", code="net text")
_STATE = Kind("a solver state (.solverstate)", code="state")
_WEIGHTS = Kind("a net with its weights (.caffemodel)", code="weights")
_BLOB = Kind("a single array (.binaryproto), such as an image mean", code="blob")
_HDF5 = Kind("an HDF5 file", code="hdf5")

#: How binary files begin, other than protobuf's messages, which have no signature.
_SIGNATURES: tuple[tuple[bytes, Kind], ...] = (
    (HDF5_SIGNATURE, _HDF5),
    (b"\x93NUMPY", _NPY),
    (b"version https://git-lfs", Kind("a Git LFS pointer, not the file itself",
                                      "fetch that with `git lfs pull`")),
    (b"\x1f\x8b", Kind("a gzip archive", _UNPACK.format("gunzip"))),
    (b"BZh", Kind("a bzip2 archive", _UNPACK.format("bunzip2"))),
    (b"\xfd7zXZ\0", Kind("an xz archive", _UNPACK.format("unxz"))),
    (b"\x28\xb5\x2f\xfd", Kind("a zstd archive", _UNPACK.format("unzstd"))),
    (b"7z\xbc\xaf\x27\x1c", Kind("a 7z archive", _UNPACK.format("7z x"))),
    (b"Rar!\x1a", Kind("a RAR archive", _UNPACK.format("unrar x"))),
    (b"\x89PNG\r\n", Kind("a PNG image", _PICTURE)),
    (b"\xff\xd8\xff", Kind("a JPEG image", _PICTURE)),
    (b"GIF8", Kind("a GIF image", _PICTURE)),
    (b"%PDF", Kind("a PDF document", "give the file that was meant")),
    (b"\x7fELF", Kind("a program or library (ELF)", "give the file that was meant")),
    (b"SQLite format 3\0", Kind("an SQLite database", "give the file that was meant")),
    (b"\x80\x02\x8a\x0al\xfc\x9cF", _TORCH),  # of before PyTorch 1.6
)  # fmt: skip

_REMEDIES = {
    ("hdf5", PROTOTXT): "is it the weights?",
    ("hdf5", WEIGHTS): "its name should end in .h5",
    ("hdf5", STATE): "its name should end in .h5",
    ("hdf5", BLOB): "read it with h5py, and write it with minicaffe.weights.blob_proto.write_blob",
    ("npy", PROTOTXT): "give the file that was meant",
    ("npy", WEIGHTS): _COPY.format("numpy.load").removeprefix("minicaffe does not read it; "),
    ("npz", PROTOTXT): "give the file that was meant",
    ("npz", WEIGHTS): _CONVERT,
    ("npz", STATE): "give the .solverstate that a training wrote",
    ("npz", BLOB): "a .npz file of one array is taken apart with numpy.load, and written by "
    "minicaffe.weights.blob_proto.write_blob",
    ("npy", STATE): "give the .solverstate that a training wrote",
    ("npy", BLOB): "write it as one with "
    "minicaffe.weights.blob_proto.write_blob(FILE, numpy.load(...)); only `minicaffe classify` "
    "and `detect` take a mean as .npy",
    ("state", PROTOTXT): "it is given to train as --snapshot",
    ("state", WEIGHTS): "training goes on from it with --snapshot (in Python: "
    "solver.restore); the weights are in the .caffemodel beside it",
    ("state", BLOB): "it is given to train as --snapshot",
    ("weights", PROTOTXT): "give it as the weights, and the net as text",
    ("weights", STATE): "give it as --weights (in Python: net.copy_from), or as --snapshot the "
    ".solverstate beside it",
    ("weights", BLOB): "give it as the weights",
    ("blob", PROTOTXT): "it is given as mean_file",
    ("blob", WEIGHTS): "it is given as mean_file",
    ("blob", STATE): "it is given as mean_file",
    ("net text", WEIGHTS): "it is given as the net; weights are what a training wrote or what "
    "was published beside it",
    ("net text", STATE): "a state is what a training wrote beside its weights",
    ("net text", BLOB): "a mean is what `minicaffe compute_image_mean` writes",
    ("text", WEIGHTS): "weights are what a training wrote",
    ("text", STATE): "a state is what a training wrote beside its weights",
    ("text", BLOB): "a mean is what `minicaffe compute_image_mean` writes",
}  # fmt: skip


def other_kind(data: bytes, expected: str) -> str:
    """What a file is, if it is known and not what was expected, and what to do about it.

    Args:
        data: the beginning of the file, :data:`ENOUGH` bytes or all of it.
        expected: :data:`PROTOTXT`, :data:`WEIGHTS`, :data:`STATE` or :data:`BLOB`.

    Returns:
        Such as ``this is a gzip archive, not a prototxt; unpack it first, with `gunzip```;
        "" for a file of the kind expected, or of none that is known.
    """
    kind = _kind(data, text_is_right=expected == PROTOTXT)
    if kind is None:
        return ""
    remedy = kind.remedy or _REMEDIES.get((kind.code, expected), "")
    if not remedy:  # it is of the kind expected, and damaged
        return ""
    return f"this is {kind.what}, {_not(kind, expected)}; {remedy}"


def hdf5_kind(names: list[str]) -> str:
    """What an HDF5 file is that was given as weights but holds no weights of Caffe's.

    Args:
        names: of the groups, datasets and attributes at its top.
    """
    if {"iter", "learned_net", "history"} <= set(names):
        kind, remedy = _STATE, _REMEDIES["state", WEIGHTS].replace(".caffemodel", ".caffemodel.h5")
    elif {"model_weights", "layer_names", "_layer_checkpoint_dependencies"}.intersection(names):
        kind, remedy = _KERAS, _KERAS.remedy
    else:
        return ""
    return f"this is {kind.what}, {_not(kind, WEIGHTS)}; {remedy}"


def _not(kind: Kind, expected: str) -> str:
    if kind.code in ("text", "net text"):
        return f"a {expected} is expected"
    return f"not a {expected}"


def _kind(data: bytes, *, text_is_right: bool) -> Kind | None:
    for signature, kind in _SIGNATURES:
        if data.startswith(signature):
            return kind
    if data.startswith(b"PK\x03\x04"):
        return _zip_kind(data)
    if data[257:262] == b"ustar":
        return Kind("a tar archive", _UNPACK.format("tar xf"))
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return Kind("a WebP image", _PICTURE)
    if data[4:8] == b"TFL3":
        return Kind("a TensorFlow Lite model", _COPY.format("TensorFlow"))
    if data[8:10] == b'{"' and data[6:8] == b"\0\0":
        return Kind("a safetensors file", _CONVERT)
    if re.match(rb"\x80[\x02-\x05][\x95}\])(c]", data):
        return Kind("a pickled Python object", _COPY.format("pickle or torch.load"))
    if found := _text_kind(data, text_is_right):
        return found
    if text_is_right and not _CONTROL.search(data):
        return None
    return _message_kind(data)


def _zip_kind(data: bytes) -> Kind:
    """Going by the names in it: several programs keep what they write in a zip archive."""
    if re.search(rb"/data\.pkl|/constants\.pkl", data[:4096]):
        return _TORCH
    if data[30:200].split(b"PK")[0].find(b".npy") > 0:
        return _NPZ
    if re.match(rb"(config|metadata)\.json|model\.weights\.h5", data[30:60]):
        return _KERAS
    return Kind("a zip archive", _UNPACK.format("unzip"))


# ------------------------------------------------------------------------------ text


def _text_kind(data: bytes, text_is_right: bool) -> Kind | None:
    begin = data[:512].removeprefix(b"\xef\xbb\xbf").lstrip()
    if re.match(rb"<!doctype html|<html|<head|<!--|<\?xml|<svg", begin, re.IGNORECASE):
        what = "an XML file" if begin.startswith((b"<?xml", b"<svg")) else "an HTML page"
        return Kind(what, _PAGE)
    if re.match(rb'\{\s*["}]|\[\s*[\[{"\d]', begin):
        return Kind("a JSON file", "give the file that was meant; minicaffe reads prototxt only")
    if re.match(rb"%YAML|---\s", begin):
        return Kind("a YAML file", "give the file that was meant; minicaffe reads prototxt only")
    if text_is_right or not begin or re.search(rb"[\0-\x08\x0e-\x1f\x7f-\xff]", data[:512]):
        return None
    return _NET_TEXT if re.search(rb"\blayers?\s*:?\s*\{|^\s*name:", data, re.M) else _TEXT


def yaml_text(text: str) -> bool:
    """Whether a text that is no prototxt looks like YAML: a list of keys, or blocks by indent."""
    begin = text[:ENOUGH]
    return "{" not in begin and re.search(r"^\w+:[ \t]*\n[ \t]*(- )?\w+:", begin, re.M) is not None


# -------------------------------------------------------------------------- messages


def _message_kind(data: bytes) -> Kind | None:
    """Which message of protobuf the bytes may be, by the fields at its top."""
    if not data or data[0] not in b"\x08\x0a\x12\x1a\x28\x2a\x3a":
        return None
    fields = list(_top_fields(data))
    numbers = {number for number, _, _ in fields}
    first = {number: value for number, _, value in reversed(fields)}
    wires = {number: wire for number, wire, _ in fields}
    if wires.get(1) == 0:  # a whole number
        if wires.get(7) == 2 and numbers <= set(range(1, 26)) and not {4, 5} <= numbers:
            return _ONNX if numbers & {2, 3, 8, 14} or _is_text(first[7][2:5]) else None
        if wires.get(2) == 2 and first[2][:1] in b"\x08\x0a\x12":
            return _TENSORFLOW if numbers <= {1, 2} else None
        if wires.get(2) in (None, 2) and wires.get(3) in (None, 2) and numbers & {2, 3}:
            return _STATE
        return _BLOB if {2, 3, 4} <= numbers and numbers & {5, 8} else None
    if wires.get(1) == 2 and _is_node(first[1]) and not _is_text(first[1]):
        return _TENSORFLOW
    if numbers & {2, 100} and (1 not in wires or _is_text(first[1])):
        return _WEIGHTS if any(n in (2, 100) and w == 2 for n, w, _ in fields) else None
    if numbers <= {5, 6, 7, 8, 9} and wires.get(7) == 2 and numbers & {5, 8}:
        return _BLOB
    return None


def _is_text(value: bytes) -> bool:
    return all(32 <= byte < 127 for byte in value)


def _is_node(value: bytes) -> bool:
    """Whether this may be a node of a TensorFlow graph: a name and an operation."""
    inner = list(_top_fields(value))
    return [entry[:2] for entry in inner[:2]] == [(1, 2), (2, 2)] and _is_text(inner[1][2])


def _top_fields(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Number, wire type and the beginning of the value of each field, as far as the bytes go."""
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        number, wire = tag >> 3, tag & 7
        size = 0
        if wire == 0:
            _, at = _varint(data, at)
        elif wire == 2:
            size, at = _varint(data, at)
        elif wire in (1, 5):
            size = 8 if wire == 1 else 4
        else:
            return
        if not number or at > len(data):
            return
        yield number, wire, data[at : at + min(size, 256)]
        at += size


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    for offset in range(at, min(at + 10, len(data))):
        value |= (data[offset] & 0x7F) << shift
        shift += 7
        if data[offset] < 0x80:
            return value, offset + 1
    return 0, len(data) + 1
