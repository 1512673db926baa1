"""Files of other kinds than the one expected: one line that says what they are."""

from __future__ import annotations

import gzip
import io
import pickle
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import minicaffe
from minicaffe.errors import MinicaffeError
from minicaffe.proto import caffe_pb2
from minicaffe.proto.file_kinds import other_kind
from minicaffe.proto.io import read_net, read_net_binary, read_solver
from minicaffe.solver.solver_state import SolverState, read_state, write_state
from minicaffe.weights.blob_proto import blob_proto, read_blob

NET = 'name: "n"\nlayer { name: "data" type: "Input" top: "data" }\n'


def zipped(*names: str) -> bytes:
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as archive:
        for name in names:
            archive.writestr(name, b"x" * 10)
    return memory.getvalue()


def npy() -> bytes:
    memory = io.BytesIO()
    np.save(memory, np.zeros((3, 4, 5), np.float32))
    return memory.getvalue()


def field(number: int, value: bytes | int) -> bytes:
    """One field of a protobuf message."""
    if isinstance(value, int):
        return bytes([number << 3, value])
    return bytes([number << 3 | 2, len(value)]) + value


def onnx() -> bytes:
    graph = field(1, field(1, b"x") + field(2, b"y") + field(4, b"Relu")) + field(2, b"main")
    opset = field(8, field(1, b"") + field(2, 13))
    return field(1, 7) + field(2, b"pytorch") + field(3, b"1.13") + field(7, graph) + opset


def tensorflow() -> bytes:
    nodes = [field(1, b"node%d" % i) + field(2, b"Placeholder") for i in range(3)]
    return b"".join(field(1, node) for node in nodes) + field(4, field(1, 21))


def state() -> bytes:
    proto = caffe_pb2.SolverState(iter=500, learned_net="n_iter_500.caffemodel")
    proto.history.append(blob_proto(np.zeros((2, 3), np.float32)))
    return proto.SerializeToString()


def weights() -> bytes:
    net = caffe_pb2.NetParameter(name="n")
    layer = net.layer.add(name="fc", type="InnerProduct")
    layer.blobs.append(blob_proto(np.zeros((2, 3), np.float32)))
    return net.SerializeToString()


def mean(legacy: bool = True) -> bytes:
    return blob_proto(np.zeros((1, 3, 4, 5), np.float32), legacy=legacy).SerializeToString()


PAGE = b"\n\n<!DOCTYPE html>\n<html lang=en><head><title>caffe</title></head>" + b"<p>\n" * 99
PICKLE = pickle.dumps({"conv1": [1.0]}, protocol=2)
EVERYWHERE = [
    (PAGE, "this is an HTML page, not a {}; save the file itself .* Raw"),
    (gzip.compress(NET.encode()), "this is a gzip archive, not a {}; unpack it .*`gunzip`"),
    (zipped("a/net.prototxt"), "this is a zip archive, not a {}; unpack it"),
    (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "this is a PNG image, not a {}"),
    (b"\xff\xd8\xff\xe0\0\x10JFIF", "this is a JPEG image, not a {}"),
    (b'{"layers": [{"name": "x"}]}', "this is a JSON file, not a {}"),
    (b"version https://git-lfs.github.com/spec/v1\noid 0\n", "Git LFS pointer.*git lfs pull"),
    (zipped("archive/data.pkl", "archive/data/0"), "PyTorch checkpoint.*convert_weights"),
    (b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.", "PyTorch checkpoint, not a {}"),
    (PICKLE, "a pickled Python object, not a {}"),
    (npy(), "this is a .npy array of numpy, not a {}; "),
    (onnx(), "this is an ONNX model, not a {}; .*`minicaffe import_onnx net.onnx"),
    (tensorflow(), "this is a TensorFlow model .*, not a {}"),
    (b"x" * 257 + b"ustar\0", "this is a tar archive, not a {}"),
]  # fmt: skip


def first_line(read: Callable[[], object]) -> str:
    with pytest.raises(MinicaffeError) as caught:
        read()
    (line,) = str(caught.value).split("\n")
    return line


@pytest.mark.parametrize(("content", "message"), EVERYWHERE)
def test_any_reader_says_what_a_file_is(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    net = minicaffe.Net(net_of())
    for expected, read in (
        ("prototxt", read_net),
        ("prototxt", read_solver),
        (".caffemodel", net.copy_from),
        (".caffemodel", read_net_binary),
        (".solverstate", lambda path: read_state(str(path))),
        (".binaryproto", read_blob),
    ):
        line = first_line(lambda: read(path))  # noqa: B023
        assert re.search(message.format(expected), line), line


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (weights(), "this is a net with its weights .*, not a prototxt; give it as the weights"),
        (state(), "this is a solver state .*; it is given to train as --snapshot"),
        (mean(), "image mean, not a prototxt; it is given as mean_file"),
        (NET.encode("utf-16"), "this file is UTF-16 text; save it as UTF-8"),
        (NET.encode("utf-16-le"), "this file is UTF-16 text; save it as UTF-8"),
        (NET.encode().replace(b"Input", b"Inp\0t"), ":2: a NUL byte.* the file is damaged"),
        (b"name:\n  n\nlayers:\n  - name: data\n    type: Input\n", "this is a YAML file"),
        (b"---\nnet:\n  - a\n", "this is a YAML file"),
    ],
)
def test_no_prototxt(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "net.prototxt"
    path.write_bytes(content)
    line = first_line(lambda: read_net(path))
    assert re.search(message, line), line


def test_a_bom_is_read(tmp_path: Path) -> None:
    path = tmp_path / "net.prototxt"
    path.write_text(NET, encoding="utf-8-sig")
    assert read_net(path).name == "n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (state(), "this is a solver state .*--snapshot .*solver.restore.* the .caffemodel beside"),
        (NET.encode(), "this is a prototxt, a .caffemodel is expected; it is given as the net"),
        (b"hello\n", "this is a text file, a .caffemodel is expected"),
        (mean(), "image mean, not a .caffemodel; it is given as mean_file"),
        (mean(legacy=False), "image mean, not a .caffemodel; it is given as mean_file"),
    ],
)
def test_no_weights(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "w.caffemodel"
    path.write_bytes(content)
    for read in (minicaffe.Net(net_of()).copy_from, read_net_binary):
        line = first_line(lambda: read(path))  # noqa: B023
        assert re.search(message, line), line


def test_weights_are_no_state_and_no_mean(tmp_path: Path) -> None:
    path = tmp_path / "w"
    path.write_bytes(weights())
    assert "give it as --weights" in first_line(lambda: read_state(str(path)))
    assert "give it as the weights" in first_line(lambda: read_blob(path))
    path.write_bytes(npy())
    assert "minicaffe.weights.blob_proto.write_blob(FILE" in first_line(lambda: read_blob(path))


def test_hdf5_files_of_others(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    net = minicaffe.Net(net_of())
    path = tmp_path / "w.h5"
    with h5py.File(path, "w") as file:
        file.create_group("model_weights/dense")
        file.attrs["keras_version"] = "2.3"
    assert "this is a Keras model, not a .caffemodel" in first_line(lambda: net.copy_from(path))
    write_state(str(path), SolverState(5, "n"), hdf5=True)
    line = first_line(lambda: net.copy_from(path))
    assert "this is a solver state" in line
    assert ".caffemodel.h5 beside it" in line
    net.save_hdf5(path)
    assert "these are weights, given as --weights" in first_line(lambda: read_state(str(path)))


@pytest.mark.parametrize("content", [weights(), state(), mean(), mean(legacy=False)])
def test_what_is_expected_is_no_other_kind(content: bytes) -> None:
    """Damaged files of the right kind are called damaged, not something else."""
    expected = {weights(): ".caffemodel", state(): ".solverstate"}.get(content, ".binaryproto")
    for length in range(8, len(content) + 1):
        assert other_kind(content[:length], expected) == ""


def net_of() -> object:
    net = caffe_pb2.NetParameter()
    net.layer.add(name="data", type="DummyData", top=["data"]).dummy_data_param.shape.add(dim=[2])
    fc = net.layer.add(name="fc", type="InnerProduct", bottom=["data"], top=["fc"])
    fc.inner_product_param.num_output = 2
    fc.inner_product_param.axis = 0
    return net
