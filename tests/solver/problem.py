"""A small problem to train on: a net with one layer, its solver, and data."""

from __future__ import annotations

import numpy as np

from minicaffe.solver import Observer, get_solver

NET = """
name: "small"
layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 4 dim: 5 } } }
layer { name: "label" type: "Input" top: "label" input_param { shape { dim: 4 } } }
layer { name: "fc" type: "InnerProduct" bottom: "data" top: "score"
  param { lr_mult: 1 } param { lr_mult: 2 decay_mult: 0 }
  inner_product_param { num_output: 3 weight_filler { type: "xavier" } } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "score" bottom: "label" top: "loss" }
layer { name: "accuracy" type: "Accuracy" bottom: "score" bottom: "label" top: "accuracy"
  include { phase: TEST } }
"""
SOLVER = 'net: "net.prototxt" base_lr: 0.1 lr_policy: "fixed" random_seed: 3 '


class Recorder(Observer):
    """Keeps all events in order."""

    def __init__(self):
        self.events = []

    def on_event(self, event):
        self.events.append(event)

    def of(self, kind):
        return [event for event in self.events if isinstance(event, kind)]


def write_problem(folder, settings="", net=NET):
    """Write net.prototxt and solver.prototxt; returns the solver's path."""
    (folder / "net.prototxt").write_text(net)
    (folder / "solver.prototxt").write_text(SOLVER + settings)
    return str(folder / "solver.prototxt")


def make_solver(folder, settings="", net=NET, **how):
    """A solver on the problem with its data in place; needs ``folder`` as the current one."""
    how.setdefault("observers", [])
    solver = get_solver(write_problem(folder, settings, net), **how)
    for item in (solver.net, *solver.test_nets):
        fill(item)
    return solver


def fill(net, seed=0):
    """Put fixed random data and labels into the net's inputs."""
    rng = np.random.default_rng(seed)
    net.blobs["data"].data[...] = rng.normal(size=(4, 5))
    net.blobs["label"].data[...] = [0, 2, 1, 2]


def weights_of(net):
    """Copies of all parameters."""
    return [blob.data.copy() for blobs in net.params.values() for blob in blobs]


def texts(caplog):
    """The messages logged so far."""
    return [record.getMessage() for record in caplog.records]
