"""How many threads compute."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from minicaffe import threads
from minicaffe.errors import EngineError
from minicaffe.threads import available_cores, set_threads, thread_count


@pytest.fixture(autouse=True)
def _no_variable_chooses(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv(threads.VARIABLE, raising=False)
    set_threads(None)
    yield
    set_threads(None)


def have_cores(count: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the system say that it has this many cores; None: it does not tell."""
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: count)


def test_as_many_threads_as_cores_by_default() -> None:
    assert thread_count() == available_cores() >= 1


def test_cores_where_the_system_does_not_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    have_cores(7, monkeypatch)
    assert available_cores() == 7
    have_cores(None, monkeypatch)
    assert available_cores() == 1


@pytest.mark.parametrize(
    ("text", "count"), [("5", 5), (" 5, 2", 5), ("", 7), ("0", 7), ("-1", 7), ("many", 7)]
)
def test_openmps_variable(text: str, count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    have_cores(7, monkeypatch)
    monkeypatch.setenv(threads.VARIABLE, text)
    assert thread_count() == count


def test_a_program_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(threads.VARIABLE, "5")
    set_threads(3)
    assert thread_count() == 3
    set_threads(None)
    assert thread_count() == 5


@pytest.mark.parametrize("count", [0, -2])
def test_less_than_one_is_refused(count: int) -> None:
    with pytest.raises(EngineError, match=f"{count} threads asked for, expected 1 or more"):
        set_threads(count)
