"""Whose PriorBox and whose Normalize a net has: its fields say it, or the user."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from minicaffe import TEST, Net
from minicaffe.errors import SnapshotError

DATA = (
    'layer { name: "data" type: "Input" top: "data" '
    "input_param { shape { dim: 1 dim: 2 dim: 2 dim: 2 } } }\n"
)


def net(path: Path, layer: str, **more: str) -> Net:
    file = path / "net.prototxt"
    file.write_text(DATA + f'layer {{ name: "x" bottom: "data" top: "x" {layer} }}\n')
    return Net(str(file), TEST, **more)


def priors(path: Path, settings: str, **more: str) -> np.ndarray:
    layer = f'type: "PriorBox" bottom: "data" prior_box_param {{ min_size: 3 {settings} }}'
    with net(path, layer, **more) as made:
        made.forward()
        return made.blobs["x"].data[0, 0]


def test_boxes_are_cut_at_the_edge_in_ssds_first_version(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert priors(tmp_path, "").min() < 0
    assert "`clip` is not given" in caplog.text
    assert priors(tmp_path, "", dialect="early-ssd").min() == 0
    assert priors(tmp_path, "clip: true").min() == 0
    assert priors(tmp_path, "clip: false", dialect="early-ssd").min() < 0


@pytest.mark.parametrize("field", ["step: 1", "offset: 0.5", "img_size: 2", "min_size: 4"])
def test_a_later_field_says_that_boxes_are_not_cut(
    field: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert priors(tmp_path, field).min() < 0
    assert "clip" not in caplog.text


def test_normalize_is_ssds_with_its_settings(tmp_path: Path) -> None:
    with net(tmp_path, 'type: "Normalize" norm_param { }') as ssd:
        assert len(ssd.params["x"]) == 1
    with net(tmp_path, 'type: "Normalize"', dialect="ssd") as ssd:
        assert len(ssd.params["x"]) == 1
    for more in ("", "normalize_param { normalize_type: 'L1' }"):
        with net(tmp_path, f'type: "Normalize" {more}') as normface:
            assert "x" not in normface.params


def test_weights_of_ssds_normalize_say_what_is_missing(tmp_path: Path) -> None:
    with net(tmp_path, 'type: "Normalize" norm_param { }') as ssd:
        ssd.save(str(tmp_path / "ssd.caffemodel"))
    other = net(tmp_path, 'type: "Normalize"')
    with pytest.raises(SnapshotError, match="of SSD's Normalize; give the layer norm_param"):
        other.copy_from(str(tmp_path / "ssd.caffemodel"))
