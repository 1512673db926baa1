"""Signals become actions, and go back to what they were."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from minicaffe.errors import SolverError
from minicaffe.solver.signals import Action, SignalHandler, effect, uninterrupted


def send(number):
    os.kill(os.getpid(), number)


def test_effects_and_restoring():
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGHUP)
    with SignalHandler("snapshot", "stop") as handler:
        assert handler.requested() is Action.NONE
        send(signal.SIGINT)
        send(signal.SIGHUP)
        assert [handler.requested() for _ in range(3)] == [
            Action.STOP,
            Action.SNAPSHOT,
            Action.NONE,
        ]
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGHUP)) == before


def test_none_ignores_the_signal():
    with SignalHandler("none", "none") as handler:
        send(signal.SIGINT)
        assert handler.requested() is Action.NONE


def test_outside_the_main_thread_nothing_changes():
    before = signal.getsignal(signal.SIGINT)
    seen = []

    def work():
        with SignalHandler() as handler, uninterrupted():
            seen.append((signal.getsignal(signal.SIGINT), handler.requested()))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [(before, Action.NONE)]


def test_unknown_effect():
    assert effect("stop") is Action.STOP
    with pytest.raises(SolverError, match=r"unknown signal effect 'stopp'.*did you mean `stop`"):
        effect("stopp")


def test_interrupt_waits_for_the_block():
    done = []

    def block():
        with uninterrupted():
            send(signal.SIGINT)
            done.append(1)

    with pytest.raises(KeyboardInterrupt):
        block()
    assert done == [1]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
