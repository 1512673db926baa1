"""Test nets: averages over batches, states, and which weights they have."""

from __future__ import annotations

import logging

import numpy as np
import pytest

from minicaffe.errors import SolverError
from minicaffe.solver import LogObserver, events, get_solver
from tests.solver.problem import NET, Recorder, make_solver, texts, weights_of, write_problem


def test_test_averages_the_batches(tmp_path):
    seen = Recorder()
    settings = "test_iter: 3 test_interval: 10 test_compute_loss: true"
    solver = make_solver(tmp_path, settings, observers=[seen])
    result = solver.test()
    net = solver.test_nets[0]
    assert sorted(result) == ["accuracy", "loss"]
    assert result["loss"] == pytest.approx(net.forward_loss())
    (event,) = seen.of(events.TestResult)
    assert event.loss == pytest.approx(result["loss"])
    assert [item.done for item in seen.of(events.TestBatch)] == [1, 2, 3]
    assert str(event.outputs[0]) == f"accuracy = {result['accuracy']:g}"


def test_no_batches_give_no_outputs(tmp_path):
    assert make_solver(tmp_path, "test_iter: 0 test_interval: 1").test() == {}


def test_a_test_net_that_is_not_there(tmp_path):
    solver = make_solver(tmp_path, "test_iter: 1 test_interval: 10")
    assert solver.test(0).keys() == solver.test(-1).keys()
    with pytest.raises(SolverError, match="no test net #1: there are 1, numbered from 0"):
        solver.test(1)
    with pytest.raises(SolverError, match="no test net #0: the solver has none"):
        make_solver(tmp_path, "").test()


def test_outputs_of_several_elements_are_arrays_and_lines_apiece(tmp_path, caplog):
    caplog.set_level(logging.INFO, "minicaffe")
    net = NET + 'layer { name: "p" type: "Softmax" bottom: "score" top: "p" }'
    settings = "test_iter: 2 test_interval: 10 test_compute_loss: true"
    solver = make_solver(tmp_path, settings, net, observers=[LogObserver()])
    result = solver.test(0)
    assert result["p"].shape == (4, 3)
    lines = texts(caplog)
    assert any(line.startswith("Test loss: ") for line in lines)
    assert any(line.startswith("    Test net output #13: p = ") for line in lines)


def test_an_output_that_changes_shape_has_no_mean(tmp_path):
    net = NET + 'layer { name: "p" type: "Softmax" bottom: "score" top: "p" }'
    solver = make_solver(tmp_path, "test_iter: 2 test_interval: 10", net)
    test_net = solver.test_nets[0]

    forward, calls = test_net.forward_loss, []

    def changing():
        loss = forward()
        calls.append(loss)
        if len(calls) == 2:
            test_net.blobs["p"].reshape(1, 3)
        return loss

    test_net.forward_loss = changing
    with pytest.raises(SolverError, match=r"'p' has shape .* in batch 2 .* cannot be averaged"):
        solver.test()


def test_nets_come_in_caffes_order_and_states(tmp_path):
    (tmp_path / "other.prototxt").write_text(NET.replace('"small"', '"other"'))
    inline = NET.replace('"small"', '"inline"')
    settings = f"""
      test_net_param {{ {inline} }} test_net: "other.prototxt"
      test_iter: 1 test_iter: 2 test_iter: 3 test_interval: 5
      test_state {{ stage: "a" }} test_state {{ level: 4 }} test_state {{ phase: TRAIN }}
    """
    solver = make_solver(tmp_path, settings)
    assert [net.name for net in solver.test_nets] == ["inline", "other", "small"]
    assert [net.phase for net in solver.test_nets] == [1, 1, 0]
    assert "accuracy" not in solver.test_nets[2].blobs


@pytest.mark.parametrize("field", ["net_param", "train_net_param", "train_net"])
def test_other_ways_to_give_the_train_net(tmp_path, field):
    write_problem(tmp_path)
    given = '"net.prototxt"' if field == "train_net" else f"{{ {NET} }}"
    tests = "test_iter: 1 test_interval: 1" if field == "net_param" else ""
    (tmp_path / "s.prototxt").write_text(
        f'{field}: {given} base_lr: 0.1 lr_policy: "fixed" {tests}'
    )
    solver = get_solver("s.prototxt")
    assert solver.net.name == "small"
    assert len(solver.test_nets) == bool(tests)


def test_train_state_chooses_the_layers(tmp_path):
    net = NET + (
        'layer { name: "extra" type: "Softmax" bottom: "score" top: "p" include { stage: "x" '
        "min_level: 2 } }"
    )
    assert "p" not in make_solver(tmp_path, "", net).net.blobs
    solver = make_solver(tmp_path, 'train_state { stage: "x" level: 2 }', net)
    assert "p" in solver.net.blobs


def test_weights_are_loaded_into_train_and_test_nets(tmp_path):
    source = make_solver(tmp_path)
    source.step(3)
    source.net.save("a.caffemodel")
    source.net.save_hdf5("b.h5")
    settings = 'test_iter: 1 test_interval: 1 weights: "a.caffemodel , b.h5" weights: "b.h5"'
    solver = make_solver(tmp_path, settings)
    for net in (solver.net, *solver.test_nets):
        for a, b in zip(weights_of(source.net), weights_of(net), strict=True):
            np.testing.assert_array_equal(a, b)
    with pytest.raises(SolverError, match="empty file name"):
        make_solver(tmp_path, 'weights: "a.caffemodel,"')
