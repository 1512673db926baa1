"""Records are dealt out by rank: together, several nets read what one would have read alone."""

from __future__ import annotations

import json

import numpy as np
import pytest

from minicaffe import TEST, TRAIN, Net, common
from minicaffe.data.backends import open_source, write_datums
from minicaffe.data.datum import make_datum
from minicaffe.net.layer_states import layer_states, of_another_rank, restore_layer_states
from minicaffe.options import Ranks
from minicaffe.proto import caffe_pb2
from minicaffe.proto.text_format import parse

COUNT = 11  # has no divisor in common with the numbers of ranks
BATCH = 2


def database(kind, count=COUNT):
    pytest.importorskip("lmdb" if kind == "lmdb" else "plyvel")
    images = (np.full((1, 2, 2), index, np.uint8) for index in range(count))
    write_datums("records", (make_datum(each, i) for i, each in enumerate(images)), kind)
    return (
        f'layer {{ name: "d" type: "Data" top: "x" top: "id" data_param {{ source: "records" '
        f"backend: {kind.upper()} batch_size: {BATCH} }} }}"
    )


def annotated():
    pytest.importorskip("lmdb")
    datums = []
    for index in range(COUNT):
        datum = make_datum(np.full((1, 4, 4), index, np.uint8), index)
        datums.append(caffe_pb2.AnnotatedDatum(datum=datum))
    write_datums("records", datums)
    return (
        f'layer {{ name: "d" type: "AnnotatedData" top: "x" top: "id" data_param {{ '
        f'source: "records" backend: LMDB batch_size: {BATCH} }} }}'
    )


def images(shuffle):
    image = pytest.importorskip("PIL.Image")
    lines = []
    for index in range(COUNT):
        image.fromarray(np.full((2, 2), index, np.uint8)).save(f"{index}.png")
        lines.append(f"{index}.png {index}\n")
    with open("list.txt", "w") as stream:
        stream.writelines(lines)
    return (
        f'layer {{ name: "d" type: "ImageData" top: "x" top: "id" image_data_param {{ '
        f'source: "list.txt" batch_size: {BATCH} shuffle: {shuffle} is_color: false }} }}'
    )


def hdf5(shuffle):
    h5py = pytest.importorskip("h5py")
    parts = np.split(np.arange(COUNT), [4, 6])
    for number, part in enumerate(parts):
        with h5py.File(f"{number}.h5", "w") as file:
            file["id"] = part.astype(np.float32)
            file["x"] = part.astype(np.float32)[:, None]
    with open("list.txt", "w") as stream:
        stream.write("0.h5 1.h5 2.h5")
    return (
        f'layer {{ name: "d" type: "HDF5Data" top: "x" top: "id" hdf5_data_param {{ '
        f'source: "list.txt" batch_size: {BATCH} shuffle: {shuffle} }} }}'
    )


SOURCES = {
    "LMDB": lambda: database("lmdb"),
    "LevelDB": lambda: database("leveldb"),
    "annotated": annotated,
    "images": lambda: images("false"),
    "images shuffled": lambda: images("true"),
    "HDF5": lambda: hdf5("false"),
    "HDF5 shuffled": lambda: hdf5("true"),
}


def param_of(text):
    param = caffe_pb2.NetParameter()
    parse(text, param)
    return param


def nets(text, size, seed=5):
    """A net for each rank."""
    found = []
    for rank in range(size):
        with common.fresh_settings():
            common.set_solver_count(size)
            common.set_solver_rank(rank)
            found.append(Net(param_of(text), TRAIN, seed=seed))
    return found


def read(some, batches):
    """The numbers of the records that the nets read, in the order of the endless row."""
    rounds = []
    for _ in range(batches):
        mine = []
        for net in some:
            net.forward()
            mine.append(net.blobs["id"].data.reshape(-1).astype(int).copy())
        rounds += np.stack(mine, axis=1).reshape(-1).tolist()
    return rounds


@pytest.mark.parametrize("size", [2, 3])
@pytest.mark.parametrize("source", SOURCES)
def test_several_nets_read_what_one_reads(source, size):
    text = SOURCES[source]()
    batches = 3 * COUNT  # several epochs; then cached
    alone = read(nets(text, 1), size * batches)
    assert read(nets(text, size), batches) == alone
    for epoch in range(3):
        assert sorted(alone[epoch * COUNT : (epoch + 1) * COUNT]) == list(range(COUNT))


@pytest.mark.parametrize("source", SOURCES)
def test_other_numbers_of_ranks_go_on_where_these_were(source):
    text = SOURCES[source]()
    alone = read(nets(text, 1), 24)
    two = nets(text, 2)
    read(two, 3)
    state = json.loads(json.dumps(layer_states(two[0])))
    three = nets(text, 3, seed=9)
    for net in three:
        restore_layer_states(net, of_another_rank(state, layer_states(net)), "the snapshot")
    assert read(three, 4) == alone[3 * 2 * BATCH :][: 4 * 3 * BATCH]


def test_a_cache_of_every_second_record_does_not_serve_the_others():
    database("lmdb", 12)
    source = open_source("records", ranks=Ranks(0, 2))
    for _ in range(2):  # from the second time on out of memory
        assert source.read(6).labels.tolist() == [0, 2, 4, 6, 8, 10]
    source.seek(1)
    for _ in range(2):
        assert source.read(6).labels.tolist() == [1, 3, 5, 7, 9, 11]


def test_each_rank_draws_numbers_of_its_own_for_all_but_the_order():
    image = pytest.importorskip("PIL.Image")
    image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8)).save("0.png")
    with open("list.txt", "w") as stream:
        stream.write("0.png 0\n")
    text = (
        'layer { name: "d" type: "ImageData" top: "x" top: "id" image_data_param { '
        'source: "list.txt" batch_size: 8 is_color: false } transform_param { crop_size: 4 } } '
        'layer { name: "drop" type: "Dropout" bottom: "x" top: "y" } '
        'layer { name: "fc" type: "InnerProduct" bottom: "y" top: "z" inner_product_param { '
        'num_output: 2 weight_filler { type: "xavier" } } }'
    )
    first, second = nets(text, 2)
    alone = nets(text, 1)[0]
    for net in (first, second, alone):
        net.forward()
    for name in ("x", "y"):
        np.testing.assert_array_equal(first.blobs[name].data, alone.blobs[name].data)
        assert (first.blobs[name].data != second.blobs[name].data).any()
    np.testing.assert_array_equal(first.params["fc"][0].data, second.params["fc"][0].data)


def test_in_test_every_rank_reads_everything():
    text = database("lmdb")
    with common.fresh_settings():
        common.set_solver_count(2)
        common.set_solver_rank(1)
        net = Net(param_of(text), TEST)
    assert read([net], 2) == [0, 1, 2, 3]
