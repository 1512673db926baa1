"""Cascade R-CNN's DetectionEvaluate against loops over single detections."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from minicaffe.errors import DataError, GraphError, MinicaffeError, ShapeError
from minicaffe.layer import layer_class
from minicaffe.layers.detection.detection_evaluate import DetectionEvaluate
from minicaffe.layers.detection.frcnn_evaluate import FrcnnEvaluate
from minicaffe.proto import caffe_pb2
from minicaffe.proto.dialects import Reading
from tests.layers.cascade_boxes import overlap_of_lists, some_boxes
from tests.layers.harness import Case, Rig, assert_close

SIZES = [(120, 160), (50, 300)]


def rig(folder: Path, bottoms: list[np.ndarray], param: str = "", lines: int = 2) -> Rig:
    file = folder / "sizes.txt"
    file.write_text("".join(f"name {h} {w}\n" for h, w in SIZES[:lines]), encoding="utf-8")
    text = f'detection_evaluate_param {{ num_classes: 4 name_size_file: "{file}" {param} }}'
    makers = [lambda rng, shape, values=values: values for values in bottoms]
    shapes = [values.shape for values in bottoms]
    return Rig(Case("DetectionEvaluate", text, shapes, makers))  # type: ignore[arg-type]


def some_rows() -> list[np.ndarray]:
    """Detections of two images near true boxes, each image with a row that is none."""
    rng = np.random.default_rng(2)
    truths = np.zeros((8, 8))
    truths[:, 0] = np.arange(8) % 2
    truths[:, 1:5] = some_boxes(rng, 8)
    truths[:, 5] = 1 + np.arange(8) // 2 % 2
    truths[1::3, 7] = 1
    truths[-1, 0] = -1
    found = np.zeros((24, 7))
    for index in range(24):
        near = truths[index % 7]
        found[index, 0], found[index, 5] = near[0], near[5] if index % 5 else 3
        found[index, 1:5] = near[1:5] + rng.normal(size=4) * 4
        found[index, 6] = rng.uniform()
    found[::12, 1:] = -1
    return [found, truths, np.array([[60.0, 80.0], [100.0, 150.0]])]


def expected(
    bottoms: list[np.ndarray], threshold: float, difficult: bool, lines: list[tuple[int, int]]
) -> np.ndarray:
    found, truths, sizes = bottoms
    truths = np.array([row for row in truths if row[0] != -1])
    rows = [
        [-1, c, sum(1 for t in truths if t[5] == c and (difficult or not t[7])), -1, -1]
        for c in (1, 2, 3)
    ]
    for image in sorted({row[0] for row in found}):
        height, width = lines.pop(0)
        h, w = sizes[int(image)]
        scale = np.array([width / w, height / h] * 2)
        for c in sorted({row[5] for row in found if row[0] == image} - {-1}):
            own = [row for row in found if (row[0], row[5]) == (image, c)]
            true = [row for row in truths if (row[0], row[5]) == (image, c)]
            taken: set[int] = set()
            for row in sorted(own, key=lambda row: -row[6]) if true else own:
                fits = [overlap_of_lists(row[1:5] * scale, t[1:5] * scale) for t in true]
                best = int(np.argmax(fits)) if fits else -1
                verdict = (0, 1)
                if best >= 0 and fits[best] >= threshold:
                    if true[best][7] and not difficult:
                        verdict = (0, 0)
                    elif best not in taken:
                        verdict = (1, 0)
                        taken.add(best)
                rows.append([image, c, row[6], *verdict])
    return np.array(rows)[:, :, None, None]


@pytest.mark.parametrize("difficult", [True, False])
@pytest.mark.parametrize("threshold", [0.375, 0.5])
def test_the_verdicts(tmp_path: Path, threshold: float, difficult: bool) -> None:
    bottoms = some_rows()
    param = f"overlap_threshold: {threshold} evaluate_difficult_gt: {str(difficult).lower()}"
    got = rig(tmp_path, bottoms, param).forward()[0]
    want = expected(bottoms, threshold, difficult, list(SIZES))
    assert got.shape == want.shape
    assert_close(got, want, 1e-12, "rows")
    assert {0, 1} == set(want[3:, 3].reshape(-1))


def test_lines_are_taken_in_turn_by_images_without_detections_too(tmp_path: Path) -> None:
    """An image whose only row is none takes one; the place is part of the state."""
    bottoms = some_rows()
    bottoms[0] = bottoms[0][:1]
    made = rig(tmp_path, bottoms)
    layer = made.layer
    assert isinstance(layer, FrcnnEvaluate)
    for line in (1, 0, 1):
        made.kernel.forward(made.bottom, made.top)
        assert layer.state() == {"line": line}
    layer.restore({"line": 0})
    assert layer.next_size() == SIZES[0]
    assert not layer.repeatable


def test_a_score_is_the_mean_of_average_precisions() -> None:
    rows = np.array([[-1, 1, 1, -1, -1], [-1, 2, 1, -1, -1], [0, 1, 0.9, 1, 0], [0, 2, 0.8, 0, 1]])
    top = rows[:, :, None, None]
    assert FrcnnEvaluate.score([top[..., 0, 0][None, None]], "101point", by_class=True) == 0.5


def test_nothing_and_nan(tmp_path: Path) -> None:
    found, truths, sizes = some_rows()
    for rows in (found[:0], np.full((2, 7), -1.0)):
        made = rig(tmp_path, [rows, truths[:0], sizes]).forward()[0]
        assert made[..., 0, 0].tolist() == [[-1, c, 0, -1, -1] for c in (1, 2, 3)]
    found[:, 1:5] = np.nan
    judged = rig(tmp_path, [found, truths, sizes]).forward()[0]
    assert not judged[3:, 3].any()


def test_which_layer_it_is() -> None:
    """Three bottoms without output_logits; jolibrain's third one is logits."""
    param = caffe_pb2.LayerParameter(type="DetectionEvaluate", bottom=["a", "b", "c"])
    cls = layer_class("DetectionEvaluate")
    assert cls.class_for(param, Reading()) is FrcnnEvaluate
    param.detection_evaluate_param.output_logits = True
    assert cls.class_for(param, Reading()) is DetectionEvaluate
    del param.bottom[2:]
    param.detection_evaluate_param.output_logits = False
    assert cls.class_for(param, Reading()) is DetectionEvaluate


def test_rows_that_cannot_be(tmp_path: Path) -> None:
    for index, column, value, message in (
        (0, 5, 0, "a detection has the background's class"),
        (1, 5, 0, "a true box has the background's class"),
    ):
        bottoms = some_rows()
        bottoms[index][1, column] = value
        with pytest.raises(DataError, match=message):
            rig(tmp_path, bottoms).forward()
    bottoms = some_rows()
    with pytest.raises(DataError, match=r"image 1 has no size: bottom 2 has 1 row\(s\)"):
        rig(tmp_path, [*bottoms[:2], bottoms[2][:1]]).forward()
    with pytest.raises(DataError, match="name_size_file no lines"):
        rig(tmp_path, bottoms, lines=0).forward()
    for index in range(3):
        other = list(bottoms)
        other[index] = other[index][:, 1:]
        with pytest.raises(ShapeError, match=f"bottom {index}"):
            rig(tmp_path, other)


def test_settings_that_cannot_be() -> None:
    layer = FrcnnEvaluate(caffe_pb2.LayerParameter(), 0)
    layer.param.detection_evaluate_param.overlap_threshold = 0
    mistakes: list[MinicaffeError] = list(layer.param_mistakes())
    assert len(mistakes) == 3
    assert all(isinstance(mistake, GraphError) for mistake in mistakes)
