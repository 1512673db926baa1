"""The deploy form of nets that were trained."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from google.protobuf import text_format

from minicaffe import TEST, Net
from minicaffe.convert.deploy import Deployed, deploy_net
from minicaffe.errors import GraphError, MinicaffeError
from minicaffe.proto import caffe_pb2
from minicaffe.proto.io import read_net

MODELS = Path(__file__).parents[2] / "models"

DATA = 'layer { name: "data" type: "Data" top: "data" top: "label" data_param { source: "no" } }'
FC = """layer { name: "fc" type: "InnerProduct" bottom: "data" top: "fc"
        inner_product_param { num_output: 4 weight_filler { type: "xavier" } } }"""
LOSS = 'layer { name: "%s" type: "%s" bottom: "fc" bottom: "label" top: "%s" %s }'
ACCURACY = 'layer { name: "acc" type: "Accuracy" bottom: "fc" bottom: "label" top: "acc" }'
SHAPES = {"data": (1, 2, 3)}


def deploy(*layers: str, shapes: Any = SHAPES) -> Deployed:
    return deploy_net(text_format.Parse(" ".join(layers), caffe_pb2.NetParameter()), shapes)


def types(result: Deployed) -> list[str]:
    return [layer.type for layer in result.param.layer]


@pytest.mark.parametrize("name", ["lenet", "lenet_bn", "cifar10_quick", "cifar10_full", "resnet20"])
def test_a_model_becomes_its_own_deploy_net(name: str) -> None:
    """Equal parameters and outputs, as in the deploy.prototxt that is beside it."""
    theirs = Net(str(MODELS / name / "deploy.prototxt"), TEST, seed=0)
    shapes = {blob: theirs.blobs[blob].shape for blob in theirs.inputs}
    param = read_net(MODELS / name / "train_val.prototxt")
    ours = Net(deploy_net(param, shapes).param, TEST, seed=0)
    assert {name: [b.shape for b in blobs] for name, blobs in ours.params.items()} == {
        name: [b.shape for b in blobs] for name, blobs in theirs.params.items()
    }
    assert (ours.inputs, ours.outputs) == (theirs.inputs, theirs.outputs)
    ours.share_with(theirs)
    rng = np.random.default_rng(0)
    arrays = {blob: rng.normal(size=shape) for blob, shape in shapes.items()}
    got, want = (net.forward(**arrays) for net in (ours, theirs))
    for name, values in want.items():
        np.testing.assert_allclose(got[name], values, atol=1e-5)


def test_a_softmax_loss_leaves_a_softmax() -> None:
    axis = "softmax_param { axis: -1 }"
    result = deploy(DATA, FC, ACCURACY, LOSS % ("loss", "SoftmaxWithLoss", "loss", axis))
    assert types(result) == ["Input", "InnerProduct", "Softmax"]
    assert result.param.layer[2].softmax_param.axis == -1
    assert list(result.param.layer[0].input_param.shape[0].dim) == [1, 2, 3]
    assert list(result.param.layer[0].top) == ["data"]
    assert list(result.param.layer[2].top) == ["prob"]
    assert "removed: acc (Accuracy), loss (SoftmaxWithLoss)" in result.notes


def test_a_sigmoid_loss_leaves_a_sigmoid() -> None:
    result = deploy(DATA, FC, LOSS % ("loss", "SigmoidCrossEntropyLoss", "loss", ""))
    assert types(result) == ["Input", "InnerProduct", "Sigmoid"]


def test_other_losses_leave_the_predictions() -> None:
    result = deploy(DATA, FC, LOSS % ("loss", "EuclideanLoss", "loss", ""))
    assert types(result) == ["Input", "InnerProduct"]


def test_a_softmax_that_is_there_serves() -> None:
    softmax = 'layer { name: "p" type: "Softmax" bottom: "fc" top: "p" include { phase: TEST } }'
    result = deploy(DATA, FC, softmax, LOSS % ("loss", "SoftmaxWithLoss", "loss", ""))
    assert [layer.name for layer in result.param.layer] == ["data", "fc", "p"]
    assert not result.param.layer[2].include


def test_without_a_loss_the_predictions_of_an_accuracy_stay() -> None:
    assert types(deploy(DATA, FC, ACCURACY)) == ["Input", "InnerProduct"]


def test_an_auxiliary_head_goes() -> None:
    head = FC.replace('"fc"', '"aux"')
    light = LOSS.replace('bottom: "fc"', 'bottom: "aux"') % (
        "aux_loss", "SoftmaxWithLoss", "aux_loss", "loss_weight: 0.3")  # fmt: skip
    result = deploy(DATA, FC, head, light, LOSS % ("loss", "SoftmaxWithLoss", "loss", ""))
    assert [layer.name for layer in result.param.layer] == ["data", "fc", "prob"]
    assert "removed: aux (InnerProduct), aux_loss (SoftmaxWithLoss), " in ", ".join(result.notes)


def test_layers_of_labels_alone_go_and_other_outputs_stay() -> None:
    flat = 'layer { name: "flat" type: "Flatten" bottom: "label" top: "flat" }'
    other = 'layer { name: "max" type: "ArgMax" bottom: "fc" top: "max" }'
    result = deploy(DATA, FC, flat, other, LOSS % ("loss", "SoftmaxWithLoss", "loss", ""))
    assert types(result) == ["Input", "InnerProduct", "ArgMax", "Softmax"]


def test_layers_of_the_other_phase_go() -> None:
    train = FC.replace('"fc"', '"t"').replace("inner_product_param", "include { phase: TRAIN } "
                                              "inner_product_param")  # fmt: skip
    assert types(deploy(DATA, train, FC)) == ["Input", "InnerProduct"]


def test_shapes_come_from_the_data_if_not_given(tmp_path: Path) -> None:
    dummy = 'layer { name: "d" type: "DummyData" top: "data" top: "label" dummy_data_param { '
    dummy += "shape { dim: 7 dim: 2 dim: 3 } shape { dim: 7 } data_filler { value: 2 } "
    dummy += "data_filler { value: 1 } } }"
    result = deploy(dummy, FC, shapes=None)
    assert list(result.param.layer[0].input_param.shape[0].dim) == [1, 2, 3]
    assert result.batch["data"].shape == (7, 2, 3)
    assert set(result.batch) == {"data"}


def test_data_that_is_not_there_asks_for_a_shape() -> None:
    with pytest.raises(MinicaffeError, match=r"give its shape: --shape data=1,C,H,W"):
        deploy(DATA, FC, shapes=None)


def test_the_shape_of_an_input_may_be_changed() -> None:
    text = (
        'layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 9 dim: 8 } } }'
    )
    result = deploy(text, FC)
    assert list(result.param.layer[0].input_param.shape[0].dim) == [1, 2, 3]


@pytest.mark.parametrize(
    ("layers", "shapes", "says"),
    [
        ([DATA], SHAPES, "nothing remains"),
        ([DATA, FC], {"dota": (1, 2)} | SHAPES, "'dota', which is no input; did you mean .data"),
        ([FC], SHAPES, "unknown bottom blob 'data'"),
        ([DATA, FC.replace("InnerProduct", "InerProduct")], SHAPES, "unknown layer type"),
    ],
)
def test_nets_that_cannot_be_deployed(layers: list[str], shapes: Any, says: str) -> None:
    with pytest.raises(GraphError, match=says):
        deploy(*layers, shapes=shapes)


def test_boxes_that_were_scored_remain() -> None:
    """An SSD in its TEST phase has no loss; what DetectionEvaluate reads is what the net is for."""
    param = read_net(MODELS / "ssd_shapes" / "train_val.prototxt")
    result = deploy_net(param, {"data": (1, 3, 96, 96)})
    net = Net(result.param, TEST, seed=0)
    assert (net.inputs, net.outputs) == (["data"], ["detection_out"])
    assert "detection_eval (DetectionEvaluate)" in next(n for n in result.notes if "removed" in n)
