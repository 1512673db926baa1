"""Updates on flat memory against Caffe's formulas, parameter by parameter."""

from __future__ import annotations

import os
import threading

import numpy as np
import pytest

from minicaffe.errors import SolverError
from minicaffe.proto import caffe_pb2
from minicaffe.solver import rules
from minicaffe.solver.update import Updater
from minicaffe.syncedmem import EngineCopy
from minicaffe.threads import Team, set_threads
from tests.solver.fakes import MULTIPLIERS, new_gradients, parameter_net

#: The update rules by the name that a solver prototxt gives them.
RULES = {
    kind.__name__: kind
    for kind in (
        rules.SGD,
        rules.Nesterov,
        rules.AdaGrad,
        rules.RMSProp,
        rules.AdaDelta,
        rules.Adam,
    )
}


@pytest.fixture(autouse=True)
def _default_threads():
    yield
    set_threads(None)


class Reference:
    """Caffe's ComputeUpdateValue for one parameter, written as in the papers."""

    def __init__(self, kind, param, shape):
        self.kind, self.param = kind, param
        self.h, self.h2 = np.zeros(shape), np.zeros(shape)

    def __call__(self, g, rate, t):
        return getattr(self, self.kind)(g, rate, t)

    def SGD(self, g, rate, t):
        self.h = self.param.momentum * self.h + rate * g
        return self.h

    def Nesterov(self, g, rate, t):
        mu, before = self.param.momentum, self.h
        self.h = mu * before + rate * g
        return (1 + mu) * self.h - mu * before

    def AdaGrad(self, g, rate, t):
        self.h = self.h + g**2
        return rate * g / (np.sqrt(self.h) + self.param.delta)

    def RMSProp(self, g, rate, t):
        self.h = self.param.rms_decay * self.h + (1 - self.param.rms_decay) * g**2
        return rate * g / (np.sqrt(self.h) + self.param.delta)

    def AdaDelta(self, g, rate, t):
        mu, delta = self.param.momentum, self.param.delta
        self.h = mu * self.h + (1 - mu) * g**2
        change = g * np.sqrt((self.h2 + delta) / (self.h + delta))
        self.h2 = mu * self.h2 + (1 - mu) * change**2
        return rate * change

    def Adam(self, g, rate, t):
        b1, b2 = self.param.momentum, self.param.momentum2
        self.h = b1 * self.h + (1 - b1) * g
        self.h2 = b2 * self.h2 + (1 - b2) * g**2
        correction = np.sqrt(1 - b2**t) / (1 - b1**t)
        return rate * correction * self.h / (np.sqrt(self.h2) + self.param.delta)


CASES = {
    "SGD": {"momentum": 0.9},
    "Nesterov": {"momentum": 0.9},
    "AdaGrad": {"delta": 0.01},
    "RMSProp": {"rms_decay": 0.8, "delta": 0.01},
    "AdaDelta": {"momentum": 0.9, "delta": 0.001},
    "Adam": {"momentum": 0.9, "momentum2": 0.99, "delta": 0.001},
}


@pytest.mark.parametrize("block", [1 << 15, 7])
@pytest.mark.parametrize("regularization", ["L1", "L2"])
@pytest.mark.parametrize("kind", RULES)
def test_rule(kind, regularization, block):
    param = caffe_pb2.SolverParameter(
        weight_decay=0.1, iter_size=2, regularization_type=regularization, **CASES[kind]
    )
    net = parameter_net()
    updater = Updater(net, RULES[kind](param), param, block=block)
    rng = np.random.default_rng(5)
    references = [Reference(kind, param, item.blob.shape) for item in net.learnable_params]
    weights = [item.blob.data.copy() for item in net.learnable_params]
    for iteration in range(4):
        gradients = new_gradients(net, rng)
        updater.apply(0.05, iteration)
        for index, item in enumerate(net.learnable_params):
            lr_mult, decay_mult = MULTIPLIERS[index]
            w = weights[index]
            pull = w if regularization == "L2" else np.sign(w)
            g = gradients[index] / 2 + param.weight_decay * decay_mult * pull
            change = references[index](g, 0.05 * lr_mult, iteration + 1)
            weights[index] = w - change
            np.testing.assert_allclose(item.blob.diff, change, rtol=1e-6, atol=1e-12)
            np.testing.assert_allclose(item.blob.data, weights[index], rtol=1e-6, atol=1e-12)
            np.testing.assert_allclose(
                updater.history[index], references[index].h, rtol=1e-6, atol=1e-12
            )
            if updater.rule.histories == 2:
                second = updater.history[index + len(net.learnable_params)]
                np.testing.assert_allclose(second, references[index].h2, rtol=1e-6, atol=1e-12)


def test_neighbours_of_one_speed_make_one_run():
    net = parameter_net()
    updater = Updater(net, rules.SGD(caffe_pb2.SolverParameter()), caffe_pb2.SolverParameter())
    runs = updater.runs
    assert [(run.lr_mult, run.decay_mult) for run in runs] == [(1, 1), (2, 0), (0.5, 3)]
    assert runs is updater.runs


def test_weights_that_live_in_another_net_are_trained_there():
    net, other = parameter_net(), parameter_net(seed=9)
    net.learnable_params[1].blob.share_data(other.learnable_params[1].blob)
    param = caffe_pb2.SolverParameter()
    before = [item.blob.data.copy() for item in net.learnable_params]
    gradients = [item.blob.diff.copy() for item in net.learnable_params]
    Updater(net, rules.SGD(param), param).apply(0.1, 0)
    for index, item in enumerate(net.learnable_params):
        want = before[index] - 0.1 * MULTIPLIERS[index][0] * gradients[index]
        np.testing.assert_allclose(item.blob.data, want)
    np.testing.assert_array_equal(
        other.learnable_params[1].blob.data, net.learnable_params[1].blob.data
    )


def test_without_delta_the_gaps_stay_zero():
    net = parameter_net()
    param = caffe_pb2.SolverParameter(delta=0)
    updater = Updater(net, rules.AdaGrad(param), param)
    with np.errstate(invalid="ignore"):
        updater.apply(0.1, 0)
    assert np.isfinite(net.arena.data).all()
    assert np.isfinite(net.arena.diff).all()


def test_a_net_without_parameters():
    net = parameter_net((), ())
    param = caffe_pb2.SolverParameter(clip_gradients=1)
    updater = Updater(net, rules.SGD(param), param)
    assert updater.clipping() is None
    updater.apply(0.1, 0)
    assert updater.history == []


@pytest.mark.parametrize("block", [1 << 15, 7])
@pytest.mark.parametrize("limit", [-1, 1e9, 0.5, 0])
def test_clip(limit, block):
    net = parameter_net()
    before = [item.blob.diff.copy() for item in net.learnable_params]
    norm = np.sqrt(sum((g**2).sum() for g in before))
    param = caffe_pb2.SolverParameter(clip_gradients=limit)
    updater = Updater(net, rules.SGD(param), param, block=block)
    clipped = updater.clipping()
    if limit in (-1, 1e9):
        assert clipped is None
        factor = 1
    else:
        factor = limit / norm
        assert clipped == pytest.approx((norm, factor))
    updater.apply(1, 0, factor)
    for (lr_mult, _), g, item in zip(MULTIPLIERS, before, net.learnable_params, strict=True):
        np.testing.assert_allclose(item.blob.diff, g * factor * lr_mult)


@pytest.mark.parametrize("kind", RULES)
def test_threads_change_nothing(kind):
    param = caffe_pb2.SolverParameter(weight_decay=0.1, clip_gradients=0.5, **CASES[kind])
    results = []
    for count in (1, 3):
        set_threads(count)
        net = parameter_net(dtype=np.float32)
        updater = Updater(net, RULES[kind](param), param, block=7)
        names = set()

        def begin(updater=updater, names=names, real=updater.rule.update):
            def update_and_note(*args):
                names.add(threading.current_thread().name)
                real(*args)

            return update_and_note

        updater.rule.update = begin()
        for iteration in range(3):
            _, factor = updater.clipping()
            updater.apply(0.05, iteration, factor)
            new_gradients(net, np.random.default_rng(iteration))
        assert min(count, 2) <= len(names) <= count  # a quick thread may take two shares
        results.append([net.arena.data.copy(), *updater.histories])
    for value, other in zip(*results, strict=True):
        np.testing.assert_array_equal(value, other)


def test_the_threads_end():
    set_threads(3)
    team = Team(3, least=1)
    before = set(threading.enumerate())
    seen = set()
    for _ in range(2):
        seen.clear()
        team.each([4, 4, 4], lambda share, number: seen.add((share, number)))
        assert seen == {(range(i, i + 1), i) for i in range(3)}
        team.close()
        assert set(threading.enumerate()) <= before  # others may end meanwhile


def test_a_fork_starts_its_own_threads(monkeypatch):
    set_threads(2)
    team = Team(2, least=1)
    team.each([1, 1], lambda share, number: None)
    monkeypatch.setattr(os, "getpid", lambda: -1)  # as in a fork
    seen = []
    team.each([1, 1], lambda share, number: seen.append(number))
    assert sorted(seen) == [0, 1]
    team.close()


def test_an_error_in_a_thread_is_reported():
    set_threads(2)
    team = Team(2, least=1)

    def fail(share, number):
        if number:
            raise ZeroDivisionError(share)

    with pytest.raises(ZeroDivisionError, match=r"range\(2, 3\)"):
        team.each([3, 2, 5], fail)


@pytest.mark.parametrize(
    ("kind", "fields", "message"),
    [
        ("AdaGrad", {"momentum": 0.5}, "AdaGrad has no momentum"),
        ("RMSProp", {"momentum": 0.5}, "RMSProp has no momentum"),
        ("RMSProp", {"rms_decay": 1}, "rms_decay is 1, expected at least 0 and below 1"),
        ("Adam", {"momentum2": 1}, "Adam's momentum2 is 1, expected"),
        ("Adam", {"momentum": -0.5}, "Adam's momentum is -0.5, expected"),
    ],
)
def test_refused(kind, fields, message):
    with pytest.raises(SolverError, match=message):
        RULES[kind].check(caffe_pb2.SolverParameter(**fields))


@pytest.mark.parametrize("kind", RULES)
def test_defaults_are_accepted(kind):
    RULES[kind].check(caffe_pb2.SolverParameter())


def test_an_engines_newer_gradient_is_used():
    net = parameter_net(((2, 3),), ((1, 1),))
    blob = net.learnable_params[0].blob
    before = blob.data.copy()

    class Copy(EngineCopy):
        def write_to(self, array):
            array[...] = 3

    blob.diff_memory.set_head(Copy())
    param = caffe_pb2.SolverParameter()
    Updater(net, rules.SGD(param), param).apply(0.5, 0)
    np.testing.assert_allclose(blob.data, before - 1.5)
