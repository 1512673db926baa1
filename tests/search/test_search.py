"""Some hundred of the search's cases; ``python -m tests.search.run`` has more."""

from __future__ import annotations

import logging

import numpy as np
import pytest

from minicaffe import engines
from tests.search.judge import Verdict, differences, judge, run
from tests.search.player import Seen
from tests.search.programs import random_case
from tests.search.shrink import shrink

SEED = 1
CASES = range(216)
BLOCK = 24
FORKED = range(30)
#: Seed and number of cases in which something was wrong once.
MENDED = [
    (1, 259), (1, 339), (1, 655), (1, 711), (1, 1289), (2, 103), (2, 329), (2, 823),
    (11, 31), (11, 101), (11, 205), (11, 360), (77, 164), (302, 32), (302, 40), (303, 427),
    (304, 133), (304, 367), (305, 15),
]  # fmt: skip
ENGINES = [name for name in ("onednn", "numpy") if not engines.why_unavailable(name)]


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    """Odd nets warn a lot."""
    caplog.set_level(logging.ERROR, logger="minicaffe")


@pytest.mark.parametrize("first", CASES[::BLOCK])
def test_random_programs_on_random_nets(first: int) -> None:
    judged = 0
    for number in range(first, first + BLOCK):
        for name, verdict in judge(random_case((SEED, number)), ENGINES).items():
            again = f"python -m tests.search.run --seed {SEED} --case {number}"
            assert not verdict.fault, f"{name}: {verdict.fault}\n{again} makes it smaller"
            judged += not verdict.why_not
    assert judged > 0.8 * BLOCK * len(ENGINES)


def test_random_programs_on_nets_with_layers_of_forks() -> None:
    judged = 0
    for number in FORKED:
        for name, verdict in judge(random_case((SEED, number), forks=True), ENGINES).items():
            again = f"python -m tests.search.run --forks --seed {SEED} --case {number}"
            assert not verdict.fault, f"{name}: {verdict.fault}\n{again} makes it smaller"
            judged += not verdict.why_not
    assert judged > 0.8 * len(FORKED) * len(ENGINES)


@pytest.mark.parametrize(("seed", "number"), MENDED)
def test_cases_in_which_something_was_wrong(seed: int, number: int) -> None:
    for name, verdict in judge(random_case((seed, number)), ENGINES).items():
        assert not verdict.fault, f"{name}: {verdict.fault}"


def test_a_wrong_value_is_found_and_the_case_made_smaller(monkeypatch: pytest.MonkeyPatch) -> None:
    """TanH is made to give 1 % too much in single precision."""
    from minicaffe.layers.activation.tanh import TanH

    right = TanH.function

    def wrong(self: TanH, x: np.ndarray, y: np.ndarray) -> None:
        right(self, x, y)
        if y.dtype == np.float32:
            y *= 1.01

    monkeypatch.setattr(TanH, "function", wrong)
    cases = (random_case((SEED, number)) for number in CASES)
    case = next(item for item in cases if "TanH" in item.net.types and fault(item).fault)
    small = shrink(case, lambda item: bool(fault(item).fault), 150)
    assert "TanH" in small.net.types
    assert len(small.net.layers) < len(case.net.layers)
    assert len(small.program) <= 2
    assert "off by" in fault(small).fault


def fault(case: object) -> Verdict:
    return judge(case, ["numpy"])["numpy"]  # type: ignore[arg-type]


def test_a_program_is_settled_by_its_seed() -> None:
    case = random_case((SEED, 3))
    assert case == random_case((SEED, 3))
    first, again = run(case, "numpy"), run(case, "numpy")
    assert [item.what for item in first] == [item.what for item in again]
    for item, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(item.values, other.values)


def test_what_counts_as_a_difference() -> None:
    rng = np.random.default_rng(3)
    want = [Seen("1 look: a.data", "data", rng.normal(size=(20, 30)))]

    def found(change: np.ndarray) -> object:
        return differences([Seen("1 look: a.data", "data", want[0].values + change)], want)

    assert not found(np.full((20, 30), 1e-6))
    assert found(np.full((20, 30), 1e-3))
    one = np.zeros((20, 30))
    one[3, 4] = 0.1
    assert found(one)
    one[3, 4] = np.nan
    assert found(one)
    other = [Seen("1 look: b.data", "data", want[0].values)]
    assert "b.data was seen" in str(differences(other, want))
    assert "shape" in str(differences([Seen("1 look: a.data", "data", np.ones(3))], want))
    assert differences([Seen("KeyError: x", "error", np.ones(()))], want) == "KeyError: x"
