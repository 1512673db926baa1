"""Batches, confusion, largest losses and the search for a rate, of nets that read their data."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

import minicaffe
from minicaffe import show
from minicaffe.errors import ArgumentError, GraphError, SolverError
from minicaffe.show.judged import classes_of

pytest.importorskip("matplotlib", reason="matplotlib is not installed")

#: Scores are the first pixels of pictures.
NET = """
layer { name: "data" type: "MemoryData" top: "data" top: "label"
  memory_data_param { batch_size: 4 channels: 1 height: 2 width: 3 } }
layer { name: "flat" type: "Flatten" bottom: "data" top: "flat" }
layer { name: "slice" type: "Slice" bottom: "flat" top: "scores" top: "rest"
  slice_param { slice_point: 3 } }
layer { name: "rest" type: "Silence" bottom: "rest" }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "scores" bottom: "label" top: "loss" }
"""
SOLVER = """
net: "net.prototxt" base_lr: 0.1 lr_policy: "step" stepsize: 5 gamma: 0.1 momentum: 0.9 max_iter: 9
test_iter: 1 test_interval: 2 snapshot: 3 snapshot_prefix: "tiny" random_seed: 1 display: 1
"""
TRAINED = """
layer { name: "data" type: "DummyData" top: "data" top: "label"
  dummy_data_param { shape { dim: 8 dim: 4 } shape { dim: 8 }
    data_filler { type: "gaussian" } data_filler { type: "constant" value: 1 } } }
layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip"
  inner_product_param { num_output: 3 weight_filler { type: "xavier" } } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" top: "loss" }
"""


@pytest.fixture
def net(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    Path("net.prototxt").write_text(NET)
    with minicaffe.Net("net.prototxt", minicaffe.TEST) as found:
        scores = np.array(
            [[9, 0, 0], [0, 9, 0], [5, 0, 0], [0, 0, 1], [0, 3, 0], [0, 0, 9], [1, 0, 0], [0, 7, 0]]
        )
        images = np.zeros((8, 1, 2, 3), np.float32)
        images[:, 0, 0] = scores
        images[:, 0, 1, 1] = np.arange(8) / 10
        labels = np.array([0, 1, 2, 2, 0, 2, 1, 1], np.float32)
        found.set_input_arrays(images, labels)
        yield found


def test_the_batch_as_the_net_sees_it(net):
    figure = show.batch(net, {0: "cat", 1: "dog"})
    titles = [place.get_title() for place in figure.axes]
    assert titles == ["cat", "dog", "2", "2"]
    assert "0 (black) to 9 (white)" in figure.get_suptitle()
    shown = figure.axes[0].get_images()[0].get_array()
    np.testing.assert_allclose(np.asarray(shown)[0, :, 0], [1, 0, 0])


def test_confusion(net):
    figure = show.confusion(net, 2, {0: "cat"})
    plot = figure.axes[0]
    counts = [[1, 1, 0], [1, 2, 0], [1, 0, 2]]
    shares = np.array(counts) / np.sum(counts, axis=1, keepdims=True)
    np.testing.assert_allclose(np.asarray(plot.get_images()[0].get_array()), shares)
    assert [label.get_text() for label in plot.get_yticklabels()] == ["cat", "1", "2"]
    assert sorted(text.get_text() for text in plot.texts) == ["1"] * 4 + ["2"] * 2
    assert plot.get_title() == "8 items, accuracy 0.6250"


def test_the_largest_losses_come_first(net):
    found = show.mistakes(net, 2, most=3)
    assert [(item.true, item.predicted) for item in found] == [(2, 0), (0, 1), (1, 0)]
    assert found[0].loss == pytest.approx(math.log(math.exp(5) + 2))
    assert found[0].probability == pytest.approx(math.exp(5) / (math.exp(5) + 2))
    assert [round(float(item.image[0, 1, 1]), 1) for item in found] == [0.2, 0.4, 0.6]
    figure = show.top_losses(net, 2, {0: "cat"}, most=2)
    assert figure.axes[0].get_title() == "2\nas cat 0.99\nloss 5.01"


def test_scores_may_be_probabilities_already(tmp_path):
    text = NET.replace("SoftmaxWithLoss", "Accuracy")
    param = minicaffe.proto.caffe_pb2.NetParameter()
    minicaffe.proto.text_format.parse(text, param)
    with minicaffe.Net(param, minicaffe.TEST) as net:
        images = np.zeros((4, 1, 2, 3), np.float32)
        images[:, 0, 0] = [0.2, 0.3, 0.5]
        net.set_input_arrays(images, np.array([0, 1, 2, 2], np.float32))
        found = show.mistakes(net, 1)
    assert found[0].loss == pytest.approx(-math.log(0.2))


def test_nets_without_what_is_asked_for(net, tmp_path):
    assert classes_of(net) == 3
    Path("other.prototxt").write_text('layer { name: "d" type: "DummyData" top: "d" '
                                      "dummy_data_param { shape { dim: 2 } } }")  # fmt: skip
    with minicaffe.Net("other.prototxt", minicaffe.TEST) as other:
        with pytest.raises(GraphError, match="reads pictures"):
            show.batch(other)
        with pytest.raises(GraphError, match="compares scores with labels"):
            show.confusion(other, 1)
        with pytest.raises(GraphError, match="compares scores with labels"):
            show.top_losses(other, 1)


@pytest.fixture
def solver_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    Path("net.prototxt").write_text(TRAINED)
    Path("solver.prototxt").write_text(SOLVER)
    return "solver.prototxt"


def test_the_rate_rises(solver_file):
    found = show.lr_find(solver_file, lowest=1e-4, highest=1e-2, iterations=5)
    np.testing.assert_allclose(found.rates, 1e-4 * 100 ** (np.arange(5) / 4), rtol=1e-5)
    assert found.losses.shape == (5,)
    assert found.smoothed[0] == pytest.approx(found.losses[0])
    assert sorted(path.name for path in Path().iterdir()) == ["net.prototxt", "solver.prototxt"]
    best = found.rates[found.smoothed.argmin()]
    assert found.suggestion == pytest.approx(best / 10)
    assert found.figure().axes[0].get_xscale() == "log"


def test_a_solver_is_left_as_it_is(solver_file):
    solver = minicaffe.get_solver(solver_file)
    solver.param.snapshot = 0
    solver.step(2)
    before = [blob.data.copy() for blobs in solver.net.params.values() for blob in blobs]
    history = [values.copy() for values in solver.history]
    found = show.lr_find(solver, iterations=3, highest=1e-3)
    for blob, old in zip(
        [blob for blobs in solver.net.params.values() for blob in blobs], before, strict=True
    ):
        np.testing.assert_array_equal(blob.data, old)
    for values, old in zip(solver.history, history, strict=True):
        np.testing.assert_array_equal(values, old)
    assert (solver.iter, solver.param.base_lr) == (2, pytest.approx(0.1))
    fresh = show.lr_find(solver_file, iterations=3, highest=1e-3)
    assert found.losses[0] < fresh.losses[0]  # it begins with what was learned


def test_it_ends_when_the_loss_has_risen(solver_file):
    found = show.lr_find(solver_file, lowest=1.0, highest=1e30, iterations=200)
    assert 2 <= len(found.rates) < 200
    with pytest.raises(ArgumentError, match="expected 0 < lowest < highest"):
        show.lr_find(solver_file, lowest=1.0, highest=0.1)
    text = TRAINED.replace('"gaussian"', '"constant" value: 3e38')
    Path("net.prototxt").write_text(text.replace('"xavier"', '"constant" value: 9'))
    with pytest.raises(SolverError):
        show.lr_find(solver_file, lowest=1e20, highest=1e30)
