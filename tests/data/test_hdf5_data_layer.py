from __future__ import annotations

import sys

import numpy as np
import pytest

from minicaffe.errors import DataError, MissingExtraError
from tests.data.helpers import labels_of, layer_net

h5py = pytest.importorskip("h5py", reason="the HDF5Data layer needs h5py")

ROWS = (4, 3)  # of the two files


def file_arrays(index):
    rng = np.random.default_rng(index)
    start = sum(ROWS[:index])
    labels = np.arange(start, start + ROWS[index])
    return {"data": rng.normal(size=(ROWS[index], 2, 5)), "label": labels}


@pytest.fixture
def folder(tmp_path):
    """Two files of 4 and 3 rows, labelled 0 to 6."""
    for index in range(2):
        write(tmp_path / f"{index}.h5", **file_arrays(index))
    (tmp_path / "list.txt").write_text(f"{tmp_path}/0.h5\n{tmp_path}/1.h5\n")
    return tmp_path


def write(path, **arrays):
    with h5py.File(path, "w") as file:
        for name, array in arrays.items():
            file[name] = array


def hdf5_net(folder, text="", batch_size=3, rest="", **options):
    return layer_net(
        "HDF5Data",
        f"hdf5_data_param {{ source: '{folder}/list.txt' batch_size: {batch_size} {text} }} {rest}",
        **options,
    )


def test_rows_of_all_files_come_in_order(folder):
    data = np.concatenate([file_arrays(0)["data"], file_arrays(1)["data"]])
    with hdf5_net(folder) as net:
        assert net.blobs["data"].shape == (3, 2, 5)
        assert net.blobs["label"].shape == (3,)
        for start in range(0, 21, 3):
            net.forward()
            which = np.arange(start, start + 3) % 7
            assert net.blobs["label"].data.tolist() == which.tolist()
            np.testing.assert_array_equal(net.blobs["data"].data, data[which].astype(np.float32))


def test_a_single_file_and_a_batch_larger_than_it(folder):
    (folder / "list.txt").write_text(f"{folder}/1.h5")
    with hdf5_net(folder, batch_size=8) as net:
        assert labels_of(net, 2) == [4 + i % 3 for i in range(16)]


def test_doubles_stay_doubles_in_a_float64_net(folder):
    with hdf5_net(folder, dtype=np.float64) as net:
        net.forward()
        np.testing.assert_array_equal(net.blobs["data"].data, file_arrays(0)["data"][:3])


def test_tops_choose_the_datasets(folder):
    with hdf5_net(folder, tops=("label",)) as net:
        assert labels_of(net, 1) == [0, 1, 2]


def test_shuffling_keeps_files_together(folder):
    with hdf5_net(folder, "shuffle: true", batch_size=7) as net:
        epochs = [labels_of(net, 1) for _ in range(20)]
    assert all(sorted(epoch) == list(range(7)) for epoch in epochs)
    firsts = [set(epoch[:3]) == {4, 5, 6} for epoch in epochs]
    others = [epoch for epoch, is_second in zip(epochs, firsts, strict=True) if not is_second]
    assert all(set(epoch[:4]) == {0, 1, 2, 3} for epoch in others)
    assert 0 < sum(firsts) < 20
    assert len({tuple(epoch) for epoch in epochs}) > 10


@pytest.mark.parametrize("text", ["", "shuffle: true"])
def test_reading_goes_on_where_the_state_was_taken(folder, text):
    with hdf5_net(folder, text) as net:
        labels_of(net, 4)
        state = net.layers[0].state()
        want = labels_of(net, 10)
    with hdf5_net(folder, text, seed=1234) as net:
        net.layers[0].restore(state)
        assert labels_of(net, 10) == want


def test_transformations_are_refused(folder):
    with pytest.raises(DataError, match="HDF5Data does not transform data"):
        hdf5_net(folder, rest="transform_param { scale: 2 }")


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"data": np.zeros((2, 3))}, r"has no dataset 'label' but \['data'\]"),
        ({"data": np.zeros((2, 3)), "label": np.zeros(3)}, "rows, expected equal numbers"),
        ({"data": np.zeros((0, 3)), "label": np.zeros(0)}, "rows, expected equal numbers above 0"),
        ({"data": 5.0, "label": np.zeros(3)}, "'data' is a single number"),
        ({"data": np.array([b"a", b"b"]), "label": np.zeros(2)}, "expected numbers"),
    ],
)
def test_files_that_cannot_be_used(folder, arrays, message):
    write(folder / "0.h5", **arrays)
    with pytest.raises(DataError, match=r"HDF5 file '.*0\.h5': .*" + message):
        hdf5_net(folder)


def test_rows_that_differ_between_files(folder):
    write(folder / "1.h5", data=np.zeros((3, 2, 4)), label=np.zeros(3))
    message = r"1\.h5': rows of dataset 'data' have shape 2×4, but 2×5"
    with hdf5_net(folder) as net, pytest.raises(DataError, match=message):
        labels_of(net, 2)


def test_damaged_and_missing_files(folder):
    (folder / "0.h5").write_bytes(b"nothing")
    with pytest.raises(DataError, match=r"0\.h5': this is no HDF5 file"):
        hdf5_net(folder)
    (folder / "0.h5").unlink()
    with pytest.raises(DataError, match=r"0\.h5': there is no such file .*list\.txt"):
        hdf5_net(folder)


def test_lists_that_are_missing_empty_or_no_text(folder):
    (folder / "list.txt").write_bytes(b"\xff\xfe")
    with pytest.raises(DataError, match="cannot read the list of HDF5 files"):
        hdf5_net(folder)
    (folder / "list.txt").write_text(" \n")
    with pytest.raises(DataError, match="is empty"):
        hdf5_net(folder)
    (folder / "list.txt").unlink()
    with pytest.raises(DataError, match="cannot read the list of HDF5 files"):
        hdf5_net(folder)


def test_settings_that_are_missing(folder):
    with pytest.raises(DataError, match="batch_size is 0"):
        hdf5_net(folder, batch_size=0)
    with pytest.raises(DataError, match="source is not given"):
        layer_net("HDF5Data", "hdf5_data_param { batch_size: 1 }")


def test_without_the_package_one_line_says_what_to_install(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(MissingExtraError, match=r"reading HDF5 data needs .*\[hdf5\]"):
        hdf5_net(folder)
