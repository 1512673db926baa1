"""Files that are not there: where they are instead, and what ``~`` is not."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

import minicaffe
from minicaffe.errors import MinicaffeError, MissingExtraError, beside_hint, tilde_hint
from minicaffe.weights.blob_proto import write_blob

NET = 'layer { name: "x" type: "Input" top: "a" input_param { shape { dim: 1 } } }'
SOURCES = {
    "list": 'type: "ImageData" top: "a" top: "b" image_data_param { source: "NAME" }',
    "windows": 'type: "WindowData" top: "a" top: "b" transform_param { crop_size: 2 } '
    'window_data_param { source: "NAME" batch_size: 1 }',
    "hdf5": 'type: "HDF5Data" top: "a" hdf5_data_param { source: "NAME" batch_size: 1 }',
    "lmdb": 'type: "Data" top: "a" data_param { source: "NAME" backend: LMDB batch_size: 1 }',
    "leveldb": 'type: "Data" top: "a" data_param { source: "NAME" batch_size: 1 }',
    "mean": 'type: "Data" top: "a" data_param { source: "db" backend: LMDB batch_size: 1 } '
    'transform_param { mean_file: "NAME" }',
    "infogain": 'type: "InfogainLoss" bottom: "p" bottom: "l" top: "z" '
    'infogain_loss_param { source: "NAME" }',
}  # fmt: skip
TWO = """layer { name: "d" type: "DummyData" top: "p" top: "l"
  dummy_data_param { shape { dim: 2 dim: 3 } shape { dim: 2 } } }
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/user")
    monkeypatch.setenv("USERPROFILE", "/home/user")
    Path("models/m").mkdir(parents=True)
    for package in ("h5py", "PIL.Image"):
        pytest.importorskip(package)
    return tmp_path


def needs(source: str) -> None:
    if source == "leveldb":
        from minicaffe.data.backends import write_datums

        try:
            write_datums("other_db", [], "leveldb")
        except MissingExtraError as error:
            pytest.skip(str(error))
    if source == "mean":
        pytest.importorskip("lmdb")
        from tests.data.helpers import write_database

        write_database(Path("db"), np.zeros((2, 1, 3, 3), np.uint8), [0, 1])


def told_of_net(path: str) -> str:
    with pytest.raises(MinicaffeError) as caught:
        minicaffe.Net(path, minicaffe.TRAIN)
    return str(caught.value)


@pytest.mark.parametrize("source", sorted(SOURCES))
def test_a_tilde_is_named(source):
    needs(source)
    layer = SOURCES[source].replace("NAME", "~/data/it.h5")
    Path("net.prototxt").write_text(f'{TWO}layer {{ name: "x" {layer} }}')
    told = told_of_net("net.prototxt")
    assert "; `~` is not a folder here, as in Caffe: write '/home/user/data/it.h5'" in told
    assert "net.prototxt:" in told


def test_a_tilde_in_a_solver():
    text = 'base_lr: 0.1 lr_policy: "fixed" '
    for field, extra in (("net", ""), ("weights", 'net: "net.prototxt" ')):
        Path("net.prototxt").write_text(NET)
        Path("solver.prototxt").write_text(text + extra + f'{field}: "~/it"')
        with pytest.raises(MinicaffeError, match="write '/home/user/it'"):
            minicaffe.get_solver("solver.prototxt")
    Path("solver.prototxt").write_text(
        text + 'net: "net.prototxt" snapshot: 1 max_iter: 1 snapshot_prefix: "~/s"'
    )
    with pytest.raises(MinicaffeError, match=r"prefix '~/s_iter_0'.*write '/home/user/s_iter_0'"):
        minicaffe.get_solver("solver.prototxt")


@pytest.mark.parametrize("source", sorted(SOURCES))
def test_a_file_beside_the_net_that_names_it(source, folder):
    needs(source)
    layer = SOURCES[source].replace("NAME", "it.h5")
    Path("models/m/net.prototxt").write_text(f'{TWO}layer {{ name: "x" {layer} }}')
    assert "names count" not in told_of_net("models/m/net.prototxt")
    Path("models/m/it.h5").touch()
    told = told_of_net("models/m/net.prototxt")
    beside = os.path.join("models/m", "it.h5")
    assert f"names count from the current folder, '{os.getcwd()}'" in told
    assert f"write '{beside}', or run in 'models/m'" in told
    assert told.count("names count") == 1


def test_a_net_beside_its_solver():
    Path("models/m/net.prototxt").write_text(NET)
    solver = Path("models/m/solver.prototxt")
    solver.write_text('net: "net.prototxt" base_lr: 0.1 lr_policy: "fixed"')
    with pytest.raises(MinicaffeError) as caught:
        minicaffe.get_solver(str(solver))
    told = str(caught.value)
    assert told.startswith("net.prototxt: there is no such file")
    assert "(it is named in models/m/solver.prototxt); names count from the current folder" in told
    assert f"write '{os.path.join('models/m', 'net.prototxt')}', or run in 'models/m'" in told


def test_weights_beside_the_solver():
    Path("models/m/net.prototxt").write_text(NET)
    Path("models/m/w.caffemodel").touch()
    solver = Path("models/m/solver.prototxt")
    solver.write_text('net: "models/m/net.prototxt" weights: "w.caffemodel" base_lr: 0.1 '
                      'lr_policy: "fixed"')  # fmt: skip
    with pytest.raises(MinicaffeError, match=r"w\.caffemodel: there is no such file.*names count"):
        minicaffe.get_solver(str(solver))


def test_what_is_there_is_not_explained():
    write_blob("models/m/mean", np.zeros((1, 1, 3, 3)))
    assert beside_hint("mean", "models/m/net.prototxt")
    for name, file in (("mean", "net.prototxt"), ("other", "models/m/n"), ("/mean", "models/m/n"),
                       ("a\0b", "models/m/n"), ("", "net.prototxt")):  # fmt: skip
        assert beside_hint(name, file) == ""
    for name in ("a~b", "", "/~"):
        assert tilde_hint(name) == ""
    assert tilde_hint("~nobody_of_this_name/x").endswith("write the folder's name")
