"""The Data layer on LevelDB: values, cache, state, and databases that cannot be opened."""

from __future__ import annotations

import gc
import subprocess
import sys

import numpy as np
import pytest

from minicaffe.data.datum import make_datum
from minicaffe.errors import DataError, MissingExtraError
from tests.data.helpers import CountedReads, labels_of, layer_net, random_images

try:
    import plyvel
except ImportError:
    plyvel = pytest.importorskip("plyvel_next", reason="LevelDB needs plyvel or plyvel-next")

from minicaffe.data.backends import open_database, open_source, write_datums
from minicaffe.data.db import DatabaseSource

IMAGES = random_images(5, 3, 4, 6)


def datums(images, **options):
    return [make_datum(image, index, **options) for index, image in enumerate(images)]


@pytest.fixture
def database(tmp_path):
    assert write_datums(tmp_path / "images", datums(IMAGES), "leveldb") == 5
    return str(tmp_path / "images")


def level_net(source, batch_size=3, data="", **options):
    text = f"data_param {{ source: '{source}' batch_size: {batch_size} {data} }}"
    return layer_net("Data", text, **options)


# ---------------------------------------------------------------------- what it delivers


@pytest.mark.parametrize("encode", [False, True])
@pytest.mark.parametrize("backend", ["", "backend: LEVELDB"])
def test_records_come_in_order_and_start_again(tmp_path, encode, backend):
    if encode:
        pytest.importorskip("PIL.Image", reason="decoding needs Pillow")
    write_datums(tmp_path / "db", datums(IMAGES, encode=encode), "leveldb")
    with level_net(tmp_path / "db", data=backend) as net:
        seen = []
        for _ in range(9):
            net.forward()
            labels = net.blobs["label"].data.astype(int)
            np.testing.assert_array_equal(net.blobs["data"].data, IMAGES[labels])
            seen.extend(labels.tolist())
    assert seen == [i % 5 for i in range(27)]


@pytest.mark.parametrize("compression", ["snappy", None])
def test_compressed_or_not(tmp_path, compression):
    images = np.zeros((50, 1, 30, 20), np.uint8)  # snappy makes these small
    images[:, 0, 3, 4] = np.arange(50)
    db = plyvel.DB(str(tmp_path / "db"), create_if_missing=True, compression=compression)
    for index, datum in enumerate(datums(images)):
        db.put(b"%08d_name" % index, datum.SerializeToString())
    db.compact_range()
    db.close()
    table = max(file.stat().st_size for file in (tmp_path / "db").glob("*.ldb"))
    assert (table < images.nbytes / 4) == (compression == "snappy")
    with level_net(tmp_path / "db", batch_size=50) as net:
        net.forward()
        np.testing.assert_array_equal(net.blobs["data"].data, images)


def test_float_datums(tmp_path):
    values = np.random.default_rng(2).normal(size=(4, 1, 2, 3)).astype(np.float32)
    write_datums(tmp_path / "db", datums(values), "leveldb")
    with level_net(tmp_path / "db") as net:
        net.forward()
        np.testing.assert_array_equal(net.blobs["data"].data, values[:3])


def test_the_same_database_serves_two_nets(database):
    with level_net(database) as one, level_net(database, batch_size=2) as other:
        assert labels_of(one, 1) == [0, 1, 2]
        assert labels_of(other, 2) == [0, 1, 2, 3]
        one.close()
        assert labels_of(other, 1) == [4, 0]


def test_it_is_free_again_when_no_net_reads_it(database):
    with level_net(database) as net:
        net.forward()
    db = plyvel.DB(database)
    assert len(list(db)) == 5
    db.close()


# ------------------------------------------------------------------------ cache and state


@pytest.mark.parametrize("skip", [0, 2, 5, 13])
def test_skipping(database, skip):
    source = open_source(database, "leveldb", skip=skip)
    assert source.state() == {"position": skip % 5}
    want = [(skip + i) % 5 for i in range(7)]
    np.testing.assert_array_equal(source.read(7).labels, want)


def test_the_second_epoch_fills_the_cache(database):
    counted = CountedReads(open_database(database, "leveldb"))
    source = DatabaseSource(counted)
    for _ in range(4):
        source.read(3)
    reads = counted.reads
    np.testing.assert_array_equal(source.peek(), IMAGES[2])
    records = source.read(6)
    np.testing.assert_array_equal(records.images, IMAGES[[2, 3, 4, 0, 1, 2]])
    assert counted.reads == reads


@pytest.mark.parametrize("before", [0, 1, 5, 8])
def test_reading_goes_on_where_the_state_was_taken(database, before):
    one, other = open_source(database, "leveldb"), open_source(database, "leveldb")
    one.read(before + 1)
    state = one.state()
    other.restore(state)
    for count in (2, 4, 9):
        first, second = one.read(count), other.read(count)
        np.testing.assert_array_equal(first.labels, second.labels)
        np.testing.assert_array_equal(first.images, second.images)


def test_a_garbage_collection_may_take_database_and_cursor_together(database):
    """plyvel alone would end the process here: the cursor would outlive the database."""
    for _ in range(3):
        cycle = [open_source(database, "leveldb")]
        cycle.append(cycle)
        del cycle
        gc.collect()
    assert open_source(database, "leveldb").read(5).labels.tolist() == [0, 1, 2, 3, 4]


# ------------------------------------------------------------------------------- errors


def test_a_missing_database_is_not_made(tmp_path):
    with pytest.raises(DataError, match=r"layer 'reader' \(Data\): there is no LevelDB at '.*none"):
        level_net(tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_an_empty_database(tmp_path):
    write_datums(tmp_path / "db", [], "leveldb")
    with pytest.raises(DataError, match="is empty"):
        level_net(tmp_path / "db")


def test_something_else(tmp_path):
    (tmp_path / "db").mkdir()
    (tmp_path / "db" / "CURRENT").write_text("hello")
    with pytest.raises(DataError, match="cannot be opened as a LevelDB"):
        level_net(tmp_path / "db")


def test_in_use_by_another_program(database):
    program = "import sys, minicaffe.data.leveldb as s; s.LevelDb(sys.argv[1])"
    with level_net(database):
        done = subprocess.run(
            [sys.executable, "-c", program, database], capture_output=True, text=True, check=False
        )
    assert done.returncode == 1
    assert "is in use by another program" in done.stderr
    assert "use an LMDB" in done.stderr


def test_damage_is_noticed_by_checksum(tmp_path):
    write_datums(tmp_path / "db", datums(random_images(40, 3, 20, 20)), "leveldb")
    (table,) = (tmp_path / "db").glob("*.ldb")
    content = bytearray(table.read_bytes())
    content[len(content) // 2] ^= 1
    table.write_bytes(content)
    with (
        level_net(tmp_path / "db", batch_size=40) as net,
        pytest.raises(DataError, match=r"LevelDB '.*db' cannot be read .*; it is damaged"),
    ):
        net.forward()


def test_a_table_that_names_a_block_beyond_its_end(tmp_path):
    """LevelDB alone would ask for so much memory, and end the process."""
    write_datums(tmp_path / "db", datums(IMAGES), "leveldb")
    (table,) = (tmp_path / "db").glob("*.ldb")
    content = bytearray(table.read_bytes())
    content[-48:-8] = b"\x01\x02\x03".ljust(3) + b"\xff" * 8 + b"\x7f" + bytes(28)
    table.write_bytes(content)
    with pytest.raises(DataError, match=rf"{table.name} has \d+ bytes, but names a block of 9223"):
        open_source(str(tmp_path / "db"), "leveldb")


def test_a_record_that_is_no_datum_is_named(tmp_path):
    db = plyvel.DB(str(tmp_path / "db"), create_if_missing=True)
    db.put(b"00000000", b"\xff\xff")
    db.close()
    with pytest.raises(DataError, match=r"record '00000000' of LevelDB .*not a Datum"):
        level_net(tmp_path / "db")


def test_without_the_package_one_line_says_what_to_install(tmp_path, monkeypatch):
    for name in ("plyvel", "plyvel_next"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MissingExtraError, match=r"reading LevelDB databases needs .*\[leveldb\]"):
        level_net(tmp_path / "none")


# ------------------------------------------------------------------------------ writing


def test_many_records(tmp_path):
    images = random_images(1203, 1, 2, 3)
    assert write_datums(tmp_path / "new" / "db", datums(images), "leveldb") == 1203
    assert [file.name for file in (tmp_path / "new").iterdir()] == ["db"]
    np.testing.assert_array_equal(
        open_source(str(tmp_path / "new" / "db"), "leveldb").read(1203).images, images
    )


def test_an_existing_database_is_not_overwritten(database):
    with pytest.raises(DataError, match="exists already"):
        write_datums(database, [], "leveldb")


def test_a_failure_leaves_nothing(tmp_path):
    def broken():
        yield make_datum(IMAGES[0], 1)
        raise DataError("the source broke")

    with pytest.raises(DataError, match="the source broke"):
        write_datums(tmp_path / "db", broken(), "leveldb")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(DataError, match="cannot write"):
        write_datums("/proc/nowhere/db", [], "leveldb")
