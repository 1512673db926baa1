"""The networks that come with minicaffe, as ONNX models."""

from __future__ import annotations

import onnx
import pytest

from minicaffe.convert.onnx.export import export
from minicaffe.convert.onnx.model_file import complete
from minicaffe.convert.onnx.verify import verify
from minicaffe.net.net import TEST, Net
from tests.convert.onnx.nets import give_weights
from tests.zoo import ROOT

#: Small enough to run several times, with the operators that only they are to have.
SMALL = {
    "lenet": {"Conv", "MaxPool", "Flatten", "Gemm", "Relu", "Softmax"},
    "lenet_bn": {"Conv", "BatchNormalization", "Mul", "Add", "MaxPool", "Flatten", "Gemm", "Relu",
                 "Softmax"},
    "cifar10_quick": {"Conv", "MaxPool", "AveragePool", "Relu", "Flatten", "Gemm", "Softmax"},
    "cifar10_full": {"Conv", "MaxPool", "AveragePool", "Relu", "LRN", "Flatten", "Gemm", "Softmax",
                     "Mul", "Add", "Pow"},
    "resnet20": {"Conv", "BatchNormalization", "Mul", "Add", "Relu", "GlobalAveragePool", "Flatten",
                 "Gemm", "Softmax"},
}  # fmt: skip
#: Exported and checked, not run.
LARGE = [
    "bn_inception", "bvlc_googlenet", "densenet121", "mobilenet", "mobilenet_ssd", "resnet18",
    "resnet50", "segnet_basic", "senet50", "shufflenet", "squeezenet",
]  # fmt: skip


def net_of(name: str) -> Net:
    """A network of models/ with weights that are not 0."""
    net = Net(str(ROOT / "models" / name / "deploy.prototxt"), TEST, seed=0, engine="numpy")
    give_weights(net)
    return net


@pytest.mark.parametrize("name", SMALL)
def test_a_small_network_computes_the_same(name: str) -> None:
    net = net_of(name)
    exported = export(net, batch="dynamic")
    assert {node.op_type for node in exported.model.graph.node} <= SMALL[name]
    found = verify(exported, net)
    assert found.good, found.worst
    layers = [node for node in net.nodes if node.bottom_edges and not node.layer.identity_in_test]
    assert len(found.layers) == len(layers)  # each has one top, and none is left out


@pytest.mark.parametrize("name", LARGE)
def test_a_large_network_is_a_model_without_faults(name: str) -> None:
    net = net_of(name)
    exported = export(net, batch="dynamic")
    assert exported.shapes[net.inputs[0]][0] == "batch"
    onnx.checker.check_model(complete(exported), full_check=True)
