"""Every test of a solver runs in its own directory."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
