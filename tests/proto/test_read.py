"""Reading nets, solvers and weights from files; files that are not what they should be."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from google.protobuf.internal import api_implementation

from minicaffe.errors import PrototxtError, SnapshotError
from minicaffe.proto import caffe_pb2
from minicaffe.proto.io import (
    read_binary,
    read_net,
    read_net_binary,
    read_solver,
    read_solver_located,
    read_text,
)
from minicaffe.proto.printing import write_text

HDF5 = b"\x89HDF\r\n\x1a\n rest"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "some.file"


def test_a_net_is_upgraded(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    file.write_text('layers { name: "r" type: RELU bottom: "x" top: "y" }')
    with caplog.at_level(logging.WARNING, "minicaffe"):
        net = read_net(file)
    assert [layer.type for layer in net.layer] == ["ReLU"]
    assert net.layer[0].source_line == 1
    assert str(file) in caplog.text


def test_a_solver_is_upgraded_and_located(file: Path) -> None:
    file.write_text("base_lr: 0.1\nsolver_type: ADAM\n")
    solver, source = read_solver_located(file)
    assert solver.type == "Adam"
    assert source.line("base_lr") == 1
    assert read_solver(file) == solver


def test_other_messages(file: Path) -> None:
    file.write_text("shape { dim: 2 }")
    assert list(read_text(file, caffe_pb2.BlobProto).shape.dim) == [2]
    file.write_bytes(b"")
    assert read_text(file, caffe_pb2.BlobProto) == caffe_pb2.BlobProto()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "there is no such file"),
        (b"", "the file is empty; a net in prototxt is expected"),
        (b"# nothing\n", "the file has nothing but comments; a net in prototxt is expected"),
        (b"\x0a\x00\x01", "binary file"),
        (HDF5, "HDF5 file, not a prototxt"),
        (b"nam: 'x'", "unknown field `nam`; did you mean `name`?"),
    ],
)
def test_files_that_are_no_net(file: Path, content: bytes | None, message: str) -> None:
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(PrototxtError, match=message) as caught:
        read_net(file)
    assert str(caught.value).startswith(str(file))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "there is no such file"),
        (b"", "the file is empty"),
        (b'name: "x"\nlayer { }', "this is a prototxt, a .caffemodel is expected; it is given as"),
        (HDF5, "HDF5 file; its name should end in .h5"),
        (b"\x0a\x05ab", "truncated or damaged"),
        (b"\xff" * 40, "truncated or damaged"),
        (b"\xf8\xff\xff\xff\x0f\x00", "there is no net in this file"),
    ],
)
def test_files_that_are_no_weights(file: Path, content: bytes | None, message: str) -> None:
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SnapshotError, match=message) as caught:
        read_net_binary(file)
    assert str(caught.value).startswith(str(file))


def test_binary_messages(file: Path) -> None:
    blob = caffe_pb2.BlobProto(data=[1, 2])
    file.write_bytes(blob.SerializeToString())
    assert read_binary(file, caffe_pb2.BlobProto) == blob
    file.write_bytes(b"\x0a\x05ab")
    with pytest.raises(SnapshotError, match="not a binary BlobProto"):
        read_binary(file, caffe_pb2.BlobProto)
    file.write_bytes(caffe_pb2.NetParameter(name="x").SerializeToString())
    assert read_net_binary(file).name == "x"


def test_a_directory_and_a_name_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(PrototxtError, match="this is a folder, a file is expected"):
        read_net(tmp_path)
    with pytest.raises(PrototxtError, match="this is no file name"):
        read_net("a\0b")


def test_writing_keeps_the_old_file_when_it_fails(tmp_path: Path) -> None:
    path = tmp_path / "net.prototxt"
    write_text(path, caffe_pb2.NetParameter(name="one"))
    assert read_net(path).name == "one"
    with pytest.raises(SnapshotError, match="cannot write"):
        write_text(tmp_path / "no" / "net.prototxt", caffe_pb2.NetParameter(name="two"))
    assert [file.name for file in tmp_path.iterdir()] == ["net.prototxt"]


def test_a_missing_file_with_another_beside_it(tmp_path: Path) -> None:
    (tmp_path / "solver.prototxt").touch()
    with pytest.raises(PrototxtError, match=r"no such file; did you mean `solver\.prototxt`\?"):
        read_solver(tmp_path / "sovler.prototxt")
    with pytest.raises(PrototxtError, match=r"no such file; there is no folder `.*no` either"):
        read_solver(tmp_path / "no" / "solver.prototxt")


def test_a_pointer_of_git_lfs(file: Path) -> None:
    file.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:00\n")
    with pytest.raises(SnapshotError, match="Git LFS pointer"):
        read_net_binary(file)


def test_names_that_are_not_utf8(file: Path) -> None:
    """Paths in the encoding of the machine that trained; protobuf gives them as bytes."""
    net = caffe_pb2.NetParameter(name="caf~", input=["a~", "b"])
    net.layers.add(name="data~", type="IMAGE_DATA", top=["x~"])
    net.layers[0].image_data_param.source = "~/list"
    net.layers[0].blobs.add(data=[1])
    file.write_bytes(net.SerializeToString().replace(b"~", b"\xe9"))
    if api_implementation.Type() == "python":
        with pytest.raises(SnapshotError, match="damaged"):  # it does not take such files
            read_net_binary(file)
        return
    read = read_net_binary(file)
    assert read.name == "caf\ufffd"
    image_data = read.layer[-1]
    assert (image_data.name, image_data.type) == ("data\ufffd", "ImageData")
    assert list(image_data.top) == ["x\ufffd"]
    assert image_data.image_data_param.source == "\ufffd/list"
    assert list(image_data.blobs[0].data) == [1]
    read.SerializeToString()
