"""Each test has a folder of its own; small nets want one thread."""

from __future__ import annotations

import os

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")

from minicaffe.engines import engine_names, why_unavailable
from tests.data.test_prefetch import end_unclosed


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """The test's folder, made the current one."""
    end_unclosed()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(params=sorted(engine_names()))
def engine(request):
    """Every engine that this machine has."""
    reason = why_unavailable(request.param)
    if reason:
        pytest.skip(f"reliability on engine {request.param}: {reason}")
    return request.param
