"""tools/census.py: how far each file of a folder comes, and why no further."""

from __future__ import annotations

import json
import logging
import runpy
import sys
from pathlib import Path

import pytest

TOOL = Path(__file__).parents[1] / "tools" / "census.py"
INPUT = 'layer { name: "x" type: "Input" top: "x" input_param { shape { dim: [9, 3, 8, 8] } } }\n'
FILES = {
    "a/runs.prototxt": INPUT + 'layer { name: "r" type: "ReLU" bottom: "x" top: "r" }',
    "a/copy.prototxt": INPUT + 'layer { name: "r" type: "ReLU" bottom: "x" top: "r" }',
    "a/data.prototxt": 'layer { name: "d" type: "Data" top: "d" top: "l" data_param { source: "no" '
    'batch_size: 4 } transform_param { crop_size: 8 } } layer { name: "i" type: "InnerProduct" '
    'bottom: "d" top: "i" inner_product_param { num_output: 2 } } layer { name: "s" '
    'type: "SoftmaxWithLoss" bottom: "i" bottom: "l" top: "s" }',
    "a/fork.prototxt": 'layer { name: "d" type: "EvalData" top: "d" top: "l" eval_data_param { '
    'source: "no" batch_size: 1 resize_width: 32 resize_height: 32 } } layer { name: "r" '
    'type: "ReLU" bottom: "d" top: "r" }',
    "a/boxes.prototxt": 'layer { name: "d" type: "AnnotatedData" top: "d" top: "l" include { '
    'phase: TRAIN } data_param { source: "no" batch_size: 4 } annotated_data_param { '
    "yolo_data_type: 1 } transform_param { resize_param { height: 8 width: 8 } } } layer { "
    'name: "c" type: "Convolution" bottom: "d" top: "c" convolution_param { num_output: 7 '
    'kernel_size: 1 } } layer { name: "y" type: "Yolov3" bottom: "c" bottom: "l" top: "y" '
    "yolov3_param { num_class: 2 num: 1 mask: 0 biases: 3 biases: 3 } }",
    "a/ssd.prototxt": 'layer { name: "d" type: "AnnotatedData" top: "d" top: "l" data_param { '
    'source: "no" batch_size: 4 } transform_param { resize_param { height: 8 width: 8 } } } '
    'layer { name: "found" type: "Input" top: "found" input_param { shape { dim: [1, 1, 1, 7] } } '
    '} layer { name: "e" type: "DetectionEvaluate" bottom: "found" bottom: "l" top: "e" '
    "detection_evaluate_param { num_classes: 3 } }",
    "a/cascade.prototxt": 'layer { name: "d" type: "DetectionData" top: "d" top: "l" top: "m" '
    'top: "boxes" detection_data_param { source: "no" batch_size: 2 stride: 8 stride: 8 field_w: 9 '
    "field_w: 20 field_h: 9 field_h: 30 output_gt_boxes: true resize_width: 32 "
    "resize_height: 64 } } "
    'layer { name: "c" type: "Concat" bottom: "l" bottom: "m" top: "c" } '
    'layer { name: "r" type: "ReLU" bottom: "boxes" top: "r" }',
    "b/type.prototxt": INPUT + 'layer { name: "w" type: "Winograd" bottom: "x" top: "w" }',
    "b/field.prototxt": INPUT + 'layer { name: "r" type: "ReLU" bottom: "x" top: "r" slope: 1 }',
    "b/fork.prototxt": INPUT + 'layer { name: "r" type: "Reduction" bottom: "x" top: "r" '
    "reduction_param { k: 2 } }",
    "b/shape.prototxt": INPUT + 'layer { name: "c" type: "Convolution" bottom: "x" top: "c" '
    "convolution_param { num_output: 2 kernel_size: 99 } }",
    "b/python.prototxt": INPUT + 'layer { name: "p" type: "Python" bottom: "x" top: "p" '
    'python_param { module: "m" layer: "L" } }',
    "c/solver.prototxt": 'net: "n" base_lr: 1 lr_policy: "fixed"',
    "c/snapshot.prototxt": 'net: "n" base_lr: 1 lr_policy: "fixed" snapshot: 5',
    "c/policy.prototxt": 'net: "n" base_lr: 1 lr_policy: "fixd"',
    "c/notes.txt": "not looked at",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def census(monkeypatch: pytest.MonkeyPatch, *words: str) -> None:
    monkeypatch.setattr(sys, "argv", ["census.py", *words])
    logger = logging.getLogger("minicaffe")
    level = logger.level
    try:
        runpy.run_path(str(TOOL), run_name="__main__")
    finally:
        logger.setLevel(level)  # which the tool raises


def test_how_far_each_file_comes(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    census(monkeypatch, str(folder), "--run", "--json")
    entries = {entry["path"]: entry for entry in json.loads(capsys.readouterr().out)}
    found = {
        path: (entry["kind"], entry["reached"], entry["reasons"]) for path, entry in entries.items()
    }
    assert found == {
        "a/copy.prototxt": ("net", "run", []),  # the other one of the two is the same file
        "a/boxes.prototxt": ("net", "run", []),  # in TRAIN, as it has nothing in TEST
        "a/data.prototxt": ("net", "run", []),
        "a/fork.prototxt": ("net", "run", []),
        "a/cascade.prototxt": ("net", "run", []),  # a map for each field
        "a/ssd.prototxt": ("net", "run", []),  # with no box at all
        "b/type.prototxt": ("net", "read", ["type Winograd"]),
        "b/field.prototxt": ("net", "", ["field layer.slope"]),
        "b/fork.prototxt": ("net", "read", ["field reduction_param.k (TSN)"]),
        "b/shape.prototxt": ("net", "complete", ["a kernel spanning … does not fit into an image "
                                                  "of … padded by …"]),
        "b/python.prototxt": ("net", "read", ["Python m.L"]),
        "c/solver.prototxt": ("solver", "complete", []),
        "c/snapshot.prototxt": ("solver", "complete", []),  # the prefix is the file's name
        "c/policy.prototxt": ("solver", "read", ["unknown lr_policy …"]),
    }  # fmt: skip


def test_tables(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    census(monkeypatch, str(folder))
    lines = [line.split() for line in capsys.readouterr().out.split("\n") if line]
    assert lines[0] == ["folder", "nets", "net", "read", "net", "complete", "solvers", "solver",
                        "complete"]  # fmt: skip
    assert ["a", "6", "6", "6", "0", "0"] in lines
    assert ["b", "5", "4", "1", "0", "0"] in lines
    assert ["all", "11", "10", "7", "3", "2"] in lines
    assert ["1", "1", "type", "Winograd"] in lines


def test_a_python_layer_that_is_built_in_is_not_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    layer = INPUT + (
        'layer { name: "p" type: "Python" bottom: "x" bottom: "x" bottom: "x" top: "p" '
        'python_param { module: "rpn.proposal_layer" layer: "ProposalLayer" '
        'param_str: "feat_stride: 8" } }'
    )
    (tmp_path / "net.prototxt").write_text(layer, encoding="utf-8")
    census(monkeypatch, str(tmp_path), "--json")
    (entry,) = json.loads(capsys.readouterr().out)
    assert entry["reached"] == "complete"
