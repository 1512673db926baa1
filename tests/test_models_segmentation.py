"""The networks that label every pixel: their scripts, both phases, a few iterations of training."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest

from minicaffe import TEST, TRAIN, Net, NetSpec
from minicaffe import layers as L
from minicaffe.engines import why_unavailable
from models.generate import fcn, pspnet, segnet
from models.generate.__main__ import SEGMENTATION
from models.generate.segmentation import files
from tests.zoo import ROOT, as_if_trained, unfilled

#: The layers with few channels, the images' size, and the number of classes.
SMALL: dict[str, tuple[Any, int, int]] = {
    "segnet_basic": (partial(segnet.body, width=4, size=(36, 36)), 36, segnet.CLASSES),
    "pspnet50": (partial(pspnet.body, width=4, places=6), 41, pspnet.CLASSES),
    "fcn8s": (partial(fcn.body, width=2), 32, fcn.CLASSES),
}


@pytest.mark.parametrize("name", SEGMENTATION)
def test_scripts_write_the_files_that_are_there(name: str) -> None:
    for file, text in files(SEGMENTATION[name]).items():
        assert (ROOT / "models" / name / file).read_text(encoding="utf-8") == text


@pytest.mark.parametrize("name", SEGMENTATION)
@pytest.mark.parametrize("phase", [TRAIN, TEST])
def test_every_pixel_gets_scores_in_both_phases(name: str, phase: int) -> None:
    model = SEGMENTATION[name]
    net = unfilled(ROOT / "models" / name / "train_val.prototxt", phase)
    classes = SMALL[name][2]
    scores = net.bottom_names["loss"][0]
    assert net.blobs[scores].shape == (3, classes, *model.size)
    assert ("accuracy" in net.outputs) == (phase == TEST)
    used = unfilled(ROOT / "models" / name / "deploy.prototxt")
    assert used.outputs == ["prob"]
    assert used.blobs["prob"].shape == (1, classes, *model.size)


def small_net(name: str, phase: int = TRAIN, engine: str = "numpy") -> Net:
    body, size, _ = SMALL[name]
    n = NetSpec()
    shapes = [dict(dim=[2, 3, size, size]), dict(dim=[2, 1, size, size])]
    n.data, n.label = L.Input(ntop=2, shape=shapes)
    n.loss = L.SoftmaxWithLoss(body(n), n.label, loss_param=dict(ignore_label=255))
    param = n.to_proto()
    return Net(param, phase, seed=1, engine=engine)


@pytest.mark.parametrize("name", SMALL)
def test_a_few_iterations_lower_the_loss(name: str) -> None:
    net = small_net(name)
    size = SMALL[name][1]
    rng = np.random.default_rng(3)
    net.blobs["data"].data[...] = rng.normal(0, 30, (2, 3, size, size))
    net.blobs["label"].data[...] = np.arange(size) // 8  # stripes
    net.blobs["label"].data[:, :, 0] = 255
    losses = []
    for _ in range(4):
        net.clear_param_diffs()
        losses.append(net.forward_loss())
        net.backward()
        for param in net.learnable_params:
            diff = param.blob.diff
            largest = np.abs(diff).max()
            if param.lr_mult and largest:
                param.blob.data[...] -= 0.02 * diff / largest
    assert np.isfinite(losses).all()
    assert losses[-1] < 0.97 * losses[0], losses


@pytest.mark.skipif(
    bool(why_unavailable("onednn")), reason="small nets on both engines: oneDNN is not here"
)
@pytest.mark.parametrize("name", SMALL)
def test_engines_agree(name: str) -> None:
    images = np.random.default_rng(4).normal(0, 30, (2, 3, SMALL[name][1], SMALL[name][1]))
    scores = []
    for engine in ("numpy", "onednn"):
        net = small_net(name, TEST, engine)
        as_if_trained(net)
        net.blobs["label"].data[...] = 1
        net.blobs["data"].data[...] = images
        net.forward()
        scores.append(net.blobs[net.bottom_names["loss"][0]].data.copy())
    np.testing.assert_allclose(scores[1], scores[0], atol=1e-4 * np.abs(scores[0]).max())
