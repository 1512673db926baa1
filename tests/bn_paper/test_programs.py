"""What both reproductions have in common: processes, tables, pictures, mistakes."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from minicaffe.errors import DataError
from models.bn_paper import images, results, side_by_side
from models.bn_paper.figure1 import __main__ as figure1
from models.bn_paper.figures23 import __main__ as figures23


def test_side_by_side_keeps_the_order() -> None:
    numbers = [(2, 3), (7, 5), (1, 4)]
    assert side_by_side.side_by_side(divmod_of, numbers, 2) == [(0, 2), (1, 2), (0, 1)]


def divmod_of(pair: tuple[int, int]) -> tuple[int, int]:
    return divmod(*pair)


@pytest.mark.parametrize("program", [figure1, figures23])
def test_mistakes_are_one_line(
    program: Any, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nowhere, out = str(tmp_path / "nowhere"), str(tmp_path / "out")
    assert program.main(["--data", nowhere, "--out", out]) == 1
    said = capsys.readouterr().err
    assert said.startswith("error: there is no LMDB at ")
    blocked = tmp_path / "file"
    blocked.write_text("")
    options = ["--data", str(data), "--out", str(blocked), "--steps", "1", "--jobs", "1"]
    assert program.main(options) == 1
    assert capsys.readouterr().err.startswith(f"error: {blocked}: cannot make the folder")
    with pytest.raises(SystemExit):
        program.main(["--steps", "0"])
    assert "'0' is no number above 0" in capsys.readouterr().err


def test_unknown_nets_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert figures23.main(["--nets", "BN-x50"]) == 1
    assert "no net 'BN-x50'; did you mean `BN-x5`" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        figures23.main(["--set", "lrn=true"])
    assert "--set changes the nets that --nets names" in capsys.readouterr().err


def test_test_images_that_no_batch_takes_are_refused(data: Path) -> None:
    assert images.count_batches(data / "test_lmdb", 100) == 2
    with pytest.raises(DataError, match="200 test images are no multiple of 60"):
        images.count_batches(data / "test_lmdb", 60)


def test_steps_to() -> None:
    steps, accuracy = np.array([5, 10, 15]), np.array([0.2, 0.6, 0.5])
    assert results.steps_to(steps, accuracy, 0.5) == 10
    assert results.steps_to(steps, accuracy, 0.7) is None


def test_without_matplotlib(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    assert results.draw(tmp_path / "a.png", 1, print).startswith("no picture: ")
    assert not list(tmp_path.iterdir())
