"""MTCNN: three small nets, each of which looks closer at the faces that the one before has found.

K. Zhang, Z. Zhang, Z. Li, Y. Qiao: Joint face detection and alignment using multitask cascaded
convolutional networks, IEEE Signal Processing Letters 23 (10), 2016, arXiv:1604.02878.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from minicaffe import NetSpec
from minicaffe import layers as L
from minicaffe.net_spec import Top
from minicaffe.proto import caffe_pb2
from minicaffe.proto.printing import to_text

from .fields import Learned
from .imagenet import (
    TEST_ONLY,
    WEIGHT_AND_BIAS,
    forget_training,
    net_of,
)

#: How much boxes and points count beside the question whether it is a face.
_BOXES = 0.5
#: The label of examples that teach boxes or points only.
_IGNORED = dict(ignore_label=-1)
_XAVIER: Learned = {"weight_filler": {"type": "xavier"}, "param": WEIGHT_AND_BIAS}


@dataclass(frozen=True)
class Stage:
    """One of the three.

    Attributes:
        folder: its place in ``models/``.
        name: what the prototxt calls it.
        about: a line of comment for the top of both files.
        size: height and width of what it learns from.
        body: adds the layers to what the ends read, which it returns.
        end: begins the names of the ends; "-1" and so on follow.
        dense: the ends are convolutions, so that it runs over pictures of any size.
        points: how much the five points count in training; 0 where there are none.
    """

    folder: str
    name: str
    about: str
    size: int
    body: Callable[[NetSpec], Top]
    end: str
    dense: bool = False
    points: float = 0.0


def _conv(n: NetSpec, number: int, bottom: Top, outputs: int, kernel: int, prelu: str) -> Top:
    n[f"conv{number}"] = L.Convolution(bottom, num_output=outputs, kernel_size=kernel, **_XAVIER)
    n[f"{prelu}{number}"] = L.PReLU(n[f"conv{number}"], in_place=True)
    return n[f"{prelu}{number}"]


def _pool(n: NetSpec, number: int, bottom: Top, kernel: int) -> Top:
    n[f"pool{number}"] = L.Pooling(bottom, pool="MAX", kernel_size=kernel, stride=2)
    return n[f"pool{number}"]


def _proposal(n: NetSpec) -> Top:
    top = _pool(n, 1, _conv(n, 1, n.data, 10, 3, "PReLU"), 2)
    top = _conv(n, 2, top, 16, 3, "PReLU")
    return _conv(n, 3, top, 32, 3, "PReLU")


def _refine(n: NetSpec) -> Top:
    top = _pool(n, 1, _conv(n, 1, n.data, 28, 3, "prelu"), 3)
    top = _pool(n, 2, _conv(n, 2, top, 48, 3, "prelu"), 3)
    top = _conv(n, 3, top, 64, 2, "prelu")
    n.conv4 = L.InnerProduct(top, num_output=128, **_XAVIER)
    n.prelu4 = L.PReLU(n.conv4, in_place=True)
    return n.prelu4


def _output(n: NetSpec) -> Top:
    top = _pool(n, 1, _conv(n, 1, n.data, 32, 3, "prelu"), 3)
    top = _pool(n, 2, _conv(n, 2, top, 64, 3, "prelu"), 3)
    top = _pool(n, 3, _conv(n, 3, top, 64, 3, "prelu"), 2)
    top = _conv(n, 4, top, 128, 2, "prelu")
    n.conv5 = L.InnerProduct(top, num_output=256, **_XAVIER)
    n.drop5 = L.Dropout(n.conv5, in_place=True, dropout_ratio=0.25)
    n.prelu5 = L.PReLU(n.drop5, in_place=True)
    return n.prelu5


def _ends(model: Stage, n: NetSpec) -> list[Top]:
    """Scores, boxes and, where the stage has them, points."""
    top = model.body(n)
    tops = []
    for number, outputs in enumerate((2, 4, 10) if model.points else (2, 4), 1):
        name = f"{model.end}-{number}"
        if model.dense:
            n[name] = L.Convolution(top, num_output=outputs, kernel_size=1, **_XAVIER)
        else:
            n[name] = L.InnerProduct(top, num_output=outputs, **_XAVIER)
        tops.append(n[name])
    return tops


def _regression(n: NetSpec, name: str, found: Top, truth: Top, weights: Top, weight: float) -> None:
    """Half the squared distance, for those examples whose weights are 1."""
    n[f"{name}_flat"] = L.Flatten(found)
    n[f"{name}_counted"] = L.Eltwise(n[f"{name}_flat"], weights, operation="PROD")
    n[f"{name}_true"] = L.Eltwise(truth, weights, operation="PROD")
    n[f"{name}_loss"] = L.EuclideanLoss(n[f"{name}_counted"], n[f"{name}_true"], loss_weight=weight)


def _data(model: Stage, phase: str, batch: int) -> NetSpec:
    """The HDF5 datasets: data, label, boxes, boxes_weight, and those of the points."""
    n = NetSpec()
    names = ["data", "label", "boxes", "boxes_weight"]
    names += ["points", "points_weight"] if model.points else []
    tops = L.HDF5Data(
        ntop=len(names),
        include=[dict(phase=phase.upper())],
        source=f"data/mtcnn/{model.folder.removeprefix('mtcnn_')}_{phase}.txt",
        batch_size=batch,
        shuffle=phase == "train",
    )
    for name, top in zip(names, tops, strict=True):
        n[name] = top
    return n


def train_val(model: Stage) -> caffe_pb2.NetParameter:
    """The ``NetParameter`` that is trained and tested."""
    n = _data(model, "train", 128)
    scores, boxes, *points = _ends(model, n)
    n.loss = L.SoftmaxWithLoss(scores, n.label, loss_param=_IGNORED)
    n.accuracy = L.Accuracy(scores, n.label, accuracy_param=_IGNORED, include=TEST_ONLY)
    _regression(n, "boxes", boxes, n["boxes"], n["boxes_weight"], _BOXES)
    for top in points:
        _regression(n, "points", top, n["points"], n["points_weight"], model.points)
    first, *others = n.to_proto().layer
    return net_of(model.name, [first, *_data(model, "test", 100).to_proto().layer, *others])


def deploy(model: Stage) -> caffe_pb2.NetParameter:
    """The ``NetParameter`` for use: "prob1" says how likely it is no face, and a face."""
    n = NetSpec()
    n.data = L.Input(shape=dict(dim=[1, 3, model.size, model.size]))
    scores, *_ = _ends(model, n)
    n.prob1 = L.Softmax(scores)
    net = net_of(model.name, n.to_proto().layer)
    for layer in net.layer:
        forget_training(layer)
    return net


def files(model: Stage) -> dict[str, str]:
    """The text of every generated file, by its name."""
    comment = f"# {model.about}\n# Written by models/generate; change that and run it again.\n"
    return {
        "train_val.prototxt": comment + to_text(train_val(model)),
        "deploy.prototxt": comment + to_text(deploy(model)),
    }


MODELS = [
    Stage(
        folder="mtcnn_pnet",
        name="PNet",
        about="MTCNN's first net, which proposes faces at every place of a picture.",
        size=12,
        body=_proposal,
        end="conv4",
        dense=True,
    ),
    Stage(
        folder="mtcnn_rnet",
        name="RNet",
        about="MTCNN's second net, which refuses most of what the first one proposes.",
        size=24,
        body=_refine,
        end="conv5",
    ),
    Stage(
        folder="mtcnn_onet",
        name="ONet",
        about="MTCNN's third net, which finds eyes, nose and mouth besides.",
        size=48,
        body=_output,
        end="conv6",
        points=1.0,
    ),
]
