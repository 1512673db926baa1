"""Training a variant, and the images in the form that shuffling needs."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import minicaffe as caffe
from minicaffe.errors import SolverError
from minicaffe.proto.printing import write_text
from minicaffe.solver import Observer, Solver
from minicaffe.solver.events import TestResult
from models.bn_paper.figures23.network import Images, deploy, solver, train_val
from models.bn_paper.figures23.variants import Variant


@dataclass(frozen=True)
class Task:
    """One training.

    Attributes:
        variant: the net.
        images: what it learns.
        steps: how many.
        interval: steps between two tests.
        folder: where its prototxt files go.
    """

    variant: Variant
    images: Images
    steps: int
    interval: int
    folder: Path


@dataclass(frozen=True)
class Outcome:
    """What a training gave.

    Attributes:
        name: the variant's.
        steps: at which the net was tested, ascending.
        accuracy: there, between 0 and 1, over all test images.
        probabilities: test images × classes, by the weights at the end.
        diverged: in which step the loss was no number any more; None for a good end.
    """

    name: str
    steps: np.ndarray
    accuracy: np.ndarray
    probabilities: np.ndarray
    diverged: int | None = None

    @property
    def best(self) -> float:
        """The highest accuracy; 0 without a test."""
        return float(self.accuracy.max(initial=0))

    @property
    def last(self) -> float:
        """The accuracy in the last test; 0 without a test."""
        return float(self.accuracy[-1]) if self.accuracy.size else 0.0


class _Recorder(Observer):
    def __init__(self) -> None:
        self.steps: list[int] = []
        self.accuracy: list[float] = []

    def on_test_result(self, event: TestResult) -> None:
        (accuracy,) = (output.value for output in event.outputs or () if output.name == "accuracy")
        self.steps.append(event.iter)
        self.accuracy.append(accuracy)


def make_solver(task: Task) -> Solver:
    """Write ``train_val``, ``deploy`` and ``solver.prototxt``; returns the solver of these.

    Raises:
        DataError: a file cannot be written.
    """
    folder = task.folder
    folder.mkdir(parents=True, exist_ok=True)
    size, channels = task.images.size, task.images.channels
    net = folder / "train_val.prototxt"
    write_text(net, train_val(task.variant, task.images))
    write_text(folder / "deploy.prototxt", deploy(task.variant, size, channels))
    param = solver(task.variant, task.images, task.steps, task.interval, str(net))
    write_text(folder / "solver.prototxt", param)
    return caffe.get_solver(folder / "solver.prototxt", observers=[])


def train(task: Task) -> Outcome:
    """Train a variant from beginning to end; a loss that is no number is a result, too."""
    made = make_solver(task)
    recorder = _Recorder()
    made.observers.append(recorder)
    start = time.monotonic()
    diverged = None
    try:
        made.solve()
    except SolverError:
        diverged = made.iter
    outcome = Outcome(
        task.variant.name,
        np.array(recorder.steps),
        np.array(recorder.accuracy),
        probabilities(made),
        diverged,
    )
    made.close()
    end = "" if diverged is None else f", diverged in step {diverged}"
    seconds = time.monotonic() - start
    print(f"{outcome.name}: {100 * outcome.best:.2f} % at best{end}, {seconds:.0f} s", flush=True)
    return outcome


def probabilities(made: Solver) -> np.ndarray:
    """What a solver's net says of all test images.

    Returns:
        test images × classes; the softmax of the scores, in float64.
    """
    net = made.test_nets[0]
    net.share_with(made.net)
    batches = []
    for _ in range(made.param.test_iter[0]):
        net.forward_loss()
        batches.append(net.blobs["classifier"].data.astype(np.float64))
    scores = np.concatenate(batches)
    exponentials = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(exponentials / exponentials.sum(axis=1, keepdims=True))


def ensemble_accuracy(outcomes: list[Outcome], labels: np.ndarray) -> float:
    """The share of images whose class has the highest probability in the members' mean."""
    mean = np.mean([outcome.probabilities for outcome in outcomes], axis=0)
    return float(np.mean(mean.argmax(axis=1) == labels))
