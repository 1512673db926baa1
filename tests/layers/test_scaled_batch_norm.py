"""BatchNorm with scale and bias inside, as NVCaffe and Intel Caffe have it."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest

from minicaffe import TEST, TRAIN, Net

NET = """layer { name: "x" type: "Input" top: "x" input_param { shape { dim: [4, 3, 2, 5] } } }
layer { name: "bn" type: "BatchNorm" bottom: "x" top: "bn" batch_norm_param { %s } }
"""
SCALE = 'layer { name: "s" type: "Scale" bottom: "bn" top: "%s" scale_param { bias_term: true } }\n'
NVIDIA = "scale_bias: true"
INTEL = "filler { value: 1 }"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def net(text: str, phase: int = TEST, more: str = "", **options: str) -> Net:
    Path("n.prototxt").write_text(NET % text + more)
    return Net("n.prototxt", phase, seed=1, dtype=np.float64, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "more", "blobs"),
    [
        ("", "", 3),
        ("scale_bias: false", "", 3),
        (NVIDIA, "", 5),
        ("scale_filler { value: 2 }", "", 5),
        ("bias_filler { value: 2 }", "", 5),
        (INTEL, "", 5),
        (f"{INTEL} bias_term: false", "", 4),
        ("use_weight_bias: true", "", 5),
        (INTEL, SCALE % "s", 3),
        (INTEL, SCALE % "bn", 3),
        (NVIDIA, SCALE % "s", 5),
    ],
)
def test_how_many_blobs(text: str, more: str, blobs: int) -> None:
    assert len(net(text, more=more).params["bn"]) == blobs


@pytest.mark.parametrize("text", [NVIDIA, INTEL])
def test_it_is_batch_norm_and_scale(text: str) -> None:
    x = np.random.default_rng(0).normal(3, 2, (4, 3, 2, 5))
    gamma, beta = [2.0, -1.0, 0.5], [1.0, 0.0, -3.0]
    results = []
    for phase in (TRAIN, TEST):
        inside, outside = net(text, phase), net("", phase, SCALE % "s")
        for blob, value in zip(inside.params["bn"][3:], (gamma, beta), strict=True):
            blob.data[...] = value
        for blob, value in zip(outside.params["s"], (gamma, beta), strict=True):
            blob.data[...] = value
        for one in (inside, outside):
            for blob, value in zip(one.params["bn"], ([1, 2, 3], [4, 5, 6], 1), strict=False):
                blob.data[...] = value
        results.append((inside.forward(x=x)["bn"], outside.forward(x=x)["s"]))
    for found, expected in results:
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


def test_relu_of_intels() -> None:
    with_relu, without = net(f"{INTEL} relu: true"), net(INTEL)
    x = np.random.default_rng(0).normal(0, 2, (4, 3, 2, 5))
    for one in (with_relu, without):
        for blob in one.params["bn"][:3]:
            blob.data[...] = 1
    expected = np.maximum(without.forward(x=x)["bn"], 0)
    np.testing.assert_array_equal(with_relu.forward(x=x)["bn"], expected)


def test_nvcaffes_averages() -> None:
    """The first two batches replace what is stored; then it moves by 1 - f."""
    trained = net(f"{NVIDIA} moving_average_fraction: 0.75", TRAIN)
    rng = np.random.default_rng(0)
    batches = [rng.normal(step, 1 + step, (4, 3, 2, 5)) for step in range(4)]
    mean, variance = np.zeros(3), np.zeros(3)
    for step, x in enumerate(batches):
        trained.forward(x=x)
        old = 0.75 if step > 1 else 0
        mean = old * mean + (1 - old) * x.mean((0, 2, 3))
        variance = old * variance + (1 - old) * x.var((0, 2, 3))
    found = [blob.data for blob in trained.params["bn"]]
    np.testing.assert_allclose(found[0], mean, rtol=1e-12)
    np.testing.assert_allclose(found[1], variance, rtol=1e-12)
    assert found[2] == 1


def test_nvcaffes_eps_and_rates() -> None:
    layer = net(f"{NVIDIA} eps: 1e-9").layer_dict["bn"]
    assert layer.eps == np.float32(1e-5)
    assert [spec.lr_mult for spec in layer.param.param] == [0, 0, 0, 1, 1]
    assert net("eps: 1e-9").layer_dict["bn"].eps == np.float32(1e-9)
    assert net("eps: 1e-9", dialect="nvcaffe").layer_dict["bn"].eps == np.float32(1e-5)


def test_intels_statistics_of_a_part_of_the_batch() -> None:
    whole, parts = net("ghost_batch_size: 2", TRAIN), net(f"{INTEL} stats_batch_size: 2", TRAIN)
    x = np.random.default_rng(0).normal(0, 2, (4, 3, 2, 5))
    np.testing.assert_allclose(parts.forward(x=x)["bn"], whole.forward(x=x)["bn"], rtol=1e-12)


def test_it_is_told_whose_it_is(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    net(NVIDIA)
    net(INTEL, more=SCALE % "s")
    told = [line for line in caplog.messages if "type BatchNorm" in line]
    assert told == [
        "n.prototxt: type BatchNorm read as in NVCaffe, because `scale_bias` is given",
        "n.prototxt: type BatchNorm read as in BVLC Caffe, because `filler` is given and a Scale "
        "layer follows",
    ]


def test_its_weights_go_into_caffes_fold() -> None:
    """With stored statistics it multiplies each channel and adds to it."""
    one = net(NVIDIA)
    for index, blob in enumerate(one.params["bn"]):
        blob.data[...] = index + 1
    one.params["bn"][2].data[...] = 1
    factor, offset = one.layer_dict["bn"].channel_affine(one.blobs["x"])
    x = np.random.default_rng(0).normal(0, 2, (4, 3, 2, 5))
    expected = x * factor[:, None, None] + offset[:, None, None]
    np.testing.assert_allclose(one.forward(x=x)["bn"], expected, rtol=1e-12)
