"""The training loop: moments, averages, events, and requests to stop."""

from __future__ import annotations

import logging
import os

import numpy as np
import pytest

from minicaffe.layer import Layer, register
from minicaffe.net.net import Net
from minicaffe.proto import caffe_pb2
from minicaffe.solver import Action, LogObserver, events, get_solver
from tests.solver.problem import NET, Recorder, fill, make_solver, texts, weights_of, write_problem

# ------------------------------------------------------------------- the loop


def test_training_lowers_the_loss_and_equal_seeds_give_equal_weights(tmp_path):
    first, second = make_solver(tmp_path), make_solver(tmp_path)
    before = first.net.forward_loss()
    first.step(50)
    second.step(50)
    assert first.net.forward_loss() < before / 2
    assert first.iter == 50
    for a, b in zip(weights_of(first.net), weights_of(second.net), strict=True):
        np.testing.assert_array_equal(a, b)


def test_log_lines_are_caffes(tmp_path, caplog):
    caplog.set_level(logging.INFO, "minicaffe")
    settings = "max_iter: 2 display: 1 test_iter: 2 test_interval: 2 snapshot_prefix: 'w'"
    solver = make_solver(tmp_path, settings, observers=[LogObserver()])
    assert texts(caplog)[-1] == "Solver scaffolding done."
    caplog.clear()
    solver.solve()
    lines = texts(caplog)
    kinds = [line.split(" = ")[0].split(" (")[0] for line in lines]
    assert kinds == [
        "Solving small",
        "Learning Rate Policy: fixed",
        "Iteration 0, Testing net",
        "    Test net output #0: accuracy",
        "    Test net output #1: loss",
        "Iteration 0",
        "    Train net output #0: loss",
        "Iteration 0, lr",
        "Iteration 1",
        "    Train net output #0: loss",
        "Iteration 1, lr",
        "Snapshotting to binary proto file w_iter_2.caffemodel",
        "Snapshotting solver state to binary proto file w_iter_2.solverstate",
        "Iteration 2, loss",
        "Iteration 2, Testing net",
        "    Test net output #0: accuracy",
        "    Test net output #1: loss",
        "Optimization Done.",
    ]
    assert lines[2] == "Iteration 0, Testing net (#0)"
    assert lines[5].startswith("Iteration 0 (0 iter/s, 0s/1 iters), loss = ")
    assert lines[7] == "Iteration 0, lr = 0.1"
    value = lines[6].split(" = ")[1].split()[0]
    assert lines[6] == f"    Train net output #0: loss = {value} (* 1 = {value} loss)"


def test_test_initialization_false_waits_for_the_first_interval(tmp_path):
    seen = Recorder()
    settings = "test_iter: 1 test_interval: 2 test_initialization: false"
    solver = make_solver(tmp_path, settings, observers=[seen])
    solver.step(5)
    assert [event.iter for event in seen.of(events.TestStart)] == [2, 4]


def test_smoothed_loss_averages_the_last_losses(tmp_path):
    seen = Recorder()
    solver = make_solver(tmp_path, "average_loss: 3", observers=[seen])
    solver.step(6)
    losses = [event.loss for event in seen.of(events.Iteration)]
    smoothed = [event.smoothed_loss for event in seen.of(events.Iteration)]
    want = [np.mean(losses[max(0, i - 2) : i + 1]) for i in range(6)]
    np.testing.assert_allclose(smoothed, want, rtol=1e-6)
    assert losses[5] < losses[0]


def test_iter_size_averages_equal_batches_to_the_same_step(tmp_path):
    one, three = make_solver(tmp_path), make_solver(tmp_path, "iter_size: 3")
    one.step(3)
    three.step(3)
    for a, b in zip(weights_of(one.net), weights_of(three.net), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5)


def test_callbacks_surround_the_gradients(tmp_path):
    solver = make_solver(tmp_path)
    diffs = []
    bias = solver.net.params["fc"][1]
    solver.add_callback(
        lambda: diffs.append(np.abs(bias.diff).sum()), lambda: diffs.append(np.abs(bias.diff).sum())
    )
    solver.step(1)
    assert diffs[0] == 0
    assert diffs[1] > 0


def test_diffs_hold_the_update_and_history_is_shaped_like_the_parameters(tmp_path):
    solver = make_solver(tmp_path, "momentum: 0.9")
    before = weights_of(solver.net)
    solver.step(1)
    for old, blob, history in zip(before, solver.net.params["fc"], solver.history, strict=True):
        np.testing.assert_allclose(old - blob.data, blob.diff, rtol=1e-4, atol=1e-7)
        np.testing.assert_array_equal(history, blob.diff)


def test_rate_can_be_changed_while_training(tmp_path):
    solver = make_solver(tmp_path)
    assert solver.lr == pytest.approx(0.1)
    solver.param.base_lr = 0
    before = weights_of(solver.net)
    solver.step(2)
    for old, new in zip(before, weights_of(solver.net), strict=True):
        np.testing.assert_array_equal(old, new)


def test_multistep_and_clipping_are_logged(tmp_path, caplog):
    caplog.set_level(logging.INFO, "minicaffe")
    settings = "clip_gradients: 0.01 gamma: 0.5 stepvalue: 2"
    path = write_problem(tmp_path, settings)
    text = (tmp_path / "solver.prototxt").read_text().replace("fixed", "multistep")
    (tmp_path / "solver.prototxt").write_text(text)
    solver = get_solver(path)
    fill(solver.net)
    solver.step(3)
    assert "MultiStep Status: Iteration 2, step = 1" in texts(caplog)
    clips = [line for line in texts(caplog) if line.startswith("Gradient clipping: scaling down")]
    assert len(clips) == 3
    assert "> 0.01) by scale factor 0.0" in clips[0]
    assert solver.lr == pytest.approx(0.05)


def test_share_weights_gives_another_net_the_trained_ones(tmp_path):
    solver = make_solver(tmp_path)
    other = Net("net.prototxt", caffe_pb2.TRAIN, seed=8)
    mine = weights_of(solver.net)
    solver.share_weights(other)
    for theirs, own in zip(weights_of(other), mine, strict=True):
        np.testing.assert_array_equal(theirs, own)
    solver.step(1)
    for theirs, own, before in zip(weights_of(other), weights_of(solver.net), mine, strict=True):
        assert not np.array_equal(theirs, before)
        np.testing.assert_array_equal(theirs, own)


def test_debug_info_follows_the_display(tmp_path):
    solver = make_solver(tmp_path, "debug_info: true display: 2")
    seen = []
    solver.add_callback(lambda: None, lambda: seen.append(solver.net.debug_info))
    solver.step(3)
    assert seen == [True, False, True]


@register("TestCloses")
class Closes(Layer):
    """Passes values on; counts how often it is closed."""

    closed = 0

    def reshape(self, bottom, top):
        top[0].reshape_like(bottom[0])

    def forward(self, bottom, top):
        top[0].data[...] = bottom[0].data

    def backward(self, top, propagate_down, bottom):
        bottom[0].diff[...] = top[0].diff

    def close(self):
        self.closed += 1


def test_close_reaches_the_layers_of_all_nets(tmp_path):
    net = NET + 'layer { name: "closes" type: "TestCloses" bottom: "score" top: "same" }'
    solver = make_solver(tmp_path, "test_iter: 1 test_interval: 1", net)
    layers = [each.layer_dict["closes"] for each in (solver.net, *solver.test_nets)]
    assert len(layers) == 2
    solver.close()
    assert [layer.closed for layer in layers] == [1, 1]


# -------------------------------------------------------------------- actions


def test_stop_ends_training_with_a_snapshot(tmp_path):
    seen = Recorder()
    solver = make_solver(tmp_path, "max_iter: 9 snapshot_prefix: 'w'", observers=[seen])
    solver.action_function = lambda: Action.STOP if solver.iter == 4 else Action.NONE
    solver.solve()
    assert solver.iter == 4
    assert os.path.exists("w_iter_4.solverstate")
    assert seen.events[-1] == events.Finish(4, True)
    solver.action_function = None
    solver.solve()
    assert solver.iter == 9


def test_snapshot_on_request(tmp_path):
    asked = iter([Action.NONE, Action.SNAPSHOT, Action.NONE])
    solver = make_solver(tmp_path, "snapshot_prefix: 'w'", action_function=lambda: next(asked))
    solver.step(3)
    assert sorted(name for name in os.listdir() if name.startswith("w")) == [
        "w_iter_2.caffemodel",
        "w_iter_2.solverstate",
    ]


def test_requests_during_a_test(tmp_path):
    seen = Recorder()
    asked = [Action.NONE, Action.SNAPSHOT, Action.STOP, Action.NONE]
    settings = "test_iter: 5 test_iter: 5 test_interval: 1 snapshot_prefix: 'w'"
    solver = make_solver(tmp_path, settings, observers=[seen], action_function=lambda: asked.pop(0))
    solver.step(3)
    assert solver.iter == 0
    assert os.path.exists("w_iter_0.caffemodel")
    (result,) = seen.of(events.TestResult)
    assert result.outputs is None
    assert [event.done for event in seen.of(events.TestBatch)] == [1]


def test_an_interrupted_test_is_logged(caplog):
    caplog.set_level(logging.INFO, "minicaffe")
    LogObserver().on_test_result(events.TestResult(0, 0, None))
    LogObserver().on_finish(events.Finish(0, True))
    assert texts(caplog) == ["Test interrupted.", "Optimization stopped early."]


def test_keyboard_interrupt_leaves_whole_updates(tmp_path):
    solver = make_solver(tmp_path)

    def interrupt():
        if solver.iter == 2:
            raise KeyboardInterrupt

    solver.add_callback(lambda: None, interrupt)
    with pytest.raises(KeyboardInterrupt):
        solver.step(5)
    reference = make_solver(tmp_path)
    reference.step(2)
    assert solver.iter == 2
    for a, b in zip(weights_of(solver.net), weights_of(reference.net), strict=True):
        np.testing.assert_array_equal(a, b)
