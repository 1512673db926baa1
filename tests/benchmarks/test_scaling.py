"""The cost model of several machines, and that its measurement runs."""

from __future__ import annotations

import pytest

from benchmarks import scaling
from benchmarks.scaling import Link, fit, iteration


def test_a_link_is_found_again_from_the_times_of_its_rings():
    link = Link(20e-6, 1.25e9)
    sizes = scaling.SIZES
    times = {ranks: {size: link.ring(ranks, size) for size in sizes} for ranks in (2, 4)}
    found = fit(times)
    assert found.latency == pytest.approx(link.latency, rel=1e-6)
    assert found.bandwidth == pytest.approx(link.bandwidth, rel=1e-6)


def test_an_iteration_takes_what_its_parts_take():
    link = Link(0.0, 100.0)
    assert link.ring(2, 100) == pytest.approx(1.0)
    assert iteration(link, 2, 100, 3.0, 100, overlap=False) == pytest.approx(4.0)
    # two buckets of half a second each: the first is complete in the middle of backward
    assert iteration(link, 2, 100, 3.0, 50, overlap=True) == pytest.approx(3.5)
    assert iteration(Link(0.0, 1e12), 256, 100, 3.0, 50, overlap=True) == pytest.approx(3.0)


def test_it_measures_and_predicts(capsys):
    scaling.main(["--ranks", "1", "2", "--iterations", "1"])
    told = capsys.readouterr().out
    assert "2 ranks: " in told
    assert "assumed: 1 s for forward and backward" in told
    assert "\n      256 " in told
