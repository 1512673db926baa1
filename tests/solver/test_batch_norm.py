"""iter_size and BatchNorm: what ghost batches do instead, and the warning; frozen statistics."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import minicaffe as caffe

NET = """
    layer { name: "data" type: "MemoryData" top: "data" top: "label"
            memory_data_param { batch_size: %d channels: 3 height: 4 width: 5 } }
    layer { name: "conv" type: "Convolution" bottom: "data" top: "conv" convolution_param {
            num_output: 4 kernel_size: 2 bias_term: false weight_filler { type: "msra" } } }
    layer { name: "bn" type: "BatchNorm" bottom: "conv" top: "conv" batch_norm_param { %s } }
    layer { name: "scale" type: "Scale" bottom: "conv" top: "conv" scale_param { bias_term: true } }
    layer { name: "relu" type: "ReLU" bottom: "conv" top: "conv" }
    layer { name: "fc" type: "InnerProduct" bottom: "conv" top: "fc" inner_product_param {
            num_output: 2 weight_filler { type: "xavier" } } }
    layer { name: "loss" type: "SoftmaxWithLoss" bottom: "fc" bottom: "label" top: "loss" }
"""
SOLVER = """
    net: "%s" base_lr: 0.1 momentum: 0.9 lr_policy: "fixed" max_iter: 9 random_seed: 4
    iter_size: %d
"""


def solver_of(folder: Path, batch: int, iter_size: int, text: str = "") -> caffe.SGDSolver:
    folder.mkdir(exist_ok=True)
    net, solver = folder / f"net{batch}.prototxt", folder / f"solver{batch}.prototxt"
    net.write_text(NET % (batch, text), encoding="utf-8")
    solver.write_text(SOLVER % (net, iter_size), encoding="utf-8")
    made = caffe.get_solver(str(solver))
    rng = np.random.default_rng(1)
    images = rng.normal(size=(24, 3, 4, 5)).astype(np.float32)
    labels = rng.integers(0, 2, 24).astype(np.float32)
    made.net.set_input_arrays(images, labels)
    return made


def test_ghost_batches_train_as_iter_size_does(tmp_path: Path) -> None:
    repeated = solver_of(tmp_path, 4, 3)
    at_once = solver_of(tmp_path, 12, 1, "ghost_batch_size: 4")
    whole = solver_of(tmp_path / "other", 12, 1)
    for item in (repeated, at_once, whole):
        item.step(5)
    for name, blobs in repeated.net.params.items():
        for blob, other in zip(blobs, at_once.net.params[name], strict=True):
            np.testing.assert_allclose(other.data, blob.data, rtol=1e-4, atol=1e-5)
    weights = [item.net.params["conv"][0].data for item in (repeated, whole)]
    assert np.abs(weights[0] - weights[1]).max() > 1e-3  # without ghosts it is another training


def test_the_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    solver_of(tmp_path, 4, 3)
    (warning,) = [record for record in caplog.records if "iter_size" in record.message]
    assert warning.levelname == "WARNING"
    for part in ("iter_size is 3", "BatchNorm (bn)", "ghost_batch_size", "bn-stats", "renorm"):
        assert part in warning.message


@pytest.mark.parametrize(("iter_size", "text"), [(1, ""), (3, "use_global_stats: true")])
def test_no_warning_without_reason(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, iter_size: int, text: str
) -> None:
    solver_of(tmp_path, 4, iter_size, text)
    assert not [record for record in caplog.records if "iter_size" in record.message]


def test_frozen_statistics_with_a_scale_that_learns(tmp_path: Path) -> None:
    """The recipe for fine-tuning: use_global_stats: true in TRAIN; gamma and beta still learn."""
    solver = solver_of(tmp_path, 4, 1, "use_global_stats: true")
    params = solver.net.params
    for blob, value in zip(params["bn"], (3, 6, 2), strict=True):
        blob.data[...] = value
    before = {name: [blob.data.copy() for blob in blobs] for name, blobs in params.items()}
    solver.step(3)
    for name, blobs in params.items():
        for blob, old in zip(blobs, before[name], strict=True):
            assert np.array_equal(blob.data, old) == (name == "bn"), name
