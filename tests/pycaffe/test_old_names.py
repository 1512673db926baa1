"""Names of the pycaffe of 2014 say what has taken their place, or work."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

import minicaffe as caffe
from minicaffe import MinicaffeError
from tests.pycaffe.helpers import caffe_installed

NETWORK = """
layer { name: "data" type: "Input" top: "data"
  input_param { shape { dim: 1 dim: 3 dim: 4 dim: 4 } } }
layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip"
  inner_product_param { num_output: 2 } }
"""


@pytest.fixture
def net() -> caffe.Net:
    Path("n.prototxt").write_text(NETWORK)
    return caffe.Net("n.prototxt", caffe.TEST)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("set_phase_test", r"caffe\.Net\(file, caffe\.TEST, weights"),
        ("set_phase_train", r"caffe\.Net\(file, caffe\.TRAIN, weights"),
        ("set_mode_cpu", r"write caffe\.set_mode_cpu\(\)"),
        ("set_mode_gpu", r"write caffe\.set_mode_gpu\(\)"),
        ("set_device", r"write caffe\.set_device\(number\)"),
        ("set_mean", r"caffe\.io\.Transformer\(\{name.*then t\.set_mean\(name, mean\)"),
        ("set_input_scale", r"t\.set_input_scale\("),
        ("set_raw_scale", r"t\.set_raw_scale\("),
        ("set_channel_swap", r"t\.set_channel_swap\("),
        ("preprocess", r"t\.preprocess\("),
        ("deprocess", r"t\.deprocess\("),
        ("mean", r"t\.mean\[name\]"),
    ],
)
def test_of_a_net(net, name, message):
    with pytest.raises(AttributeError, match=message) as caught:
        getattr(net, name)
    assert isinstance(caught.value, MinicaffeError)
    assert not hasattr(net, name)


def test_any_other_name_is_an_ordinary_error(net):
    with pytest.raises(AttributeError, match="'Net' object has no attribute 'fowrard'") as caught:
        net.fowrard  # noqa: B018
    assert not isinstance(caught.value, MinicaffeError)
    with pytest.raises(
        AttributeError, match=r"module 'minicaffe\.io' has no attribute 'loadimage'"
    ):
        caffe.io.loadimage  # noqa: B018


def test_of_io():
    with pytest.raises(AttributeError, match="write arraylist_to_blobprotovector_str"):
        caffe.io.arraylist_to_blobprotovecor_str  # noqa: B018


@pytest.mark.parametrize("kind", [caffe.Classifier, caffe.Detector])
@pytest.mark.parametrize(
    ("keyword", "message"), [("gpu", r"leave it out.*set_mode_cpu"), ("mean_file", "numpy.load")]
)
def test_keywords(net, kind, keyword, message):
    net.save("w.caffemodel")
    with pytest.raises(TypeError, match=message) as caught:
        kind("n.prototxt", "w.caffemodel", **{keyword: False})
    assert isinstance(caught.value, MinicaffeError)


LAYER = """
import caffe


class Old(caffe.Layer):
    def setup(self, bottom, top):
        self.factor = float(self.param_str_)
        self.same = self.param_str_ == self.param_str

    def reshape(self, bottom, top):
        top[0].reshape(bottom[0].num, bottom[0].channels, bottom[0].height, bottom[0].width)

    def forward(self, bottom, top):
        top[0].data[...] = bottom[0].data * self.factor

    def backward(self, top, propagate_down, bottom):
        bottom[0].diff[...] = top[0].diff * self.factor
"""


def test_a_python_layer_of_2015(net, monkeypatch):
    Path("old_layer_of_2015.py").write_text(LAYER)
    Path("python.prototxt").write_text(
        NETWORK.partition('layer { name: "ip"')[0]
        + 'layer { name: "old" type: "Python" bottom: "data" top: "old"'
        + ' python_param { module: "old_layer_of_2015" layer: "Old" param_str: "3" } }'
    )
    monkeypatch.delitem(sys.modules, "old_layer_of_2015", raising=False)
    with caffe_installed():
        net = caffe.Net("python.prototxt", caffe.TEST)
        out = net.forward(data=np.full((1, 3, 4, 4), 2))["old"]
    np.testing.assert_array_equal(out, np.full((1, 3, 4, 4), 6))
    assert net.layer_dict["old"].same
