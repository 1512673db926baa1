"""Small databases of coloured squares, which a net tells apart after a few iterations."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from minicaffe.data.backends import write_datums
from minicaffe.data.datum import make_datum

COLOURS = ("blue", "green", "red")


def squares(
    count: int, classes: int, shape: tuple[int, int, int], seed: int
) -> list[tuple[np.ndarray, int]]:
    """Noise that is lighter in one channel, or brighter in all where there is one channel."""
    rng = np.random.default_rng(seed)
    found = []
    for index in range(count):
        label = index % classes
        image = rng.normal(80, 30, shape)
        image[label % shape[0]] += 90 + 40 * (label // shape[0])
        found.append((np.clip(image, 0, 255).astype(np.uint8), label))
    return found


def write(path: Path, examples: Sequence[tuple[np.ndarray, int]]) -> None:
    write_datums(path, [make_datum(image, label) for image, label in examples])


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder ``db`` with two databases of 20×20 images and their labels.txt; the current
    directory is its parent."""
    pytest.importorskip("lmdb", reason="LMDB tests need the package lmdb")
    monkeypatch.chdir(tmp_path)
    write(Path("db/train_lmdb"), squares(36, 3, (3, 20, 20), 0))
    write(Path("db/val_lmdb"), squares(12, 3, (3, 20, 20), 1))
    Path("db/labels.txt").write_text("".join(f"{name}\n" for name in COLOURS))
    return tmp_path
