"""Small images, and trainings where a test can look."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from minicaffe.data.datum import make_datum
from models.bn_paper.figure1 import __main__ as figure1
from models.bn_paper.figures23 import __main__ as figures23


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Two databases of dark and light images; returns their folder."""
    pytest.importorskip("lmdb", reason="the images are in LMDBs")
    pytest.importorskip("h5py", reason="and in HDF5 files, to be shuffled")
    from minicaffe.data.backends import write_datums

    rng = np.random.default_rng(5)
    for part, count in (("train", 150), ("test", 200)):
        labels = rng.integers(0, 2, count)
        images = rng.integers(0, 100, (count, 1, 28, 28)) + 150 * labels[:, None, None, None]
        pairs = zip(images.astype(np.uint8), labels.tolist(), strict=True)
        write_datums(tmp_path / "data" / f"{part}_lmdb", (make_datum(*pair) for pair in pairs))
    return tmp_path / "data"


@pytest.fixture
def in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Train one after another, where a test can look."""

    def one_by_one(work: Any, items: Any, jobs: int) -> list[Any]:
        return [work(item) for item in items]

    for program in (figure1, figures23):
        monkeypatch.setattr(program, "side_by_side", one_by_one)
