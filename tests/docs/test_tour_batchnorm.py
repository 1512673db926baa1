"""docs/tour_batchnorm.py runs, in a short setting, and finds what it should."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import numpy as np
import pytest

from minicaffe import TEST, Net

TOUR = Path(__file__).parents[2] / "docs" / "tour_batchnorm.py"


def test_the_tour(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("PIL", reason="Pillow, which reads the images, is absent")
    out = tmp_path / "out"
    runpy.run_path(str(TOUR))["main"](["--iterations", "40", "--out", str(out)])
    said = capsys.readouterr().out
    accuracies = dict(re.findall(r"^(with\S* \w+): accuracy ([\d.]+)", said, re.MULTILINE))
    assert float(accuracies["with BatchNorm"]) > float(accuracies["without BatchNorm"]) + 0.1
    assert "with statistics of the population: accuracy 0." in said
    differ = re.search(r"differ by ([\d.e-]+) \(values up to ([\d.]+)", said)
    assert differ is not None
    assert float(differ[1]) < 1e-4 * float(differ[2])
    assert re.search(r"(\d+) layers become (\d+)", said)
    assert "100 images take " in said
    assert (out / "activations.png").exists() == ("the picture: " in said)
    with Net(out / "folded.prototxt", TEST, weights=out / "folded.caffemodel") as net:
        assert not any(layer.type in ("BatchNorm", "Scale") for layer in net.layers)
        assert np.isfinite(net.forward(data=np.ones((100, 1, 28, 28)))["prob"]).all()
