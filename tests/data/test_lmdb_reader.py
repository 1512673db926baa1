"""Reading LMDBs: the same as LMDB's own library, and an error where that would die."""

from __future__ import annotations

import gc
import os
import struct
import sys
from collections.abc import Iterable
from pathlib import Path
from random import Random

import numpy as np
import pytest

pytest.importorskip("lmdb", reason="LMDBs are written by the package lmdb")
pytest.importorskip("hypothesis", reason="databases are drawn by hypothesis")

import hypothesis
import lmdb
from hypothesis import strategies as st

from minicaffe.data.backends import open_source
from minicaffe.data.db import records_of
from minicaffe.data.lmdb import LmdbDatabase
from minicaffe.errors import DataError
from tests.data.helpers import IMAGES, data_net, labels_of

Transaction = Iterable[tuple[bytes, "bytes | None"]]
PAGE = 4096
SIZES = (0, 1, 7, 100, 1500, 2040, 5000, 70_000)  # in a leaf, on pages of their own, long


def make(path: Path, *transactions: Transaction) -> str:
    """An LMDB made by LMDB's library: puts, and deletions where the value is None."""
    path.mkdir(exist_ok=True)
    with lmdb.open(str(path), map_size=2**28, lock=False) as environment:
        for transaction in transactions:
            with environment.begin(write=True) as txn:
                for key, value in transaction:
                    if value is None:
                        txn.delete(key)
                    else:
                        txn.put(key, value)
    return str(path)


def by_library(path: str) -> list[tuple[bytes, bytes]]:
    """What LMDB's own library reads."""
    with lmdb.open(path, readonly=True, lock=False) as environment, environment.begin() as txn:
        return list(txn.cursor())


def read(path: str) -> list[tuple[bytes, bytes]]:
    """What minicaffe reads."""
    return list(records_of(LmdbDatabase(path)))


def numbered(start: int, stop: int, size: int, key_size: int = 8) -> Transaction:
    """Records of one size under rising keys."""
    return [(b"%0*d" % (key_size, i), b"%05d" % i * (size // 5)) for i in range(start, stop)]


# ------------------------------------------------------------------------ undamaged


@st.composite
def transactions(draw: st.DrawFn) -> list[list[tuple[bytes, bytes | None]]]:
    """Puts, deletions and replacements, in one to five transactions."""
    random = Random(draw(st.integers(0, 2**32)))
    longest, keys = draw(st.sampled_from([8, 40, 511])), draw(st.sampled_from([3, 40, 300]))
    sizes = draw(st.lists(st.sampled_from(SIZES), min_size=1, max_size=4))
    deleted = draw(st.sampled_from([0.0, 0.2, 0.5]))
    made = []
    for count in draw(st.lists(st.integers(0, 300), min_size=1, max_size=5)):
        made.append(
            [
                (
                    (b"%d." % random.randrange(keys)).ljust(random.randint(1, longest), b"k"),
                    None if random.random() < deleted else random.randbytes(random.choice(sizes)),
                )
                for _ in range(count)
            ]
        )
    return [*made, [(b"last", b"one")]]


@hypothesis.settings(max_examples=40, deadline=None, database=None)
@hypothesis.given(drawn=transactions())
def test_it_reads_what_the_library_reads(drawn, tmp_path_factory):
    path = make(tmp_path_factory.mktemp("db"), *drawn)
    want = by_library(path)
    database = LmdbDatabase(path)
    assert database.entries == len(want)
    assert list(records_of(database)) == want
    cursor = database.cursor()
    third = len(want) // 3
    assert cursor.skip(third) == third
    assert list(cursor.run(5)) == want[third : third + 5]


@pytest.mark.parametrize("count", [1, 2, 4, 5, 399, 5000])
@pytest.mark.parametrize("size", [10, 3000])
def test_databases_of_any_length(tmp_path, count, size):
    third = count // 3
    parts = [numbered(0, third, size), numbered(third, count, size)]
    path = make(tmp_path / "db", *parts)
    assert read(path) == by_library(path)
    cursor = LmdbDatabase(path).cursor()
    assert (cursor.skip(count - 1), cursor.more()) == (count - 1, True)
    assert (cursor.skip(9), cursor.more()) == (1, False)
    cursor.first()
    assert next(cursor.run(1))[0] == b"00000000"
    assert next(cursor.run(1))[0] == b"00000000"  # a look does not go on


def test_pages_at_the_end_that_were_taken_and_never_written(tmp_path):
    """LMDB leaves such files now and then; this seed is one of two in three hundred."""
    random = Random(60)
    drawn = []
    for _ in range(random.randint(1, 6)):
        one: list[tuple[bytes, bytes | None]] = []
        for _ in range(random.randint(1, 300)):
            key = b"%05d" % random.randrange(500)
            size = None if random.random() < 0.45 else random.choice(
                [3, 100, 1500, 3000, 9000, 40000]
            )  # fmt: skip
            one.append((key, None if size is None else random.randbytes(size)))
        drawn.append(one)
    path = make(tmp_path / "db", *drawn)
    with lmdb.open(path, readonly=True, lock=False) as environment:
        expected = (environment.info()["last_pgno"] + 1) * PAGE
    if os.path.getsize(f"{path}/data.mdb") >= expected:
        pytest.skip("this version of LMDB wrote them")
    assert read(path) == by_library(path)
    file = Path(path, "data.mdb")
    file.write_bytes(file.read_bytes()[:-PAGE])
    with pytest.raises(DataError, match="is cut short"):
        LmdbDatabase(path)


def test_reading_needs_no_package(database, monkeypatch):
    monkeypatch.setitem(sys.modules, "lmdb", None)
    np.testing.assert_array_equal(open_source(database).read(5).images, IMAGES)


def test_a_program_may_open_what_a_net_reads(database):
    with data_net(database) as net:
        assert labels_of(net, 1) == [0, 1, 2]
        assert len(by_library(database)) == 5
        assert labels_of(net, 1) == [3, 4, 0]


def test_what_a_program_adds_is_seen_when_it_is_opened_again(tmp_path):
    path = make(tmp_path / "db", numbered(0, 700, 100))
    before = LmdbDatabase(path)
    make(tmp_path / "db", [*numbered(700, 900, 100), (b"00000003", None)])
    assert list(records_of(before)) == numbered(0, 700, 100)
    assert read(path) == [record for record in numbered(0, 900, 100) if record[0] != b"00000003"]


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="counts open files in /proc")
def test_the_file_closes_with_the_last_reference(database):
    gc.collect()
    before = len(os.listdir("/proc/self/fd"))
    source = open_source(database)
    source.read(2)
    assert len(os.listdir("/proc/self/fd")) > before
    del source
    gc.collect()
    assert len(os.listdir("/proc/self/fd")) == before


# -------------------------------------------------------------------- other databases


def test_named_databases(tmp_path):
    with (
        lmdb.open(str(tmp_path / "db"), max_dbs=2) as environment,
        environment.begin(write=True) as txn,
    ):
        txn.put(b"key", b"value", db=environment.open_db(b"inner", txn=txn))
    with pytest.raises(DataError, match="holds named databases"):
        read(str(tmp_path / "db"))


def test_a_database_without_records(tmp_path):
    with pytest.raises(DataError, match="is empty"):
        LmdbDatabase(make(tmp_path / "db", [(b"key", b"value")], [(b"key", None)]))


# ------------------------------------------------------------------------------ damaged


class Damage:
    """A database of two levels, with values in the leaves and on their own pages, to damage."""

    def __init__(self, folder: Path) -> None:
        drawn = [(key, b"v" * (9000 if i % 7 == 3 else 20)) for i, (key, _) in
                 enumerate(numbered(0, 90, 5, 300))]  # fmt: skip
        self.path = make(folder / "db", drawn)
        self.file = Path(self.path, "data.mdb")
        self.data = bytearray(self.file.read_bytes())
        metas = [self.numbers("Q", n * PAGE + 144)[0] for n in (0, 1)]
        self.meta = metas.index(max(metas)) * PAGE
        self.root = self.numbers("Q", self.meta + 128)[0]
        self.children = [self.child(self.root, i) for i in range(self.count(self.root))]
        assert len(self.children) > 3

    def numbers(self, form: str, offset: int) -> tuple[int, ...]:
        return struct.unpack_from(f"={form}", self.data, offset)

    def put(self, form: str, offset: int, *numbers: int) -> None:
        struct.pack_into(f"={form}", self.data, offset, *numbers)

    def count(self, page: int) -> int:
        return (self.numbers("H", page * PAGE + 12)[0] - 16) // 2

    def node(self, page: int, index: int) -> int:
        return page * PAGE + self.numbers("H", page * PAGE + 16 + 2 * index)[0]

    def child(self, page: int, index: int) -> int:
        low, high = self.numbers("IH", self.node(page, index))
        return low | high << 32

    def large(self) -> tuple[int, int]:
        """The place of a node whose value has its own pages, and their number."""
        for page in self.children:
            for index in range(self.count(page)):
                node = self.node(page, index)
                _, flags, key = self.numbers("IHH", node)
                if flags:
                    return node, self.numbers("Q", node + 8 + key)[0]
        raise AssertionError("there is none")

    def read(self) -> list[tuple[bytes, bytes]]:
        self.file.write_bytes(self.data)
        return read(self.path)


@pytest.fixture
def damage(tmp_path):
    """A database that is still whole."""
    one = Damage(tmp_path)
    assert len(one.read()) == 90
    return one


def refused(damage: Damage, match: str) -> None:
    """It is refused, with the reason."""
    with pytest.raises(DataError, match=match) as caught:
        damage.read()
    assert damage.path in str(caught.value)


def test_a_tree_that_leads_back_to_its_root(damage):
    damage.put("I", damage.node(damage.root, 1), damage.root)
    refused(damage, f"page {damage.root} of data.mdb is not the leaf that should be there")


@pytest.mark.parametrize("number", [0, 1, 2**31, 2**32 - 1])
def test_a_tree_that_leads_out_of_the_file(damage, number):
    damage.put("I", damage.node(damage.root, 2), number)
    refused(damage, f"page {number} of data.mdb to {number} are to be read, expected numbers")


def test_a_leaf_that_comes_twice(damage):
    damage.put("I", damage.node(damage.root, 1), damage.children[0])
    refused(damage, f"page {damage.children[0]} of data.mdb does not follow")
    damage.put("I", damage.node(damage.root, 1), damage.children[2])
    refused(damage, f"page {damage.children[2]} of data.mdb does not follow")


@pytest.mark.parametrize(("depth", "page"), [(1, "leaf"), (3, "branch")])
def test_a_depth_that_is_another(damage, depth, page):
    damage.put("H", damage.meta + 94, depth)
    refused(damage, f"is not the {page} that should be there")


@pytest.mark.parametrize(
    ("form", "at", "number", "match"),
    [
        ("Q", 120, 89, "has more than 89 records, expected 89"),
        ("Q", 120, 91, "has 90 records, expected 91"),
        ("Q", 120, 1, "has more than 1 records, expected 1"),
        ("Q", 120, 2**60, "in which 1152921504606846976 records"),
        ("Q", 120, 0, "is empty"),
        ("H", 94, 0, "at the depth 0 are expected"),
        ("H", 94, 65535, "at the depth 65535 are expected"),
        ("Q", 136, 2**62, "is cut short: data.mdb has"),
        ("I", 16, 7, "page [01] of data.mdb is not a page of an LMDB"),
        ("I", 16, 0xDEC0EFBE, "the other byte order"),
        ("H", 92, 4, "may have several values for a key"),
        ("I", 20, 2, "its format has the number 2, expected 1"),
        ("I", 40, 5000, "are to have 5000 bytes"),
    ],
)
def test_first_pages_that_lie(damage, form, at, number, match):
    damage.put(form, damage.meta + at, number)
    refused(damage, match)


def test_a_database_of_32_bits(damage):
    damage.data[:PAGE] = damage.data[4:PAGE] + bytes(4)
    refused(damage, "a program of 32 bits has written it")


@pytest.mark.parametrize(
    ("form", "at", "numbers", "match"),
    [
        ("Q", 0, (77,), "is not the leaf"),
        ("H", 10, (1,), "is not the leaf"),
        ("HH", 12, (16, PAGE), "as the start of nodes listed up to 16"),
        ("H", 12, (65534,), "as the start of nodes listed up to 65534"),
        ("H", 14, (65535,), "has 65535 as the start"),
        ("H", 16, (PAGE - 4,), "has a node that does not lie in it"),
        ("H", 16, (4,), "has a node that does not lie in it"),
    ],
)
def test_a_leaf_that_lies(damage, form, at, numbers, match):
    damage.put(form, damage.children[1] * PAGE + at, *numbers)
    refused(damage, f"page {damage.children[1]} of data.mdb {match}|{match}")


@pytest.mark.parametrize(
    ("at", "form", "number"), [(0, "I", 2**31), (4, "H", 4), (4, "H", 0x8001), (6, "H", 65535)]
)
def test_a_record_that_lies(damage, at, form, number):
    damage.put(form, damage.node(damage.children[1], 0) + at, number)
    refused(damage, f"page {damage.children[1]} of data.mdb has a record that does not end in it")


def test_a_large_value_that_lies(damage):
    node, page = damage.large()
    whole = bytes(damage.data)
    for form, at, number, match in (
        ("I", node, 9000 * 2, f"page {page} of data.mdb is not the start of a value of 18000"),
        ("I", node, 2**32 - 1, "to 1048.* are to be read"),
        ("Q", node + 8 + 300, 2**63, "are to be read, expected numbers from 2 to"),
        ("Q", node + 8 + 300, 1, "are to be read, expected numbers from 2 to"),
        ("Q", page * PAGE, 1, "is not the start of a value of 9000 bytes"),
        ("I", page * PAGE + 12, 2, "is not the start of a value of 9000 bytes"),
    ):
        damage.put(form, at, number)
        refused(damage, match)
        damage.data[:] = whole


def test_values_that_share_pages(tmp_path):
    """A small file must not keep a program busy that reads all of it."""
    path = make(tmp_path / "db", [*numbered(0, 300, 3000), (b"zero", b"z" * 10**5)])
    file = Path(path, "data.mdb")
    data = bytearray(file.read_bytes())
    target = next(
        at for at in range(0, len(data), PAGE)
        if struct.unpack_from("=QHHI", data, at) == (at // PAGE, 0, 4, 25)
    )  # fmt: skip
    for at in range(0, len(data) - 20):
        if struct.unpack_from("=IHH", data, at) == (3000, 1, 8) and data[at + 8] == 48:
            struct.pack_into("=I", data, at, 10**5)
            struct.pack_into("=Q", data, at + 16, target // PAGE)
    file.write_bytes(data)
    with pytest.raises(DataError, match="has values that other records have too"):
        read(path)


def test_a_file_that_is_cut_while_it_is_read(tmp_path):
    for size in (50, 3000):
        path = make(tmp_path / f"{size}", numbered(0, 2000, size))
        database = LmdbDatabase(path)
        cursor = database.cursor()
        assert len(list(cursor.run(10))) == 10
        os.truncate(f"{path}/data.mdb", 3 * PAGE)
        for _ in range(2):
            with pytest.raises(DataError, match=r"is cut short|is damaged"):
                list(cursor.run(5000))
        cursor.first()
        with pytest.raises(DataError, match="is cut short"):
            list(cursor.run(5000))


@pytest.mark.parametrize("seed", range(4))
def test_random_damage_where_the_structure_is(damage, seed):
    """Numbers of two to eight bytes at the places that matter; nothing but errors comes out."""
    random = Random(seed)
    whole = bytes(damage.data)
    headers = range(16, 30, 2)
    outcomes = {"read": 0, "refused": 0}
    for _ in range(250):
        damage.data[:] = whole
        for _ in range(random.choice((1, 1, 2, 4))):
            page = random.choice([*damage.children, damage.root, *range(len(whole) // PAGE)])
            start = page * PAGE
            nodes = [damage.node(page, i) for i in range(3)] if page in damage.children else []
            at = random.choice([start + random.choice([*range(0, 152, 2), *headers]), *nodes])
            size = random.choice((2, 2, 4, 8))
            numbers = (0, 1, 2, 4, 16, 255, PAGE - 8, PAGE, 65535, 2**31, 2**63, 2**64 - 1)
            number = random.choice((*numbers, page, random.randrange(len(whole) // PAGE)))
            at = min(at, len(whole) - size)
            damage.data[at : at + size] = (number % 2 ** (8 * size)).to_bytes(size, "little")
        try:
            damage.read()
            outcomes["read"] += 1
        except DataError:
            outcomes["refused"] += 1
    assert min(outcomes.values()) > 10, outcomes
