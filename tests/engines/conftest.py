"""Tests that compare engines: they need oneDNN's library."""

from __future__ import annotations

import os

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")  # these nets are too small for more

from minicaffe import engines
from tests.engines.nets import NETS
from tests.engines.twins import Twins


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    reason = engines.why_unavailable("onednn")
    if reason:
        for item in items:
            if "engines" in item.path.parts and not {"torch", "jit"} & {*item.path.parts}:
                item.add_marker(pytest.mark.skip(reason=f"the engines: {reason}"))


@pytest.fixture(params=NETS)
def twins(request: pytest.FixtureRequest) -> Twins:
    make, classes = NETS[request.param]
    twins = Twins(make())
    twins.fill(**twins.label(classes))
    return twins
