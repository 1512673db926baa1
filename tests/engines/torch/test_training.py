"""Trainings on torch: as on numpy, whatever the rule; snapshots go from one engine to the other."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("torch", reason="PyTorch is absent")

import torch

from minicaffe.engines.torch.arena import DeviceArena
from minicaffe.solver.solver import Solver
from minicaffe.syncedmem import SyncedHead
from tests.engines.test_trajectories import RULES, follow, solver_on
from tests.engines.twins import error_of
from tests.reliability.problem import bits, open_solver, write_training
from tests.solver import test_update
from tests.solver.fakes import parameter_net


@pytest.mark.parametrize("rule", ["Nesterov", "Adam"])
def test_trajectory(rule: str) -> None:
    follow(rule, "TanH", "torch")


@pytest.mark.parametrize("regularization", ["L1", "L2"])
@pytest.mark.parametrize("rule", RULES)
def test_rules(rule: str, regularization: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """All rules, step by step, on the mirror of an arena."""
    monkeypatch.setattr(test_update, "parameter_net", mirrored)
    test_update.test_rule(rule, regularization, block=7)


@pytest.mark.parametrize("limit", [-1, 1e9, 0.5])
def test_clipping(limit: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(test_update, "parameter_net", mirrored)
    test_update.test_clip(limit, block=7)


def mirrored() -> SimpleNamespace:
    """A net that is nothing but parameters, updated by torch."""
    net = parameter_net()
    net.arena.mirror = DeviceArena(net.arena, net.learnable_params, torch.device("cpu"))
    return net


def learned(solver: Solver) -> np.ndarray:
    """All parameters and what is remembered of them, flat."""
    blobs = [blob.data for blobs in solver.net.params.values() for blob in blobs]
    return np.concatenate([values.ravel() for values in (*blobs, *solver.history)])


@pytest.mark.parametrize("first", ["torch", "numpy"])
def test_a_snapshot_goes_on_with_another_engine(
    first: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    second = {"torch": "numpy", "numpy": "torch"}[first]
    write_training(tmp_path, "max_iter: 8 snapshot: 4 momentum: 0.9")
    whole, _ = open_solver(engine=first)
    whole.solve()
    resumed, _ = open_solver(engine=second)
    resumed.solve("run_iter_4.solverstate")
    assert error_of(learned(resumed), learned(whole)) < 1e-5
    for solver in (whole, resumed):
        solver.close()


def test_resumed_bit_for_bit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_training(tmp_path, 'type: "Adam" max_iter: 8 snapshot: 4 momentum: 0.9 iter_size: 2')
    whole, _ = open_solver(engine="torch")
    whole.solve()
    resumed, _ = open_solver(engine="torch")
    resumed.solve("run_iter_4.solverstate")
    assert bits(resumed) == bits(whole)
    for solver in (whole, resumed):
        solver.close()


def test_an_iteration_that_fails_counts_nothing() -> None:
    """Statistics that the forward has changed on the device are put back."""
    solver = solver_on("torch", "SGD", "TanH")
    solver.step(2)
    statistics = list(solver.net.params["conv1_bn"])
    before = [blob.data.copy() for blob in statistics]
    solver.step(1)
    assert not np.array_equal(statistics[0].data, before[0])
    solver.net.forward()  # the newest statistics are on the device
    before = [blob.data_memory.device_copy.tensor.clone() for blob in statistics]
    fails = iter([True])

    def fail() -> None:
        if next(fails, False):
            raise ZeroDivisionError

    solver.add_callback(lambda: None, fail)
    with pytest.raises(ZeroDivisionError):
        solver.step(1)
    for blob, values in zip(statistics, before, strict=True):
        np.testing.assert_array_equal(blob.data, values.numpy())
    solver.step(1)
    assert not np.array_equal(statistics[0].data, before[0].numpy())


def test_an_update_stays_on_the_device(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of parameters and gradients is brought to numpy's arrays by an iteration."""
    monkeypatch.chdir(tmp_path)
    write_training(tmp_path, "max_iter: 8 momentum: 0.9 clip_gradients: 0.1")
    solver, _ = open_solver(engine="torch")
    solver.step(2)
    assert isinstance(solver.net.arena.mirror, DeviceArena)
    blobs = [param.blob for param in solver.net.learnable_params if param.lr_mult]
    assert blobs
    for blob in blobs:
        assert blob.data_memory.head is SyncedHead.HEAD_AT_ENGINE
        assert blob.diff_memory.head is SyncedHead.HEAD_AT_ENGINE
    solver.close()
