"""GoogLeNet (Szegedy et al. 2014): nine inception modules, two auxiliary classifiers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minicaffe import NetSpec
from minicaffe import layers as L
from minicaffe.net_spec import Top

from .fields import Weights, Windows
from .imagenet import CLASSES, TEST_ONLY, Model, constant, conv, drop, full, max_pool, relu

if TYPE_CHECKING:
    from typing_extensions import Unpack


#: Outputs of 1x1, 3x3_reduce, 3x3, 5x5_reduce, 5x5 and pool_proj (table 1 of the paper).
_MODULES = {
    "3a": (64, 96, 128, 16, 32, 32),
    "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128),
    "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}
_AUXILIARY = {"4a": "loss1", "4d": "loss2"}  # a classifier on top of these modules

_FILLERS: Weights = {"weight_filler": {"type": "xavier"}, "bias_filler": constant(0.2)}
_SCORES: Weights = {"weight_filler": {"type": "xavier"}, "bias_filler": constant(0)}


def _body(n: NetSpec) -> Top:
    top = _conv(n, "conv1", "7x7_s2", n.data, 64, 7, pad=3, stride=2)
    top = max_pool(n, "pool1/3x3_s2", top, 3, 2)
    n["pool1/norm1"] = L.LRN(top, local_size=5, alpha=1e-4, beta=0.75)
    top = _conv(n, "conv2", "3x3_reduce", n["pool1/norm1"], 64, 1)
    top = _conv(n, "conv2", "3x3", top, 192, 3, pad=1)
    n["conv2/norm2"] = L.LRN(top, local_size=5, alpha=1e-4, beta=0.75)
    top = max_pool(n, "pool2/3x3_s2", n["conv2/norm2"], 3, 2)
    for name, outputs in _MODULES.items():
        top = _module(n, f"inception_{name}", top, outputs)
        if name in ("3b", "4e"):
            top = max_pool(n, f"pool{int(name[0])}/3x3_s2", top, 3, 2)
        if name in _AUXILIARY and "label" in n.tops:
            _auxiliary(n, _AUXILIARY[name], top)
    n["pool5/7x7_s1"] = L.Pooling(top, pool="AVE", kernel_size=7, stride=1)
    top = drop(n, "pool5/drop_7x7_s1", n["pool5/7x7_s1"], 0.4)
    return full(n, "loss3/classifier", top, CLASSES, **_SCORES)


def _conv(
    n: NetSpec,
    block: str,
    name: str,
    bottom: Top,
    outputs: int,
    kernel: int,
    **fields: Unpack[Windows],
) -> Top:
    top = conv(n, f"{block}/{name}", bottom, outputs, kernel, **_FILLERS, **fields)
    return relu(n, f"{block}/relu_{name.removesuffix('_s2')}", top)


def _module(n: NetSpec, block: str, bottom: Top, outputs: tuple[int, ...]) -> Top:
    """Four ways from bottom to top, whose channels are put together."""
    one, reduce3, three, reduce5, five, projected = outputs
    branches = [_conv(n, block, "1x1", bottom, one, 1)]
    top = _conv(n, block, "3x3_reduce", bottom, reduce3, 1)
    branches.append(_conv(n, block, "3x3", top, three, 3, pad=1))
    top = _conv(n, block, "5x5_reduce", bottom, reduce5, 1)
    branches.append(_conv(n, block, "5x5", top, five, 5, pad=2))
    top = max_pool(n, f"{block}/pool", bottom, 3, 1, pad=1)
    branches.append(_conv(n, block, "pool_proj", top, projected, 1))
    n[f"{block}/output"] = L.Concat(*branches)
    return n[f"{block}/output"]


def _auxiliary(n: NetSpec, block: str, bottom: Top) -> None:
    """A classifier half-way up, which brings the loss nearer to the lower layers."""
    n[f"{block}/ave_pool"] = L.Pooling(bottom, pool="AVE", kernel_size=5, stride=3)
    top = _conv(n, block, "conv", n[f"{block}/ave_pool"], 128, 1)
    top = relu(n, f"{block}/relu_fc", full(n, f"{block}/fc", top, 1024, **_FILLERS))
    top = drop(n, f"{block}/drop_fc", top, 0.7)
    scores = full(n, f"{block}/classifier", top, CLASSES, **_SCORES)
    n[f"{block}/{block}"] = L.SoftmaxWithLoss(
        scores, n.label, name=f"{block}/loss", loss_weight=0.3
    )
    n[f"{block}/top-1"] = L.Accuracy(scores, n.label, include=TEST_ONLY)
    n[f"{block}/top-5"] = L.Accuracy(scores, n.label, include=TEST_ONLY, top_k=5)


MODELS = [
    Model(
        folder="bvlc_googlenet",
        name="GoogleNet",
        about="GoogLeNet for ImageNet: nine inception modules, three classifiers in training.",
        body=_body,
        ends=("loss3/loss3", "loss3/top-1", "loss3/top-5"),
    )
]
