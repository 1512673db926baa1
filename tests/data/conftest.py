"""A small LMDB."""

from __future__ import annotations

import pytest

from tests.data.helpers import IMAGES, write_database


@pytest.fixture
def database(tmp_path):
    """The path of a database of ``IMAGES``, whose labels count from 0."""
    return write_database(tmp_path / "images", IMAGES)
