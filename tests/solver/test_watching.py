"""What a training tells besides Caffe's log: statistics, JSON lines, checks before and after."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import numpy as np
import pytest

from minicaffe.engines import engine_names, why_unavailable
from minicaffe.errors import SolverError
from minicaffe.proto import caffe_pb2
from minicaffe.proto.text_format import parse
from minicaffe.solver import events, get_solver
from minicaffe.solver.json_log import JsonObserver
from minicaffe.solver.overfit import OverfitReport, keep_to_one_batch
from minicaffe.solver.post_mortem import PostMortem
from minicaffe.solver.solver import Solver

ENGINES = [name for name in engine_names() if why_unavailable(name) is None]
DATA = """layer { name: "data" type: "DummyData" top: "data" top: "label"
  dummy_data_param { shape { dim: 4 dim: 3 } shape { dim: 4 }
    data_filler { type: "gaussian" std: 1 } data_filler { type: "constant" value: 1 } } }
"""
IP = """layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip"
  inner_product_param { num_output: 2 weight_filler { type: "constant" value: 0.5 } } }
"""
RELU = 'layer { name: "relu" type: "ReLU" bottom: "ip" top: "ip" }\n'
LOSS = 'layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" top: "loss" }\n'


def solver_of(
    net: str,
    *observers: events.Observer,
    engine: str = "numpy",
    keep: str = "all",
    **settings: float,
) -> Solver:
    param = caffe_pb2.SolverParameter(
        base_lr=0.1, lr_policy="fixed", max_iter=4, random_seed=2, snapshot_after_train=False
    )
    for name, value in settings.items():
        setattr(param, name, value)
    parse(net, param.net_param)
    return get_solver(param, engine=engine, keep=keep, observers=list(observers))


class Kept(events.Observer):
    def __init__(self) -> None:
        self.stats: list[events.Stats] = []

    def on_stats(self, event: events.Stats) -> None:
        self.stats.append(event)


@pytest.mark.parametrize("keep", ["all", "outputs"])
@pytest.mark.parametrize("engine", ENGINES)
def test_statistics(engine: str, keep: str) -> None:
    """Against the arrays themselves, before and after an update."""
    kept = Kept()
    solver = solver_of(DATA + IP + RELU + LOSS, kept, engine=engine, keep=keep)
    solver.stats_every = 2
    before = solver.net.params["ip"][0].data.copy()
    gradients = []
    solver.add_callback(
        lambda: None, lambda: gradients.append(solver.net.params["ip"][0].diff.copy())
    )
    solver.step(1)
    after = solver.net.params["ip"][0].data.copy()
    solver.step(3)
    assert [event.iter for event in kept.stats] == [0, 2]
    arrays = {array.name: array for array in kept.stats[0].arrays}
    parameters = {"ip[0]", "ip[1]"}
    assert set(arrays) == parameters | ({"data", "label", "ip", "loss"} if keep == "all" else set())
    weights = arrays["ip[0]"]
    assert weights.mean == pytest.approx(after.mean(), rel=1e-6)
    assert weights.std == pytest.approx(after.astype(float).std(), rel=1e-5)
    assert (weights.min, weights.max) == (after.min(), after.max())
    assert weights.gradient == pytest.approx(np.linalg.norm(gradients[0]), rel=1e-5)
    change = np.linalg.norm(before - after) / np.linalg.norm(after)
    assert weights.update == pytest.approx(change, rel=1e-4)
    if keep == "all":
        last = {array.name: array for array in kept.stats[1].arrays}["label"]
        assert (last.mean, last.std, last.zeros, last.gradient) == (1, 0, 0, None)


def test_statistics_change_nothing() -> None:
    weights = []
    for every in (0, 1):
        solver = solver_of(DATA + IP + LOSS)
        solver.stats_every = every
        solver.solve()
        weights.append(solver.net.params["ip"][0].data.copy())
    np.testing.assert_array_equal(*weights)


def test_json_lines(tmp_path: Path) -> None:
    path = tmp_path / "log.json"
    for _ in range(2):
        with JsonObserver(str(path)) as observer:
            solver = solver_of(DATA + IP + LOSS, observer, display=2)
            solver.stats_every = 4
            solver.solve()
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    names = [line["event"] for line in lines]
    assert names[: len(names) // 2] == names[len(names) // 2 :]  # the second run goes on below
    assert names.count("iteration") == 8
    assert {"start", "display", "learning_rate", "stats", "finish"} <= set(names)
    first = next(line for line in lines if line["event"] == "iteration")
    assert (first["iter"], first["rate"]) == (1, pytest.approx(0.1))
    assert first["loss"] > 0


def test_json_has_no_nan(tmp_path: Path) -> None:
    path = tmp_path / "log.json"
    with JsonObserver(str(path)) as observer:
        observer.on_event(events.Iteration(1, float("nan"), float("inf"), 0.5))
    line = json.loads(path.read_text(encoding="utf-8"), parse_constant=pytest.fail)
    assert (line["loss"], line["smoothed_loss"], line["rate"]) == (None, None, 0.5)


@pytest.mark.parametrize("name", ["no/such/folder/log.json", "nul\0"])
def test_json_that_cannot_be_written(name: str, tmp_path: Path) -> None:
    with pytest.raises(SolverError, match="the log cannot be written"):
        JsonObserver(str(tmp_path / name))


def test_one_batch_over_and_over(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "minicaffe")
    solver = solver_of(DATA + IP + LOSS, OverfitReport(), max_iter=100)
    seen = []
    keep_to_one_batch(solver)
    solver.add_callback(lambda: None, lambda: seen.append(solver.net.blobs["data"].data.copy()))
    solver.solve()
    assert len(seen) == 100
    assert all(np.array_equal(batch, seen[0]) for batch in seen)
    assert "the net learns one batch" in caplog.text
    free = solver_of(DATA + IP + LOSS, max_iter=2)
    batches = []
    free.add_callback(lambda: None, lambda: batches.append(free.net.blobs["data"].data.copy()))
    free.solve()
    assert not np.array_equal(*batches)


def test_a_batch_that_is_not_learned(caplog: pytest.LogCaptureFixture) -> None:
    solver = solver_of(DATA + IP + LOSS, OverfitReport(), base_lr=1e-9, max_iter=5)
    keep_to_one_batch(solver)
    solver.solve()
    assert "the net does not learn one batch" in caplog.text


@pytest.mark.parametrize(
    ("losses", "said"),
    [
        ([1.0] * 100, True),
        (list(np.linspace(1, 2, 100)), True),
        (list(np.linspace(2, 1, 100)), False),
        ([1.0] * 20, False),  # too few to say anything
    ],
)
def test_a_loss_that_does_not_fall(
    losses: list[float], said: bool, caplog: pytest.LogCaptureFixture
) -> None:
    look = PostMortem()
    for number, loss in enumerate(losses, 1):
        look.on_iteration(events.Iteration(number, loss, loss, 0.1))
    look.on_finish(events.Finish(len(losses), early=False))
    assert ("the loss did not fall" in caplog.text) == said


EIGHT = DATA.replace("dim: 4", "dim: 8")


def looked_at(net: str, engine: str, keep: str = "outputs", **settings: float) -> None:
    """A training of 60 iterations, by an observer that looks at its end."""
    look = PostMortem()
    solver = solver_of(net, look, engine=engine, keep=keep, max_iter=60, **settings)
    look.attach(solver.net)
    solver.solve()


@pytest.mark.parametrize("keep", ["all", "outputs"])
@pytest.mark.parametrize("engine", ENGINES)
def test_a_dead_relu_and_labels_that_are_one_number(
    engine: str, keep: str, caplog: pytest.LogCaptureFixture
) -> None:
    dead = IP.replace("num_output: 2", 'num_output: 2 bias_filler { type: "constant" value: -99 }')
    dead = dead.replace('"ip"', '"low"') + RELU.replace('"ip"', '"low"')
    looked_at(EIGHT + dead + IP.replace('"data"', '"low"') + LOSS, engine, keep, base_lr=0)
    assert "the loss did not fall" in caplog.text
    assert "dead in the last batch, all values being 0: 'relu';" in caplog.text
    assert "all 8 labels that 'loss' read last are 1: look at the labels" in caplog.text


@pytest.mark.parametrize(
    ("losses", "said"),
    [([3 - 0.01 * i for i in range(60)], True), ([2 - 0.03 * i for i in range(60)], False)],
)
def test_a_loss_of_chance(
    losses: list[float], said: bool, caplog: pytest.LogCaptureFixture
) -> None:
    look = PostMortem()
    look.attach(solver_of(DATA + IP.replace("num_output: 2", "num_output: 10") + LOSS).net)
    for number, loss in enumerate(losses, 1):
        look.on_iteration(events.Iteration(number, loss, loss, 0.1))
    look.on_finish(events.Finish(len(losses), early=False))
    assert ("no lower than by chance: 2.435 on average in the last 6" in caplog.text) == said
    assert ("2.303 if all classes are equally likely" in caplog.text) == said


@pytest.mark.parametrize(
    ("settings", "chance"),
    [("", 0.6931), ("loss_weight: 2", 1.386), ("loss_param { normalization: NONE }", None)],
)
def test_the_loss_of_chance(
    settings: str, chance: float | None, caplog: pytest.LogCaptureFixture
) -> None:
    look, loss = PostMortem(), LOSS.rstrip("}\n") + settings + " }\n"
    look.attach(solver_of(DATA + IP + loss).net)
    for number in range(1, 61):
        look.on_iteration(events.Iteration(number, 9 - number / 60, 9, 0.1))
    look.on_finish(events.Finish(60, early=False))
    assert ("if all classes" in caplog.text) == (chance is not None)
    assert chance is None or f" {chance:.4g} if all classes" in caplog.text


@pytest.mark.parametrize(
    ("values", "said"), [([0.1] * 4, True), ([0.1, 0.1, 0.2], False), ([0.1] * 2, False)]
)
def test_tests_that_never_change(
    values: list[float], said: bool, caplog: pytest.LogCaptureFixture
) -> None:
    look = PostMortem()
    for value in values:
        look.on_test_result(events.TestResult(0, 0, [events.Output(0, "accuracy", value)]))
    look.on_finish(events.Finish(0, early=False))
    assert ("'accuracy' was 0.1 in all" in caplog.text) == said
