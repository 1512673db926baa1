"""The tests of engines, with torch as the engine that is compared with numpy."""

from __future__ import annotations

import pytest

from tests.engines.twins import Twins


@pytest.fixture(autouse=True)
def _on_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Twins, "engine", "torch")
