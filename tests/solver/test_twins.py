"""A layer that exists in tests only, and shares its weights with one that is trained.

Caffe shares between nets by the names of layers, so that it keeps its first weights in the tests of
a solver, while a net of its own that reads the snapshot has both alike. The log says so.
"""

from __future__ import annotations

import logging

import numpy as np
import pytest

import minicaffe
from minicaffe.solver import get_solver
from tests.solver.problem import texts

TWINS = """
layer { name: "data" type: "DummyData" top: "data" top: "t" dummy_data_param {
  shape { dim: 4 dim: 3 } shape { dim: 4 dim: 2 }
  data_filler { type: "gaussian" } data_filler { type: "gaussian" } } }
layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip"
  param { name: "w" } param { name: "b" }
  inner_product_param { num_output: 2 weight_filler { type: "xavier" } } %(first)s }
layer { name: "twin" type: "InnerProduct" bottom: "data" top: "twin"
  param { name: "w" } param { name: "b" } inner_product_param { num_output: 2 } %(second)s }
layer { name: "difference" type: "EuclideanLoss" bottom: "ip" bottom: "twin" top: "difference"
  loss_weight: 0 include { phase: TEST } }
layer { name: "loss" type: "EuclideanLoss" bottom: "%(trained)s" bottom: "t" top: "loss" }
"""
SOLVER = (
    'net: "net.prototxt" test_iter: 2 test_interval: 5 base_lr: 0.1 lr_policy: "fixed" '
    'max_iter: 10 random_seed: 1 snapshot_prefix: "twins"'
)
TEST_ONLY = "include { phase: TEST }"


def make(tmp_path, monkeypatch, first="", second="", trained="ip"):
    monkeypatch.chdir(tmp_path)
    text = TWINS % {"first": first, "second": second, "trained": trained}
    (tmp_path / "net.prototxt").write_text(text)
    (tmp_path / "solver.prototxt").write_text(SOLVER)
    return get_solver("solver.prototxt", observers=[])


@pytest.mark.parametrize(
    ("how", "stays", "other"),
    [
        ({"second": TEST_ONLY}, "net.prototxt:8: layer 'twin'", "with layer 'ip'"),
        (
            {"first": TEST_ONLY, "trained": "twin"},
            "net.prototxt:5: layer 'ip'",
            "with layer 'twin'",
        ),
    ],
)
def test_it_keeps_its_first_weights_and_the_log_says_so(
    tmp_path, monkeypatch, caplog, how, stays, other
):
    solver = make(tmp_path, monkeypatch, **how)
    (warning,) = [text for text in texts(caplog) if "shares param" in text]
    assert warning.startswith(stays)
    assert other in warning
    assert "as in Caffe" in warning
    solver.solve()
    assert solver.test()["difference"] > 0.01
    assert sum("shares param" in text for text in texts(caplog)) == 1
    net = minicaffe.Net("net.prototxt", minicaffe.TEST, weights="twins_iter_10.caffemodel")
    trained = how.get("trained", "ip")
    np.testing.assert_array_equal(net.params["twin"][0].data, solver.net.params[trained][0].data)
    assert net.forward()["difference"] == 0


def test_twins_that_are_in_both_nets_stay_alike(tmp_path, monkeypatch, caplog):
    solver = make(tmp_path, monkeypatch, second="propagate_down: false")
    solver.step(7)
    assert solver.test()["difference"] == 0
    assert not [r for r in caplog.records if "shares param" in r.getMessage()]


def test_twins_that_are_both_in_tests_only_stay_alike(tmp_path, monkeypatch, caplog):
    text = TWINS % {"first": TEST_ONLY, "second": TEST_ONLY, "trained": "third"}
    third = (
        'layer { name: "third" type: "InnerProduct" bottom: "data" top: "third" '
        "inner_product_param { num_output: 2 } }\n"
    )
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.prototxt").write_text(
        text.replace('layer { name: "loss"', third + 'layer { name: "loss"')
    )
    (tmp_path / "solver.prototxt").write_text(SOLVER)
    solver = get_solver("solver.prototxt", observers=[])
    assert solver.test()["difference"] == 0
    assert not [text for text in texts(caplog) if "shares param" in text]


def test_share_with_in_a_program_says_it_too(tmp_path, monkeypatch, caplog):
    make(tmp_path, monkeypatch, second=TEST_ONLY)
    caplog.clear()
    train = minicaffe.Net("net.prototxt", minicaffe.TRAIN)
    test = minicaffe.Net("net.prototxt", minicaffe.TEST)
    for _ in range(2):
        test.share_with(train)
    warnings = [r for r in caplog.records if r.levelno == logging.WARNING]
    assert ["shares param" in r.getMessage() for r in warnings] == [True]
    assert test.params["ip"][0].data_memory is train.params["ip"][0].data_memory
    assert test.params["twin"][0].data_memory is not train.params["ip"][0].data_memory
