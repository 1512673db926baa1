"""Layers that forks mean differently: what a text is read as, and what is said of it."""

from __future__ import annotations

import logging

import pytest

from minicaffe import TEST, TRAIN, Net
from minicaffe.proto import caffe_pb2
from minicaffe.proto.text_format import parse

INPUT = 'layer {{ name: "{0}" type: "Input" top: "{0}" input_param {{ shape {{ dim: {1} }} }} }}\n'

IMAGE = {"x": [2, 3, 4, 5]}
MASKED = {**IMAGE, "m": [2, 3, 4, 5]}
BOXES = {"l": [1, 8], "c": [1, 6], "p": [1, 2, 8], "o": [1, 4], "q": [1, 8]}
YOLO2 = {"x": [2, 8, 4, 5]}
PHOTO = {**IMAGE, "m": [1, 3, 30, 30]}

#: type, bottoms, the rest of the layer, whose it is and why ("" for what has one meaning), whether
#: that is sure; the top's shape and the number of parameters.
ROWS = [
    ("Upsample", IMAGE, "upsample_param { scale: 2 }", "the YOLO ports", "it has one bottom", True,
     (2, 3, 8, 10), 0),
    ("Upsample", IMAGE, "", "the YOLO ports", "it has one bottom", True, (2, 3, 4, 5), 0),
    ("Upsample", MASKED, "", "SegNet", "its second bottom is a mask", True, (2, 3, 8, 10), 0),
    ("Upsample", MASKED, "upsample_param { upsample_h: 7 upsample_w: 9 }", "SegNet",
     "its second bottom is a mask", True, (2, 3, 7, 9), 0),
    ("DetectionOutput", YOLO2, "detection_output_param { num_classes: 3 num_box: 1 coords: 4 "
     "biases: 1 biases: 1 confidence_threshold: 0.1 }", "the YOLO ports", "it has one bottom", True,
     (1, 1, 1, 7), 0),
    ("DetectionOutput", dict(list(BOXES.items())[:3]), "detection_output_param { num_classes: 3 "
     "nms_param { nms_threshold: 0.4 top_k: 3 } }", "", "", True, (1, 1, 1, 7), 0),
    ("DetectionOutput", dict(list(BOXES.items())[:3]), "detection_output_param { num_classes: 3 "
     "nms_threshold: 0.4 top_k: 3 }", "", "", True, (1, 1, 1, 7), 0),
    ("DetectionOutput", dict(list(BOXES.items())[:3]), "detection_output_param { num_classes: 3 "
     "visualize: true } transform_param { mean_value: 3 resize_param { height: 3 width: 3 } }",
     "", "", True, (1, 1, 1, 7), 0),
    ("DetectionOutput", BOXES, "detection_output_param { num_classes: 3 objectness_score: 0.1 }",
     "", "", True, (1, 1, 1, 7), 0),
    ("DetectionOutput", {"l": [1, 8], "c": [1, 6], "p": [2, 5]}, "detection_output_param { "
     "num_classes: 3 normalized: false input_height: 9 input_width: 9 "
     "variance_encoded_in_target: true }", "", "", True, (1, 1, 1, 7), 0),
    ("Normalize", IMAGE, "norm_param { across_spatial: false }", "SSD", "`norm_param` is given",
     True, (2, 3, 4, 5), 1),
    ("Normalize", IMAGE, "normalize_param { bp_norm: true }", "NormFace",
     "`normalize_param` is given", True, (2, 3, 4, 5), 0),
    ("Normalize", IMAGE, "", "NormFace", "`norm_param` is not given", False, (2, 3, 4, 5), 0),
    ("PriorBox", PHOTO, "prior_box_param { min_size: 3 clip: true }", "", "", True,
     (1, 2, 80), 0),
    ("PriorBox", PHOTO, "prior_box_param { min_size: 3 step: 8 }", "SSD", "`step` is given", True,
     (1, 2, 80), 0),
    ("PriorBox", PHOTO, "prior_box_param { min_size: 3 }", "SSD", "`clip` is not given", False,
     (1, 2, 80), 0),
    ("BN", IMAGE, "bn_param { slope_filler { value: 1 } }", "TSN, PSPNet",
     "`slope_filler` is given", True, (2, 3, 4, 5), 4),
    ("BN", IMAGE, "bn_param { scale_filler { value: 1 } }", "SegNet", "nothing of CTPN's", True,
     (2, 3, 4, 5), 2),
    ("BN", IMAGE, "bn_param { moving_average: true }", "CTPN", "`moving_average` is given", True,
     (2, 3, 4, 5), 4),
    ("BN", IMAGE, "", "TSN, PSPNet", "nothing in the net says which", False, (2, 3, 4, 5), 4),
    ("Interp", IMAGE, "interp_param { height: 9 width: 7 }", "", "", True, (2, 3, 9, 7), 0),
    ("Interp", IMAGE, "interp_param { zoom_factor: 2 }", "", "", True, (2, 3, 7, 9), 0),
    ("Interp", IMAGE, "interp_param { shrink_factor: 2 pad_beg: 0 pad_end: -1 }", "", "", True,
     (2, 3, 2, 2), 0),
    ("Interp", {**IMAGE, "m": [1, 1, 7, 6]}, "interp_param { use_blob_size: true }", "", "", True,
     (2, 3, 7, 6), 0),
    ("ReLU6", IMAGE, "relu6_param { negative_slope: 0.5 }", "", "", True, (2, 3, 4, 5), 0),
    ("BatchNorm", IMAGE, "batch_norm_param { bias_filler { value: 1 } }", "NVCaffe",
     "`bias_filler` is given", True, (2, 3, 4, 5), 5),
    ("BatchNorm", IMAGE, "", "", "", True, (2, 3, 4, 5), 3),
    ("ContinuationIndicator", IMAGE, "continuation_indicator_param { time_step: 3 axis: 0 }",
     "jolibrain's Caffe", "it has a bottom", True, (3, 2), 0),
    ("ContinuationIndicator", {}, "continuation_indicator_param { time_step: 3 batch_size: 4 }",
     "CRNN's Caffe", "it has no bottom", True, (3, 4), 0),
]  # fmt: skip


def net_of(kind: str, bottoms: dict[str, list[int]], text: str, phase: int = TEST) -> Net:
    param = caffe_pb2.NetParameter()
    inputs = "".join(INPUT.format(name, shape) for name, shape in bottoms.items())
    names = " ".join(f'bottom: "{name}"' for name in bottoms)
    parse(f'{inputs}layer {{ name: "it" type: "{kind}" {names} top: "y" {text} }}', param)
    return Net(param, phase, seed=1)


@pytest.mark.parametrize(
    ("kind", "bottoms", "text", "whose", "because", "sure", "shape", "parameters"), ROWS
)
def test_a_row(
    kind: str, bottoms: dict[str, list[int]], text: str, whose: str, because: str, sure: bool,
    shape: tuple[int, ...], parameters: int, caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    caplog.set_level(logging.INFO)
    with net_of(kind, bottoms, text) as net:
        net.forward()
        assert len(net.params.get("it", [])) == parameters
        if kind != "DetectionOutput":  # which shapes its top by what it finds
            assert net.blobs["y"].shape == shape
    notes = [record for record in caplog.records if "read as in" in record.message]
    if not whose:
        assert notes == []
        return
    (note,) = notes
    assert f"type {kind} read as in {whose}" in note.message
    assert because in note.message
    assert ("--dialect (dialect=) says whose it is" in note.message) == (not sure)
    assert note.levelno == (logging.INFO if sure else logging.WARNING)


def test_a_field_that_only_changes_training_is_a_warning_in_training(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """PSPNet's update_global_stats, which a net in use does not see."""
    caplog.set_level(logging.INFO)
    text = "batch_norm_param { use_global_stats: true update_global_stats: true }"
    for phase, level in ((TRAIN, logging.WARNING), (TEST, logging.INFO)):
        caplog.clear()
        net_of("BatchNorm", IMAGE, text, phase)
        (note,) = [record for record in caplog.records if "passed over" in record.message]
        assert "update_global_stats (PSPNet)" in note.message
        assert note.levelno == level
