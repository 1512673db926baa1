"""Every network in ``models/``: its files can be read, it runs, and its readme tells the truth."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from minicaffe import TEST, TRAIN, Net
from minicaffe.proto import caffe_pb2
from minicaffe.proto.read import read_net, read_solver

ROOT = Path(__file__).parents[1]
FOLDERS = sorted(path.parent for path in ROOT.glob("models/*/deploy.prototxt"))
NAMES = [folder.name for folder in FOLDERS]
NETS = sorted(ROOT.glob("models/*/train_val*.prototxt"))
SOLVERS = sorted(ROOT.glob("models/*/solver*.prototxt"))
KEYS = {
    "name", "license", "source", "dataset", "input", "parameters", "multiply_adds", "accuracy",
}  # fmt: skip


def test_the_networks_are_there() -> None:
    assert {"lenet_bn", "lenet", "cifar10_quick", "cifar10_full", "resnet20"} <= set(NAMES)


def short(path: Path) -> str:
    return str(path.relative_to(ROOT / "models"))


def front_matter(folder: Path) -> dict[str, Any]:
    before, matter, text = (folder / "readme.md").read_text(encoding="utf-8").split("---\n", 2)
    assert before == ""
    assert text.strip()
    return yaml.safe_load(matter)


def deploy(folder: Path) -> Net:
    """The deploy net for two images."""
    net = Net(str(folder / "deploy.prototxt"), TEST, seed=1, engine="numpy")
    net.blobs["data"].reshape(2, *net.blobs["data"].shape[1:])
    net.reshape()
    as_if_trained(net)
    return net


def as_if_trained(net: Net) -> None:
    """Give BatchNorm statistics of mean 0 and variance 1; without any it would divide by ~0."""
    for name, blobs in net.params.items():
        if net.layer_dict[name].type == "BatchNorm":
            for blob, value in zip(blobs, (0, 1, 1), strict=True):
                blob.data[...] = value


def without_data(path: Path, shape: tuple[int, ...], batch: int = 3) -> Any:
    """The network with inputs in place of its data layers, whose files may not be there."""
    param = read_net(str(path))
    for layer in param.layer:
        if layer.type == "Data":
            layer.type = "Input"
            layer.ClearField("data_param")
            layer.ClearField("transform_param")
            for size in ((batch, *shape), (batch,)):
                layer.input_param.shape.add().dim.extend(size)
    return param


@pytest.mark.parametrize("folder", FOLDERS, ids=NAMES)
def test_deploy_gives_probabilities(folder: Path) -> None:
    net = deploy(folder)
    images = np.random.default_rng(2).normal(size=net.blobs["data"].shape)
    result = net.forward(data=images)
    assert list(result) == ["prob"]
    assert result["prob"].shape == (2, 10)
    np.testing.assert_allclose(result["prob"].sum(axis=1), 1, rtol=1e-5)


@pytest.mark.parametrize("path", NETS, ids=map(short, NETS))
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


@pytest.mark.parametrize("path", NETS, ids=map(short, NETS))
def test_trained_weights_fit_the_deploy_net(path: Path) -> None:
    target = deploy(path.parent)
    trained = Net(without_data(path, target.blobs["data"].shape[1:]), TRAIN, seed=7)
    target.copy_from_proto(trained.to_proto())
    assert list(target.params) == list(trained.params)
    for name, blobs in trained.params.items():
        for mine, theirs in zip(target.params[name], blobs, strict=True):
            np.testing.assert_array_equal(mine.data, theirs.data)


@pytest.mark.parametrize("path", SOLVERS, ids=map(short, SOLVERS))
def test_solver_trains_the_network_beside_it(path: Path) -> None:
    param = read_solver(str(path))
    net = ROOT / param.net
    assert net.parent == path.parent
    assert net.is_file()
    assert Path(param.snapshot_prefix).parent == path.parent.relative_to(ROOT)
    assert param.max_iter > 0
    assert param.max_iter % param.test_interval == 0 or "full.prototxt" in path.name


@pytest.mark.parametrize("path", NETS, ids=map(short, NETS))
def test_all_test_images_are_tested(path: Path) -> None:
    """test_iter times the batch size is the number of images: 2,000 shipped, else 10,000."""
    layers = read_net(str(path)).layer
    data = next(one for one in layers if one.type == "Data" and "test" in one.data_param.source)
    count = 2000 if data.data_param.source.startswith("data/fashion_mnist/") else 10000
    solver = read_solver(str(path.with_name(path.name.replace("train_val", "solver"))))
    assert list(solver.test_iter) == [count // data.data_param.batch_size]


@pytest.mark.parametrize("path", NETS, ids=map(short, NETS))
def test_data_of_shipped_images_is_there(path: Path) -> None:
    for layer in read_net(str(path)).layer:
        if layer.type == "Data" and layer.data_param.source.startswith("data/fashion_mnist/"):
            assert (ROOT / layer.data_param.source / "data.mdb").is_file()
            assert layer.data_param.backend == caffe_pb2.DataParameter.LMDB


@pytest.mark.parametrize("folder", FOLDERS, ids=NAMES)
def test_readme_begins_with_facts(folder: Path) -> None:
    facts = front_matter(folder)
    assert facts.keys() >= KEYS
    net = deploy(folder)
    assert facts["input"] == list(net.blobs["data"].shape[1:])
    assert facts["parameters"] == learned_numbers(net)
    assert facts["multiply_adds"] == multiply_adds(net)


def learned_numbers(net: Net) -> int:
    """How many numbers a net learns; BatchNorm's statistics are measured, not learned."""
    return sum(
        blob.count
        for name, blobs in net.params.items()
        for blob in blobs
        if net.layer_dict[name].type != "BatchNorm"
    )


def multiply_adds(net: Net) -> int:
    """Products of weights with values, for one image."""
    total = 0
    for name, blobs in net.params.items():
        top = net.blobs[net.top_names[name][0]]
        if net.layer_dict[name].type == "Convolution":
            total += top.count // top.shape[0] * blobs[0].count // blobs[0].shape[0]
        elif net.layer_dict[name].type == "InnerProduct":
            total += blobs[0].count
    return total
