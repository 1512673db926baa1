"""Training 2n iterations equals training n, and n more in a new solver: bit for bit."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest

from minicaffe.engines import why_unavailable
from minicaffe.errors import SnapshotError
from minicaffe.net.layer_states import from_json, layer_states
from minicaffe.solver.signals import Action
from minicaffe.solver.snapshot_record import decode
from minicaffe.solver.solver_state import read_state, write_state
from minicaffe.threads import set_threads
from tests.reliability.problem import (
    BODY,
    SOURCES,
    bits,
    dummy,
    images,
    lmdb,
    open_solver,
    write_training,
)

RULES = {
    "SGD": "momentum: 0.9",
    "Nesterov": "momentum: 0.9",
    "AdaGrad": "",
    "RMSProp": "rms_decay: 0.9",
    "AdaDelta": "momentum: 0.9 delta: 1e-6",
    "Adam": "momentum: 0.9 momentum2: 0.99",
}


def whole_and_resumed(middle: int, **how):
    """Train through with a snapshot every ``middle``; then again from that on."""
    whole, story = open_solver(**how)
    whole.solve()
    state = f"run_iter_{middle}.solverstate" + (".h5" if how.get("hdf5") else "")
    model = Path(f"run_iter_{2 * middle}.caffemodel")
    final = model.read_bytes()
    model.unlink()
    resumed, again = open_solver(**how)
    resumed.solve(state)
    assert model.read_bytes() == final
    for item in (whole, resumed):
        item.close()
    return whole, story, resumed, again


def check_equal(middle: int, **how) -> None:
    whole, story, resumed, again = whole_and_resumed(middle, **how)
    assert len(story.after(middle)) > middle
    assert again.told == story.after(middle)
    assert bits(resumed) == bits(whole)
    assert len({line[1] for line in story.told if len(line) == 4}) == 2 * middle  # losses differ


@pytest.mark.parametrize("source", SOURCES)
def test_every_source(source, engine, folder):
    write_training(folder, "max_iter: 10 snapshot: 5 momentum: 0.9", SOURCES[source])
    check_equal(5, engine=engine)


AUGMENTATION = """
    max_rotation_angle: 9 max_color_shift: 9 erase_ratio: 0.5
    random_aspect_ratio_param { min_area_ratio: 0.5 aspect_ratio_change: 0.8 }
    distort_param { brightness_prob: 0.5 brightness_delta: 9 hue_prob: 0.5 hue_delta: 9 }"""


def test_images_that_are_changed_at_random(engine, folder):
    def augmented(folder: Path) -> str:
        return lmdb(folder).replace("crop_size: 5", f"{AUGMENTATION} crop_size: 5")

    write_training(folder, "max_iter: 10 snapshot: 5 momentum: 0.9", augmented)
    check_equal(5, engine=engine)


@pytest.mark.parametrize("rule", RULES)
def test_every_solver_type(rule, engine, folder):
    write_training(folder, f'type: "{rule}" max_iter: 8 snapshot: 4 {RULES[rule]}')
    check_equal(4, engine=engine)


def test_accumulated_and_clipped_gradients(engine, folder):
    write_training(
        folder, "iter_size: 3 clip_gradients: 0.5 max_iter: 8 snapshot: 4 momentum: 0.9", images
    )
    check_equal(4, engine=engine)


def test_without_a_seed(folder):
    text = "max_iter: 6 snapshot: 3 momentum: 0.9"
    write_training(folder, text, images)
    solver = folder / "solver.prototxt"
    solver.write_text(solver.read_text().replace("random_seed: 4", ""))
    check_equal(3)


def test_two_threads(engine, folder):
    write_training(folder, "max_iter: 8 snapshot: 4 momentum: 0.9")
    set_threads(2)
    try:
        check_equal(4, engine=engine)
    finally:
        set_threads(None)


def test_bf16(folder, caplog):
    reason = why_unavailable("onednn", "bf16")
    if reason:
        pytest.skip(f"values in bfloat16: {reason}")
    caplog.set_level(logging.INFO, "minicaffe")
    write_training(folder, "max_iter: 8 snapshot: 4 momentum: 0.9")
    check_equal(4, engine="onednn", precision="bf16")
    assert "differ by rounding" not in caplog.text
    other, _ = open_solver(engine="onednn")
    other.restore("run_iter_4.solverstate")
    assert "engine 'onednn bf16'; with 'onednn' the numbers differ by rounding" in caplog.text


def test_hidden_states_of_recurrent_layers(engine, folder):
    data = """
        layer { name: "data" type: "DummyData" top: "data" top: "cont" top: "label"
          dummy_data_param { shape { dim: 3 dim: 2 dim: 5 } shape { dim: 3 dim: 2 }
            shape { dim: 3 dim: 2 } data_filler { type: "gaussian" }
            data_filler { type: "constant" value: 1 } data_filler { type: "constant" value: 2 } } }
    """
    body = "".join(
        f"""
        layer {{ name: "{name}" type: "{kind}" bottom: "{bottom}" bottom: "cont" top: "{name}"
          recurrent_param {{ num_output: 4 weight_filler {{ type: "xavier" }} }} }}"""
        for name, kind, bottom in (("a", "LSTM", "data"), ("b", "RNN", "a"))
    )
    body += """
        layer { name: "score" type: "InnerProduct" bottom: "b" top: "score"
          inner_product_param { num_output: 3 axis: 2 weight_filler { type: "xavier" } } }
        layer { name: "loss" type: "SoftmaxWithLoss" bottom: "score" bottom: "label" top: "loss"
          softmax_param { axis: 2 } }"""
    write_training(folder, "max_iter: 8 snapshot: 4 momentum: 0.9", lambda _: data, body)
    check_equal(4, engine=engine)


def test_hdf5_snapshots(folder):
    pytest.importorskip("h5py")
    write_training(
        folder, "max_iter: 8 snapshot: 4 momentum: 0.9 snapshot_format: HDF5", SOURCES["images"]
    )
    whole, _ = open_solver()
    whole.solve()
    resumed, _ = open_solver()
    resumed.solve("run_iter_4.solverstate.h5")
    assert bits(resumed) == bits(whole)


def test_what_was_read_ahead_is_delivered_again(folder):
    """The thread is several batches ahead of the snapshot; none of them may be lost."""
    write_training(folder, "max_iter: 20 momentum: 0.9")
    solver, _ = open_solver()
    solver.step(3)
    _, state = solver.snapshot()
    want = []
    for _ in range(6):
        solver.net.forward()
        want.append(solver.net.blobs["data"].data.copy())
    again, _ = open_solver()
    again.step(1)  # its own thread is ahead too
    again.restore(state)
    for expected in want:
        again.net.forward()
        np.testing.assert_array_equal(again.net.blobs["data"].data, expected)


def test_a_snapshot_in_the_middle_of_a_test(folder):
    """Anyone who resumes runs that test again, from its beginning."""
    write_training(folder, "max_iter: 8 momentum: 0.9")
    whole, story = open_solver()
    whole.solve()
    requests = iter([Action.NONE] * 9 + [Action.TERMINATE])
    stopped, _ = open_solver(action_function=lambda: next(requests, Action.NONE))
    stopped.solve()
    assert stopped.iter == 4
    record = decode(read_state("run_iter_4.solverstate").record, "the snapshot")
    now = from_json(layer_states(stopped.test_nets[0]))
    assert record.training["tests"] != [now], "a batch of this test had been used"
    resumed, again = open_solver()
    resumed.solve("run_iter_4.solverstate")
    assert again.told == story.after(4)
    assert bits(resumed) == bits(whole)


# --------------------------------------------------------------------- other people's files


def test_caffes_own_state_restarts_the_data(folder, caplog):
    caplog.set_level(logging.INFO, "minicaffe")
    write_training(folder, "max_iter: 8 momentum: 0.9", images)
    solver, _ = open_solver()
    solver.step(3)
    _, path = solver.snapshot()
    state = read_state(path)
    state.record = b""
    write_state("caffes.solverstate", state, hdf5=False)
    fresh, _ = open_solver()
    fresh.net.forward()
    first = fresh.net.blobs["data"].data.copy()
    resumed, _ = open_solver()
    resumed.restore("caffes.solverstate")
    assert resumed.iter == 3
    assert bits(resumed) == bits(solver)
    resumed.net.forward()
    np.testing.assert_array_equal(resumed.net.blobs["data"].data, first)
    lines = [line for line in caplog.messages if "start afresh" in line]
    assert lines == [
        "caffes.solverstate says nothing of data and random generators: they start afresh"
    ]


def test_another_net_with_the_same_parameters_is_reported(folder, caplog):
    write_training(folder, "max_iter: 8", dummy)
    solver, _ = open_solver()
    solver.step(2)
    _, state = solver.snapshot()
    write_training(folder, "max_iter: 8", images, BODY.replace('"drop"', '"fall"'))
    other, _ = open_solver()
    other.restore(state)
    assert other.iter == 2
    told = [line for line in caplog.messages if "another net" in line]
    assert len(told) == 2  # the train net and the test net
    assert "start afresh: data" in told[0]
    assert "no longer there: data, drop" in told[0]


def test_another_engine_is_reported(folder, caplog, engine):
    caplog.set_level(logging.INFO, "minicaffe")
    write_training(folder, "max_iter: 8", dummy)
    solver, _ = open_solver(engine=engine)
    solver.step(1)
    _, state = solver.snapshot()
    other, _ = open_solver(engine="numpy")
    other.restore(state)
    told = [line for line in caplog.messages if "differ by rounding" in line]
    assert len(told) == (engine != "numpy")


PYTHON_LAYER = """
import minicaffe

class Counting(minicaffe.Layer):
    def setup(self, bottom, top):
        self.count = 0
        self.state_of_mind = "calm"
    def reshape(self, bottom, top):
        top[0].reshape(4, 3, 5, 5)
        top[1].reshape(4)
    def forward(self, bottom, top):
        self.count += 1
        top[0].data[...] = self.rng.normal(size=(4, 3, 5, 5)) + self.count
        top[1].data[...] = self.count % 3
    def backward(self, top, propagate_down, bottom):
        pass
    def state(self):
        return {"count": STATE}
    def restore(self, state):
        self.count = state["count"]
"""


def python_source(module: str, state: str):
    def write(folder: Path) -> str:
        (folder / f"{module}.py").write_text(PYTHON_LAYER.replace("STATE", state))
        return f"""
            layer {{ name: "data" type: "Python" top: "data" top: "label"
              python_param {{ module: "{module}" layer: "Counting" }} }}"""

    return write


def test_users_layers_take_part(folder):
    source = python_source("counting_layer_a", "self.count")
    write_training(folder, "max_iter: 6 snapshot: 3", source)
    check_equal(3)


def test_a_user_state_that_cannot_be_saved_is_reported(folder, caplog):
    write_training(folder, "max_iter: 6", python_source("counting_layer_b", "object()"))
    solver, _ = open_solver()
    solver.step(2)
    _, state = solver.snapshot()
    assert "layer 'data': its state() cannot be saved: TypeError" in caplog.text
    other, _ = open_solver()
    other.restore(state)
    assert other.iter == 2


def test_a_state_that_a_layer_does_not_take_names_it(folder):
    source = python_source("counting_layer_c", "self.count")
    write_training(folder, "max_iter: 6", source)
    solver, _ = open_solver()
    _, state = solver.snapshot()
    text = (folder / "counting_layer_c.py").read_text()
    (folder / "counting_layer_d.py").write_text(text.replace('state["count"]', 'state["mood"]'))
    net = folder / "net.prototxt"
    net.write_text(net.read_text().replace("counting_layer_c", "counting_layer_d"))
    other, _ = open_solver()
    with pytest.raises(SnapshotError, match=r"layer 'data' \(Python\).*cannot be restored.*mood"):
        other.restore(state)
