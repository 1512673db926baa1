"""Small nets with weights, and their models run by onnxruntime."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from minicaffe.convert.compare.net_side import fill
from minicaffe.convert.onnx.export import Exported
from minicaffe.convert.onnx.session import Runner
from minicaffe.net.net import TEST, Net
from minicaffe.proto import caffe_pb2
from minicaffe.proto.text_format import parse


def param_of(text: str, **inputs: tuple[int, ...]) -> caffe_pb2.NetParameter:
    """A net of Input layers of these shapes and the layers of a text."""
    param = caffe_pb2.NetParameter()
    parse(text, param)
    layers = list(param.layer)
    del param.layer[:]
    param.name = param.name or "small"
    for name, shape in inputs.items():
        added = param.layer.add(name=name, type="Input", top=[name])
        added.input_param.shape.add(dim=shape)
    param.layer.extend(layers)
    return param


def net_of(text: str, **inputs: tuple[int, ...]) -> Net:
    """That net in phase TEST, run by numpy, with weights that are not 0."""
    net = Net(param_of(text, **inputs), TEST, seed=1, engine="numpy")
    give_weights(net)
    return net


def give_weights(net: Net) -> None:
    """Random numbers where a filler has left equal ones; a variance is positive."""
    rng = np.random.default_rng(5)
    for layer in net.layers:
        for blob in layer.blobs:
            if blob.data.min(initial=0) == blob.data.max(initial=0) or blob.count == 1:
                blob.data[...] = rng.uniform(0.5, 1.5, blob.shape)


def run(exported: Exported, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """All values of a model."""
    wanted = [name for name in exported.values if name not in exported.inputs]
    return Runner(exported.model, exported.tensors, wanted).run(arrays)


def normal(net: Net, seed: int = 0) -> dict[str, np.ndarray]:
    """Normally distributed inputs in the shapes that the net has."""
    rng = np.random.default_rng(seed)
    return {name: rng.normal(size=net.blobs[name].shape).astype(np.float32) for name in net.inputs}


def assert_equal(net: Net, exported: Exported, arrays: Mapping[str, np.ndarray]) -> None:
    """The net's blobs are the model's values of their names."""
    found = run(exported, arrays)
    fill(net, arrays)
    net.forward_loss()
    for name in found:
        if name in net.blobs:
            want = net.blobs[name].data
            assert found[name].shape == want.shape, name
            scale = max(1.0, float(np.abs(want).max(initial=0)))
            assert np.abs(found[name] - want).max(initial=0) <= 1e-5 * scale, name
