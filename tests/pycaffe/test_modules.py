"""``caffe._caffe`` and ``caffe.pycaffe``: modules, attributes, and what programs look for there."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import minicaffe
from minicaffe import MinicaffeError
from tests.pycaffe.helpers import caffe_installed

NETWORK = """
layer { name: "data" type: "Input" top: "data"
  input_param { shape { dim: 1 dim: 2 dim: 5 dim: 6 } } }
layer { name: "conv" type: "Convolution" bottom: "data" top: "conv"
  convolution_param { num_output: 3 kernel_size: 3 weight_filler { type: "xavier" } } }
layer { name: "bn" type: "BatchNorm" bottom: "conv" top: "bn" }
layer { name: "scale" type: "Scale" bottom: "bn" top: "scale"
  scale_param { bias_term: true filler { value: 2 } bias_filler { value: 3 } } }
"""

COMPILED = """
    Net Blob Layer SolverParameter LayerParameter Solver SGDSolver NesterovSolver AdaGradSolver
    RMSPropSolver AdaDeltaSolver AdamSolver get_solver BlobVec RawBlobVec LayerVec StringVec IntVec
    DtypeVec NetVec BoolVec NCCL Timer init_log log has_nccl set_mode_cpu set_mode_gpu
    set_random_seed set_device solver_count set_solver_count solver_rank set_solver_rank
    set_multiprocess layer_type_list __version__"""
WRAPPED = """
    Net SGDSolver NesterovSolver AdaGradSolver RMSPropSolver AdaDeltaSolver AdamSolver NCCL Timer
    OrderedDict izip_longest np _Net_forward _Net_backward _Net_forward_all
    _Net_forward_backward_all _Net_set_input_arrays _Net_batch _Net_inputs _Net_outputs"""


@pytest.fixture
def net() -> minicaffe.Net:
    Path("n.prototxt").write_text(NETWORK)
    return minicaffe.Net("n.prototxt", minicaffe.TEST)


@pytest.mark.parametrize(("name", "names"), [("_caffe", COMPILED), ("pycaffe", WRAPPED)])
def test_all_names_are_there(name, names):
    with caffe_installed():
        module = importlib.import_module(f"caffe.{name}")
        assert module is getattr(importlib.import_module("caffe"), name)
    assert [item for item in names.split() if not hasattr(module, item)] == []
    assert module.Net is minicaffe.Net
    assert set(module.__all__) <= set(dir(module))


def test_classes_are_those_of_what_a_net_hands_out(net):
    compiled = minicaffe._caffe
    solver_text = 'net: "n.prototxt" test_iter: 1 test_interval: 5 base_lr: 1 lr_policy: "fixed"'
    Path("s.prototxt").write_text(solver_text)
    solver = minicaffe.get_solver("s.prototxt")
    assert type(net.params["conv"]) is compiled.BlobVec
    assert type(net.layers) is compiled.LayerVec
    assert type(net._layer_names) is compiled.StringVec
    assert type(net._top_ids(0)) is compiled.IntVec

    assert type(solver.test_nets) is compiled.NetVec
    assert isinstance(net.blobs["conv"], compiled.Blob)
    assert isinstance(solver.param, compiled.SolverParameter)
    assert isinstance(net.layers[0], compiled.Layer)
    assert isinstance(net.blobs, minicaffe.pycaffe.OrderedDict)


PROGRAM = """
import caffe
assert caffe._caffe.BlobVec and caffe.pycaffe.Net is caffe.Net  # before anything imports them
import caffe._caffe as compiled
from caffe._caffe import BlobVec, RawBlobVec, Net
from caffe.pycaffe import OrderedDict, Net as Wrapped
import caffe.pycaffe
assert compiled.BlobVec is BlobVec and Net is Wrapped is caffe.Net
"""


def test_a_program_imports_them_in_every_way():
    Path("program.py").write_text(PROGRAM)
    root = str(Path(minicaffe.__file__).parent.parent)
    subprocess.run(
        [sys.executable, "-W", "error", "-m", "minicaffe.as_caffe", "program.py"],
        check=True,
        env={"PYTHONPATH": root},
    )


def test_a_program_that_folds_batch_normalisation(net):
    """As scripts that merge BatchNorm and Scale into convolutions walk through the parameters."""
    net.params["bn"][0].data[...] = [1, 2, 3]
    net.params["bn"][1].data[...] = [4, 5, 6]
    net.params["bn"][2].data[...] = 1
    image = np.arange(60.0).reshape(1, 2, 5, 6) / 60
    want = net.forward(data=image)["scale"].copy()
    found = {}
    for name, blobs in net.params.items():
        assert type(blobs) is minicaffe._caffe.BlobVec
        found[name] = [blob.data.copy() for blob in blobs]
    factor = found["scale"][0] / np.sqrt(found["bn"][1] + 1e-5)
    folded = minicaffe.Net("n.prototxt", minicaffe.TEST)
    folded.params["conv"][0].data[...] = found["conv"][0] * factor[:, None, None, None]
    folded.params["conv"][1].data[...] = (found["conv"][1] - found["bn"][0]) * factor + found[
        "scale"
    ][1]
    got = folded.forward(data=image, end="conv")["conv"]
    np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", ["set_phase_test", "set_phase_train"])
def test_phases_of_2014(name):
    with pytest.raises(AttributeError, match="the phase is an argument") as caught:
        getattr(minicaffe, name)
    assert isinstance(caught.value, MinicaffeError)
    assert not hasattr(minicaffe, name)


def test_any_other_name_is_an_ordinary_error():
    with pytest.raises(
        AttributeError, match="module 'minicaffe' has no attribute 'nett'"
    ) as caught:
        minicaffe.nett  # noqa: B018
    assert not isinstance(caught.value, MinicaffeError)
