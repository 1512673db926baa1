"""Asking a net for what it does not have says what it has, and is a KeyError or IndexError."""

from __future__ import annotations

import copy
from collections import OrderedDict
from pathlib import Path

import pytest

import minicaffe as caffe
from minicaffe import MinicaffeError

NETWORK = """
layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 2 dim: 3 } } }
layer { name: "score" type: "InnerProduct" bottom: "data" top: "ip"
  inner_product_param { num_output: 4 } }
layer { name: "relu" type: "ReLU" bottom: "ip" top: "relued" }
layer { name: "loss" type: "Reduction" bottom: "relued" top: "loss" loss_weight: 1 }
"""


@pytest.fixture
def solver() -> caffe.Solver:
    Path("net.prototxt").write_text(NETWORK)
    Path("s.prototxt").write_text(
        'net: "net.prototxt" test_iter: 1 test_interval: 9 base_lr: 0.1 lr_policy: "fixed"'
    )
    return caffe.get_solver("s.prototxt")


@pytest.mark.parametrize(
    ("attribute", "name", "message"),
    [
        ("blobs", "dta", r"net\.prototxt: the net has no blob 'dta'; did you mean `data`\?"),
        ("blobs", "zzzzz", r"no blob 'zzzzz'; it has data, ip, relued, loss$"),
        ("blobs", "score", r"no blob 'score'; it is a layer"),
        ("blobs", 0, r"by its name, a text, not by 0; it has data, "),
        ("params", "scor", r"no layer with parameters 'scor'; did you mean `score`\?"),
        ("params", "relu", r"'relu'; it is a layer without any"),
        ("params", "ip", r"'ip'; it is a blob; parameters have the names of layers"),
        ("params", b"score", r"not by b'score'; it has score$"),
        ("layer_dict", "reul", r"no layer 'reul'; did you mean `relu`\?"),
        ("top_names", "relued", r"no layer 'relued'; it is a blob"),
        ("bottom_names", "los", r"did you mean `loss`\?"),
        ("blob_loss_weights", "los", r"did you mean `loss`\?"),
    ],
)
def test_names(solver, attribute, name, message):
    found = getattr(solver.net, attribute)
    with pytest.raises(KeyError, match=message) as caught:
        found[name]
    assert isinstance(caught.value, MinicaffeError)
    assert name not in found
    assert found.get(name) is None
    assert isinstance(found, OrderedDict)


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda solver: solver.test_nets[3], "no test net 3: there is only 0"),
        (lambda solver: solver.net.layers[4], "no layer 4: there are 4, 0 to 3"),
        (lambda solver: solver.net.layers[-5], "no layer -5: there are 4"),
        (lambda solver: solver.net.params["score"][2], "no parameter blob 2: there are 2, 0 to 1"),
        (lambda solver: solver.net.layers[2].blobs[0], "no parameter blob 0: there are none"),
    ],
)
def test_numbers(solver, ask, message):
    with pytest.raises(IndexError, match=message) as caught:
        ask(solver)
    assert isinstance(caught.value, MinicaffeError)


def test_what_is_there_is_found_as_ever(solver):
    net = solver.net
    assert net.layers[-1].type == net.layer_dict["loss"].type == "Reduction"
    assert [layer.type for layer in net.layers[:2]] == ["Input", "InnerProduct"]
    weights, bias = net.params["score"]
    assert net.params["score"][0] is weights
    assert net.params["score"][-1] is bias
    assert list(net.blobs) == ["data", "ip", "relued", "loss"]
    assert solver.test_nets[0] is next(iter(solver.test_nets))
    with pytest.raises(TypeError):
        net.layers["relu"]


def test_copies_know_the_names_too(solver):
    for copied in (solver.net.blobs.copy(), copy.copy(solver.net.blobs)):
        assert copied == solver.net.blobs
        with pytest.raises(KeyError, match="dta"):
            copied["dta"]


def test_many_names_are_not_all_shown():
    layers = "".join(
        f'layer {{ name: "l{i}" type: "Input" top: "b{i}" input_param {{ shape {{ dim: 1 }} }} }}'
        for i in range(30)
    )
    Path("wide.prototxt").write_text(layers)
    with pytest.raises(KeyError, match=r"it has b0, .*b7 and 22 more$"):
        caffe.Net("wide.prototxt", caffe.TEST).blobs["zzzzz"]
