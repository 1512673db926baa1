"""The networks that find objects by regions: their files, what they learn, and what they give."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import numpy as np
import pytest

from minicaffe import TEST, TRAIN, Net, get_solver
from minicaffe.proto import caffe_pb2
from minicaffe.proto.io import read_net, read_solver
from minicaffe.proto.printing import to_text
from models.generate import faster_rcnn, rfcn
from models.generate.regions import files
from tests.zoo import ROOT, unfilled

BY_NAME = {model.folder: model for model in [*faster_rcnn.MODELS, *rfcn.MODELS]}
every_name = pytest.mark.parametrize("name", sorted(BY_NAME))


@dataclass(frozen=True)
class Expected:
    """What is known of a network: numbers for each region, layers that weights are published for,
    the beginnings of the names of those that do not learn, and one that does and one that does
    not."""

    offsets: int
    layers: set[str]
    frozen: tuple[str, ...]
    moves: str
    stays: str


EXPECTED = {
    "faster_rcnn_vgg16": Expected(
        84, {"conv5_3", "fc6", "cls_score"}, ("conv1", "conv2"), "conv5_3", "conv2_2"
    ),
    "rfcn_resnet50": Expected(
        8, {"res5c_branch2c", "bn_conv1", "scale5a_branch1", "conv_new_1", "rfcn_cls"},
        ("conv1", "res2", "bn", "scale"), "res5a_branch2b", "res2c_branch2b",
    ),
}  # fmt: skip


@every_name
def test_scripts_write_the_files_that_are_there(name: str) -> None:
    for file, text in files(BY_NAME[name]).items():
        assert (ROOT / "models" / name / file).read_text(encoding="utf-8") == text


@every_name
def test_the_solver_trains_the_network_beside_it(name: str) -> None:
    param = read_solver(str(ROOT / "models" / name / "solver.prototxt"))
    assert param.net == f"models/{name}/train_val.prototxt"
    assert Path(param.snapshot_prefix).parent == Path("models", name)


@every_name
def test_use_has_the_layers_that_are_trained(name: str) -> None:
    """With the parameters of the training net, which are those of the published weights."""
    used = unfilled(ROOT / "models" / name / "deploy.prototxt")
    trained = unfilled_training(name)
    shapes = [
        {layer: [blob.shape for blob in blobs] for layer, blobs in net.params.items()}
        for net in (used, trained)
    ]
    assert shapes[0] == shapes[1]
    expected = EXPECTED[name]
    assert {"rpn_conv/3x3", "rpn_bbox_pred", *expected.layers} <= set(used.params)
    for layer, blobs in trained.params.items():
        specs = trained.layer_dict[layer].param.param
        rates = [spec.lr_mult for spec in specs] or [1]
        assert rates == (
            [0] * len(blobs) if layer.startswith(expected.frozen) else [1, 2][: len(blobs)]
        )


def unfilled_training(name: str) -> Net:
    with mock.patch("minicaffe.layer.fill"):
        path = str(ROOT / "models" / name / "train_val.prototxt")
        return Net(path, TRAIN, seed=1, engine="numpy")


def narrow(name: str, file: str) -> caffe_pb2.NetParameter:
    """The network with a twentieth of its parameters."""
    param = read_net(str(ROOT / "models" / name / file))
    for layer in param.layer:
        if layer.name in ("fc6", "fc7"):
            layer.inner_product_param.num_output = 64
        elif layer.type == "Convolution" and layer.name.startswith(("conv", "res")):
            layer.convolution_param.num_output //= 8
        elif layer.type == "BatchNorm":  # there are no statistics of ImageNet here
            layer.batch_norm_param.ClearField("use_global_stats")
        elif layer.type == "Input" and layer.name == "data":
            layer.input_param.shape[0].dim[2:] = [128, 160]
    return param


BOXES = np.array([[10, 20, 90, 100, 3], [60, 5, 150, 90, 17]])


def show(net: Net) -> None:
    """An image of 128 by 160 pixels with two objects, as a program fills it."""
    net.blobs["data"].reshape(1, 3, 128, 160)
    net.blobs["data"].data[...] = np.random.default_rng(0).normal(0, 40, (1, 3, 128, 160))
    net.blobs["im_info"].data[...] = 128, 160, 1
    if "gt_boxes" in net.blobs:
        net.blobs["gt_boxes"].reshape(*BOXES.shape)
        net.blobs["gt_boxes"].data[...] = BOXES


def narrow_training(name: str) -> caffe_pb2.NetParameter:
    """The network that is trained, with anchors that fit into so small an image."""
    param = narrow(name, "train_val.prototxt")
    for layer in param.layer:
        settings = layer.python_param
        if "feat_stride" in settings.param_str:
            settings.param_str = "{feat_stride: 16, scales: [2, 4, 6]}"
    return param


@every_name
def test_learns_tiny_data_in_both_phases(name: str, tmp_path: Path) -> None:
    param = narrow_training(name)
    (tmp_path / "net.prototxt").write_text(to_text(param), encoding="utf-8")
    solver = caffe_pb2.SolverParameter(
        base_lr=1e-3, lr_policy="fixed", random_seed=1, max_iter=3, snapshot_after_train=False,
        net=str(tmp_path / "net.prototxt"),
    )  # fmt: skip
    (tmp_path / "solver.prototxt").write_text(to_text(solver), encoding="utf-8")
    made = get_solver(str(tmp_path / "solver.prototxt"))
    show(made.net)
    expected = EXPECTED[name]
    heads = [key for key in made.net.params if key in HEADS]
    assert len(heads) == 4
    learned = [*heads, expected.moves, expected.stays]
    before = {key: made.net.params[key][0].data.copy() for key in learned}
    for _ in range(3):
        made.step(1)
        losses = [float(made.net.blobs[key].data) for key in LOSSES]
        assert np.isfinite(losses).all()
        assert min(losses) >= 0 < sum(losses)
    moved = [key for key, old in before.items() if (made.net.params[key][0].data != old).any()]
    assert moved == learned[:-1], "the last one is frozen"
    tested = Net(param, TEST, seed=1)
    tested.copy_from_proto(made.net.to_proto())
    show(tested)
    tested.forward()
    assert all(np.isfinite(tested.blobs[key].data).all() for key in LOSSES)


HEADS = ("rpn_cls_score", "rpn_bbox_pred", "cls_score", "bbox_pred", "rfcn_cls", "rfcn_bbox")
LOSSES = ("rpn_cls_loss", "rpn_loss_bbox", "loss_cls", "loss_bbox")


@every_name
def test_gives_regions_with_scores_and_offsets(name: str) -> None:
    trained = Net(narrow_training(name), TRAIN, seed=1)
    show(trained)
    trained.forward()  # which gives BatchNorm statistics
    net = Net(narrow(name, "deploy.prototxt"), TEST, seed=1)
    net.copy_from_proto(trained.to_proto())
    show(net)
    found = net.forward()
    assert sorted(found) == ["bbox_pred", "cls_prob"]
    rois = net.blobs["rois"].data
    assert 0 < len(rois) <= 300
    assert rois.min() >= 0
    assert (rois[:, 1:].max(axis=0) <= [159, 127, 159, 127]).all()
    assert found["cls_prob"].shape == (len(rois), 21)
    assert found["bbox_pred"].shape == (len(rois), EXPECTED[name].offsets)
    np.testing.assert_allclose(found["cls_prob"].sum(axis=1), 1, rtol=1e-5)
