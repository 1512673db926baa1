"""A training that is interrupted anywhere and goes on is the training that was not interrupted."""

from __future__ import annotations

import random
import signal
import threading
from collections.abc import Callable

import numpy as np
import pytest

from minicaffe import TEST, Net, set_threads
from minicaffe.blob import Blob
from minicaffe.errors import GraphError
from minicaffe.solver import Solver
from minicaffe.solver.signals import uninterrupted
from minicaffe.syncedmem import EngineCopy
from tests.data.helpers import data_net, labels_of, write_database
from tests.reliability.interrupting import (
    SETTINGS,
    AtBytecode,
    Comparison,
    Handlers,
    Interrupted,
    interrupt_by_signals,
    interrupt_bytecodes,
    length_of_a_step,
    make,
)
from tests.reliability.problem import IMAGES, LABELS

pytestmark = pytest.mark.skipif(
    not hasattr(signal, "SIGUSR1"), reason="this system has no such signals"
)


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    set_threads(1)
    yield
    set_threads(None)


@pytest.mark.parametrize("keep", ["all", "outputs"])
def test_at_bytecodes(engine: str, keep: str) -> None:
    comparison = Comparison(lambda: make("Adam", engine, keep))
    length = length_of_a_step(comparison)
    with Handlers():
        interrupt_bytecodes(comparison, random.Random(5).sample(range(1, length), 25))
    assert comparison.hits >= 25


@pytest.mark.parametrize("rule", sorted(SETTINGS))
def test_by_signals(engine: str, rule: str) -> None:
    """When they come depends on time; what comes out does not."""
    comparison = Comparison(lambda: make(rule, engine, "outputs"))
    with Handlers() as handlers:
        interrupt_by_signals(comparison, handlers, 8, seed=7, longest=0.01)


def test_around_an_update_with_clipping(engine: str) -> None:
    comparison = Comparison(lambda: make("Nesterov", engine, clip_gradients=1.0, iter_size=2))
    last = length_of_a_step(comparison)
    with Handlers():
        interrupt_bytecodes(comparison, range(last, last - 4000, -211))
    assert comparison.hits >= 15


def test_a_run_that_was_interrupted_is_planned_again(
    engine: str, caplog: pytest.LogCaptureFixture
) -> None:
    net = make("SGD", engine).net
    net.forward()
    before = net.plan
    net.before_forward(_interrupt_once())
    with pytest.raises(Interrupted):
        net.forward()
    with caplog.at_level("INFO", "minicaffe"):
        net.forward()
    assert "was interrupted: it is planned again" in caplog.text
    assert net.plan is not before
    again = net.plan
    net.forward()
    assert net.plan is again


def _interrupt_once() -> Callable[[int], None]:
    left = [3]

    def hook(index: int) -> None:
        left[0] -= 1
        if not left[0]:
            raise Interrupted

    return hook


def kept(net: Net, name: str) -> bool:
    """Whether a blob's values can be read; what says no says why."""
    try:
        _ = net.blobs[name].data
    except GraphError as error:
        if "were not kept" not in str(error):
            raise
        return False
    return True


def test_blobs_that_others_may_have_overwritten_say_so(engine: str) -> None:
    """A plan whose blobs lend memory, left in the middle: no value of it is believed."""
    solver = make("SGD", engine, keep="outputs")
    net: Net = solver.net
    if engine != "onednn":  # the others share memory in phase TEST only
        net = Net(net.to_proto(), TEST, engine=engine, keep="outputs")
    net.forward()
    layer = net.layer_dict["scores"]
    run = type(layer).forward
    at = AtBytecode()
    with Handlers():
        at(net.forward, -1)
        with pytest.raises(Interrupted):
            at(net.forward, at.seen // 2)
    net.plan.abandon()
    lost = [name for name in ("a", "b", "sum", "pool") if not kept(net, name)]
    assert lost  # which of them depends on the layouts that the processor has
    assert type(layer).forward is run
    assert np.isfinite(net.forward()["loss"])


def test_a_batch_that_was_not_taken_is_read_again(folder: object) -> None:
    pytest.importorskip("lmdb", reason="the data are an LMDB")
    source = write_database(folder / "records", IMAGES, LABELS)  # type: ignore[operator]
    wanted = labels_of(data_net(source, 3), 40)
    at = AtBytecode()
    with data_net(source, 3, data="prefetch: 2") as net, Handlers():
        found = labels_of(net, 1)
        at(net.forward, -1)
        found += net.blobs["label"].data.astype(int).tolist()
        length, place = at.seen, 1
        while len(found) < len(wanted):
            before = net.layers[0].state()
            try:
                at(net.forward, place)
            except Interrupted:
                place += length // 30
                if net.layers[0].state() == before:
                    continue  # not read
            found += net.blobs["label"].data.astype(int).tolist()
    assert found == wanted


def test_copies_that_are_interrupted_are_made_again() -> None:
    class Copy(EngineCopy):
        def write_to(self, array: np.ndarray) -> None:
            if not tried:
                tried.append(1)
                raise Interrupted
            array[...] = 7

    tried: list[int] = []
    blob = Blob((2, 3))
    blob.data_memory.set_head(Copy())
    with pytest.raises(Interrupted):
        _ = blob.data
    assert (blob.data == 7).all()


def test_all_signals_wait_for_the_block() -> None:
    order: list[str] = []

    def block(send: Callable[[], None]) -> None:
        with uninterrupted():
            send()
            order.append("still here")

    def send_from_a_thread() -> None:
        thread = threading.Thread(target=signal.raise_signal, args=(signal.SIGALRM,))
        thread.start()
        thread.join()

    with Handlers():
        before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGUSR1)]
        with pytest.raises(Interrupted, match="SIGUSR1"):
            block(lambda: signal.raise_signal(signal.SIGUSR1))
        with pytest.raises(Interrupted, match="SIGALRM"):
            block(send_from_a_thread)
        with uninterrupted(), uninterrupted():
            pass
        assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGUSR1)] == before
    assert order == ["still here"] * 2


def test_a_handler_that_is_replaced_within_stays() -> None:
    def own(number: int, frame: object) -> None:
        pass

    with Handlers():
        with uninterrupted():
            signal.signal(signal.SIGUSR1, own)
        assert signal.getsignal(signal.SIGUSR1) is own


def test_statistics_of_an_iteration_that_fails_are_taken_back(engine: str) -> None:
    solver: Solver = make("SGD", engine)
    solver.step(2)
    statistics = solver.net.params["a_bn"]
    before = [blob.data.copy() for blob in statistics]

    def fail() -> None:
        assert (statistics[0].data != before[0]).any()
        raise KeyError("gradients")

    solver.add_callback(lambda: None, fail)
    with pytest.raises(KeyError, match="gradients"):
        solver.step(1)
    assert solver.iter == 2
    for blob, values in zip(statistics, before, strict=True):
        np.testing.assert_array_equal(blob.data, values)
