"""DetectionEvaluate in the images' pixels, average precision, and both in a solver's test."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from minicaffe import get_solver
from minicaffe.errors import DataError, GraphError, MinicaffeError, ShapeError
from minicaffe.layers.detection.image_sizes import in_pixels
from minicaffe.layers.detection.precision import average_precision, precision_by_class
from minicaffe.proto import caffe_pb2
from tests.layers.harness import Case, Rig

ONE = np.array([[[[0, 1, 0.9, 0, 0, 1, 1]]]])
TRUE = np.array([[[[0.0, 1, 0, 0, 0, 1, 1, 0]]]])


def rig(found: np.ndarray, true: np.ndarray, param: str = "") -> Rig:
    values = [lambda rng, shape: found, lambda rng, shape: true]
    text = f"detection_evaluate_param {{ num_classes: 2 {param} }}"
    return Rig(Case("DetectionEvaluate", text, [found.shape, true.shape], values))


def verdicts(rig: Rig) -> list[list[float]]:
    return rig.forward()[0][0, 0, 1:, 3:].tolist()


def test_pixels_count_the_last_one(tmp_path: Path) -> None:
    """0 to 0.7 and 0.3 to 1 overlap by 0.4/1; columns 0 to 7 and 3 to 10 by 5/11."""
    found, true = ONE.copy(), TRUE.copy()
    found[..., 5], true[..., 3] = 0.7, 0.3
    assert verdicts(rig(found, true, "overlap_threshold: 0.42")) == [[0, 1]]
    (tmp_path / "sizes").write_text("a 10 10\n")
    file = f'name_size_file: "{tmp_path / "sizes"}"'
    assert verdicts(rig(found, true, f"overlap_threshold: 0.45 {file}")) == [[1, 0]]
    assert verdicts(rig(found, true, f"overlap_threshold: 0.46 {file}")) == [[0, 1]]


def test_images_take_the_lines_in_turn(tmp_path: Path) -> None:
    (tmp_path / "sizes").write_text("a 10 10\nb 1000 1000\n")
    found, true = ONE.copy(), TRUE.copy()
    found[..., 5], true[..., 3] = 0.7, 0.3
    layer = rig(found, true, f'overlap_threshold: 0.42 name_size_file: "{tmp_path / "sizes"}"')
    seen = []
    for _ in range(3):
        layer.kernel.forward(layer.bottom, layer.top)
        seen.append(layer.top[0].data[0, 0, 1, 3])
    assert seen == [1, 0, 1]
    state = layer.layer.state()  # type: ignore[attr-defined]
    layer.layer.restore(state)  # type: ignore[attr-defined]
    layer.kernel.forward(layer.bottom, layer.top)
    assert layer.top[0].data[0, 0, 1, 3] == 0


def test_an_image_whose_row_is_none_takes_a_line_too(tmp_path: Path) -> None:
    """DetectionOutput writes such a row where it finds nothing, and SSD counts the image."""
    (tmp_path / "sizes").write_text("a 10 10\nb 1000 1000\n")
    found, true = ONE.copy(), TRUE.copy()
    found[..., 5], true[..., 3] = 0.7, 0.3
    layer = rig(found, true, f'overlap_threshold: 0.42 name_size_file: "{tmp_path / "sizes"}"')
    layer.bottom[0].data[..., 1:] = -1
    layer.kernel.forward(layer.bottom, layer.top)
    layer.bottom[0].data[...] = found
    layer.kernel.forward(layer.bottom, layer.top)
    assert layer.top[0].data[0, 0, 1, 3] == 0


@pytest.mark.parametrize(
    ("text", "size", "want"),
    [
        ("resize_mode: WARP", (100, 200), [20, 0, 200, 50]),
        ("resize_mode: FIT_LARGE_SIZE_AND_PAD", (100, 200), [20, 0, 200, 50]),
        ("resize_mode: FIT_SMALL_SIZE", (100, 200), [20, 0, 200, 50]),
        ("resize_mode: FIT_SMALL_SIZE height_scale: 90 width_scale: 150", (100, 200),
         [15, 0, 180, 45]),
    ],
)  # fmt: skip
def test_boxes_in_the_pixels_of_the_image(
    text: str, size: tuple[int, int], want: list[float]
) -> None:
    """A square of 300 pixels; the wide image has margins above and below, a quarter each."""
    from google.protobuf import text_format

    param = caffe_pb2.ResizeParameter(height=300, width=300)
    text_format.Merge(text, param)
    box = np.array([[0.1, -0.2, 1.2, 0.5]])
    if "PAD" in text:
        box = np.array([[0.1, 0.1, 1.2, 0.5]])
    np.testing.assert_allclose(in_pixels(box, size, param), [want], rtol=1e-9)
    tall = in_pixels(np.array([[0.25, 0, 0.75, 1]]), (200, 100), param)
    if "PAD" in text:
        np.testing.assert_allclose(tall, [[0, 0, 100, 200]], rtol=1e-9)


def test_average_precisions_worked_out_by_hand() -> None:
    """Right, wrong, right, wrong of four objects: precisions 1, 1/2, 2/3, 1/2."""
    scores, right = np.array([0.9, 0.7, 0.8, 0.6]), np.array([1, 1, 0, 0])
    assert average_precision(scores, right, 4) == pytest.approx((1 + 2 / 3) / 4)
    assert average_precision(scores, right, 4, "MaxIntegral") == pytest.approx((1 + 2 / 3) / 4)
    # recall 0, 0.1, 0.2 reach 1; 0.3, 0.4, 0.5 reach 2/3
    assert average_precision(scores, right, 4, "11point") == pytest.approx((3 + 3 * 2 / 3) / 11)
    # recall 0 to 0.25 reach 1; 0.26 to 0.50 reach 2/3
    assert average_precision(scores, right, 4, "101point") == pytest.approx((26 + 25 * 2 / 3) / 101)
    assert average_precision(scores[:0], right[:0], 4) == 0
    assert average_precision(scores, right, 0) == 0


def test_max_integral_is_ssds() -> None:
    """SSD's loop from behind, which takes the precision before each step, too."""
    rng = np.random.default_rng(0)
    scores, right = rng.uniform(size=30), rng.integers(0, 2, 30)
    hits = np.cumsum(right[np.argsort(-scores)])
    precision, recall = hits / np.arange(1, 31), hits / 20
    area, last, height = 0.0, recall[-1], precision[-1]
    for k in range(28, -1, -1):
        height = max(height, precision[k])
        area += height * (last - recall[k])
        last = recall[k]
    area += height * last
    assert average_precision(scores, right, 20, "MaxIntegral") == pytest.approx(area)


def test_difficult_ones_are_neither_right_nor_wrong() -> None:
    rows = np.array([[-1, 1, 2, -1, -1], [0, 1, 0.9, 0, 0], [0, 1, 0.8, 1, 0], [1, 1, 0.7, 1, 0]])
    assert precision_by_class([rows[None, None]]) == {1: 1.0}


@pytest.mark.parametrize(
    ("found", "true", "param", "error", "message"),
    [
        (ONE[..., :6], TRUE, "", ShapeError, "bottom 0 has shape 1×1×1×6; expected 1×1×D×7"),
        (ONE, TRUE[..., :7], "", ShapeError, "bottom 1 has shape 1×1×1×7; expected 1×1×G×8"),
        (ONE, TRUE, "overlap_threshold: 0", GraphError, "overlap_threshold is 0"),
        (ONE, TRUE, "num_classes: 0", GraphError, "num_classes is missing"),
        (ONE, TRUE, "output_logits: true", GraphError, "there are 2 bottom(s); expected 3"),
        (ONE, TRUE, 'name_size_file: "absent"', DataError, "cannot read name_size_file 'absent'"),
        (ONE, TRUE, "background_label_id: 1", DataError, "true box 0 has class 1"),
        (ONE, -TRUE - 1, "background_label_id: 1", DataError, "a detection has the background"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(
    found: np.ndarray, true: np.ndarray, param: str, error: type[MinicaffeError], message: str
) -> None:
    with pytest.raises(error) as caught:
        rig(found, true, param).forward()
    assert message in str(caught.value)


def test_a_line_of_another_form_is_told(tmp_path: Path) -> None:
    (tmp_path / "sizes").write_text("a 10 10\nb ten 10\n")
    with pytest.raises(DataError, match=r"line 2: found 'b ten 10', expected a name, a height"):
        rig(ONE, TRUE, f'name_size_file: "{tmp_path / "sizes"}"')


def test_values_that_are_no_numbers_are_survived() -> None:
    found = np.repeat(ONE, 6, axis=2)
    for k, value in enumerate((np.nan, np.inf, -np.inf, 1e300, -1e300, 0)):
        found[0, 0, k, k] = value
    with np.errstate(all="ignore"):
        assert rig(found, TRUE).forward()[0].shape[3] == 5


@pytest.mark.parametrize("version", ["Integral", "11point", "101point"])
def test_a_solvers_test_prints_the_mean_average_precision(
    version: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Two classes of which one has no object, and one detection of the other that is right."""
    net = 'layer { name: "d" type: "DummyData" top: "found" top: "true" top: "x" dummy_data_param {'
    for shape in ((1, 1, 2, 7), (1, 1, 1, 8), (1, 1)):
        net += " shape { " + " ".join(f"dim: {n}" for n in shape) + " }"
    net += (
        ' data_filler { type: "constant" value: 1 } data_filler { type: "constant" value: 1 }'
        ' data_filler { type: "constant" value: 1 } } }\n'
        'layer { name: "fc" type: "InnerProduct" bottom: "x" top: "y" inner_product_param '
        "{ num_output: 1 } include { phase: TRAIN } }\n"
        'layer { name: "loss" type: "EuclideanLoss" bottom: "y" bottom: "x" top: "loss" '
        "include { phase: TRAIN } }\n"
        'layer { name: "map" type: "DetectionEvaluate" bottom: "found" bottom: "true" top: "map" '
        "detection_evaluate_param { num_classes: 3 } include { phase: TEST } }\n"
        'layer { name: "none" type: "Silence" bottom: "x" include { phase: TEST } }\n'
    )
    (tmp_path / "net.prototxt").write_text(net)
    (tmp_path / "solver.prototxt").write_text(
        f'net: "{tmp_path / "net.prototxt"}" test_iter: 3 test_interval: 10 base_lr: 0.1 '
        f'lr_policy: "fixed" eval_type: "detection" ap_version: "{version}" '
        "show_per_class_result: true"
    )
    solver = get_solver(str(tmp_path / "solver.prototxt"))
    caplog.set_level("INFO")
    assert solver.test() == {"map": 0.0}, "boxes from 1 to 1 have no area: nothing is right"
    assert "class1: 0" in caplog.text
    assert "passes over it" not in caplog.text
