"""The best test: its weights are kept, training ends without a better one, and a resumed training
goes on counting where it was."""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from minicaffe import TEST, Net, cli
from minicaffe.errors import SnapshotError, SolverError
from minicaffe.solver import LogObserver, Observer, events
from minicaffe.solver.best import BestTest
from minicaffe.solver.curves import curves
from tests.solver.problem import NET, Recorder, make_solver, texts, weights_of

SETTINGS = 'test_iter: 1 test_interval: 2 max_iter: 12 snapshot: 2 snapshot_prefix: "run"'


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


class Script(Observer):
    """Chooses the test net's labels so that so many of its four predictions are right."""

    def __init__(self, right: Sequence[int], first: int = 0) -> None:
        self.right, self.weights = right, {}
        self.solver = None
        self._next = first

    def on_test_start(self, event: events.TestStart) -> None:
        net = self.solver.test_nets[0]
        net.share_with(self.solver.net)
        net.forward()
        best = net.blobs["score"].data.argmax(axis=1)
        wrong = np.arange(4) >= self.right[self._next]
        net.blobs["label"].data[...] = (best + wrong) % 3
        self.weights[event.iter] = weights_of(self.solver.net)
        self._next += 1


def scripted(tmp_path: Path, right: Sequence[int], first: int = 0, settings: str = SETTINGS):
    """A solver whose tests give these accuracies, in quarters; its script, and what it told."""
    script, seen = Script(right, first), Recorder()
    solver = make_solver(tmp_path, settings, observers=[script, seen])
    script.solver = solver
    return solver, script, seen


def test_the_weights_of_the_best_test_are_kept(tmp_path):
    solver, script, seen = scripted(tmp_path, [1, 3, 2, 3, 0, 1, 2])
    solver.best = BestTest(solver, "accuracy")
    solver.solve()
    assert (solver.best.value, solver.best.iter) == (0.75, 2)  # an equal one is no better
    assert [event.iter for event in seen.of(events.Improved)] == [0, 2]
    net = Net(str(tmp_path / "net.prototxt"), TEST, weights="run_best.caffemodel")
    for found, want in zip(weights_of(net), script.weights[2], strict=True):
        np.testing.assert_array_equal(found, want)
    assert solver.iter == 12  # without patience it trains to its end


def test_of_a_loss_the_smallest_is_best(tmp_path):
    solver, _, _ = scripted(tmp_path, [0, 4, 1, 1, 1, 1, 1])
    solver.best = BestTest(solver, "loss")
    solver.solve()
    assert solver.best.iter == 2


def test_an_output_is_chosen_if_none_is_named(tmp_path):
    solver, _, _ = scripted(tmp_path, [])
    assert BestTest(solver).metric == "accuracy"


def test_training_ends_without_a_better_test(tmp_path):
    solver, _, seen = scripted(tmp_path, [1, 3, 2, 3, 4, 4, 4])
    solver.best = BestTest(solver, "accuracy", keep=False, patience=2)
    solver.solve()
    assert solver.iter == 6
    (event,) = seen.of(events.OutOfPatience)
    assert (event.iter, event.best, event.best_iter, event.tests) == (6, 0.75, 2, 2)
    assert seen.of(events.Finish)[0].early
    assert Path("run_iter_6.solverstate").exists()
    assert not Path("run_best.caffemodel").exists()


def test_a_better_test_gives_new_patience(tmp_path):
    solver, _, _ = scripted(tmp_path, [2, 1, 3, 1, 4, 1, 1])
    solver.best = BestTest(solver, "accuracy", patience=2)
    solver.solve()
    assert solver.iter == 12


@pytest.mark.parametrize("middle", [2, 4, 6])
def test_a_resumed_training_remembers_the_best_and_its_patience(tmp_path, middle):
    right = [1, 3, 2, 2, 2, 4, 4]
    solver, _, whole = scripted(tmp_path, right)
    solver.best = BestTest(solver, "accuracy", patience=3)
    solver.solve()
    assert solver.iter == 8
    best = Path("run_best.caffemodel").read_bytes()
    again, _, seen = scripted(tmp_path, right, first=middle // 2)
    again.best = BestTest(again, "accuracy", patience=3)
    again.solve(f"run_iter_{middle}.solverstate")
    assert again.iter == 8
    assert again.best.state() == solver.best.state()
    assert seen.of(events.OutOfPatience) == whole.of(events.OutOfPatience)
    assert Path("run_best.caffemodel").read_bytes() == best


def test_a_test_that_is_repeated_after_a_resume_counts_once(tmp_path):
    """The snapshot at the end was written after the test of that iteration."""
    right = [3, 1, 1, 1, 1, 1, 1]
    solver, _, _ = scripted(tmp_path, right)
    solver.best = BestTest(solver, "accuracy", patience=2)
    solver.solve()
    assert (solver.iter, solver.best.waited) == (4, 2)
    again, _, _ = scripted(tmp_path, right, first=2)
    again.best = BestTest(again, "accuracy", patience=3)  # the user has more
    again.solve("run_iter_4.solverstate")
    assert (again.iter, again.best.waited) == (6, 3)


def test_another_output_begins_afresh(tmp_path):
    solver, _, _ = scripted(tmp_path, [3, 1, 1, 1, 1, 1, 1])
    solver.best = BestTest(solver, "accuracy")
    solver.solve()
    again, _, _ = scripted(tmp_path, [1] * 7, first=1)
    again.best = BestTest(again, "loss")
    again.restore("run_iter_2.solverstate")
    assert again.best.value is None


def test_what_is_not_finite_is_never_the_best(tmp_path):
    solver, _, _ = scripted(tmp_path, [])
    best = BestTest(solver, "loss", patience=2)
    best.note(0, {"loss": float("nan")})
    assert (best.value, best.waited) == (None, 1)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_net_that_has_diverged_does_not_replace_the_best(tmp_path, value):
    solver, _, _ = scripted(tmp_path, [])
    best = solver.best = BestTest(solver, "accuracy", patience=9)
    best.note(0, {"accuracy": 0.5, "loss": 1.0})
    kept = Path(best.path).read_bytes()
    for solver.iter, results in enumerate([{"accuracy": 1.0, "loss": value}, {"accuracy": 1.0}], 1):
        if "loss" not in results:
            solver.net.params["fc"][0].data[1, 2] = value
        best.note(0, results)
        assert (best.value, best.iter, best.waited) == (0.5, 0, solver.iter)
    assert Path(best.path).read_bytes() == kept


def test_weights_that_cannot_be_written_do_not_end_the_training(tmp_path):
    solver, _, seen = scripted(tmp_path, [1, 2, 3, 4, 4, 4, 4])
    solver.best = BestTest(solver, "accuracy")
    Path("run_best.caffemodel").mkdir()
    solver.solve()
    assert solver.iter == 12
    assert solver.failed_snapshots == 4
    assert "run_best.caffemodel" in seen.of(events.SnapshotFailed)[0].reason


@pytest.mark.parametrize(
    ("settings", "metric", "patience", "message"),
    [
        (SETTINGS, "acuracy", None, "no output 'acuracy'|has an output 'acuracy'; did you mean"),
        ("max_iter: 1", "accuracy", None, "there is no best test of a solver that tests nothing"),
        (SETTINGS, "accuracy", 0, "after 0 tests, expected at least 1"),
    ],
)
def test_mistakes(tmp_path, settings, metric, patience, message):
    solver, _, _ = scripted(tmp_path, [], settings=settings)
    with pytest.raises(SolverError, match=message):
        BestTest(solver, metric, patience=patience)


def test_an_output_of_several_elements_has_no_best(tmp_path):
    net = NET + 'layer { name: "p" type: "Softmax" bottom: "score" top: "p" }'
    solver = make_solver(tmp_path, SETTINGS, net)
    solver.best = BestTest(solver, "p")
    with pytest.raises(SolverError, match="'p' has 12 elements"):
        solver.solve()


def test_where_nothing_can_be_written(tmp_path):
    settings = SETTINGS.replace('"run"', '"nowhere/run"').replace("snapshot: 2", "")
    solver, _, _ = scripted(tmp_path, [], settings=settings)
    with pytest.raises(SnapshotError, match="nowhere"):
        BestTest(solver, "accuracy")


def test_the_log(tmp_path, caplog):
    caplog.set_level(logging.INFO, "minicaffe")
    solver, script, _ = scripted(tmp_path, [3, 1, 1])
    solver.observers = [LogObserver(), script]
    solver.best = BestTest(solver, "accuracy", patience=1)
    solver.solve()
    lines = texts(caplog)
    kept = "Iteration 0, best accuracy so far = 0.75: weights kept in run_best.caffemodel"
    assert kept in lines
    ended = "Iteration 2, no better accuracy in 1 tests (best 0.75 at iteration 0): stopping"
    assert ended in lines


# ------------------------------------------------------------------- bar, table, command


def test_a_table_of_the_training(tmp_path):
    solver, _, _ = scripted(tmp_path, [1, 3, 2, 3, 4, 4, 4], settings=SETTINGS + " display: 3")
    table = solver.history_table()
    solver.solve()
    assert table is solver.history_table()
    assert table.columns == ["iteration", "lr", "loss", "accuracy"]
    assert [row["iteration"] for row in table.rows] == [0, 2, 3, 4, 6, 8, 9, 10, 12]
    assert [row.get("accuracy") for row in table.rows][:5] == [0.25, 0.75, None, 0.5, 0.75]
    assert table.rows[2]["lr"] == pytest.approx(0.1)
    lines = str(table).splitlines()
    assert lines[0].split() == ["iteration", "lr", "loss", "accuracy"]
    assert len(lines) == 10
    assert table._repr_html_().count("<tr>") == 10


def test_a_notebook_shows_curves_above_the_table(tmp_path):
    solver, _, _ = scripted(tmp_path, [1, 3, 2, 3, 4, 4, 4], settings=SETTINGS + " display: 3")
    table = solver.history_table()
    solver.solve()
    labels = re.findall(r'<svg role="img" aria-label="([^"]*)"', table._repr_html_())
    assert labels[-1] == "accuracy: 0.25 at iteration 0, 1 at 12"
    assert [label.partition(":")[0] for label in labels] == ["lr", "loss", "accuracy"]


def test_a_curve_has_the_finite_values_between_its_edges():
    values = [3.0, math.nan, -1.0, math.inf, 1.0]
    rows = [{"iteration": 10 * index, "a": value} for index, value in enumerate(values)]
    picture = curves(rows, ["a", "b"])
    (points,) = re.findall(r'points="([^"]*)"', picture)
    assert points == "8.0,20.0 138.0,110.0 268.0,65.0"
    assert curves(rows[3:], ["a"]) == curves([], []) == ""
    same = curves([{"iteration": index, "a": 1e308} for index in (1, 2)], ["a"])
    (level,) = re.findall(r'points="([^"]*)"', same)
    assert level == "8.0,65.0 268.0,65.0"


def test_names_in_the_table_are_shown_and_not_obeyed(tmp_path):
    net = NET.replace('top: "accuracy"', 'top: "<b>a"')
    solver = make_solver(tmp_path, SETTINGS, net)
    solver.solve()
    assert "<b>" not in solver.history_table()._repr_html_()
    assert "&lt;b&gt;a" in solver.history_table()._repr_html_()
    named = curves([{"iteration": index, '"><b>': index} for index in (1, 2)], ['"><b>'])
    assert "<b>" not in named
    assert named.count('aria-label="&quot;&gt;&lt;b&gt;: 1 at iteration 1, 2 at 2"') == 1


def test_a_bar_for_terminals_and_notebooks(tmp_path, capsys):
    solver = make_solver(tmp_path, SETTINGS)
    before = list(solver.observers)
    solver.solve(progress=True)
    out = capsys.readouterr().out
    assert "12/12" in out
    assert out.endswith("\r")  # the line is free again
    assert "\n" not in out
    assert solver.observers == before
    solver.solve()
    assert capsys.readouterr().out == ""


TRAIN = """
layer { name: "data" type: "DummyData" top: "data" top: "label"
  dummy_data_param { shape { dim: 4 dim: 5 } shape { dim: 4 }
    data_filler { type: "gaussian" } data_filler { type: "constant" value: 1 } } }
""" + NET[NET.index('layer { name: "fc"') :]


def test_the_command(tmp_path, capsys):
    Path("net.prototxt").write_text(TRAIN)
    Path("solver.prototxt").write_text(
        f'net: "net.prototxt" base_lr: 0 lr_policy: "fixed" {SETTINGS} random_seed: 1'
    )
    words = ["train", "--solver=solver.prototxt", "--keep-best=accuracy", "--early-stop=2"]
    assert cli.main(words) == 0
    log = capsys.readouterr().err
    assert "weights kept in run_best.caffemodel" in log
    assert "no better accuracy in 2 tests" in log
    assert Path("run_best.caffemodel").exists()
    assert cli.main(["train", "--solver=solver.prototxt", "--keep-best=acuracy"]) == 1
    found = capsys.readouterr().err
    assert "no test net has an output 'acuracy'" in found
    assert "did you mean `accuracy`?" in found
