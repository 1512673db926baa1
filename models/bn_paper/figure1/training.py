"""Training one of figure 1's nets, and what is seen meanwhile."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import minicaffe as caffe
from minicaffe.proto.io import read_net, read_solver
from minicaffe.solver import Observer, Solver
from minicaffe.solver.events import TestBatch, TestResult
from models.bn_paper.images import count_batches
from models.bn_paper.side_by_side import ROOT

SOLVERS = {"without BatchNorm": "solver.prototxt", "with BatchNorm": "solver_bn.prototxt"}
LAST_INPUT = "in3"  # what the sigmoids of the last hidden layer get
SHARES = (15, 50, 85)  # the percentiles that the paper draws


@dataclass(frozen=True)
class Task:
    """One training.

    Attributes:
        name: which of :data:`SOLVERS`.
        data: the folder with ``test_lmdb``.
        rows: the text file that names the HDF5 file of the training images.
        steps: how many; None for what the solver says.
    """

    name: str
    data: Path
    rows: Path
    steps: int | None = None


@dataclass(frozen=True)
class History:
    """What was seen whenever the net was tested.

    Attributes:
        steps: after how many steps, ascending.
        accuracy: between 0 and 1, over all test images.
        percentiles: tests × :data:`SHARES` × units: of the input of each sigmoid of the last
            hidden layer, over all test images.
    """

    steps: np.ndarray
    accuracy: np.ndarray
    percentiles: np.ndarray


class Recorder(Observer):
    """Collects a :class:`History` while a solver trains.

    Args:
        net: the test net, whose images are the same in every test.
    """

    def __init__(self, net: caffe.Net) -> None:
        self._net = net
        self._inputs: list[np.ndarray] = []  # batches of the test that is running
        self._rows: list[tuple[int, float, np.ndarray]] = []

    def on_test_batch(self, event: TestBatch) -> None:
        self._inputs.append(self._net.blobs[LAST_INPUT].data.copy())

    def on_test_result(self, event: TestResult) -> None:
        (accuracy,) = (output.value for output in event.outputs or () if output.name == "accuracy")
        percentiles = np.percentile(np.concatenate(self._inputs), SHARES, axis=0)
        self._rows.append((event.iter, accuracy, percentiles))
        self._inputs = []

    def history(self) -> History:
        """What has been collected so far."""
        steps, accuracy, percentiles = zip(*self._rows, strict=True)
        return History(np.array(steps), np.array(accuracy), np.stack(percentiles))


def make_solver(task: Task) -> Solver:
    """The solver of a task; its prototxt's paths count from the repository's root."""
    param = read_solver(str(Path(__file__).with_name(SOLVERS[task.name])))
    param.net_param.CopyFrom(read_net(str(ROOT / param.net)))
    param.ClearField("net")
    trained, tested = param.net_param.layer[:2]
    trained.hdf5_data_param.source = str(task.rows)
    source = task.data / Path(tested.data_param.source).name
    tested.data_param.source = str(source)
    param.test_iter[0] = count_batches(source, tested.data_param.batch_size)
    if task.steps is not None:
        param.max_iter = task.steps
        param.test_interval = min(param.test_interval, max(1, task.steps // 20))
    return caffe.get_solver(param, observers=[])


def train(task: Task) -> History:
    """Train one of the nets from beginning to end."""
    solver = make_solver(task)
    recorder = Recorder(solver.test_nets[0])
    solver.observers.append(recorder)
    start = time.monotonic()
    solver.solve()
    solver.close()
    print(f"{task.name}: {solver.iter} steps in {time.monotonic() - start:.0f} s", flush=True)
    return recorder.history()
