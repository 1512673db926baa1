"""The comparison of detection nets with OpenCV leaves out what makes boxes, and runs the rest."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmarks.detection import prepare, runner
from minicaffe.proto.io import read_net


def test_a_net_without_its_boxes(tmp_path: Path) -> None:
    text, weights = prepare("ssd_shapes", tmp_path)
    types = [layer.type for layer in read_net(text).layer]
    assert "DetectionOutput" not in types
    assert "Convolution" in types
    given = runner("minicaffe", text, weights)()
    assert isinstance(given, dict)
    assert all(np.isfinite(array).all() for array in given.values())
