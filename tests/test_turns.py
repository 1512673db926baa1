"""A net in two threads at once is an error; nets of their own are right."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from minicaffe import TEST, TRAIN, Net, SGDSolver
from minicaffe.engines import engine_names, why_unavailable
from minicaffe.errors import ThreadError
from minicaffe.proto import caffe_pb2
from minicaffe.proto.text_format import parse as parse_text
from tests.engines.nets import inception, plain

ENGINES = [name for name in engine_names() if why_unavailable(name) is None]
WHOSE = r"this net is running in thread 'other'; give each thread a net of its own, share_with"


class Paused:
    """A forward of a net that stops before its first layer, in a thread named ``other``."""

    def __init__(self, net: Net, run: Callable[[], object]) -> None:
        self.inside, self.go_on = threading.Event(), threading.Event()
        self.net, self.failures = net, []
        net.before_forward(self._pause)
        self._thread = threading.Thread(target=self._run, args=(run,), name="other")

    def _pause(self, index: int) -> None:
        if threading.current_thread() is self._thread and not self.inside.is_set():
            self.inside.set()
            self.go_on.wait()

    def _run(self, run: Callable[[], object]) -> None:
        try:
            run()
        except BaseException as failure:
            self.failures.append(failure)
            self.inside.set()

    def __enter__(self) -> Paused:
        self._thread.start()
        self.inside.wait()
        return self

    def __exit__(self, *error: object) -> None:
        self.go_on.set()
        self._thread.join()
        assert not self.failures


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def parse(text: str, message: Any) -> Any:
    parse_text(text, message)
    return message


def make(text: str, engine: str, phase: int = TEST) -> Net:
    net = Net(parse(text, caffe_pb2.NetParameter()), phase, seed=3, engine=engine)
    rng = np.random.default_rng(5)
    net.blobs["data"].data[...] = rng.standard_normal(net.blobs["data"].shape)
    return net


USES: dict[str, Callable[[Net, Path], object]] = {
    "forward": lambda net, _: net.forward(),
    "forward with an input": lambda net, _: net.forward(data=0, label=0),
    "part of a forward": lambda net, _: net.forward(end="c1"),
    "backward": lambda net, _: net.backward(),
    "forward_all": lambda net, _: net.forward_all(data=np.zeros((5, 1, 13, 12))),
    "forward_backward_all": lambda net, _: net.forward_backward_all(data=np.zeros((5, 1, 13, 12))),
    "forward_loss": lambda net, _: net.forward_loss(),
    "reshape": lambda net, _: net.reshape(),
    "clear_param_diffs": lambda net, _: net.clear_param_diffs(),
    "replan": lambda net, _: net.replan(),
    "save": lambda net, folder: net.save(folder / "w"),
    "copy_from": lambda net, folder: net.copy_from(folder / "before"),
    "share_with": lambda net, _: net.share_with(net),
}


@pytest.mark.parametrize("use", USES)
def test_a_net_in_two_threads(use: str, engine: str, tmp_path: Path) -> None:
    net = make(plain(), engine, TRAIN)
    net.save(tmp_path / "before")
    with Paused(net, net.forward), pytest.raises(ThreadError, match=WHOSE):
        USES[use](net, tmp_path)
    net.forward()  # it is over
    assert not (tmp_path / "w").exists()


@pytest.mark.parametrize("use", ["step", "solve", "test", "snapshot", "apply_update"])
def test_a_solver_in_two_threads(use: str, engine: str, tmp_path: Path) -> None:
    param = caffe_pb2.SolverParameter(
        base_lr=0.1, lr_policy="fixed", max_iter=3, snapshot_prefix=str(tmp_path / "s")
    )
    parse(plain(), param.net_param)
    solver = SGDSolver(param, engine=engine, observers=[])
    calls = {"step": (1,), "test": (0,)}
    with Paused(solver.net, lambda: solver.step(1)):
        with pytest.raises(ThreadError, match=WHOSE):
            solver.net.forward()
        with pytest.raises(ThreadError, match=WHOSE):
            getattr(solver, use)(*calls.get(use, ()))
    assert solver.iter == 1
    solver.step(1)
    assert solver.iter == 2


def test_a_call_within_another_and_after_a_failed_one(engine: str) -> None:
    net = make(plain(), engine)
    seen = []

    def inside(index: int) -> None:
        seen.append(index)
        if len(seen) == 1:
            net.clear_param_diffs()
            net.reshape()
            raise KeyError("stop")

    net.before_forward(inside)
    with pytest.raises(KeyError, match="stop") as kept:  # its traceback holds the frames
        net.forward()
    with ThreadPoolExecutor(1) as pool:
        pool.submit(net.forward).result()
    assert kept.value.__traceback__ is not None
    assert len(seen) > 1


@pytest.fixture(params=["their own weights", "one net's weights"])
def shared(request: pytest.FixtureRequest) -> bool:
    return bool(request.param == "one net's weights")


def test_nets_of_their_own_in_many_threads(engine: str, shared: bool) -> None:
    nets = [make(inception(), engine) for _ in range(4)]
    rng = np.random.default_rng(2)
    batches = rng.standard_normal((4, 6, *nets[0].blobs["data"].shape)).astype(np.float32)
    labels = np.array([0, 1, 2])
    wanted = [
        [nets[0].forward(["scores"], data=item, label=labels)["scores"].copy() for item in mine]
        for mine in batches
    ]
    if shared:
        for net in nets[1:]:
            net.share_with(nets[0])
    begin = threading.Barrier(len(nets))

    def work(number: int) -> list[np.ndarray]:
        begin.wait()
        mine = [*batches[number]] * 5
        return [
            nets[number].forward(["scores"], data=item, label=labels)["scores"].copy()
            for item in mine
        ]

    with ThreadPoolExecutor(len(nets)) as pool:
        found = list(pool.map(work, range(len(nets))))
    for got, want in zip(found, wanted, strict=True):
        np.testing.assert_allclose(got, want * 5, rtol=1e-5, atol=1e-6)
