"""The same seed, engine and number of threads give the same bits, wherever they run."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from minicaffe import set_random_seed
from minicaffe.net.net import Net
from tests.reliability.problem import SOURCES, bits, open_solver, write_training

ROOT = Path(__file__).parents[2]
SCRIPT = """
import hashlib, sys
sys.path.insert(0, sys.argv[2])
from tests.reliability.problem import bits, open_solver
solver, story = open_solver(engine=sys.argv[1])
solver.solve()
print(hashlib.sha256(repr(story.told).encode() + b"".join(bits(solver))).hexdigest())
"""


def train_here(engine: str) -> str:
    solver, story = open_solver(engine=engine)
    solver.solve()
    solver.close()
    return hashlib.sha256(repr(story.told).encode() + b"".join(bits(solver))).hexdigest()


def train_there(engine: str, threads: int, hash_seed: int) -> str:
    """The same in a new process."""
    environment = {
        **os.environ,
        "PYTHONHASHSEED": str(hash_seed),
        "OMP_NUM_THREADS": str(threads),
        "OPENBLAS_NUM_THREADS": str(threads),
    }
    command = [sys.executable, "-c", SCRIPT, engine, str(ROOT)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert not done.returncode, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("source", SOURCES)
def test_twice_in_one_process(source, engine, folder):
    write_training(folder, "max_iter: 7 momentum: 0.9", SOURCES[source])
    assert train_here(engine) == train_here(engine)


@pytest.mark.parametrize("threads", [1, 2])
def test_in_several_processes(threads, engine, folder):
    """Python's hashes, addresses and the timing of threads differ from run to run."""
    text = 'type: "Adam" max_iter: 7 momentum: 0.9 clip_gradients: 1'
    write_training(folder, text, SOURCES["images"])
    assert len({train_there(engine, threads, seed) for seed in (1, 2, 3)}) == 1


def test_another_seed_gives_other_numbers(folder, engine):
    write_training(folder, "max_iter: 3 snapshot_after_train: false")
    first = train_here(engine)
    path = folder / "solver.prototxt"
    path.write_text(path.read_text().replace("random_seed: 4", "random_seed: 5"))
    assert train_here(engine) != first


def test_what_was_built_before_does_not_count(folder, engine):
    """A net has generators of its own; only the seed decides."""
    write_training(folder, "max_iter: 4 snapshot_after_train: false")
    first = train_here(engine)
    set_random_seed(99)
    with Net("net.prototxt", 0, engine=engine) as other:
        other.forward()
        assert train_here(engine) == first


def test_global_seed_for_nets_without_their_own(folder, engine):
    write_training(folder)

    def values() -> bytes:
        with Net("net.prototxt", 0, engine=engine) as net:
            net.forward()
            return net.blobs["score"].data.tobytes()

    set_random_seed(3)
    first = [values(), values()]
    set_random_seed(3)
    assert [values(), values()] == first
    assert first[0] != first[1]


def test_the_depth_of_reading_ahead_does_not_count(folder, engine):
    write_training(folder, "max_iter: 7 snapshot_after_train: false")
    first = train_here(engine)
    path = folder / "net.prototxt"
    assert "prefetch: 3" in path.read_text()
    path.write_text(path.read_text().replace("prefetch: 3", "prefetch: 1"))
    assert train_here(engine) == first


def test_one_layers_draws_do_not_change_anothers(folder, engine):
    """Each layer has a generator of its own: another dropout ratio leaves the crops alone."""
    write_training(folder)

    def data() -> bytes:
        with Net("net.prototxt", 0, seed=8, engine=engine) as net:
            for _ in range(3):
                net.forward()
            return net.blobs["data"].data.tobytes()

    first = data()
    path = folder / "net.prototxt"
    path.write_text(path.read_text().replace("dropout_ratio: 0.4", "dropout_ratio: 0"))
    assert data() == first
