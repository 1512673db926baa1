"""The functions that concern the whole process, and the stopwatch."""

from __future__ import annotations

import logging

import numpy as np
import pytest

import minicaffe
from minicaffe.common import fresh_settings, next_seed
from minicaffe.errors import ArgumentError

NETWORK = """
layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 2 dim: 3 } } }
layer { name: "fc" type: "InnerProduct" bottom: "data" top: "fc"
  inner_product_param { num_output: 4 weight_filler { type: "gaussian" std: 1 } } }
"""


@pytest.fixture(autouse=True)
def fresh_runtime():
    """Whatever a test sets for the process is undone."""
    logger = logging.getLogger("minicaffe")
    before = logger.handlers[:], logger.level, logger.propagate
    with fresh_settings():
        yield
    logger.handlers[:], logger.propagate = before[0], before[2]
    logger.setLevel(before[1])


def weights(seed: int | None = None) -> np.ndarray:
    with open("net.prototxt", "w") as stream:
        stream.write(NETWORK)
    return minicaffe.Net("net.prototxt", minicaffe.TEST, seed=seed).params["fc"][0].data.copy()


def test_random_seed_repeats_the_nets_built_after_it():
    minicaffe.set_random_seed(5)
    first, second = weights(), weights()
    assert not np.array_equal(first, second)
    minicaffe.set_random_seed(5)
    np.testing.assert_array_equal(weights(), first)
    np.testing.assert_array_equal(weights(), second)
    minicaffe.set_random_seed(6)
    assert not np.array_equal(weights(), first)


def test_an_explicit_seed_takes_precedence():
    want = weights(seed=3)
    minicaffe.set_random_seed(5)
    np.testing.assert_array_equal(weights(seed=3), want)


def test_the_seed_reaches_solvers_without_one():
    weights()
    with open("solver.prototxt", "w") as stream:
        stream.write('net: "net.prototxt" base_lr: 0.1 lr_policy: "fixed"')

    def drawn(seed: int) -> np.ndarray:
        minicaffe.set_random_seed(seed)
        return minicaffe.get_solver("solver.prototxt").net.params["fc"][0].data.copy()

    np.testing.assert_array_equal(drawn(5), drawn(5))
    assert not np.array_equal(drawn(5), drawn(6))


def test_without_a_seed_nothing_repeats():
    assert next_seed() is None
    assert not np.array_equal(weights(), weights())


def test_devices(caplog):
    with caplog.at_level(logging.INFO, "minicaffe"):
        minicaffe.set_mode_cpu()
        assert not caplog.text
        minicaffe.set_mode_gpu()
        minicaffe.set_device(2)
    assert caplog.text.count("computes on the CPU") == 2


def test_several_solvers():
    assert (minicaffe.solver_count(), minicaffe.solver_rank()) == (1, 0)
    assert minicaffe.multiprocess() is False
    minicaffe.set_solver_count(4)
    minicaffe.set_solver_rank(3)
    minicaffe.set_multiprocess(True)
    assert (minicaffe.solver_count(), minicaffe.solver_rank()) == (4, 3)
    assert minicaffe.multiprocess() is True
    for wrong in (lambda: minicaffe.set_solver_count(0), lambda: minicaffe.set_solver_rank(-1)):
        with pytest.raises(ArgumentError, match="expected at least"):
            wrong()


def test_a_uid_is_a_text_that_no_one_guesses():
    assert minicaffe.has_nccl() is True
    assert minicaffe.NCCL.new_uid() != minicaffe.NCCL.new_uid()
    with pytest.raises(ArgumentError, match="expected what NCCL"):
        minicaffe.NCCL(None, 7)


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        ((), ["I", "W", "E"]),
        ((0, True), ["I", "W", "E"]),
        ((1,), ["W", "E"]),
        ((2,), ["E"]),
        ((9,), []),
        ((0, False), ["E"]),
    ],
)
def test_log(capsys, arguments, shown):
    minicaffe.init_log(2)
    minicaffe.init_log(*arguments)  # takes the other's place
    minicaffe.log("100% of a line")
    logging.getLogger("minicaffe").warning("careful")
    logging.getLogger("minicaffe").error("wrong")
    lines = capsys.readouterr().err.splitlines()
    assert [line[0] for line in lines] == shown
    if "I" in shown:
        assert lines[0].endswith("] 100% of a line")
        assert "test_runtime.py:" in lines[0]  # where log() was called


def test_timer(monkeypatch):
    now = [100.0]
    monkeypatch.setattr("time.perf_counter", lambda: now[0])
    timer = minicaffe.Timer()
    assert timer.ms == 0
    timer.stop()
    assert timer.ms == 0
    timer.start()
    now[0] = 100.25
    timer.start()  # goes on
    now[0] = 100.5
    timer.stop()
    now[0] = 200.0
    assert timer.ms == 500
    timer.start()
    now[0] = 201.0
    assert timer.ms == 1000
    now[0] = 300.0
    assert timer.ms == 1000
