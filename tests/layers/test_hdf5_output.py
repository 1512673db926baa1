"""HDF5Output: what is in the file after each forward."""

from __future__ import annotations

import numpy as np
import pytest
from google.protobuf import text_format

from minicaffe.errors import DataError, MissingExtraError, ShapeError
from minicaffe.net.net import Net
from minicaffe.proto import caffe_pb2

h5py = pytest.importorskip("h5py", reason="HDF5Output needs h5py")


def make_net(path, data=(2, 3, 4, 5), label=(2,)):
    shapes = "".join(
        f"shape {{ {' '.join(f'dim: {n}' for n in shape)} }} " for shape in (data, label)
    )
    text = f"""
      layer {{ name: "in" type: "Input" top: "x" top: "y" input_param {{ {shapes} }} }}
      layer {{ name: "out" type: "HDF5Output" bottom: "x" bottom: "y"
        hdf5_output_param {{ file_name: "{path}" }} }}
    """
    return Net(text_format.Parse(text, caffe_pb2.NetParameter()))


def forward(net, seed):
    rng = np.random.default_rng(seed)
    values = {name: rng.normal(size=net.blobs[name].shape).astype(np.float32) for name in "xy"}
    net.forward(**values)
    return values


def test_the_first_forward_writes_what_caffe_writes(tmp_path):
    path = tmp_path / "out.h5"
    path.write_text("what was there before")
    net = make_net(path)
    assert path.read_text() == "what was there before"
    values = forward(net, 1)
    with h5py.File(path) as file:
        assert set(file) == {"data", "label"}
        assert file["data"].dtype == np.float32
        np.testing.assert_array_equal(file["data"], values["x"])
        np.testing.assert_array_equal(file["label"], values["y"].reshape(2, 1, 1, 1))


def test_further_forwards_are_added(tmp_path):
    net = make_net(tmp_path / "out.h5")
    batches = [forward(net, seed) for seed in range(3)]
    for name in "xy":  # the last batch may have another size
        net.blobs[name].reshape(1, *net.blobs[name].shape[1:])
    net.reshape()
    batches.append(forward(net, 9))
    with h5py.File(tmp_path / "out.h5") as file:
        np.testing.assert_array_equal(file["data"], np.concatenate([b["x"] for b in batches]))
        assert file["label"].shape == (7, 1, 1, 1)


def test_hdf5_data_reads_it(tmp_path):
    values = forward(make_net(tmp_path / "out.h5", (5, 3), (5, 2)), 3)
    (tmp_path / "list").write_text(str(tmp_path / "out.h5"))
    text = f"""layer {{ name: "in" type: "HDF5Data" top: "data" top: "label"
      hdf5_data_param {{ source: "{tmp_path}/list" batch_size: 5 }} }}"""
    with Net(text_format.Parse(text, caffe_pb2.NetParameter())) as net:
        net.forward()
        np.testing.assert_array_equal(net.blobs["data"].data[:, :, 0, 0], values["x"])


def test_backward_passes_it_by(tmp_path):
    net = make_net(tmp_path / "out.h5")
    forward(net, 1)
    net.backward()
    assert not net.blobs["x"].diff.any()


def test_items_of_another_size(tmp_path):
    net = make_net(tmp_path / "out.h5")
    first = forward(net, 1)
    net.blobs["x"].reshape(2, 3, 4, 6)
    net.reshape()
    with pytest.raises(DataError, match=r"an item of data has shape 3×4×6, .*have 3×4×5"):
        forward(net, 2)
    with h5py.File(tmp_path / "out.h5") as file:
        np.testing.assert_array_equal(file["data"], first["x"])
        assert len(file["label"]) == 2


def test_what_is_refused(tmp_path, monkeypatch):
    with pytest.raises(ShapeError, match="the bottoms have 2 and 3 items"):
        make_net(tmp_path / "out.h5", label=(3,))
    with pytest.raises(ShapeError, match="at most 4 axes"):
        make_net(tmp_path / "out.h5", (2, 1, 1, 1, 1))
    with pytest.raises(DataError, match="file_name is not given"):
        make_net("")
    with pytest.raises(DataError, match="cannot write"):
        make_net(tmp_path / "none" / "out.h5")
    monkeypatch.setitem(__import__("sys").modules, "h5py", None)
    with pytest.raises(MissingExtraError, match="hdf5"):
        make_net(tmp_path / "out.h5")


def test_the_file_vanishes(tmp_path):
    net = make_net(tmp_path / "out.h5")
    forward(net, 1)
    (tmp_path / "out.h5").unlink()
    with pytest.raises(DataError, match=r"cannot write '.*out\.h5'"):
        forward(net, 2)
