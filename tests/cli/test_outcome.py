"""The last lines of a training, for people at a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from minicaffe.cli._outcome import Outcome
from minicaffe.solver.events import (
    Event,
    Finish,
    Iteration,
    Output,
    Snapshot,
    Start,
    TestResult,
    notify,
)


def told(*happened: Event, coloured: bool = False) -> str:
    lines: list[str] = []
    seconds: Iterator[float] = iter((0.0, 10.0, 90.0))
    outcome = Outcome(lines.append, coloured, clock=lambda: next(seconds))
    for event in happened:
        notify([outcome], event)
    return "\n".join(lines)


def test_what_came_of_it() -> None:
    assert told(
        Start(100, 300, "net", "fixed"),
        TestResult(100, 0, [Output(0, "accuracy", 0.9), Output(1, "loss", 0.5)]),
        Iteration(300, 1.0, 0.25, 0.1),
        TestResult(300, 0, [Output(0, "accuracy", 0.8), Output(1, "loss", 0.25)]),
        Snapshot(300, "x_iter_300.caffemodel", state=False, hdf5=False),
        Snapshot(300, "x_iter_300.solverstate", state=True, hdf5=False),
        Finish(300, early=False),
    ).splitlines() == [
        "Trained: 200 iterations in 1:20, 2.5 a second",
        "  train loss     0.25",
        "  test accuracy  0.8  (best 0.9 at iteration 100)",
        "  test loss      0.25",
        "  weights        x_iter_300.caffemodel",
    ]


def test_elements_and_several_nets_have_names_of_their_own() -> None:
    outputs = [Output(0, "p", 1.0), Output(1, "p\x1b", 2.0), Output(2, "p", 3.0)]
    text = told(Start(0, 1, "", ""), TestResult(0, 1, outputs), Finish(1, early=True))
    assert text.splitlines()[0] == "Stopped early: 1 iterations in 1:20, 0.0125 a second"
    names = [line[:18].rstrip() for line in text.splitlines()[1:]]
    assert names == ["  test p[0] (net 1", "  test p\\x1b (net", "  test p[2] (net 1"]


def test_colours_and_a_training_of_nothing() -> None:
    happened = (Start(0, 1, "", ""), Finish(1, early=False))
    assert told(*happened, coloured=True).startswith("\x1b[1m\x1b[32mTrained")
    assert told(Start(5, 5, "", ""), Finish(5, early=False)) == ""
