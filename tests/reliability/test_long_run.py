"""benchmarks/long_run.py judges rightly; a short run holds on to nothing."""

from __future__ import annotations

import csv
import os

import pytest

from tests.reliability.problem import SOURCES, open_solver, write_training
from tests.reliability.scripts import load_script


@pytest.fixture
def long_run(monkeypatch):
    return load_script("long_run", monkeypatch)


def samples(module, resident, threads=(3,) * 100, files=(9,) * 100):
    rows = zip(range(100), resident, threads, files, strict=True)
    return [module.Sample(*row) for row in rows]


def test_the_warming_up_does_not_count(long_run):
    found = long_run.growth(samples(long_run, [1] * 10 + [1000] * 90))
    assert found.resident == (1000, 1000)
    assert found.share == 0
    assert found.passed


def test_a_leak_of_one_percent_is_too_much(long_run):
    """The means lie 75 samples apart: samples 10 to 19, and 90 to 99."""
    steady = [10_000 + index for index in range(100)]
    assert long_run.growth(samples(long_run, steady)).passed
    leaking = [10_000 + 2 * index for index in range(100)]
    found = long_run.growth(samples(long_run, leaking))
    assert found.share == pytest.approx(160 / 10_029)
    assert not found.passed


@pytest.mark.parametrize("name", ["threads", "files"])
def test_one_thread_or_file_more_is_too_much(long_run, name):
    more = {name: (3,) * 95 + (4,) * 5}
    assert not long_run.growth(samples(long_run, [1000] * 100, **more)).passed


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="only Linux tells")
def test_threads_and_files_of_a_short_run(long_run, folder):
    # a database stays open all the time; files of images come and go while a thread reads them
    write_training(folder, "max_iter: 60 snapshot: 10 momentum: 0.9", SOURCES["lmdb"])
    solver, _ = open_solver(keep_snapshots=2)
    solver.observers.append(sampler := long_run.Sampler("samples.csv", every=3))
    solver.solve()
    solver.close()
    with open("samples.csv", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [int(row["iteration"]) for row in rows] == list(range(3, 61, 3))
    found = long_run.growth(sampler.samples)
    assert found.threads[1] <= found.threads[0]
    assert found.files[1] <= found.files[0]
    assert found.resident[0] > 1e6
