"""Whole nets as modules of PyTorch: phases, sharing, names, training."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path

import numpy as np
import pytest
from google.protobuf import text_format

pytest.importorskip("torch", reason="PyTorch is absent")

import torch

import minicaffe
from minicaffe import cli
from minicaffe.convert.torch import to_module
from minicaffe.convert.torch.module import CaffeModule
from minicaffe.errors import ArgumentError, GraphError, ShapeError
from minicaffe.net.net import TEST, TRAIN, Net
from minicaffe.proto import caffe_pb2
from tests.convert.weights.files import write_net
from tests.convert.weights.test_between import assert_same

#: In place over several readers, two losses, shared weights, Dropout, BatchNorm, data of its own.
TRAINED = """
name: "trained"
layer { name: "data" type: "DummyData" top: "data" top: "label" dummy_data_param {
  shape { dim: 4 dim: 3 dim: 6 dim: 5 } shape { dim: 4 } data_filler { type: "gaussian" }
  data_filler { type: "constant" value: 1 } } }
layer { name: "conv1" type: "Convolution" bottom: "data" top: "conv1" param { lr_mult: 3 }
  param { lr_mult: 2 decay_mult: 0 } convolution_param { num_output: 4 kernel_size: 3 pad: 1
    weight_filler { type: "gaussian" std: 0.5 } } }
layer { name: "bn1" type: "BatchNorm" bottom: "conv1" top: "conv1"
  batch_norm_param { moving_average_fraction: 0.75 } }
layer { name: "type.scale" type: "Scale" bottom: "conv1" top: "conv1"
  scale_param { bias_term: true } }
layer { name: "type" type: "PReLU" bottom: "conv1" top: "conv1" }
layer { name: "pool" type: "Pooling" bottom: "conv1" top: "pool"
  pooling_param { pool: AVE kernel_size: 2 stride: 2 } }
layer { name: "a" type: "InnerProduct" bottom: "pool" top: "a" param { name: "w" }
  param { lr_mult: 0 } inner_product_param { num_output: 5 weight_filler { type: "gaussian" } } }
layer { name: "drop" type: "Dropout" bottom: "pool" top: "dropped" }
layer { name: "b" type: "InnerProduct" bottom: "dropped" top: "b" param { name: "w" }
  inner_product_param { num_output: 5 weight_filler { type: "gaussian" } } }
layer { name: "sum" type: "Eltwise" bottom: "a" bottom: "b" top: "sum" }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "sum" bottom: "label" top: "loss" }
layer { name: "far" type: "EuclideanLoss" bottom: "a" bottom: "b" top: "far" loss_weight: 0.25 }
layer { name: "accuracy" type: "Accuracy" bottom: "sum" bottom: "label" top: "accuracy" }
"""  # fmt: skip


def trained(phase: int = TRAIN, dtype: type = np.float64) -> Net:
    param = text_format.Parse(TRAINED, caffe_pb2.NetParameter())
    return Net(param, phase, seed=3, engine="numpy", dtype=dtype)


def batch(seed: int, items: int = 4) -> dict[str, torch.Tensor]:
    rng = np.random.default_rng(seed)
    return {
        "data": torch.tensor(rng.normal(size=(items, 3, 6, 5))),
        "label": torch.tensor(rng.integers(0, 5, items).astype(float)),
    }


def fed(net: Net) -> Net:
    """The net with an Input layer in place of its data layer, and the same parameters."""
    param = text_format.Parse(TRAINED, caffe_pb2.NetParameter())
    data = param.layer[0]
    data.ClearField("dummy_data_param")
    data.type = "Input"
    for dims in ((4, 3, 6, 5), (4,)):
        data.input_param.shape.add().dim.extend(dims)
    twin = Net(param, net.phase, seed=3, engine="numpy", dtype=net.dtype)
    for name, blobs in net.params.items():
        for own, other in zip(twin.params[name], blobs, strict=True):
            own.data[...] = other.data
    return twin


def near(got: torch.Tensor, want: np.ndarray) -> None:
    np.testing.assert_allclose(got.detach().numpy(), want, rtol=1e-8, atol=1e-10)


def test_training_step_by_step() -> None:
    """Plain gradient descent, with multipliers, in both; Dropout draws the same numbers."""
    net = fed(trained())
    module = to_module(net)
    groups = module.param_groups(0.1, weight_decay=0.01)
    optimizer = torch.optim.SGD(groups, lr=1)
    rates = {(param.layer_name, param.index): (param.lr_mult, param.decay_mult)
             for param in net.learnable_params}  # fmt: skip
    for step in range(3):
        given = batch(step)
        for name, values in given.items():
            net.blobs[name].data[...] = values.numpy()
        net.clear_param_diffs()
        net.forward_loss()
        net.backward()
        optimizer.zero_grad()
        outputs = module(given["data"], given["label"])
        assert sorted(outputs) == ["accuracy", "far", "loss"]
        for name, values in outputs.items():
            near(values, net.blobs[name].data)
        module.total_loss(outputs).backward()
        optimizer.step()
        for (name, index), (rate, decay) in rates.items():
            blob = net.params[name][index]
            blob.data[...] -= 0.1 * rate * (blob.diff + 0.01 * decay * blob.data)
        for name, blobs in net.params.items():
            layer = module.layer_dict[name]
            for tensor, blob in zip(layer.blobs, blobs, strict=True):
                near(tensor, blob.data)
    assert net.params["a"][1].data.any() == 0  # lr_mult: 0
    tested = fed(trained(TEST))  # with what was learned
    tested.share_with(net)
    module.eval()
    given = batch(9)
    for name, values in given.items():
        tested.blobs[name].data[...] = values.numpy()
    tested.forward()
    for name, values in module(**given).items():
        near(values, tested.blobs[name].data)


def test_another_batch_size_and_names() -> None:
    module = to_module(trained())
    assert module.inputs == ["data", "label"]
    assert module.loss_weights == {"loss": 1.0, "far": 0.25}
    assert list(module.state_dict()) == [
        "conv1.weight", "conv1.bias", "bn1.running_mean", "bn1.running_var", "bn1.factor",
        "type.weight", "type.scale.weight", "type.scale.bias", "a.weight", "a.bias", "b.weight",
        "b.bias",
    ]  # fmt: skip
    assert module.a.weight is module.b.weight
    assert module(**batch(1, 7))["loss"].shape == ()
    assert len(list(module.parameters())) == 8
    assert not module.a.bias.requires_grad
    assert "BatchNorm, running_mean=(4,)" in repr(module)


def test_the_forks_statistics_follow_the_phase() -> None:
    text = """
    layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 3 dim: 2 dim: 4 } } }
    layer { name: "bn" type: "BN" bottom: "x" top: "y" bn_param { momentum: 0.75
      slope_filler { type: "gaussian" } } }
    """
    nets = [Net(text_format.Parse(text, caffe_pb2.NetParameter()), phase, seed=1, engine="numpy")
            for phase in (TRAIN, TEST)]  # fmt: skip
    module = to_module(nets[0])
    given = torch.randn(3, 2, 4, generator=torch.Generator().manual_seed(1))
    nets[1].share_with(nets[0])
    for net in nets:
        net.blobs["x"].data[...] = given.numpy()
        net.forward()
        expected = torch.tensor(net.blobs["y"].data)
        torch.testing.assert_close(module(given)["y"], expected)
        module.eval()
    state = module.state_dict()
    assert state["bn.running_var"].shape == (2,)
    module.load_state_dict(state)
    assert module.bn.running_var.shape == (1, 2, 1, 1)


def test_the_state_is_what_convert_weights_writes(tmp_path: Path) -> None:
    net = write_net(tmp_path)
    source, target = str(tmp_path / "w.caffemodel"), str(tmp_path / "x.pth")
    model = f"--model={tmp_path}/net.prototxt"
    assert cli.main(["convert_weights", source, target, model]) == 0
    module = to_module(net)
    loaded = torch.load(target, weights_only=True)
    assert list(loaded) == list(module.state_dict())
    for name, values in module.state_dict().items():
        torch.testing.assert_close(values, loaded[name], rtol=1e-6, atol=0)
    for parameter in module.parameters():
        parameter.data.zero_()
    module.load_state_dict(loaded)
    module.to_net().save(str(tmp_path / "y.caffemodel"))
    assert_same(tmp_path / "y.caffemodel", source)


def test_pytorchs_statistics_are_taken(tmp_path: Path) -> None:
    module = to_module(write_net(tmp_path))
    state = module.state_dict()
    norm = torch.nn.BatchNorm2d(4)
    norm.running_mean.uniform_(1, 2)
    given = {f"bn1.{key}": value for key, value in norm.state_dict().items()}
    state = {key: value for key, value in state.items() if not key.startswith("bn1")}
    state |= {key: given[key] for key in given if not key.endswith(("weight", "bias"))}
    module.load_state_dict(state)
    assert module.bn1.factor == 4  # 1 / (1 - 0.75)
    torch.testing.assert_close(module.state_dict()["bn1.running_mean"], norm.running_mean)
    del state["bn1.running_var"]
    with pytest.raises(RuntimeError, match=r"bn1\.running_var"):
        module.load_state_dict(state)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_copies_are_independent(copied: type) -> None:
    module = to_module(trained())
    module.bn1.eval()
    twin: CaffeModule = copied(module)
    assert not twin.bn1.training
    assert twin.conv1.training
    assert twin.a.weight is twin.b.weight
    given = batch(2)
    module.eval()
    twin.eval()
    before = module(**given)
    for name, values in twin(**given).items():
        torch.testing.assert_close(values, before[name])
    with torch.no_grad():
        twin.conv1.weight.add_(1)
    assert torch.equal(module(**given)["loss"], before["loss"])
    assert not torch.equal(twin(**given)["loss"], before["loss"])


def test_the_net_stays_as_it_is() -> None:
    net = fed(trained())
    shapes = {name: blob.shape for name, blob in net.blobs.items()}
    before = {name: [blob.data.copy() for blob in blobs] for name, blobs in net.params.items()}
    module = to_module(net)
    module.total_loss(module(**batch(1, 2))).backward()
    with torch.no_grad():
        module.conv1.weight.add_(1)
    assert shapes == {name: blob.shape for name, blob in net.blobs.items()}
    for name, arrays in before.items():
        for array, blob in zip(arrays, net.params[name], strict=True):
            np.testing.assert_array_equal(blob.data, array)


def test_propagate_down_stops_gradients() -> None:
    text = """
    layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 2 dim: 3 } } }
    layer { name: "f" type: "InnerProduct" bottom: "x" top: "y" inner_product_param {
      num_output: 4 weight_filler { type: "gaussian" } } }
    layer { name: "g" type: "InnerProduct" bottom: "y" top: "z" propagate_down: false
      inner_product_param { num_output: 1 weight_filler { type: "gaussian" } } }
    """
    net = Net(text_format.Parse(text, caffe_pb2.NetParameter()), TRAIN, seed=1)
    module = to_module(net)
    module(torch.ones(2, 3))["z"].sum().backward()
    assert module.f.weight.grad is None
    assert module.g.weight.grad is not None


def test_all_that_converts_to_no_module_is_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "net.prototxt"
    path.write_text(
        'layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 1 dim: 4 '
        'dim: 6 } } }\nlayer { name: "im" type: "Im2col" bottom: "x" top: "im" convolution_param '
        '{ kernel_size: 2 } }\nlayer { name: "py" type: "Python" bottom: "x" top: "p" '
        'python_param { module: "tests.convert.torch.test_to_module" layer: "Own" } }\n'
        'layer { name: "ip" type: "InnerProduct" bottom: "p" top: "y" inner_product_param '
        "{ num_output: 2 } }\n"
    )
    net = Net(str(path), TEST)
    with pytest.raises(GraphError) as caught:
        to_module(net)
    lines = str(caught.value).splitlines()
    assert lines == [
        f"{path}:2: layer 'im' (Im2col): PyTorch unfolds two spatial axes, not 1; `minicaffe "
        "deploy --until x` ends the net before it; the torch engine (engine='torch') runs it by "
        "numpy",
        f"{path}:3: layer 'py' (Python): no function of PyTorch computes this type; write it as a "
        "module of PyTorch, and cut the net before and after it",
    ]


class Own(minicaffe.Layer):
    """A Python layer."""

    def setup(self, bottom: list, top: list) -> None: ...

    def reshape(self, bottom: list, top: list) -> None:
        top[0].reshape(*bottom[0].shape)

    def forward(self, bottom: list, top: list) -> None: ...

    def backward(self, top: list, propagate_down: list, bottom: list) -> None: ...


def _scores() -> caffe_pb2.NetParameter:
    text = """layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 2 } } }
    layer { name: "y" type: "ReLU" bottom: "x" top: "y" }"""
    return text_format.Parse(text, caffe_pb2.NetParameter())


def test_inputs_that_are_wrong() -> None:
    module = to_module(trained())
    given = batch(1)
    with pytest.raises(ArgumentError, match="inputs are missing: label"):
        module(given["data"])
    with pytest.raises(ArgumentError, match="'labels' is no input of the net; did you mean"):
        module(given["data"], labels=given["label"])
    with pytest.raises(ArgumentError, match="'data' is given twice"):
        module(given["data"], data=given["data"])
    with pytest.raises(ArgumentError, match="3 inputs given, the net takes data, label"):
        module(*given.values(), given["data"])
    with pytest.raises(ShapeError, match=r"layer 'a' \(InnerProduct\): .* must not change"):
        module(torch.zeros(4, 3, 9, 9, dtype=torch.float64), given["label"])
    with pytest.raises(ArgumentError, match="the net has no loss"):
        to_module(Net(_scores(), TEST)).total_loss({})
