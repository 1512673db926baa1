"""The training loop: moments, averages, events, and what it refuses."""

from __future__ import annotations

import logging
import os

import numpy as np
import pytest

from minicaffe import weights_hdf5
from minicaffe.errors import (
    GraphError,
    MissingExtraError,
    PrototxtError,
    SnapshotError,
    SolverError,
)
from minicaffe.net import Net
from minicaffe.proto import caffe_pb2
from minicaffe.solver import (
    Action,
    AdamSolver,
    LogObserver,
    SGDSolver,
    events,
    get_solver,
    solver_types,
)
from tests.solver.problem import NET, Recorder, fill, make_solver, weights_of, write_problem


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def texts(caplog):
    return [record.getMessage() for record in caplog.records]


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


def test_multistep_and_clipping_are_told(tmp_path, caplog):
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


def test_close_reaches_all_nets(tmp_path, monkeypatch):
    solver = make_solver(tmp_path, "test_iter: 1 test_interval: 1")
    closed = []
    monkeypatch.setattr(Net, "close", lambda net: closed.append(net))
    solver.close()
    assert closed == [solver.net, *solver.test_nets]


# -------------------------------------------------------------------- testing


def test_test_averages_the_batches(tmp_path):
    seen = Recorder()
    settings = "test_iter: 3 test_interval: 10 test_compute_loss: true"
    solver = make_solver(tmp_path, settings, observers=[seen])
    result = solver.test()
    net = solver.test_nets[0]
    assert sorted(result) == ["accuracy", "loss"]
    assert result["loss"] == pytest.approx(net.forward_loss())
    (event,) = seen.of(events.TestResult)
    assert event.loss == pytest.approx(result["loss"])
    assert [one.done for one in seen.of(events.TestBatch)] == [1, 2, 3]
    assert str(event.outputs[0]) == f"accuracy = {result['accuracy']:g}"


def test_no_batches_give_no_outputs(tmp_path):
    assert make_solver(tmp_path, "test_iter: 0 test_interval: 1").test() == {}


def test_outputs_of_several_elements_are_arrays_and_lines_apiece(tmp_path, caplog):
    caplog.set_level(logging.INFO, "minicaffe")
    net = NET + 'layer { name: "p" type: "Softmax" bottom: "score" top: "p" }'
    settings = "test_iter: 2 test_interval: 10 test_compute_loss: true"
    solver = make_solver(tmp_path, settings, net, observers=[LogObserver()])
    result = solver.test(0)
    assert result["p"].shape == (4, 3)
    lines = texts(caplog)
    assert any(line.startswith("Test loss: ") for line in lines)
    assert any(line.startswith("    Test net output #13: p = ") for line in lines)


def test_an_output_that_changes_shape_has_no_mean(tmp_path):
    net = NET + 'layer { name: "p" type: "Softmax" bottom: "score" top: "p" }'
    solver = make_solver(tmp_path, "test_iter: 2 test_interval: 10", net)
    test_net = solver.test_nets[0]

    forward, calls = test_net.forward_loss, []

    def changing():
        loss = forward()
        calls.append(loss)
        if len(calls) == 2:
            test_net.blobs["p"].reshape(1, 3)
        return loss

    test_net.forward_loss = changing
    with pytest.raises(SolverError, match=r"'p' has shape .* in batch 2 .* cannot be averaged"):
        solver.test()


def test_nets_come_in_caffes_order_and_states(tmp_path):
    (tmp_path / "other.prototxt").write_text(NET.replace('"small"', '"other"'))
    inline = NET.replace('"small"', '"inline"')
    settings = f"""
      test_net_param {{ {inline} }} test_net: "other.prototxt"
      test_iter: 1 test_iter: 2 test_iter: 3 test_interval: 5
      test_state {{ stage: "a" }} test_state {{ level: 4 }} test_state {{ phase: TRAIN }}
    """
    solver = make_solver(tmp_path, settings)
    assert [net.name for net in solver.test_nets] == ["inline", "other", "small"]
    assert [net.phase for net in solver.test_nets] == [1, 1, 0]
    assert "accuracy" not in solver.test_nets[2].blobs


@pytest.mark.parametrize("field", ["net_param", "train_net_param", "train_net"])
def test_other_ways_to_give_the_train_net(tmp_path, field):
    write_problem(tmp_path)
    given = '"net.prototxt"' if field == "train_net" else f"{{ {NET} }}"
    tests = "test_iter: 1 test_interval: 1" if field == "net_param" else ""
    (tmp_path / "s.prototxt").write_text(
        f'{field}: {given} base_lr: 0.1 lr_policy: "fixed" {tests}'
    )
    solver = get_solver("s.prototxt")
    assert solver.net.name == "small"
    assert len(solver.test_nets) == bool(tests)


def test_train_state_chooses_the_layers(tmp_path):
    net = NET + (
        'layer { name: "extra" type: "Softmax" bottom: "score" top: "p" include { stage: "x" '
        "min_level: 2 } }"
    )
    assert "p" not in make_solver(tmp_path, "", net).net.blobs
    solver = make_solver(tmp_path, 'train_state { stage: "x" level: 2 }', net)
    assert "p" in solver.net.blobs


def test_weights_are_loaded_into_train_and_test_nets(tmp_path):
    source = make_solver(tmp_path)
    source.step(3)
    source.net.save("a.caffemodel")
    source.net.save_hdf5("b.h5")
    settings = 'test_iter: 1 test_interval: 1 weights: "a.caffemodel , b.h5" weights: "b.h5"'
    solver = make_solver(tmp_path, settings)
    for net in (solver.net, *solver.test_nets):
        for a, b in zip(weights_of(source.net), weights_of(net), strict=True):
            np.testing.assert_array_equal(a, b)
    with pytest.raises(SolverError, match="empty file name"):
        make_solver(tmp_path, 'weights: "a.caffemodel,"')


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


# ------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ("average_loss: 0", r"solver\.prototxt:2: average_loss is 0, expected >= 1"),
        ("iter_size: 0", r"iter_size is 0, expected >= 1"),
        ("weight_decay: 1 regularization_type: 'L3'", "unknown regularization_type 'L3'"),
        ('train_net: "net.prototxt"', r"prototxt:2: net and train_net both give a train net"),
        ('test_net: "net.prototxt"', "0 test_iter for 1 test net"),
        ("test_iter: 1", r"test_interval is 0, expected > 0"),
        ("test_iter: 1 test_interval: 1 test_state {} test_state {}", "2 test_state for 1 test"),
        ('type: "Adamm"', r"prototxt:2: unknown solver type 'Adamm'; did you mean `Adam`"),
        ('type: "Frank-Wolfe"', "unknown solver type 'Frank-Wolfe'; known are AdaDelta, AdaGrad"),
        ('type: "AdaGrad" momentum: 0.5', r"prototxt:2: AdaGrad has no momentum"),
        ("snapshot: 5 snapshot_prefix: 'nowhere/w'", "snapshot prefix 'nowhere/w.*directory"),
    ],
)
def test_refused(tmp_path, settings, message):
    with pytest.raises((SolverError, SnapshotError), match=message):
        make_solver(tmp_path, "\n" + settings)
    assert sorted(os.listdir()) == ["net.prototxt", "solver.prototxt"]


def test_policy_is_refused_before_anything_runs(tmp_path):
    path = write_problem(tmp_path)
    (tmp_path / "solver.prototxt").write_text('net: "net.prototxt"\nlr_policy: "stepp"')
    with pytest.raises(SolverError, match=r"prototxt:2: unknown lr_policy 'stepp'; did you mean"):
        SGDSolver(path)
    (tmp_path / "solver.prototxt").write_text('net: "net.prototxt"')
    with pytest.raises(SolverError, match="lr_policy is not set"):
        SGDSolver(path).step(1)


def test_no_train_net(tmp_path):
    (tmp_path / "s.prototxt").write_text('base_lr: 0.1 lr_policy: "fixed"')
    with pytest.raises(SolverError, match="no train net is given; set one of net, net_param"):
        get_solver("s.prototxt")


def test_missing_files(tmp_path):
    with pytest.raises(PrototxtError, match="nowhere"):
        get_solver("nowhere.prototxt")
    (tmp_path / "s.prototxt").write_text('net: "gone.prototxt" lr_policy: "fixed"')
    with pytest.raises(PrototxtError, match=r"gone\.prototxt"):
        get_solver("s.prototxt")


def test_something_else_than_settings():
    with pytest.raises(SolverError, match="a file name or a SolverParameter is expected, not int"):
        get_solver(3)


def test_a_loss_that_is_not_finite_names_iteration_and_layer(tmp_path):
    solver = make_solver(tmp_path, "snapshot: 1 snapshot_prefix: 'w' max_iter: 9")

    def spoil():
        if solver.iter == 2:
            solver.net.blobs["data"].data[1, 2] = np.nan

    solver.add_callback(spoil, lambda: None)
    with pytest.raises(SolverError, match=r"nan at iteration 2, .* in blob 'data'.*base_lr") as why:
        solver.solve()
    assert str(why.value).startswith(str(tmp_path / "solver.prototxt") + ":1: ")
    assert solver.iter == 2
    assert not os.path.exists("w_iter_3.caffemodel")
    assert all(np.isfinite(values).all() for values in weights_of(solver.net))


def test_an_update_that_was_too_large_names_the_parameter(tmp_path):
    solver = make_solver(tmp_path)
    solver.param.base_lr = np.inf
    with pytest.raises(SolverError, match=r"layer 'fc' \(InnerProduct\)"):
        solver.step(9)


def test_a_sum_that_is_too_large(tmp_path):
    solver = make_solver(tmp_path, net=NET.replace('top: "loss"', 'top: "loss" loss_weight: 3e38'))
    solver.net.blobs["data"].data[...] *= 50
    with pytest.raises(SolverError, match=r"inf at iteration 0.*all blobs are finite"):
        solver.step(1)


# -------------------------------------------------------------------- settings


def test_max_iter_missing_is_told(tmp_path, caplog):
    solver = make_solver(tmp_path, "snapshot_after_train: false")
    solver.solve()
    assert "max_iter is not set" in caplog.text
    assert solver.iter == 0


def test_prefix_is_the_solvers_name_or_in_its_directory(tmp_path):
    assert make_solver(tmp_path).param.snapshot_prefix == str(tmp_path / "solver")
    (tmp_path / "snaps").mkdir()
    solver = make_solver(tmp_path, 'snapshot_prefix: "snaps"')
    assert solver.param.snapshot_prefix == os.path.join("snaps", "solver")


def test_prefix_is_checked_before_training(tmp_path):
    solver = make_solver(tmp_path, 'max_iter: 3 snapshot_prefix: "gone/w"')
    with pytest.raises(SnapshotError, match="snapshot prefix 'gone/w"):
        solver.solve()
    assert solver.iter == 0


def test_missing_h5py_is_told_before_training(tmp_path, monkeypatch):
    def missing(module, *, extra, purpose):
        raise MissingExtraError(module, extra, purpose)

    monkeypatch.setattr(weights_hdf5, "require", missing)
    solver = make_solver(tmp_path, "max_iter: 3 snapshot_format: HDF5")
    with pytest.raises(MissingExtraError, match=r"pip install 'minicaffe\[hdf5\]'"):
        solver.solve()
    assert solver.iter == 0


def test_message_instead_of_a_file(tmp_path):
    write_problem(tmp_path)
    param = caffe_pb2.SolverParameter(net="net.prototxt", base_lr=0.1, lr_policy="fixed")
    param.type = "Adam"
    solver = get_solver(param)
    assert type(solver) is AdamSolver
    solver.param.base_lr = 5
    assert param.base_lr == pytest.approx(0.1)
    param.snapshot = 5
    with pytest.raises(SolverError, match="snapshot is set, but snapshot_prefix is not"):
        get_solver(param)
    assert get_solver(param, path="run.prototxt").param.snapshot_prefix == "run"


def test_old_solver_type_is_upgraded_and_both_are_refused(tmp_path):
    assert type(make_solver(tmp_path, "solver_type: ADAM")) is AdamSolver
    with pytest.raises((SolverError, PrototxtError, GraphError)):
        make_solver(tmp_path, 'solver_type: ADAM type: "SGD"')
    both = caffe_pb2.SolverParameter(net="net.prototxt", lr_policy="fixed", type="SGD")
    both.solver_type = both.ADAM
    with pytest.raises((SolverError, PrototxtError, GraphError), match=r"^run\.prototxt"):
        get_solver(both, path="run.prototxt")


def test_gpu_mode_runs_on_the_cpu(tmp_path, caplog):
    caplog.set_level(logging.INFO, "minicaffe")
    make_solver(tmp_path, "solver_mode: GPU")
    assert "solver_mode is GPU; minicaffe runs on the CPU" in texts(caplog)


def test_types():
    assert solver_types() == ["AdaDelta", "AdaGrad", "Adam", "Nesterov", "RMSProp", "SGD"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("base_lr: 0.1", "", "base_lr is not set, so the learning rate is 0"),
        ('"fixed"', '"step" stepsize: 3', "gamma is not set, so lr_policy 'step' makes the rate 0"),
        ('"fixed"', '"multistep" gamma: 0.1', "has no stepvalue, so the rate never changes"),
        ('"fixed"', '"multistep" gamma: 0.1 stepvalue: 5 stepvalue: 3', "stepvalues do not rise"),
        ('"fixed"', '"multistep" gamma: 0.1 stepvalue: 3 stepvalue: 3', ""),
        ('"fixed"', '"fixed" rampup_interval: 9', "rampup_interval is a field of NVCaffe"),
    ],
)
def test_settings_that_are_hardly_meant_are_announced(
    old: str, new: str, said: str, tmp_path, monkeypatch, caplog
) -> None:
    monkeypatch.chdir(tmp_path)
    path = write_problem(tmp_path)
    text = (tmp_path / "solver.prototxt").read_text()
    (tmp_path / "solver.prototxt").write_text(text.replace(old, new))
    get_solver(path, observers=[])
    assert len(caplog.records) == bool(said)
    assert said in caplog.text


def test_a_net_without_loss_is_announced(tmp_path, monkeypatch, caplog) -> None:
    monkeypatch.chdir(tmp_path)
    without = NET[: NET.index('layer { name: "loss"')]
    get_solver(write_problem(tmp_path, net=without), observers=[])
    assert "net 'small' has no loss in phase TRAIN" in caplog.text
