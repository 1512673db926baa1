"""The Inception net of about a million parameters, for images of 28×28 or 32×32."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from minicaffe import NetSpec
from minicaffe import layers as L
from minicaffe.net_spec import Top
from minicaffe.proto import caffe_pb2
from models.bn_paper.figures23.variants import BATCH, MOMENTUM, Variant
from models.bn_paper.images import SCALE
from models.generate.fields import Windows
from models.generate.imagenet import (
    TEST_ONLY,
    batch_norm,
    conv,
    drop,
    full,
    global_average,
    max_pool,
    plain_conv,
)

if TYPE_CHECKING:
    from typing_extensions import Unpack

TEST_BATCH = 100
CLASSES = 10
FOLLOW = 0.95  # moving_average_fraction: the training is short and the weights change fast

#: Outputs of 1x1, 3x3_reduce, 3x3, double3x3_reduce, double3x3, pool_proj. The module without
#: 1x1 and pool_proj halves height and width. The modules' channels are 128, 192, 320, 288,
#: 320 and 368 in all.
MODULES = {
    "3a": (32, 32, 48, 16, 32, 16),
    "3b": (48, 48, 64, 32, 48, 32),
    "3c": (0, 64, 80, 32, 48, 0),
    "4a": (96, 64, 96, 48, 64, 32),
    "4b": (96, 64, 112, 48, 64, 48),
    "5a": (112, 72, 128, 56, 80, 48),
}


@dataclass(frozen=True)
class Images:
    """What is learned and tested.

    Attributes:
        folder: holds ``train_lmdb`` and ``test_lmdb``.
        rows: a text file that names the HDF5 file of the training images, for variants
            that shuffle.
        tests: how many batches of :data:`TEST_BATCH` all test images are.
        size: height and width; 28 and 32 become 7 and 8 in the first modules, then 4.
        channels: 1 for grey levels.
    """

    folder: Path
    rows: Path
    tests: int
    size: int = 28
    channels: int = 1


# ------------------------------------------------------------------------- nets, solver


def train_val(variant: Variant, images: Images) -> caffe_pb2.NetParameter:
    """The ``NetParameter`` that is trained and tested."""
    n = NetSpec()
    if variant.shuffled:
        n.data, n.label = L.HDF5Data(
            ntop=2,
            include=[dict(phase="TRAIN")],
            source=str(images.rows),
            batch_size=BATCH,
            shuffle=True,
        )
    else:
        n.data, n.label = _database(images.folder / "train_lmdb", "TRAIN", BATCH)
    scores = _body(n, variant)
    n.loss = L.SoftmaxWithLoss(scores, n.label)
    n.accuracy = L.Accuracy(scores, n.label, include=TEST_ONLY)
    tested = NetSpec()
    tested.data, tested.label = _database(images.folder / "test_lmdb", "TEST", TEST_BATCH)
    first, *others = n.to_proto().layer
    return _net(variant, [first, *tested.to_proto().layer, *others])


def deploy(variant: Variant, size: int = 28, channels: int = 1) -> caffe_pb2.NetParameter:
    """The ``NetParameter`` for use, with images of this height and width."""
    n = NetSpec()
    n.data = L.Input(shape=dict(dim=[BATCH, channels, size, size]))
    n.prob = L.Softmax(_body(n, variant))
    return _net(variant, n.to_proto().layer)


def solver(
    variant: Variant, images: Images, steps: int, interval: int, net: str
) -> caffe_pb2.SolverParameter:
    """The ``SolverParameter``: momentum, and a rate that falls exponentially.

    Args:
        variant: what is trained.
        images: what is tested.
        steps: of the training.
        interval: steps between two tests; the last one is after the last step.
        net: the file of :func:`train_val`.
    """
    return caffe_pb2.SolverParameter(
        net=net,
        test_iter=[images.tests],
        test_interval=interval,
        test_initialization=False,
        base_lr=variant.base_lr,
        lr_policy="exp",
        gamma=variant.gamma(steps),
        max_iter=steps,
        momentum=MOMENTUM,
        weight_decay=variant.weight_decay,
        snapshot_after_train=False,
        random_seed=variant.seed,
    )


def _net(variant: Variant, layers: Iterable[caffe_pb2.LayerParameter]) -> caffe_pb2.NetParameter:
    net = caffe_pb2.NetParameter(name=variant.name)
    net.layer.extend(layers)
    return net


def _database(source: Path, phase: str, batch: int) -> tuple[Top, ...]:
    return L.Data(
        ntop=2,
        include=[dict(phase=phase)],
        transform_param=dict(scale=SCALE),
        source=str(source),
        batch_size=batch,
        backend="LMDB",
    )


# ------------------------------------------------------------------------------- layers


def _body(n: NetSpec, variant: Variant) -> Top:
    """From ``n.data`` to the scores, which it returns."""
    top = _conv(n, variant, "conv1/3x3_s2", n.data, 32, 3, pad=1, stride=2)
    top = _lrn(n, variant, "conv1/norm1", top)
    top = _conv(n, variant, "conv2/3x3_reduce", top, 32, 1)
    top = _conv(n, variant, "conv2/3x3", top, 64, 3, pad=1)
    top = _lrn(n, variant, "conv2/norm2", top)
    top = max_pool(n, "pool2/3x3_s2", top, 3, 2)
    for name, outputs in MODULES.items():
        top = _module(n, variant, f"inception_{name}", top, outputs)
    top = global_average(n, "pool5", top)
    if variant.dropout:
        top = drop(n, "pool5/drop", top, variant.dropout)
    return full(n, "classifier", top, CLASSES, weight_filler=dict(type="xavier"))


def _module(n: NetSpec, variant: Variant, block: str, bottom: Top, outputs: tuple[int, ...]) -> Top:
    """Four ways from bottom to top (three where it shrinks), whose channels are put together."""
    one, reduce, three, double_reduce, double, projected = outputs
    stride = 1 if projected else 2

    def add(way: str, top: Top, outputs: int, kernel: int, **fields: Unpack[Windows]) -> Top:
        return _conv(n, variant, f"{block}/{way}", top, outputs, kernel, **fields)

    ways = [add("1x1", bottom, one, 1)] if one else []
    top = add("3x3_reduce", bottom, reduce, 1)
    ways.append(add("3x3", top, three, 3, pad=1, stride=stride))
    top = add("double3x3_reduce", bottom, double_reduce, 1)
    top = add("double3x3a", top, double, 3, pad=1)
    ways.append(add("double3x3b", top, double, 3, pad=1, stride=stride))
    if projected:
        n[f"{block}/pool"] = L.Pooling(bottom, pool="AVE", kernel_size=3, stride=1, pad=1)
        ways.append(add("pool_proj", n[f"{block}/pool"], projected, 1))
    else:
        ways.append(max_pool(n, f"{block}/pool", bottom, 2, 2))  # 7 to 4, 8 to 4
    n[f"{block}/output"] = L.Concat(*ways)
    return n[f"{block}/output"]


def _conv(
    n: NetSpec,
    variant: Variant,
    name: str,
    bottom: Top,
    outputs: int,
    kernel: int,
    **fields: Unpack[Windows],
) -> Top:
    """A Convolution, with BatchNorm and Scale (then without a bias) or not, and what follows."""
    if variant.batch_norm:
        top = plain_conv(n, name, bottom, outputs, kernel, **fields)
        top = batch_norm(n, f"{name}/bn", f"{name}/scale", top, moving_average_fraction=FOLLOW)
    else:
        top = conv(n, name, bottom, outputs, kernel, weight_filler=dict(type="msra"), **fields)
    n[f"{name}/act"] = getattr(L, variant.activation)(top, in_place=True)
    return n[f"{name}/act"]


def _lrn(n: NetSpec, variant: Variant, name: str, bottom: Top) -> Top:
    """GoogLeNet's normalisation over five channels."""
    if not variant.lrn:
        return bottom
    n[name] = L.LRN(bottom, local_size=5, alpha=0.0001, beta=0.75)
    return n[name]
