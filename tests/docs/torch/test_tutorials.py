"""The tutorials that need PyTorch run, too."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.test_tutorials import PAGES, run_page

torch = pytest.importorskip("torch")

OF_TORCH = [page for page in PAGES if "import torch" in page.read_text("utf-8")]


@pytest.mark.parametrize("page", OF_TORCH, ids=lambda page: page.stem)
def test_tutorial(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_page(page, tmp_path, monkeypatch)


def test_there_are_some() -> None:
    assert OF_TORCH
