"""Every network in ``models/``: its files can be read, it runs, and its readme tells the truth."""

from __future__ import annotations

from pathlib import Path
from unittest import mock

import numpy as np
import pytest

from benchmarks.nets import learned_numbers
from minicaffe import TEST, TRAIN, Net
from minicaffe.net.summary import summarize_net
from minicaffe.proto import caffe_pb2
from minicaffe.proto.io import read_net, read_solver
from tests.zoo import (
    DETECTORS,
    FOLDERS,
    NETS,
    ROOT,
    SOLVERS,
    as_if_trained,
    for_imagenet,
    front_matter,
    labels_pixels,
    multiply_adds,
    short,
    unfilled,
    without_data,
)

NAMES = [folder.name for folder in FOLDERS]
every_folder = pytest.mark.parametrize("folder", FOLDERS, ids=NAMES)
every_net = pytest.mark.parametrize("path", NETS, ids=map(short, NETS))
every_solver = pytest.mark.parametrize("path", SOLVERS, ids=map(short, SOLVERS))

SMALL = [
    folder for folder in FOLDERS
    if not (for_imagenet(folder) or labels_pixels(folder) or folder in DETECTORS)
]  # fmt: skip
SMALL_NETS = [path for path in NETS if path.parent in SMALL]
every_small_folder = pytest.mark.parametrize("folder", SMALL, ids=map(short, SMALL))
every_small_net = pytest.mark.parametrize("path", SMALL_NETS, ids=map(short, SMALL_NETS))


def test_the_networks_are_there() -> None:
    assert {"lenet_bn", "lenet", "cifar10_quick", "cifar10_full", "resnet20"} <= set(NAMES)


def deploy(folder: Path) -> Net:
    """The deploy net for two images."""
    net = Net(str(folder / "deploy.prototxt"), TEST, seed=1, engine="numpy")
    net.blobs["data"].reshape(2, *net.blobs["data"].shape[1:])
    net.reshape()
    as_if_trained(net)
    return net


@every_small_folder
def test_deploy_gives_probabilities(folder: Path) -> None:
    net = deploy(folder)
    images = np.random.default_rng(2).normal(size=net.blobs["data"].shape)
    result = net.forward(data=images)
    assert list(result) == ["prob"]
    assert result["prob"].shape == (2, 10)
    np.testing.assert_allclose(result["prob"].sum(axis=1), 1, rtol=1e-5)


@every_small_net
@pytest.mark.parametrize("phase", [TRAIN, TEST])
def test_learns_and_is_tested(path: Path, phase: int) -> None:
    shape = deploy(path.parent).blobs["data"].shape[1:]
    net = Net(without_data(path, shape), phase, seed=1, engine="numpy")
    as_if_trained(net)
    rng = np.random.default_rng(3)
    net.blobs["data"].data[...] = rng.normal(0, 0.3, net.blobs["data"].shape)
    net.blobs["label"].data[...] = [0, 4, 9]
    loss = net.forward_loss()
    assert 0 < loss < np.inf
    assert ("accuracy" in net.outputs) == (phase == TEST)
    if phase == TRAIN:
        # before the training all ten classes are about as likely as each other
        assert 0.3 * np.log(10) < loss < 3 * np.log(10)
        net.backward()
        learned = [param for param in net.learnable_params if param.lr_mult]
        assert all(param.blob.diff.any() for param in learned)


@every_small_net
def test_trained_weights_fit_the_deploy_net(path: Path) -> None:
    target = deploy(path.parent)
    trained = Net(without_data(path, target.blobs["data"].shape[1:]), TRAIN, seed=7)
    target.copy_from_proto(trained.to_proto())
    assert list(target.params) == list(trained.params)
    for name, blobs in trained.params.items():
        for mine, theirs in zip(target.params[name], blobs, strict=True):
            np.testing.assert_array_equal(mine.data, theirs.data)


@every_net
def test_the_same_parameters_wherever_it_is_used(path: Path) -> None:
    def shapes(net: Net) -> dict[str, list[tuple[int, ...]]]:
        return {name: [blob.shape for blob in blobs] for name, blobs in net.params.items()}

    trained = shapes(unfilled(path, TRAIN))
    assert shapes(unfilled(path, TEST)) == trained
    used = shapes(unfilled(path.with_name("deploy.prototxt")))
    assert used.items() <= trained.items()
    only_trained = [name for name in trained if name not in used]
    # GoogLeNet has classifiers half-way up that only training needs
    assert all(name.startswith(("loss1/", "loss2/")) for name in only_trained)
    assert bool(only_trained) == (path.parent.name == "bvlc_googlenet")


@every_net
def test_no_two_layers_share_a_name(path: Path) -> None:
    for file, phase in ((path, TRAIN), (path, TEST), (path.with_name("deploy.prototxt"), TEST)):
        names = unfilled(file, phase)._layer_names
        assert len(names) == len(set(names))


@every_solver
def test_solver_trains_the_network_beside_it(path: Path) -> None:
    param = read_solver(str(path))
    net = ROOT / param.net
    assert net.parent == path.parent
    assert net.is_file()
    assert Path(param.snapshot_prefix).parent == path.parent.relative_to(ROOT)
    assert param.max_iter > 0
    assert param.max_iter % param.test_interval == 0 or "full.prototxt" in path.name


@every_solver
def test_all_test_images_are_tested(path: Path) -> None:
    """test_iter times the batch size is the number of images: 2,000 shipped, else all."""
    param = read_solver(str(path))
    layers = read_net(str(ROOT / param.net)).layer
    kinds = ("Data", "DenseImageData", "ImageSegData")
    data = [layer for layer in layers if layer.type in kinds][1]
    assert [rule.phase for rule in data.include] == [TEST]
    counts = {
        "fashion_mnist": 2000,
        "fashion_mnist_full": 10000,
        "cifar10": 10000,
        "ilsvrc12": 50000,
        "ade20k": 2000,
        "camvid": 101,
        "voc2012": 1449,
    }
    (settings,) = (
        value
        for field, value in data.ListFields()
        if field.message_type and "source" in field.message_type.fields_by_name
    )
    count = counts[Path(settings.source).parts[1]]
    assert list(param.test_iter) == [count // settings.batch_size]


@every_net
def test_data_of_shipped_images_is_there(path: Path) -> None:
    for layer in read_net(str(path)).layer:
        if layer.type == "Data" and layer.data_param.source.startswith("data/fashion_mnist/"):
            assert (ROOT / layer.data_param.source / "data.mdb").is_file()
            assert layer.data_param.backend == caffe_pb2.DataParameter.LMDB


@every_folder
def test_readme_begins_with_facts(folder: Path) -> None:
    facts = front_matter(folder)
    net = unfilled(folder / "deploy.prototxt")
    assert facts["input"] == list(net.blobs["data"].shape[1:])
    assert facts["parameters"] == learned_numbers(net)
    assert facts["multiply_adds"] == multiply_adds(net)


@every_folder
def test_summarize_counts_as_the_readme_does(folder: Path) -> None:
    param = read_net(str(folder / "deploy.prototxt"))
    with mock.patch("minicaffe.layer.fill"):  # no memory for weights that no one looks at
        summary = summarize_net(param)
    facts = front_matter(folder)
    assert summary.learned == facts["parameters"]
    assert summary.multiply_adds == facts["multiply_adds"] * summary.batch


@every_folder
def test_training_and_use_see_the_same_size(folder: Path) -> None:
    used = unfilled(folder / "deploy.prototxt").blobs["data"].shape[2:]
    for layer in read_net(str(folder / "train_val.prototxt")).layer:
        if layer.type == "Data" and layer.transform_param.crop_size:
            assert (layer.transform_param.crop_size,) * 2 == used
