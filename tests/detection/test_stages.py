"""Nets that end as Cascade R-CNN's and MS-CNN's; what is expected is computed here, box by box."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from minicaffe.detection import BoxFinder

HEAD = """
input: "data" input_shape { dim: 1 dim: 3 dim: 64 dim: 96 }
layer { name: "cells" type: "Pooling" bottom: "data" top: "cells"
  pooling_param { pool: AVE kernel_size: 32 stride: 32 } }
layer { name: "maps" type: "Convolution" bottom: "cells" top: "maps" convolution_param {
  num_output: 6 kernel_size: 1 weight_filler { type: "gaussian" std: 0.02 } } }
"""
FIELD = "fg_thr: -9 iou_thr: 0.9"
HEADS = """
layer { name: "pool" type: "ROIPooling" bottom: "cells" bottom: "proposals" top: "pool"
  roi_pooling_param { pooled_w: 1 pooled_h: 1 spatial_scale: 0.03125 } }
layer { name: "cls_pred" type: "InnerProduct" bottom: "pool" top: "cls_pred"
  inner_product_param { num_output: 3 weight_filler { type: "gaussian" std: 0.03 } } }
layer { name: "bbox_pred" type: "InnerProduct" bottom: "pool" top: "bbox_pred"
  inner_product_param { num_output: %d weight_filler { type: "gaussian" std: 0.02 } } }
"""
MSCNN = f"""{HEAD}
layer {{ name: "proposals" type: "BoxOutput" bottom: "maps" top: "proposals"
  top: "proposals_score" box_output_param {{ {FIELD} downsample_rate: 32
    field_w: 40 field_h: 40 }} }}
{HEADS % 12}"""
CASCADE = f"""{HEAD}
layer {{ name: "offsets" type: "Convolution" bottom: "cells" top: "offsets" convolution_param {{
  num_output: 4 kernel_size: 1 weight_filler {{ type: "gaussian" std: 0.005 }} }} }}
layer {{ name: "shares" type: "Softmax" bottom: "maps" top: "shares" }}
layer {{ name: "proposals" type: "BoxGroupOutput" bottom: "shares" bottom: "offsets"
  top: "proposals" box_group_output_param {{ {FIELD}
    box_group_param {{ stride: 32 field_w: 40 field_h: 40 }} }} }}
{HEADS % 8}"""
REGRESSION = """
layer { name: "output_bbox_%s" type: "DecodeBBox" bottom: "bbox_pred" bottom: "proposals"
  top: "output_bbox_%s" bbox_reg_param { bbox_mean: 0 bbox_mean: 0 bbox_mean: 0 bbox_mean: 0
  bbox_std: 0.1 bbox_std: 0.1 bbox_std: 0.2 bbox_std: 0.2 } }
layer { name: "cls_prob_%s" type: "Softmax" bottom: "cls_pred" top: "cls_prob_%s" }
"""
IMAGE = np.random.default_rng(2).integers(0, 256, (128, 144, 3), np.uint8)


def overlap(a: np.ndarray, b: np.ndarray) -> float:
    """Of two boxes whose last pixels are included."""
    sides = np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2]) + 1
    common = sides.prod() if (sides > 0).all() else 0.0
    areas = [(box[2:] - box[:2] + 1).prod() for box in (a, b)]
    return float(common / (sum(areas) - common))


def best(boxes: np.ndarray, scores: np.ndarray) -> list[tuple]:
    """(label, score, box), the best first; boxes are (n, classes, 4)."""
    found: list[tuple] = []
    for label in range(1, scores.shape[1]):
        kept: list[int] = []
        for row in np.argsort(-scores[:, label], kind="stable"):
            others = (overlap(boxes[row, label], boxes[other, label]) for other in kept)
            if scores[row, label] > 0.05 and all(share <= 0.5 for share in others):
                kept.append(int(row))
        found += [(label, scores[row, label], boxes[row, label]) for row in kept]
    return sorted(found, key=lambda item: -item[1])


def compare(found: np.ndarray, want: list[tuple]) -> None:
    assert len(found) == len(want) > 1
    np.testing.assert_array_equal(found[:, 0], [label for label, _, _ in want])
    np.testing.assert_allclose(found[:, 1], [score for _, score, _ in want], rtol=1e-5)
    limits = [144, 128, 144, 128]
    np.testing.assert_allclose(
        found[:, 2:], [np.clip(box, 0, limits) for _, _, box in want], rtol=1e-4, atol=1e-3
    )


def test_mscnn(tmp_path: Path) -> None:
    """Pictures are warped; offsets are of one of the classes, in tenths and fifths of a side."""
    (tmp_path / "net.prototxt").write_text(MSCNN)
    finder = BoxFinder(tmp_path / "net.prototxt", None, seed=5)
    assert finder.preparation.transform.mean_value == [104, 117, 123]
    assert finder.end.labels() == range(1, 3)
    found = finder.find(IMAGE)
    blobs = {name: blob.data.astype(np.float64) for name, blob in finder.net.blobs.items()}
    assert blobs["data"].shape == (1, 3, 64, 96)
    scores = np.exp(blobs["cls_pred"])
    scores /= scores.sum(axis=1, keepdims=True)
    boxes = np.empty((len(scores), 3, 4))
    for row, start in enumerate(blobs["proposals"].reshape(-1, 5)[:, 1:]):
        for label in range(3):
            x, y, w, h = blobs["bbox_pred"][row, 4 * label : 4 * label + 4] * [0.1, 0.1, 0.2, 0.2]
            width, height = start[2:] - start[:2]
            middle = start[:2] + np.array([width / 2 + x * width, height / 2 + y * height])
            sides = np.array([width * np.exp(w), height * np.exp(h)])
            boxes[row, label] = np.concatenate([middle - sides / 2, middle + sides / 2])
    compare(found, best(boxes * [1.5, 2, 1.5, 2], scores))


@pytest.mark.parametrize("stages", [["1st"], ["1st", "2nd"]])
def test_cascade_rcnn(stages: list[str], tmp_path: Path) -> None:
    """The shorter side becomes 64, both a multiple of 32 near that; the last stage counts."""
    text = CASCADE + "".join(REGRESSION % ((stage,) * 4) for stage in stages)
    last = stages[-1]
    text += f"""layer {{ name: "mean" type: "Power" bottom: "cls_prob_{last}"
      top: "cls_prob_{last}_avg" power_param {{ scale: 0.9 }} }}"""
    (tmp_path / "net.prototxt").write_text(text)
    finder = BoxFinder(tmp_path / "net.prototxt", None, seed=5)
    found = finder.find(IMAGE)
    blobs = {name: blob.data.astype(np.float64) for name, blob in finder.net.blobs.items()}
    assert blobs["data"].shape == (1, 3, 64, 64)
    scores = blobs[f"cls_prob_{last}_avg"]
    boxes = blobs[f"output_bbox_{last}"].reshape(-1, 1, 5)[..., 1:]
    compare(found, best(np.repeat(boxes, 3, axis=1) * [2.25, 2, 2.25, 2], scores))


def test_the_longer_side_is_not_too_long(tmp_path: Path) -> None:
    (tmp_path / "net.prototxt").write_text(CASCADE + REGRESSION % (("1st",) * 4))
    finder = BoxFinder(tmp_path / "net.prototxt", None, seed=5, size=(64, 128))
    finder.find(np.zeros((20, 90, 3), np.uint8))
    assert finder.net.blobs["data"].shape == (1, 3, 64, 128)
