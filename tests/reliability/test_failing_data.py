"""A record that cannot be read, and batches that were read before it."""

from __future__ import annotations

import numpy as np
import pytest

from minicaffe.errors import DataError
from minicaffe.net.net import TRAIN, Net
from tests.data.test_prefetch import have_ended, prefetchers
from tests.reliability.problem import BODY, SOURCES, bits, images, open_solver, write_training

READ_AHEAD = [name for name in SOURCES if name != "dummy"]


def one_by_one(folder) -> str:
    """The images in their order, of which one batch is read ahead."""
    text = images(folder).replace("shuffle: true rand_skip: 3", "")
    return text.replace("image_data_param", "data_param { prefetch: 1 } image_data_param")


def fail_in_batch(layer, count: int) -> list[int]:
    """Let a data layer's thread fail in a batch, counted from 0; lists those that it has read."""
    read_batch, done = layer.reader.read_batch, []

    def failing(blobs):
        if len(done) == count:
            raise DataError("record 7 is broken") from OSError("the disk is gone")
        read_batch(blobs)
        done.append(len(done))

    layer.reader.read_batch = failing
    return done


@pytest.mark.parametrize("source", READ_AHEAD)
def test_every_layer_that_reads_ahead_tells_at_once(source, folder):
    write_training(folder, source=SOURCES[source])
    others = set(prefetchers())
    with Net("net.prototxt", TRAIN, seed=1) as net:
        (layer,) = [item for item in net.layers if "Data" in item.type]
        done = fail_in_batch(layer, layer.prefetch_depth)
        net.forward()  # the first batch; only then is there space for the one that fails
        assert have_ended(set(prefetchers()) - others)
        assert len(done) >= 3, "two more are ready"
        for _ in range(2):
            with pytest.raises(DataError, match=r"layer 'data' .*record 7 is broken") as caught:
                net.forward()
            assert isinstance(caught.value.__cause__, OSError)


def test_what_was_read_before_a_failure_is_not_lost(folder):
    """Who mends the data and resumes gets the bits of a training that met no failure."""
    write_training(folder, "max_iter: 6 snapshot: 1 momentum: 0.9", SOURCES["lmdb"])
    whole, story = open_solver()
    whole.solve()
    for path in folder.glob("run_iter_*"):
        path.unlink()
    stopped, _ = open_solver()
    fail_in_batch(stopped.net.layers[0], 4)  # three are read ahead, so two are used by then
    with pytest.raises(DataError, match="record 7 is broken"):
        stopped.solve()
    assert 2 <= stopped.iter <= 4
    resumed, again = open_solver()
    resumed.solve(f"run_iter_{stopped.iter}.solverstate")
    assert again.told == story.after(stopped.iter)
    assert bits(resumed) == bits(whole)


def test_a_training_that_does_not_come_to_the_bad_record_succeeds(folder):
    text = one_by_one(folder)
    write_training(folder, "max_iter: 2 snapshot_after_train: true", lambda _: text)
    solver_text = (folder / "solver.prototxt").read_text()
    for word in ("test_iter: 2 test_interval: 2", "display: 1"):  # they read on after the last
        solver_text = solver_text.replace(word, "")
    (folder / "solver.prototxt").write_text(solver_text)
    (folder / "9.png").write_bytes(b"no image")  # of the third batch
    others = set(prefetchers())
    solver, _ = open_solver()
    solver.solve()
    assert solver.iter == 2
    mine = set(prefetchers()) - others
    assert have_ended(mine), "it has come to the bad record meanwhile"
    assert (folder / "run_iter_2.solverstate").exists()
    with pytest.raises(DataError, match=r"9\.png"):
        solver.step(1)
    solver.close()


def test_gradients_and_weights_are_those_of_the_last_iteration(folder):
    """A failure comes out of a forward, so no iteration is half done."""
    write_training(folder, "max_iter: 5 momentum: 0.9", SOURCES["images"], BODY)
    solver, _ = open_solver()
    fail_in_batch(solver.net.layers[0], 6)
    done = [(solver.iter, solver.net.arena.data.copy())]

    def train() -> None:
        while len(done) < 9:
            solver.step(1)
            done.append((solver.iter, solver.net.arena.data.copy()))

    with pytest.raises(DataError, match="record 7 is broken"):
        train()
    iteration, weights = done[-1]
    assert solver.iter == iteration >= 1
    np.testing.assert_array_equal(solver.net.arena.data, weights)
    solver.close()
