"""Settings: what is refused, what is announced, and where they may come from."""

from __future__ import annotations

import logging
import os
import sys

import numpy as np
import pytest

from minicaffe.errors import (
    GraphError,
    MissingExtraError,
    PrototxtError,
    SnapshotError,
    SolverError,
)
from minicaffe.proto import caffe_pb2
from minicaffe.solver import AdamSolver, SGDSolver, get_solver, solver_types
from tests.solver.problem import NET, make_solver, texts, weights_of, write_problem

# ------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ("average_loss: 0", r"solver\.prototxt:2: average_loss is 0, expected at least 1"),
        ("iter_size: 0", r"iter_size is 0, expected at least 1"),
        ("weight_decay: 1 regularization_type: 'L3'", "unknown regularization_type 'L3'"),
        ('train_net: "net.prototxt"', r"prototxt:2: net and train_net both give a train net"),
        ('test_net: "net.prototxt"', "0 test_iter for 1 test net"),
        ("test_iter: 1", r"test_iter is given, but test_interval is 0"),
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


CONVERTERS = """
train_net: "net.prototxt"
base_lr: 1
max_iter: 0
snapshot_prefix: "./start"
"""


@pytest.mark.parametrize(
    "more", ["", 'lr_policy: "poly" power: 1', 'lr_policy: "step"', "display: 1", "snapshot: 1"]
)
def test_max_iter_0_fills_a_net_and_needs_no_rate(tmp_path, more):
    """Programs that convert nets let Caffe fill the weights in this way."""
    path = write_problem(tmp_path, net=NET.partition('layer { name: "loss"')[0])
    (tmp_path / "solver.prototxt").write_text(CONVERTERS + more)
    solver = get_solver(path)
    solver.solve()
    filled = SGDSolver(path)
    filled.restore("start_iter_0.solverstate")
    for there, here in zip(weights_of(filled.net), weights_of(solver.net), strict=True):
        np.testing.assert_array_equal(there, here)
    solver.step(0)
    solver.step(-3)
    assert solver.iter == 0
    with pytest.raises(SolverError, match="lr_policy"):
        solver.step(1)


def test_test_iter_of_a_solver_that_never_tests(tmp_path, caplog):
    """C3D v1.0's solvers give it, though they have no test net."""
    write_problem(tmp_path)
    text = 'train_net: "net.prototxt" test_iter: 9 base_lr: 0.1 lr_policy: "fixed" max_iter: 1'
    (tmp_path / "s.prototxt").write_text(text)
    with caplog.at_level(logging.WARNING, logger="minicaffe"):
        solver = get_solver("s.prototxt")
    solver.solve()
    assert not solver.test_nets
    assert "test_iter is given, but no test net and no test_interval" in caplog.text


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


def test_missing_max_iter_is_reported(tmp_path, caplog):
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


def test_missing_h5py_is_reported_before_training(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "h5py", None)
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
        ('"fixed"', '"fixed" rampup_interval: 9 local_lr_auto: true larc_policy: "clip"', ""),
        ('"fixed"', '"fixed" snapshot_log: true display_sparsity: 3 engine: "MKLDNN"', ""),
        (
            '"fixed"',
            '"fixed" sparsity_target: 0.8 sparse_mode: SPARSE_UPDATE momentum_policy: "poly"',
            "passed over, so this training differs from theirs: momentum_policy (NVCaffe), ",
        ),
    ],
)
def test_settings_that_are_hardly_meant_are_announced(
    old: str, new: str, said: str, tmp_path, caplog
) -> None:
    path = write_problem(tmp_path)
    text = (tmp_path / "solver.prototxt").read_text()
    (tmp_path / "solver.prototxt").write_text(text.replace(old, new))
    get_solver(path, observers=[])
    assert len(caplog.records) == bool(said)
    assert said in caplog.text


def test_a_net_without_loss_is_announced(tmp_path, caplog) -> None:
    without = NET[: NET.index('layer { name: "loss"')]
    get_solver(write_problem(tmp_path, net=without), observers=[])
    assert "net 'small' has no loss in phase TRAIN" in caplog.text
