"""A training's numbers as a table, and as TensorBoard reads them."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

import minicaffe as caffe
from minicaffe.errors import SolverError
from minicaffe.solver.events import Iteration, Observer, Output, TestResult
from minicaffe.solver.scalars import CsvObserver, Scalar, TensorBoardObserver, scalars
from tests.dashboard.test_dashboard import NET

EVENTS = (Iteration(3, 9.0, 0.5, 0.125), TestResult(3, 1, [Output(0, "acc", 0.75)]))
SCALARS = [("train/loss", 3, 0.5), ("train/rate", 3, 0.125), ("test1/acc", 3, 0.75)]


def test_what_events_bring() -> None:
    assert [tuple(scalar) for event in EVENTS for scalar in scalars(event)] == SCALARS
    several = TestResult(3, 0, [Output(0, "p", 1.0), Output(1, "p", 2.0)])
    assert list(scalars(several)) == [Scalar("test/p[0]", 3, 1.0), Scalar("test/p[1]", 3, 2.0)]
    assert list(scalars(TestResult(3, 0, None))) == []


def test_a_table_that_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    for _ in range(2):
        with CsvObserver(str(path)) as observer:
            for event in EVENTS:
                observer.on_event(event)
    rows = list(csv.DictReader(path.read_text().splitlines()))
    found = [(row["name"], int(row["iteration"]), float(row["value"])) for row in rows]
    assert found == SCALARS * 2
    with pytest.raises(SolverError, match="cannot be written"):
        CsvObserver(str(tmp_path))


def test_tensorboard_reads_it(tmp_path: Path) -> None:
    pytest.importorskip("tensorboardX")
    from tensorboardX.event_file_writer import EventsWriter
    from tensorboardX.proto.event_pb2 import Event

    assert EventsWriter is not None
    with TensorBoardObserver(str(tmp_path)) as observer:
        for event in EVENTS:
            observer.on_event(event)
    (file,) = tmp_path.glob("events.*")
    data, found = file.read_bytes(), []
    while data:  # records: length, its checksum, the message, its checksum
        length = int.from_bytes(data[:8], "little")
        message = Event.FromString(data[12 : 12 + length])
        found += [(v.tag, message.step, v.simple_value) for v in message.summary.value]
        data = data[16 + length :]
    assert found == SCALARS


def test_gradients_and_updates_are_among_them(tmp_path: Path) -> None:
    (tmp_path / "net.prototxt").write_text(NET)
    seen: list[str] = []

    class Names(Observer):
        def on_event(self, event: object) -> None:
            seen.extend(scalar.name for scalar in scalars(event))  # type: ignore[arg-type]

    (tmp_path / "solver.prototxt").write_text(
        f'net: "{tmp_path}/net.prototxt" base_lr: 0.01 lr_policy: "fixed" max_iter: 1 '
        "snapshot_after_train: false"
    )
    solver = caffe.get_solver(str(tmp_path / "solver.prototxt"), observers=[Names()])
    solver.stats_every = 1
    solver.solve()
    assert {"gradient/conv[0]", "update/ip[1]", "train/loss"} <= set(seen)
