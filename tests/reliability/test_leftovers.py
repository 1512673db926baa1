"""Nets and solvers leave no threads, files or memory behind; failures in threads arrive."""

from __future__ import annotations

import gc
import os
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path

import pytest

from minicaffe.errors import DataError
from minicaffe.net.net import Net
from minicaffe.solver import Observer
from tests.data.helpers import random_images, write_raw_database
from tests.data.test_prefetch import left_prefetchers, prefetchers
from tests.reliability.problem import SOURCES, images, lmdb, open_solver, write_training


@pytest.fixture(autouse=True)
def _older_objects_are_passed_over() -> Iterator[None]:
    """What other tests have left in memory would be gone through at each ``gc.collect``."""
    gc.freeze()
    yield
    gc.unfreeze()


def open_files() -> set[str]:
    """What this process has open, as far as the system tells."""
    found = set()
    for name in os.listdir("/proc/self/fd") if os.path.isdir("/proc/self/fd") else ():
        try:
            found.add(os.readlink(f"/proc/self/fd/{name}"))
        except OSError:
            continue  # that of listdir itself
    return found


def files_in(folder: Path) -> set[str]:
    return {name for name in open_files() if name.startswith(str(folder))}


def use_net(engine: str, phase: int) -> tuple[weakref.ref, ...]:
    """Run a net forward and backward; references to it and to its parts."""
    net = Net("net.prototxt", phase, seed=1, engine=engine)
    net.forward()
    if phase == 0:
        net.backward()
    assert prefetchers()
    layer = net.layers[0]
    return weakref.ref(net), weakref.ref(layer), weakref.ref(layer.reader)


@pytest.mark.parametrize("source", sorted(set(SOURCES) - {"dummy"}))
def test_ten_nets_leave_nothing(source, engine, folder):
    write_training(folder, "", SOURCES[source])
    threads = threading.active_count()
    for index in range(10):
        parts = use_net(engine, index % 2)
        gc.collect()
        assert not left_prefetchers()
        assert [part() for part in parts] == [None] * len(parts)
    assert threading.active_count() <= threads
    assert files_in(folder) == set()


def test_a_solver_that_is_dropped_leaves_nothing(engine, folder):
    write_training(folder, "max_iter: 4 momentum: 0.9")
    solver, _ = open_solver(engine=engine)
    solver.solve()
    gone = [weakref.ref(net) for net in (solver, solver.net, *solver.test_nets)]
    del solver
    gc.collect()
    assert not left_prefetchers()
    assert [item() for item in gone] == [None] * len(gone)
    assert files_in(folder) == set()


class Interrupter(Observer):
    """Ctrl-C after the third update."""

    def on_iteration(self, event):
        if event.iter == 3:
            raise KeyboardInterrupt


def interrupted() -> None:
    solver, _ = open_solver()
    solver.observers.append(Interrupter())
    solver.solve()


def test_threads_end_after_ctrl_c(folder):
    write_training(folder, "max_iter: 9")
    with pytest.raises(KeyboardInterrupt):
        interrupted()
    gc.collect()
    assert not left_prefetchers()
    assert files_in(folder) == set()


def broken() -> None:
    solver, _ = open_solver()
    solver.step(9)


def test_a_damaged_record_reaches_the_caller_with_its_cause_and_ends_the_threads(folder):
    write_training(folder, "max_iter: 9 test_initialization: false", images)
    (folder / "list.txt").write_text("".join(f"{n}.png {n % 3}\n" for n in range(10)))
    (folder / "7.png").write_bytes((folder / "7.png").read_bytes()[:40])
    with pytest.raises(
        DataError, match=r"net\.prototxt:\d+:\d+: layer 'data' \(ImageData\).*7\.png"
    ) as caught:
        broken()
    assert caught.value.__cause__ is not None
    del caught
    gc.collect()
    assert not left_prefetchers()


def test_a_damaged_record_of_a_database_is_named_at_each_further_step(folder):
    pytest.importorskip("lmdb")
    from minicaffe.data.datum import make_datum

    pictures = random_images(9, 3, 7, 8)
    values = [make_datum(image, 1).SerializeToString() for image in pictures]
    values[6] = b"\xff\xff garbage"
    write_training(folder, "max_iter: 9 test_initialization: false", lmdb)
    write_raw_database(folder / "damaged", values)
    net = folder / "net.prototxt"
    text = net.read_text().replace('source: "records"', 'source: "damaged"', 1)
    net.write_text(text.replace("rand_skip: 7", ""))
    solver, story = open_solver()
    solver.param.test_interval = 100
    with pytest.raises(DataError, match="record '00000006' of LMDB"):
        solver.step(5)
    # one batch of 4 fits before record 6; whether it is learned depends on how fast the thread is
    assert [line[0] for line in story.told] in ([], [1])
    with pytest.raises(DataError, match="record '00000006'"):
        solver.step(1)
    solver.close()
    assert not left_prefetchers()


def test_closing_twice_and_after_a_failure_is_fine(folder):
    write_training(folder)
    net = Net("net.prototxt", 0)
    net.forward()
    net.close()
    net.close()
    with pytest.raises(DataError, match="the net is closed"):
        net.forward()
    assert not left_prefetchers()
