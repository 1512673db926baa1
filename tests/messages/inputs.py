"""The folders in which transcripts run: an area's small inputs, and binary ones that are made."""

from __future__ import annotations

import importlib.util
import shutil
import struct
import zlib
from pathlib import Path

import numpy as np

from minicaffe.data.backends import write_datums
from minicaffe.io.arrays import array_to_datum
from minicaffe.proto import caffe_pb2
from minicaffe.weights.blob_proto import blob_proto, write_blob


def prepare(area: Path, folder: Path) -> None:
    """Put into a folder what the transcripts of an area read."""
    for path in area.iterdir():
        if path.suffix != ".txt" and path.is_file():
            shutil.copy(path, folder)
    if area.name != "net":
        _write_weights(folder)
        _write_other_kinds(folder)
        _write_data(folder)


def weights(shapes: dict[str, list[tuple[int, ...]]], value: float = 0.5) -> bytes:
    """A ``.caffemodel`` with one value in blobs of these shapes, by layer."""
    net = caffe_pb2.NetParameter(name="made")
    for name, blobs in shapes.items():
        layer = net.layer.add(name=name, type="InnerProduct")
        layer.blobs.extend(blob_proto(np.full(shape, value, np.float32)) for shape in blobs)
    return net.SerializeToString(deterministic=True)


def _write_weights(folder: Path) -> None:
    """Weights for the net of an input of 3 values and an InnerProduct `ip` of 4 outputs."""
    right = weights({"ip": [(4, 3), (4,)]})
    for name, content in {
        "right": right,
        "truncated": right[:-9],
        "of_5_outputs": weights({"ip": [(5, 3), (5,)]}),
        "without_bias": weights({"ip": [(4, 3)]}),
        "of_other_layers": weights({"fc": [(4, 3), (4,)]}),
        "not_finite": weights({"ip": [(4, 3), (4,)]}, np.nan),
        "empty": b"",
        "zeros": bytes(64),
    }.items():
        (folder / f"{name}.caffemodel").write_bytes(content)
    write_blob(folder / "mean.binaryproto", np.zeros((1, 3, 4, 4), np.float32))
    write_blob(folder / "mean_of_another_size.binaryproto", np.zeros((1, 3, 9, 9), np.float32))
    state = caffe_pb2.SolverState(iter=5, learned_net="gone.caffemodel", current_step=0)
    (folder / "alone.solverstate").write_bytes(state.SerializeToString())
    state = caffe_pb2.SolverState(iter=5, learned_net="right.caffemodel", current_step=0)
    state.history.extend(blob_proto(np.zeros((9, 9), np.float32)) for _ in range(2))
    (folder / "of_another_net.solverstate").write_bytes(state.SerializeToString())


def _write_other_kinds(folder: Path) -> None:
    """Files of other programs, as far as their beginning tells what they are."""
    zipped = b"PK\x03\x04" + bytes(26) + b"archive/data.pkl" + bytes(40)
    for name, content in {
        "page.caffemodel": b"<!DOCTYPE html>\n<html><body>404</body></html>\n",
        "torch.caffemodel": zipped,
        "pointer.caffemodel": b"version https://git-lfs.github.com/spec/v1\nsize 9\n",
        "packed.caffemodel": b"\x1f\x8b\x08" + bytes(40),
        "text.caffemodel": b'name: "net"\nlayer { name: "a" type: "ReLU" }\n',
        "picture.caffemodel": png(2, 2),
        "note.caffemodel": b"the weights are on the other disk\n",
        "numbers.npy": b"\x93NUMPY\x01\x00" + bytes(60),
        "not_a_picture.png": b"<html></html>",
        "truncated.png": png(8, 8)[:50],
        "grey.png": png(8, 8),
    }.items():
        (folder / name).write_bytes(content)
    np.save(folder / "mean.npy", np.zeros((3, 4, 4), np.float32))
    np.save(folder / "mean_of_two_axes.npy", np.zeros((4, 4), np.float32))
    np.save(folder / "values.npy", np.zeros((2, 3), np.float32))
    np.save(folder / "five.npy", np.zeros((2, 5), np.float32))
    (folder / "empty_folder").mkdir()
    (folder / "photos").mkdir()
    (folder / "photos" / "grey.png").write_bytes(png(8, 8))


def _write_data(folder: Path) -> None:
    """Databases, where the package that writes them is here."""
    if importlib.util.find_spec("lmdb") is None:
        return
    shape = (3, 4, 4)
    images = [array_to_datum(np.full(shape, i, np.uint8), i % 3) for i in range(6)]
    write_datums(folder / "images_lmdb", images)
    grey = array_to_datum(np.zeros((1, 4, 4), np.uint8), 0)
    write_datums(folder / "mixed_lmdb", [*images[:2], grey])
    label = array_to_datum(np.zeros(shape, np.uint8), 9)
    write_datums(folder / "labels_to_9_lmdb", [*images[:2], label])
    write_datums(folder / "bytes_lmdb", [caffe_pb2.Datum(channels=3, height=4, width=4, data=b"x")])
    write_datums(folder / "encoded_lmdb", [caffe_pb2.Datum(data=b"no picture", encoded=True)])
    (folder / "cut_lmdb").mkdir()
    (folder / "cut_lmdb" / "data.mdb").write_bytes(bytes(100))


def png(width: int, height: int) -> bytes:
    """A grey picture."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        checksum = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + checksum

    rows = b"".join(b"\0" + bytes([128]) * width for _ in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows, 0))
        + chunk(b"IEND", b"")
    )
