"""Real processes, really killed: the short version of benchmarks/kill_run.py."""

from __future__ import annotations

import os

import pytest

from tests.reliability.scripts import load_script


@pytest.fixture
def kill_run(monkeypatch):
    pytest.importorskip("lmdb", reason="the script reads an LMDB")
    module = load_script("kill_run", monkeypatch)
    monkeypatch.setattr(module, "LONGEST", 0.2)
    return module


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_killed_at_random_moments(kill_run, folder):
    tally = kill_run.run(folder, kills=10, seed=3)
    assert tally.kills == 10
    assert tally.newest > 0


def test_the_script_notices_what_is_lost(kill_run, folder, monkeypatch):
    """A guard of the script: what it is there to find, it finds."""
    real = kill_run.read_snapshot

    def loses(path):
        state, weights, record = real(path)
        record.training["train"][0]["state"]["source"]["position"] += 1
        return state, weights, record

    tally = kill_run.Tally()
    kill_run.write_problem(folder, snapshot=1, end=10**8)
    rng = kill_run.random.Random(1)
    while not tally.newest:
        kill_run.kill_once(folder, rng, tally)
    calls = iter([real, loses])
    monkeypatch.setattr(kill_run, "read_snapshot", lambda path: next(calls)(path))
    with pytest.raises(kill_run.LostError, match="places in the data"):
        kill_run.compare_with_uninterrupted(folder, tally.newest)
    monkeypatch.setattr(kill_run, "read_snapshot", real)
    monkeypatch.setattr(rng, "random", lambda: 1.0)  # not before the first iteration
    tally.newest += 1
    with pytest.raises(kill_run.LostError, match="it began at iteration"):
        kill_run.kill_once(folder, rng, tally)
