"""A small Faster R-CNN, as py-faster-rcnn's prototxts have it: it learns, and goes on exactly."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest

from minicaffe import TRAIN, Net, SGDSolver, engines

#: The layers from rpn_conv to the two losses of the detector, with few channels.
NET = """
layer { name: "input-data" type: "Input" top: "data" top: "im_info" top: "gt_boxes"
  input_param { shape { dim: [1, 3, 96, 128] } shape { dim: [1, 3] } shape { dim: [2, 5] } } }
layer { name: "conv" type: "Convolution" bottom: "data" top: "conv" convolution_param {
  num_output: 8 kernel_size: 8 stride: 8 weight_filler { type: "xavier" } } }
layer { name: "relu" type: "ReLU" bottom: "conv" top: "conv" }
layer { name: "rpn_cls_score" type: "Convolution" bottom: "conv" top: "rpn_cls_score"
  convolution_param { num_output: 12 kernel_size: 1 weight_filler { type: "gaussian" std: 0.01 } } }
layer { name: "rpn_bbox_pred" type: "Convolution" bottom: "conv" top: "rpn_bbox_pred"
  convolution_param { num_output: 24 kernel_size: 1 weight_filler { type: "gaussian" std: 0.01 } } }
layer { name: "rpn_cls_score_reshape" type: "Reshape" bottom: "rpn_cls_score"
  top: "rpn_cls_score_reshape" reshape_param { shape { dim: 0 dim: 2 dim: -1 dim: 0 } } }
layer { name: "rpn-data" type: "Python" bottom: "rpn_cls_score" bottom: "gt_boxes" bottom: "im_info"
  bottom: "data" top: "rpn_labels" top: "rpn_bbox_targets" top: "rpn_bbox_inside_weights"
  top: "rpn_bbox_outside_weights" python_param { module: "rpn.anchor_target_layer"
    layer: "AnchorTargetLayer"
    param_str: "{feat_stride: 8, scales: [1.5, 3], RPN_BATCHSIZE: 20}" } }
layer { name: "rpn_loss_cls" type: "SoftmaxWithLoss" bottom: "rpn_cls_score_reshape"
  bottom: "rpn_labels" propagate_down: true propagate_down: false top: "rpn_cls_loss" loss_weight: 1
  loss_param { ignore_label: -1 normalize: true } }
layer { name: "rpn_loss_bbox" type: "SmoothL1Loss" bottom: "rpn_bbox_pred"
  bottom: "rpn_bbox_targets" bottom: "rpn_bbox_inside_weights" bottom: "rpn_bbox_outside_weights"
  top: "rpn_loss_bbox" loss_weight: 1 smooth_l1_loss_param { sigma: 3.0 } }
layer { name: "rpn_cls_prob" type: "Softmax" bottom: "rpn_cls_score_reshape" top: "rpn_cls_prob" }
layer { name: "rpn_cls_prob_reshape" type: "Reshape" bottom: "rpn_cls_prob"
  top: "rpn_cls_prob_reshape" reshape_param { shape { dim: 0 dim: 12 dim: -1 dim: 0 } } }
layer { name: "proposal" type: "Python" bottom: "rpn_cls_prob_reshape" bottom: "rpn_bbox_pred"
  bottom: "im_info" top: "rpn_rois" python_param { module: "rpn.proposal_layer"
    layer: "ProposalLayer" param_str: "{feat_stride: 8, scales: [1.5, 3]}" } }
layer { name: "roi-data" type: "Python" bottom: "rpn_rois" bottom: "gt_boxes" top: "rois"
  top: "labels" top: "bbox_targets" top: "bbox_inside_weights" top: "bbox_outside_weights"
  python_param { module: "rpn.proposal_target_layer" layer: "ProposalTargetLayer"
    param_str: "{num_classes: 3, BATCH_SIZE: 16, BG_THRESH_LO: 0}" } }
layer { name: "roi_pool" type: "ROIPooling" bottom: "conv" bottom: "rois" top: "pool"
  roi_pooling_param { pooled_w: 3 pooled_h: 3 spatial_scale: 0.125 } }
layer { name: "cls_score" type: "InnerProduct" bottom: "pool" top: "cls_score"
  inner_product_param { num_output: 3 weight_filler { type: "gaussian" std: 0.01 } } }
layer { name: "bbox_pred" type: "InnerProduct" bottom: "pool" top: "bbox_pred"
  inner_product_param { num_output: 12 weight_filler { type: "gaussian" std: 0.001 } } }
layer { name: "loss_cls" type: "SoftmaxWithLoss" bottom: "cls_score" bottom: "labels"
  propagate_down: true propagate_down: false top: "loss_cls" loss_weight: 1 }
layer { name: "loss_bbox" type: "SmoothL1Loss" bottom: "bbox_pred" bottom: "bbox_targets"
  bottom: "bbox_inside_weights" bottom: "bbox_outside_weights" top: "loss_bbox" loss_weight: 1 }
"""
SOLVER = 'net: "net.prototxt" base_lr: 0.01 lr_policy: "fixed" momentum: 0.9 random_seed: 5 '


@pytest.fixture
def solver_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    Path("net.prototxt").write_text(NET, encoding="utf-8")
    Path("solver.prototxt").write_text(SOLVER + 'snapshot_prefix: "s"', encoding="utf-8")
    return "solver.prototxt"


def filled(file: str, engine: str = "numpy", keep: str = "all") -> SGDSolver:
    """A solver whose net has an image of two bright boxes, one of each class."""
    solver = SGDSolver(file, engine=engine, keep=keep)
    blobs = solver.net.blobs
    boxes = np.array([[10, 20, 45, 60, 1], [70, 30, 115, 80, 2]])
    blobs["data"].data[...] = np.random.default_rng(0).normal(size=(1, 3, 96, 128)) * 0.1
    for x1, y1, x2, y2, label in boxes:
        blobs["data"].data[0, label, y1 : y2 + 1, x1 : x2 + 1] += 1
    blobs["im_info"].data[...] = 96, 128, 1
    blobs["gt_boxes"].data[...] = boxes
    return solver


@pytest.mark.parametrize("engine", ["numpy", "onednn"])
@pytest.mark.parametrize("keep", ["all", "outputs"])
def test_it_learns(solver_file: str, engine: str, keep: str) -> None:
    """Also where blobs share memory, although some layers pass no gradient."""
    if reason := engines.why_unavailable(engine):
        pytest.skip(reason)
    solver = filled(solver_file, engine, keep)
    losses = []
    for _ in range(60):
        solver.step(1)
        names = ("rpn_cls_loss", "rpn_loss_bbox", "loss_cls", "loss_bbox")
        losses.append([float(solver.net.blobs[name].data) for name in names])
    first, last = np.mean(losses[:5], axis=0), np.mean(losses[-5:], axis=0)
    assert np.isfinite(losses).all()
    assert (last[[0, 2]] < 0.6 * first[[0, 2]]).all(), (first, last)
    assert last.sum() < 0.6 * first.sum(), (first, last)


def test_a_snapshot_goes_on_with_the_same_draws(solver_file: str) -> None:
    whole = filled(solver_file)
    whole.step(6)
    first = filled(solver_file)
    first.step(3)
    first.snapshot()
    resumed = filled(solver_file)
    resumed.restore("s_iter_3.solverstate")
    resumed.step(3)
    for name, params in whole.net.params.items():
        for left, right in zip(params, resumed.net.params[name], strict=True):
            np.testing.assert_array_equal(left.data, right.data, name)


def test_one_note_says_that_minicaffes_own_layers_run(
    solver_file: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "minicaffe"):
        Net("net.prototxt", TRAIN)
    (note,) = (record.message for record in caplog.records if "read as in" in record.message)
    assert note == (
        "net.prototxt: types AnchorTargetLayer, ProposalLayer and ProposalTargetLayer read as in "
        "Fast R-CNN, Faster R-CNN and R-FCN, because the Python module is not on the path, and "
        "minicaffe's own code runs"
    )
