"""A small LMDB."""

from __future__ import annotations

import pytest

from tests.data.helpers import IMAGES, write_database
from tests.data.test_prefetch import end_unclosed


@pytest.fixture(autouse=True)
def _only_own_threads():
    end_unclosed()


@pytest.fixture
def database(tmp_path):
    """The path of a database of ``IMAGES``, whose labels count from 0."""
    return write_database(tmp_path / "images", IMAGES)
