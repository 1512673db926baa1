"""Trainings that are interrupted, beside the same ones that are not."""

from __future__ import annotations

import os
import queue
import random
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable
from types import FrameType
from typing import Any

import numpy as np
from google.protobuf import text_format

from minicaffe.proto import caffe_pb2
from minicaffe.solver import Solver, get_solver, solver_types
from tests.engines.nets import Text
from tests.reliability.problem import bits

#: What each rule is trained with.
SETTINGS = {
    "SGD": {"momentum": 0.9},
    "Nesterov": {"momentum": 0.9},
    "AdaGrad": {},
    "RMSProp": {"rms_decay": 0.9},
    "AdaDelta": {"momentum": 0.95, "delta": 1e-6},
    "Adam": {"momentum": 0.9, "momentum2": 0.99, "delta": 1e-8},
}
assert sorted(SETTINGS) == solver_types()


#: Files of others that leave their locks locked when an exception comes between two bytecodes.
NOT_OURS = ("threading.py", "threadpoolctl.py")


class Interrupted(BaseException):
    """What the handler of a signal raises here."""


class Handlers:
    """Within, three signals raise :class:`Interrupted`.

    Attributes:
        came: how many of them have come.
    """

    def __init__(self) -> None:
        self.came = 0

    def _raise(self, number: int, frame: FrameType | None) -> None:
        self.came += 1
        raise Interrupted(signal.Signals(number).name)

    def __enter__(self) -> Handlers:
        numbers = (signal.SIGINT, signal.SIGUSR1, signal.SIGALRM)
        self._before = {number: signal.signal(number, self._raise) for number in numbers}
        hook = self._hook = sys.unraisablehook
        sys.unraisablehook = lambda found: (
            None if isinstance(found.exc_value, Interrupted) else hook(found)
        )  # one that comes within a finalizer is lost
        return self

    def __exit__(self, *error: object) -> None:
        sys.unraisablehook = self._hook
        for number, handler in self._before.items():
            signal.signal(number, handler)


def small() -> str:
    """Convolutions, a BatchNorm whose statistics a forward changes, a pooling, a sum."""
    net = Text()
    net.input("data", 3, 2, 6, 5)
    net.input("label", 3)
    net.norm(net.conv("data", "a", 8))
    net.conv("a", "b", 8, 1)
    net.relu(net.add("Eltwise", "a b", "sum"))
    net.pool("sum", "pool")
    net.inner("pool", "scores", 4)
    net.loss("scores")
    return str(net)


def make(rule: str, engine: str, keep: str = "all", **settings: Any) -> Solver:
    """A solver whose batches depend on the iteration alone."""
    param = caffe_pb2.SolverParameter(
        type=rule, base_lr=0.01, lr_policy="step", stepsize=7, gamma=0.9, random_seed=3,
        weight_decay=0.01, average_loss=3, **{**SETTINGS[rule], **settings},
    )  # fmt: skip
    text_format.Parse(small(), param.net_param)
    solver = get_solver(param, engine=engine, keep=keep, observers=[])

    def fill() -> None:
        rng = np.random.default_rng(solver.iter)
        data, label = solver.net.blobs["data"], solver.net.blobs["label"]
        data.data[...] = rng.standard_normal(data.shape)
        label.data[...] = rng.integers(0, 4, label.shape)

    solver.add_callback(fill, lambda: None)
    return solver


def whole(solver: Solver) -> list[bytes]:
    """Weights, statistics, histories, and the window of losses."""
    return [*bits(solver), repr(solver.loss_window.state()).encode()]


class Comparison:
    """A training that is interrupted, and the numbers of one that is not.

    Args:
        one: makes the solver.
    """

    def __init__(self, make: Callable[[], Solver]) -> None:
        self._reference, self.solver = make(), make()
        self.hits = 0

    def iterate(self, interrupt: Callable[[Callable[[], None]], None]) -> None:
        """Another iteration of both; ``interrupt(step)`` runs the step, and may end it early.

        It is tried again until it has happened, then compared.
        """
        self._reference.step(1)
        while self.solver.iter < self._reference.iter:
            try:
                interrupt(lambda: self.solver.step(1))
            except Interrupted:
                self.hits += 1
        found, wanted = whole(self.solver), whole(self._reference)
        assert self.solver.iter == self._reference.iter
        names = [index for index, value in enumerate(wanted) if found[index] != value]
        assert not names, f"iteration {self.solver.iter}: {names} differ"


class AtBytecode:
    """Interrupts at the bytecode of a given number, as a signal that comes just then.

    Those of :data:`NOT_OURS` do not count, which do not bear it.

    Attributes:
        seen: how many there were in the last step.
    """

    def __init__(self) -> None:
        self.seen = 0

    def __call__(self, step: Callable[[], None], at: int) -> None:
        self.seen = 0
        outer = sys.gettrace()

        def trace(frame: FrameType, event: str, _: object) -> Any:
            if frame.f_code.co_filename.endswith(NOT_OURS):
                return None
            frame.f_trace_opcodes, frame.f_trace_lines = True, False
            if event == "opcode":
                self.seen += 1
                if self.seen == at:
                    sys.settrace(None)
                    handler: Any = signal.getsignal(signal.SIGUSR1)
                    handler(signal.SIGUSR1, frame)
            return trace

        sys.settrace(trace)
        try:
            step()
        finally:
            sys.settrace(outer)


def interrupt_bytecodes(comparison: Comparison, places: Iterable[int], seed: int = 1) -> None:
    """Interrupt one step after the other at these bytecodes, and sometimes the one that goes on."""
    at, rng = AtBytecode(), random.Random(seed)
    for place in places:
        left = [place]
        if rng.random() < 0.3:  # while it is planned again
            left.append(int(10 ** rng.uniform(1, 5)))

        def interrupt(step: Callable[[], None], left: list[int] = left) -> None:
            at(step, left.pop(0) if left else -1)

        comparison.iterate(interrupt)


def length_of_a_step(comparison: Comparison) -> int:
    """How many bytecodes a step has that plans nothing."""
    at, seen = AtBytecode(), []
    for _ in range(4):  # finalizers of what others have left may run within one of them
        comparison.iterate(lambda step: at(step, -1))
        seen.append(at.seen)
    return min(seen)


def interrupt_by_signals(
    comparison: Comparison, handlers: Handlers, hits: int, seed: int, longest: float
) -> None:
    """Iterate until this many signals have come, each up to ``longest`` seconds after the last.

    Another thread sends them: one when it is told to, so that none comes where it is not caught.
    """
    rng, orders = random.Random(seed), queue.SimpleQueue[bool]()

    def send() -> None:
        while orders.get():
            time.sleep(rng.uniform(0, longest))
            os.kill(os.getpid(), rng.choice((signal.SIGINT, signal.SIGUSR1, signal.SIGALRM)))

    thread = threading.Thread(target=send)
    thread.start()
    asked = 0

    def interrupt(step: Callable[[], None]) -> None:
        nonlocal asked
        if asked == handlers.came:
            asked += 1
            orders.put(True)
        step()

    while True:
        try:
            while comparison.hits < hits:
                comparison.iterate(interrupt)
            orders.put(False)
            thread.join()
            return
        except Interrupted:  # outside of a step
            continue
