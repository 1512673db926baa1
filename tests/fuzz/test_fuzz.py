"""A short run with a fixed seed; ``python -m tests.fuzz.run`` is the long one."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("h5py", reason="one of the readers is for HDF5")
pytest.importorskip("onnx", reason="one of the readers is for ONNX")
pytest.importorskip("lmdb", reason="one of the readers is for LMDB")
pytest.importorskip("PIL", reason="one of the readers is for images")

from minicaffe.errors import MinicaffeError, MissingExtraError
from tests.fuzz.attacks import ATTACKS
from tests.fuzz.readers import READERS, run_case

CASES = 150  # of each reader
SEED = 2024

#: Attacks that a reader survives by doing what it is asked for.
HARMLESS = {
    "blob_vector/unknown_numbers", "caffemodel/empty_blobs", "caffemodel/empty_layers",
    "caffemodel/single_values", "caffemodel/small_chunks", "config/flat_list",
    "datum/datum_colours", "hdf5_state/dataset_for_group", "image/png_bomb", "image/png_colours",
    "image_list/one_line",
    "image_list/short_lines", "log/iterations", "log/lines", "log/losses", "log/outputs",
    "log/stamps", "prototxt/blob_values", "prototxt/empty_layers",
    "prototxt/empty_v1_layers", "prototxt/escapes", "prototxt/list", "prototxt/negative_list",
    "prototxt/numbers", "prototxt/pieces", "prototxt/string", "solver/embedded_nets",
    "solver/weights",
}  # fmt: skip


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """No one reads hundreds of warnings about nonsense."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize("name", [name for name, item in READERS.items() if not item.native])
def test_damaged_files_are_read_or_refused(name: str, tmp_path: Path) -> None:
    reader, outcomes = READERS[name], {"read": 0, "refused": 0}
    for number in range(CASES):
        data = reader.case(name, SEED, number)
        try:
            run_case(reader, data, tmp_path)
            outcomes["read"] += 1
        except MinicaffeError as refusal:
            outcomes["refused" if str(refusal) else "silent"] += 1
        except Exception as error:
            pytest.fail(f"--readers {name} --seed {SEED} --case {number}: {error!r}")
    if name != "log":  # in which most of the damage is a line that says nothing
        assert outcomes["refused"] > CASES // 10
    if name != "hdf5_list":  # which names files that are not there
        assert outcomes["read"] > CASES // 100, "the damage is so great that nothing is tried"


def test_an_undamaged_leveldb_is_read(tmp_path: Path) -> None:
    try:
        data = READERS["leveldb"].files[0]
    except MissingExtraError:
        pytest.skip("there is no package for LevelDB")
    run_case(READERS["leveldb"], data, tmp_path)


@pytest.mark.parametrize("name", [name for name in READERS if name != "leveldb"])
def test_undamaged_files_are_read(name: str, tmp_path: Path) -> None:
    """Else the damaged ones would show nothing."""
    reader, read = READERS[name], 0
    for data in reader.files[:: max(1, len(reader.files) // 20)]:
        try:
            run_case(reader, data, tmp_path)
            read += 1
        except MinicaffeError:
            continue  # cases of Caffe's own refusals, weights of other nets
    assert read or name == "hdf5_list"


def test_damage_is_repeatable_and_is_damage() -> None:
    for name, reader in READERS.items():
        if name == "leveldb":
            continue  # its package may not be there
        cases = [reader.case(name, SEED, number) for number in range(20)]
        assert cases == [reader.case(name, SEED, number) for number in range(20)]
        assert cases != [reader.case(name, SEED + 1, number) for number in range(20)]
        assert sum(case not in reader.files for case in cases) > 10  # most are changed


@pytest.mark.parametrize("name", list(ATTACKS))
def test_attacks_are_refused(name: str, tmp_path: Path) -> None:
    attack = ATTACKS[name]
    data = attack.make(2000)
    try:
        run_case(READERS[attack.reader], data, tmp_path)
        refusal = None
    except MinicaffeError as error:
        refusal = str(error)
    assert (refusal is None) == (name in HARMLESS), refusal
    assert len(refusal or "") < 30_000, "no one reads that"


def test_the_long_run_finds_what_is_wrong(tmp_path: Path) -> None:
    """The readers that libraries in C serve, in processes of their own; and a broken one."""
    command = [sys.executable, "-m", "tests.fuzz.run", "--cases", "150", "--unmeasured"]
    command += ["--no-attacks", "--jobs", "1", "--readers", "hdf5_weights", "hdf5_state"]
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [*command, "hdf5_data"], cwd=root, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "150 cases" in done.stdout


def test_crashes_and_endless_loops_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    code = """
import os, time, sys
from tests.fuzz import run
from tests.fuzz.readers import READERS, Reader
def read(path):
    data = path.read_bytes()
    if b"crash" in data: os._exit(7)
    if b"loop" in data: time.sleep(60)
    if b"bad" in data: raise ValueError("not ours")
READERS["broken"] = Reader(lambda: [b"x"], read)
run.PATIENCE = 0.5
block = run.Block("broken", ["a", "crash", "loop", "bad", "b"])
run.Block.data = lambda self, case: case.encode()
tally = run.run_block(block)
print(tally.read, tally.failures)
"""
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, timeout=300
    )
    expected = "('crash', 'the process died (7)'), ('loop', 'no end after 1 s'), "
    assert expected + "('bad', 'ValueError: not ours" in done.stdout, done.stdout + done.stderr
