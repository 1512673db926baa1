"""The planner of both engines: values that live at different times have the same bytes."""

from __future__ import annotations

import doctest
import random
from collections.abc import Sequence

import pytest

from minicaffe.engines import memory_plan
from minicaffe.engines.memory_plan import Lifetime, TakenBytes, plan_memory
from minicaffe.syncedmem import ALIGNMENT


def lifetimes(seed: int, count: int, steps: int) -> list[Lifetime]:
    rng = random.Random(seed)
    found = []
    for _ in range(count):
        first = rng.randrange(steps)
        found.append(Lifetime(rng.randint(1, 4000), first, rng.randint(first, steps - 1)))
    return found


def at_once(values: Sequence[Lifetime]) -> int:
    """The most bytes that are in use in one step."""
    steps = range(1 + max(value.last for value in values))
    return max(sum(v.size for v in values if v.first <= step <= v.last) for step in steps)


@pytest.mark.parametrize(("count", "steps"), [(1, 1), (40, 5), (60, 60), (200, 30)])
@pytest.mark.parametrize("seed", range(5))
def test_what_lives_in_one_step_has_its_own_bytes(seed: int, count: int, steps: int) -> None:
    values = lifetimes(seed, count, steps)
    plan = plan_memory(values)
    assert all(begin % ALIGNMENT == 0 for begin, _ in plan.places)
    assert [end - begin for begin, end in plan.places] == [value.size for value in values]
    for i, value in enumerate(values):
        for j, other in enumerate(values[:i]):
            if value.first <= other.last and other.first <= value.last:
                (begin, end), (start, stop) = plan.places[i], plan.places[j]
                assert end <= start or stop <= begin
    assert max(end for _, end in plan.places) <= plan.size == plan.arena().size
    assert at_once(values) <= plan.size <= sum(value.size + ALIGNMENT for value in values)


def test_a_chain_takes_two_places() -> None:
    values = [Lifetime(1024, step, step + 1) for step in range(30)]
    assert plan_memory(values).size == 2 * 1024


def test_a_gap_between_two_that_stay_is_used() -> None:
    values = [Lifetime(256, 0, 9), Lifetime(192, 0, 1), Lifetime(128, 0, 9), Lifetime(64, 2, 9)]
    plan = plan_memory(values)
    assert plan.places == [(0, 256), (256, 448), (448, 576), (256, 320)]


def test_nothing_takes_nothing() -> None:
    assert plan_memory([]).arena().size == 0


@pytest.mark.parametrize("seed", range(5))
def test_bytes_are_counted_once(seed: int) -> None:
    rng, taken, seen = random.Random(seed), TakenBytes(), set[int]()
    for _ in range(60):
        begin = rng.randrange(300)
        end = begin + rng.randint(1, 20)
        taken.add(begin, end)
        seen.update(range(begin, end))
        assert taken.total == len(seen)


def test_examples() -> None:
    assert doctest.testmod(memory_plan).failed == 0
