"""Processes for all tests of training together; each test runs in a folder of its own."""

from __future__ import annotations

import pytest

from tests.parallel.processes import Ranks


@pytest.fixture(scope="session")
def ranks():
    found = Ranks(4)
    yield found
    found.close()


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
