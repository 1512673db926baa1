"""How many threads numpy's BLAS has while a net runs."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Iterator
from types import SimpleNamespace

import numpy as np
import pytest
from google.protobuf import text_format

from minicaffe import TRAIN, Net, engines, threads
from minicaffe.layer import Blobs, Layer, register
from minicaffe.proto import caffe_pb2
from minicaffe.threads import BlasLimit, Guest, blas_limit, busy_thread_count, set_threads
from tests.test_threads import have_cores


class FakeBlas:
    def __init__(self, count: int) -> None:
        self.count = count

    def get_num_threads(self) -> int:
        return self.count

    def set_num_threads(self, count: int) -> None:
        self.count = count


class StuckBlas(FakeBlas):
    """A library whose first answer does not come before ``go_on``."""

    def __init__(self, count: int) -> None:
        super().__init__(count)
        self.asked, self.go_on = threading.Event(), threading.Event()

    def get_num_threads(self) -> int:
        if not self.asked.is_set():
            self.asked.set()
            self.go_on.wait()
        return self.count


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in (*threads.VARIABLES, threads.VARIABLE):
        monkeypatch.delenv(name, raising=False)
    set_threads(None)
    blas_limit.cache_clear()
    yield
    set_threads(None)
    blas_limit.cache_clear()


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> FakeBlas:
    """What threadpoolctl says to be numpy's BLAS."""
    fake = FakeBlas(6)
    found = SimpleNamespace(lib_controllers=[fake])
    controller = SimpleNamespace(select=lambda user_api: found if user_api == "blas" else None)
    control = SimpleNamespace(ThreadpoolController=lambda: controller)
    monkeypatch.setitem(sys.modules, "threadpoolctl", control)
    return fake


def test_the_limit_ends_with_the_last_one_inside() -> None:
    fakes = [FakeBlas(6), FakeBlas(5)]
    limit = BlasLimit(fakes)
    first, second = Guest(), Guest()
    limit.enter(1, first)
    limit.enter(2, second)
    assert [fake.count for fake in fakes] == [2, 2]
    limit.leave(first)
    assert [fake.count for fake in fakes] == [2, 2]
    limit.leave(second)
    assert [fake.count for fake in fakes] == [6, 5]


def test_a_call_that_an_exception_ended_before_it_left() -> None:
    fake = FakeBlas(6)
    limit = BlasLimit([fake])
    guest = Guest()
    limit.enter(1, guest)
    del guest
    limit.enter(2, last := Guest())
    limit.leave(last)
    assert fake.count == 6


def test_a_lock_that_is_left_locked_is_not_waited_for_twice() -> None:
    fake = StuckBlas(6)
    limit = BlasLimit([fake], patience=0.01)
    inside = Guest()
    stuck = threading.Thread(target=limit.enter, args=(1, inside))
    stuck.start()
    fake.asked.wait()
    for _ in range(2):
        limit.enter(1, guest := Guest())
        assert fake.count == 1
        limit.leave(guest)
        assert fake.count == 6
    fake.go_on.set()
    stuck.join()
    limit.leave(inside)
    assert fake.count == 6


@pytest.mark.parametrize("name", threads.VARIABLES)
def test_a_users_own_number_stays(
    name: str, library: FakeBlas, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "4")
    blas_limit().enter(1, Guest())
    assert library.count == 6


def test_without_threadpoolctl_nothing_happens(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "threadpoolctl", None)
    blas_limit().enter(1, Guest())
    assert not caplog.messages
    blas_limit.cache_clear()
    set_threads(3)
    with caplog.at_level(logging.WARNING, "minicaffe"):
        blas_limit().enter(1, Guest())
    assert "pip install 'minicaffe[threads]'" in caplog.text


def test_numpys_own_blas() -> None:
    control = pytest.importorskip("threadpoolctl")
    limit = blas_limit()
    for library in control.ThreadpoolController().select(user_api="blas").lib_controllers:
        before = library.get_num_threads()
        limit.enter(1, guest := Guest())
        inside = library.get_num_threads()
        worker = threading.Thread(target=limit.leave, args=(guest,))  # threads may take turns
        worker.start()
        worker.join()
        assert (inside, library.get_num_threads()) == (1, before)


def test_threads_that_wait_busily_leave_a_core(monkeypatch: pytest.MonkeyPatch) -> None:
    for cores, count in ((1, 1), (2, 1), (8, 7)):
        have_cores(cores, monkeypatch)
        assert busy_thread_count() == count
    monkeypatch.setenv(threads.VARIABLE, "8")
    assert busy_thread_count() == 8
    set_threads(5)
    assert busy_thread_count() == 5


@register("TestBlasThreads")
class Spy(Layer):
    """Writes down how many threads BLAS has."""

    seen: list[int]
    library: FakeBlas

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        top[0].reshape_like(bottom[0])

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        self.seen.append(self.library.count)
        top[0].data[...] = bottom[0].data

    def backward(self, top: Blobs, propagate_down: object, bottom: Blobs) -> None:
        self.seen.append(self.library.count)
        bottom[0].diff[...] = top[0].diff


@pytest.mark.parametrize(("engine", "inside"), [("numpy", 3), ("onednn", 1)])
def test_nets_limit_it_while_they_run(
    engine: str, inside: int, library: FakeBlas, monkeypatch: pytest.MonkeyPatch
) -> None:
    if engines.why_unavailable(engine):
        pytest.skip(f"{engine} cannot run here")
    monkeypatch.setattr(Spy, "library", library, raising=False)
    monkeypatch.setattr(Spy, "seen", [], raising=False)
    param = text_format.Parse(
        """layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 2 dim: 3 } } }
        layer { name: "ip" type: "InnerProduct" bottom: "x" top: "y"
          inner_product_param { num_output: 4 } }
        layer { name: "spy" type: "TestBlasThreads" bottom: "y" top: "z" loss_weight: 1 }""",
        caffe_pb2.NetParameter(),
    )
    set_threads(3)
    net = Net(param, TRAIN, engine=engine)
    net.blobs["x"].data[...] = 1
    net.forward_loss()
    net.backward()
    assert Spy.seen == [inside, inside]
    assert library.count == 6
    np.testing.assert_array_equal(net.blobs["y"].diff, 1)
