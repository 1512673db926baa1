"""BN beyond the generic test: whose it is, what it stores, what a solver may change, in nets."""

from __future__ import annotations

import logging

import numpy as np
import pytest
from google.protobuf import text_format

from minicaffe import TEST, TRAIN, Net
from minicaffe.errors import GraphError, SnapshotError
from minicaffe.proto import caffe_pb2
from minicaffe.weights.blob_proto import blob_proto
from tests.layers.harness import Case, Rig

NET = """
force_backward: true
layer { name: "x" type: "Input" top: "x" input_param { shape { dim: [4, 3, 2, 2] } } }
layer { name: "p" type: "Power" bottom: "x" top: "y" power_param { scale: 2 } }
layer { name: "bn" type: "BN" bottom: "y" top: "y" %s }
"""
X = np.random.default_rng(0).normal(3, 2, (4, 3, 2, 2)).astype(np.float32)


def net_of(text: str, phase: int = TRAIN, dialect: str | None = None) -> Net:
    param = text_format.Parse(NET % text, caffe_pb2.NetParameter())
    return Net(param, phase, engine="numpy", dialect=dialect)


@pytest.mark.parametrize(
    ("param", "dialect", "kind", "because"),
    [
        ("slope_filler { value: 1 }", None, "PSPNet", "`slope_filler` is given"),
        ("frozen: true", None, "PSPNet", "`frozen` is given"),
        ("bn_mode: INFERENCE", None, "SegNet", "`bn_mode` is given"),
        ("scale_filler { value: 1 }", None, "SegNet", "nothing of CTPN's"),
        ("scale_filler { value: 1 } decay: 0.1", None, "CTPN", "`decay` is given"),
        ("scale_filler { value: 1 }", "ctpn", "CTPN", "the dialect was asked for"),
        ("", "segnet", "SegNet", "the dialect was asked for"),
        ("", None, "PSPNet", "nothing in the net says which"),
    ],
)
def test_whose_it_is(
    param: str, dialect: str | None, kind: str, because: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    net = net_of(f"bn_param {{ {param} }}", dialect=dialect)
    (note,) = (record for record in caplog.records if "type BN" in record.message)
    assert kind in note.message
    assert because in note.message
    assert (note.levelno == logging.WARNING) == ("nothing in" in because)
    assert len(net.params["bn"]) == (2 if kind == "SegNet" else 4)


@pytest.mark.parametrize("count", [2, 4])
def test_blobs_in_the_text_say_whose_it_is(count: int) -> None:
    param = text_format.Parse(NET % "", caffe_pb2.NetParameter())
    values = [np.full((1, 3, 1, 1), index + 1.0, np.float32) for index in range(count)]
    param.layer[-1].blobs.extend(map(blob_proto, values))
    net = Net(param, TEST, engine="numpy")
    assert [blob.data.flat[0] for blob in net.params["bn"]] == [1, 2, 3, 4][:count]


@pytest.mark.parametrize(
    ("param", "keep"), [("momentum: 0.75", 0.75), ("decay: 0.25", 0.75), ("frozen: false", 0.9)]
)
def test_stored_statistics_follow_the_batches(param: str, keep: float) -> None:
    net = net_of(f"bn_param {{ {param} }}")
    mean, variance = np.zeros(3), np.zeros(3)
    for seed in range(3):
        y = np.random.default_rng(seed).normal(size=X.shape).astype(np.float32)
        net.forward(x=y)
        mean = keep * mean + (1 - keep) * (2 * y).mean(axis=(0, 2, 3))
        variance = keep * variance + (1 - keep) * (2 * y).var(axis=(0, 2, 3))
    for blob, want in zip(net.params["bn"][2:], (mean, variance), strict=True):
        np.testing.assert_allclose(blob.data.ravel(), want, rtol=1e-5)


@pytest.mark.parametrize(
    ("param", "phase"),
    [("frozen: true", TRAIN), ("momentum: 0.5", TEST), ("bn_mode: LEARN", TRAIN)],
)
def test_nothing_is_stored(param: str, phase: int) -> None:
    net = net_of(f"bn_param {{ {param} }}", phase)
    before = [blob.data.copy() for blob in net.params["bn"]]
    net.forward(x=X)
    for blob, values in zip(net.params["bn"], before, strict=True):
        np.testing.assert_array_equal(blob.data, values)


def test_a_solver_changes_no_statistics_whatever_the_text_says() -> None:
    blocks = "param { lr_mult: 3 decay_mult: 4 } " * 4
    layer = Rig(Case("BN", blocks + "bn_param { momentum: 0.5 }")).layer
    assert [(spec.lr_mult, spec.decay_mult) for spec in layer.param.param] == [
        (3, 4), (3, 4), (0, 0), (0, 0)]  # fmt: skip
    layer = Rig(Case("BN", blocks + "bn_param { frozen: true }")).layer
    assert [(spec.lr_mult, spec.decay_mult) for spec in layer.param.param] == [(0, 0)] * 4


def test_frozen_begins_with_a_variance_of_1_and_learns_nothing() -> None:
    net = net_of("bn_param { frozen: true slope_filler { value: 2 } }")
    np.testing.assert_allclose(net.forward(x=X)["y"], 4 * X / np.sqrt(1 + 1e-5), rtol=1e-6)
    net.blobs["y"].diff[...] = 1
    net.backward()
    assert not any(blob.diff.any() for blob in net.params["bn"])
    np.testing.assert_allclose(net.blobs["x"].diff, 4, rtol=1e-4)


@pytest.mark.parametrize("param", ["bn_mode: INFERENCE", "momentum: 0.5"])
def test_the_gradient_of_the_factor_in_place(param: str) -> None:
    """What the layer overwrites in place is kept for it."""
    net = net_of(f"bn_param {{ {param} }}", TEST)
    for blob in net.params["bn"]:
        blob.data[...] = 2
    net.forward(x=X)
    net.blobs["y"].diff[...] = X
    net.backward()
    normal = 2 * X if "INFERENCE" in param else (2 * X - 2) / np.sqrt(2 + 1e-5)
    want = (normal * X).sum(axis=(0, 2, 3))
    np.testing.assert_allclose(net.params["bn"][0].diff.ravel(), want, rtol=1e-5)


def test_weights_of_another_kind_say_so() -> None:
    weights = caffe_pb2.NetParameter()
    layer = weights.layer.add(name="bn", type="BN")
    layer.blobs.extend([blob_proto(np.ones((1, 3, 1, 1), np.float32))] * 2)
    net = net_of("bn_param { frozen: true }", TEST)
    with pytest.raises(SnapshotError, match=r"2 blobs are those of SegNet's BN; with bn_mode in"):
        net.copy_from_proto(weights)


def test_fields_of_two_kinds_are_refused() -> None:
    with pytest.raises(GraphError, match="momentum is given together with scale_filler"):
        net_of("bn_param { momentum: 0.5 scale_filler { value: 1 } }")
    with pytest.raises(GraphError, match="axis is 3, expected 1 or 2"):
        net_of("bn_param { axis: 3 }")


def test_cudnns_stored_variance_is_unbiased() -> None:
    """The batch's own is divided by m, the stored one by m - 1."""
    rig = Rig(Case("CuDNNBatchNorm", "cudnn_batch_norm_param { momentum: 0.75 }", [(4, 1)]))
    rig.bottom[0].data[...] = [[1], [2], [3], [6]]
    for blob, value in zip(rig.layer.blobs, (2, 5, 8, 16), strict=True):
        blob.data[...] = value
    rig.layer.forward(rig.bottom, rig.top)
    np.testing.assert_allclose(rig.layer.blobs[2].data.ravel(), 0.75 * 8 + 0.25 * 3)
    np.testing.assert_allclose(rig.layer.blobs[3].data.ravel(), 0.75 * 16 + 0.25 * 14 / 3)
    np.testing.assert_allclose(rig.top[0].data[3], 2 * 3 / np.sqrt(14 / 4 + 1e-5) + 5)
    assert [spec.lr_mult for spec in rig.layer.param.param] == [1, 1, 0, 0]


def test_cudnns_frozen_layer_learns_nothing() -> None:
    rig = Rig(Case("CuDNNBatchNorm", "cudnn_batch_norm_param { frozen: true }", [(4, 1)]))
    for blob, value in zip(rig.layer.blobs, (2, 5, 8, 16), strict=True):
        blob.data[...] = value
    rig.forward()
    rig.top[0].diff[...] = 3
    rig.layer.backward(rig.top, [True], rig.bottom)
    np.testing.assert_allclose(rig.bottom[0].diff, 3 * 2 / np.sqrt(16 + 1e-5))
    assert not any(blob.diff.any() for blob in rig.layer.blobs)
    assert [spec.lr_mult for spec in rig.layer.param.param] == [0, 0, 0, 0]
