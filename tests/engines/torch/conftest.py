"""The tests of engines, with torch as the engine that is compared with numpy."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from minicaffe import common
from tests.engines.twins import Twins

#: The device on which the nets run; ``benchmarks/gpu.py`` sets it where a GPU is.
DEVICE = os.environ.get("MINICAFFE_TEST_DEVICE", "cpu")


@pytest.fixture(autouse=True)
def _on_torch(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(Twins, "engine", "torch")
    with common.fresh_settings():
        if DEVICE != "cpu":
            common.set_device(common.devices().index(DEVICE))
            common.set_mode_gpu()
        yield
