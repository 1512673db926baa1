"""Whole nets of Cascade R-CNN's and MS-CNN's layers, as their forks write them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import minicaffe as caffe

#: What stages and losses say of their offsets.
REG = "bbox_reg_param { cls_aware: false bbox_mean: [0, 0, 0, 0] bbox_std: [0.1, 0.1, 0.2, 0.2] }"

MAPS = """
layer { name: "data" type: "Input" top: "data" input_param { shape { dim: [1, 3, 48, 64] } } }
layer { name: "map" type: "Convolution" bottom: "data" top: "map"
  convolution_param { num_output: 8 kernel_size: 8 stride: 8
    weight_filler { type: "gaussian" std: 0.05 } } }
layer { name: "cls" type: "Convolution" bottom: "map" top: "cls"
  convolution_param { num_output: 4 kernel_size: 1 weight_filler { type: "xavier" } } }
layer { name: "bbox" type: "Convolution" bottom: "map" top: "bbox"
  convolution_param { num_output: 8 kernel_size: 1 weight_filler { type: "xavier" } } }
layer { name: "cls_reshape" type: "Reshape" bottom: "cls" top: "cls_reshape"
  reshape_param { shape { dim: [-1, 2, 0, 0] } } }
layer { name: "bbox_reshape" type: "Reshape" bottom: "bbox" top: "bbox_reshape"
  reshape_param { shape { dim: [-1, 4, 0, 0] } } }
layer { name: "prob" type: "Softmax" bottom: "cls_reshape" top: "prob" }
layer { name: "proposals" type: "BoxGroupOutput" bottom: "prob" bottom: "bbox_reshape"
  top: "proposals" propagate_down: false propagate_down: false
  box_group_output_param { fg_thr: 0.1 iou_thr: 0.7 min_size: 5 max_nms_num: 100
    box_group_param { stride: 8 field_w: [24, 16] field_h: [16, 24] } } }
"""

TRAIN = """
layer { name: "labels" type: "Input" top: "labels" top: "gt_boxes"
  input_param { shape { dim: [2, 6, 6, 8] } shape { dim: [2, 8] } } }
layer { name: "rpn_loss" type: "DetectionGroupLoss" bottom: "cls_reshape" bottom: "bbox_reshape"
  bottom: "labels" top: "rpn_loss"
  detection_group_loss_param { cls_num: 2 stride: 8 field_w: [24, 16] field_h: [16, 24]
    objectness: true batch_size: 16 bg_multiple: 1 } %s }
layer { name: "rpn_accuracy" type: "DetectionGroupAccuracy" bottom: "cls_reshape"
  bottom: "bbox_reshape" bottom: "labels" top: "rpn_accuracy" top: "rpn_iou"
  detection_group_accuracy_param { cls_num: 2 stride: 8 field_w: [24, 16] field_h: [16, 24]
    objectness: true } %s }
layer { name: "target" type: "ProposalTarget" bottom: "proposals" bottom: "gt_boxes"
  top: "rois" top: "roi_labels" top: "targets" top: "inside" top: "outside" top: "match"
  propagate_down: false propagate_down: false
  proposal_target_param { cls_num: 3 batch_size: 12 num_img_per_batch: 1 bg_thr_lw: 0
    img_width: 64 img_height: 48 } %s }
layer { name: "pool" type: "Reshape" bottom: "rois" top: "pool"
  reshape_param { shape { dim: [0, 5] } } }
layer { name: "bbox_pred" type: "InnerProduct" bottom: "pool" top: "bbox_pred"
  inner_product_param { num_output: 8 weight_filler { type: "gaussian" std: 0.001 } } }
layer { name: "loss_bbox" type: "SmoothL1Loss" bottom: "bbox_pred" bottom: "targets"
  bottom: "inside" bottom: "outside" top: "loss_bbox"
  propagate_down: [true, false, false, false] }
layer { name: "iou" type: "BboxAccuracy" bottom: "bbox_pred" bottom: "rois" bottom: "match"
  top: "iou" top: "iou_pre" %s }
layer { name: "route" type: "ScaleRoute" bottom: "rois" bottom: "roi_labels" top: "rois_1"
  top: "labels_1" scale_route_param { high_scale: 20 } propagate_down: [false, false] }
layer { name: "second" type: "DecodeBBox" bottom: "bbox_pred" bottom: "rois" bottom: "match"
  top: "second" propagate_down: [false, false, false] %s }
layer { name: "silence" type: "Silence" bottom: "second" bottom: "rois_1" bottom: "labels_1" }
""".replace("%s", REG)

TEST = """
layer { name: "size" type: "Input" top: "size" input_param { shape { dim: [1, 2] } } }
layer { name: "flat" type: "Reshape" bottom: "proposals" top: "flat"
  reshape_param { shape { dim: [0, 5] } } }
layer { name: "bbox_pred" type: "InnerProduct" bottom: "flat" top: "bbox_pred"
  inner_product_param { num_output: 8 weight_filler { type: "gaussian" std: 0.001 } } }
layer { name: "cls_pred" type: "InnerProduct" bottom: "flat" top: "cls_pred"
  inner_product_param { num_output: 3 weight_filler { type: "gaussian" std: 0.01 } } }
layer { name: "cls_prob" type: "Softmax" bottom: "cls_pred" top: "cls_prob" }
layer { name: "out" type: "FrcnnOutput" bottom: "cls_prob" bottom: "bbox_pred" bottom: "proposals"
  bottom: "size" top: "out" frcnn_output_param { conf_thr: 0.05 iou_thr: 0.5 max_det_num: 9 }
  %s }
""".replace("%s", REG)


def net_of(folder: Path, text: str, phase: int) -> caffe.Net:
    file = folder / "net.prototxt"
    file.write_text(text, encoding="utf-8")
    caffe.set_random_seed(11)
    return caffe.Net(str(file), phase)


def fill(net: caffe.Net) -> None:
    rng = np.random.default_rng(5)
    net.blobs["data"].data[...] = rng.normal(size=net.blobs["data"].data.shape)
    if "labels" in net.blobs:
        labels = net.blobs["labels"].data
        labels[...] = 0
        labels[0, :, 2, 3] = [1, 28, 20, 24, 16, 0.9]
        net.blobs["gt_boxes"].data[...] = [[0, 16, 12, 39, 27, 1, 0, 0], [0, 2, 2, 20, 30, 2, 0, 0]]
    if "size" in net.blobs:
        net.blobs["size"].data[...] = [48, 64]


def test_a_net_that_trains(tmp_path: Path) -> None:
    """Twice from the same seed it draws the same and computes the same gradients."""
    found = []
    for _ in range(2):
        net = net_of(tmp_path, MAPS + TRAIN, caffe.TRAIN)
        for _ in range(3):
            fill(net)
            net.forward()
            net.backward()
        assert len(net.blobs["rois"].data) == 12
        assert net.blobs["roi_labels"].data.any()
        assert net.blobs["rpn_loss"].data.shape == (1, 1, 1, 2)
        assert np.isfinite(net.blobs["iou"].data).all()
        found.append([blob.diff.copy() for blob in net.params["map"]] + [net.blobs["rois"].data])
        assert np.abs(found[-1][0]).max() > 0
    for first, again in zip(*found, strict=True):
        np.testing.assert_array_equal(first, again)


def test_a_net_that_detects(tmp_path: Path) -> None:
    net = net_of(tmp_path, MAPS + TEST, caffe.TEST)
    fill(net)
    found = net.forward()["out"][..., 0, 0]
    assert found[0].tolist() == [0, *[-1] * 6]
    assert 1 < len(found) <= 10
    assert set(found[1:, 5]) <= {1, 2}
    boxes = found[1:, 1:5]
    assert (boxes >= 0).all()
    assert (boxes <= [64, 48, 64, 48]).all()


def test_what_is_drawn_goes_on_after_a_restart(tmp_path: Path) -> None:
    """The generators of all layers are part of a training's state."""
    net = tmp_path / "net.prototxt"
    data = TRAIN.replace("Input", "DummyData").replace("input_param", "dummy_data_param").replace(
        "dim: [2, 8] }", 'dim: [2, 8] } data_filler { type: "constant" value: 0 } data_filler { '
        'type: "constant" value: 1 }')  # fmt: skip
    data = data.replace("num_img_per_batch: 1", "num_img_per_batch: 2")
    net.write_text(
        (MAPS + data).replace('"Input" top: "data" input_param', '"DummyData" top: "data" '
                              "dummy_data_param").replace("64] } } }", '64] } data_filler { type: '
                              '"gaussian" } } }'), encoding="utf-8")  # fmt: skip
    text = (
        f'net: "{net}" base_lr: 0.001 lr_policy: "fixed" max_iter: 6 random_seed: 3 '
        f'snapshot_prefix: "{tmp_path}/s" snapshot_after_train: false display: 0'
    )
    file = tmp_path / "solver.prototxt"
    file.write_text(text, encoding="utf-8")
    whole = caffe.get_solver(str(file))
    whole.step(3)
    whole.snapshot()
    whole.step(3)
    later = caffe.get_solver(str(file))
    later.restore(f"{tmp_path}/s_iter_3.solverstate")
    later.step(3)
    for name in ("rois", "rpn_loss", "targets"):
        np.testing.assert_array_equal(whole.net.blobs[name].data, later.net.blobs[name].data)


@pytest.mark.parametrize("phase", [caffe.TRAIN, caffe.TEST])
def test_the_nets_are_read_without_a_warning(
    tmp_path: Path, phase: int, caplog: pytest.LogCaptureFixture
) -> None:
    net_of(tmp_path, MAPS + (TRAIN if phase == caffe.TRAIN else TEST), phase)
    assert [record for record in caplog.records if record.levelname == "WARNING"] == []
