"""Nets written in Python."""

from __future__ import annotations

import copy

import numpy as np
import pytest
from google.protobuf import text_format

import minicaffe
from minicaffe import NetSpec, net_spec, to_proto
from minicaffe import layers as L
from minicaffe import params as P
from minicaffe.errors import GraphError
from minicaffe.proto import caffe_pb2


def one(top):
    """The last layer of what a top needs."""
    return to_proto(top).layer[-1]


def written(text: str):
    return text_format.Parse(text, caffe_pb2.LayerParameter())


def data():
    return L.Input(shape=dict(dim=[2, 3, 8, 9]))


def small_net() -> NetSpec:
    n = NetSpec()
    n.data, n.label = L.DummyData(
        shape=[dict(dim=[2, 3, 8, 9]), dict(dim=[2])], transform_param=dict(scale=0.5), ntop=2
    )
    n.conv = L.Convolution(n.data, num_output=4, kernel_size=3, weight_filler=dict(type="msra"))
    n.pool = L.Pooling(n.conv, pool=P.Pooling.MAX, kernel_size=2, stride=2)
    n.relu = L.ReLU(n.pool, in_place=True)
    n.score = L.InnerProduct(n.relu, num_output=5)
    n.loss = L.SoftmaxWithLoss(n.score, n.label)
    return n


def test_a_net_runs():
    net = minicaffe.Net(small_net().to_proto(), minicaffe.TRAIN)
    assert net._layer_names == ["data", "conv", "pool", "relu", "score", "loss"]
    assert net.blobs["pool"].shape == (2, 4, 3, 4)
    assert net.top_names["relu"] == net.bottom_names["relu"] == ["pool"]
    assert net.forward()["loss"] > 0


def test_its_text_is_a_prototxt(tmp_path):
    path = tmp_path / "net.prototxt"
    path.write_text(str(small_net().to_proto()))
    assert minicaffe.Net(str(path), minicaffe.TRAIN).blobs["score"].shape == (2, 5)


def test_automatic_names():
    x = data()
    a, b = L.Slice(x, ntop=2)
    net = to_proto(L.Eltwise(L.ReLU(a), L.ReLU(b)), L.Silence(x, ntop=0))
    assert [layer.name for layer in net.layer] == [
        "Input1", "Slice1", "ReLU1", "ReLU2", "Eltwise1", "Silence1",
    ]  # fmt: skip
    assert list(net.layer[1].top) == ["Slice1", "Slice2"]
    assert list(net.layer[4].bottom) == ["ReLU1", "ReLU2"]
    assert list(net.layer[5].bottom) == ["Input1"]
    assert a.to_proto().layer[-1].type == "Slice"


def test_layers_without_tops():
    n = NetSpec()
    n.data, n.more = L.DummyData(shape=dict(dim=3), ntop=2)
    n.quiet = L.Silence(n.data, ntop=0)
    n.quiet2 = L.Silence(n.more, ntop=0)
    net = minicaffe.Net(n.to_proto(), minicaffe.TEST)
    assert net._layer_names == ["data", "quiet", "quiet2"]
    assert net.forward() == {}


def test_the_same_names_by_index():
    n = NetSpec()
    n["in"] = data()
    assert n["in"] is getattr(n, "in")
    n["a/b"] = L.ReLU(n["in"])
    assert [layer.name for layer in n.to_proto().layer] == ["in", "a/b"]


def test_a_deep_net_needs_no_deep_stack():
    top = data()
    for _ in range(3000):
        top = L.ReLU(top)
    assert len(to_proto(top).layer) == 3001


def test_layers_that_two_need_are_written_once():
    x = data()
    shared = L.ReLU(x)
    assert len(to_proto(L.Concat(shared, shared, L.TanH(shared))).layer) == 4


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (
            lambda x: L.Convolution(
                x,
                num_output=np.int64(4),
                kernel_size=[3, 5],
                pad=(1, 2),
                param=[dict(lr_mult=1), dict(lr_mult=2, decay_mult=0)],
                weight_filler=dict(type="gaussian", std=0.5),
                include=dict(phase=minicaffe.TRAIN),
            ),
            """param { lr_mult: 1 } param { lr_mult: 2 decay_mult: 0 } include { phase: TRAIN }
            convolution_param { num_output: 4 kernel_size: 3 kernel_size: 5 pad: 1 pad: 2
              weight_filler { type: "gaussian" std: 0.5 } }""",
        ),
        (
            lambda x: L.Convolution(x, convolution_param=dict(num_output=4, kernel_size=3)),
            "convolution_param { num_output: 4 kernel_size: 3 }",
        ),
        (
            lambda x: L.Deconvolution(x, num_output=4, kernel_size=3),
            "convolution_param { num_output: 4 kernel_size: 3 }",
        ),
        (lambda x: L.Pooling(x, pool="AVE"), "pooling_param { pool: AVE }"),
        (lambda x: L.Pooling(x, pool=P.Pooling.AVE), "pooling_param { pool: AVE }"),
        (lambda x: L.ReLU(x, negative_slope=0.5), "relu_param { negative_slope: 0.5 }"),
        (lambda x: L.ReLU(x, name="mine", loss_weight=2), 'name: "mine" loss_weight: 2'),
        (
            lambda x: L.Python(x, module="m", layer="C", param_str="{}"),
            'python_param { module: "m" layer: "C" param_str: "{}" }',
        ),
        (
            lambda x: L.SoftmaxWithLoss(x, loss_param=dict(normalize=True)),
            "loss_param { normalize: true }",
        ),
        (
            lambda x: L.Scale(x, filler=caffe_pb2.FillerParameter(value=3), bias_term=np.True_),
            "scale_param { filler { value: 3 } bias_term: true }",
        ),
        (lambda x: L.Crop(x, x, offset=np.array([1, 2])), "crop_param { offset: 1 offset: 2 }"),
        (lambda x: L.Crop(x, x, offset=[]), "crop_param { }"),
        (lambda x: L.LSTM(x, num_output=3), "recurrent_param { num_output: 3 }"),
        (lambda x: L.FromAFork(x, top=["b"], phase="TEST"), 'top: "b" phase: TEST'),
    ],
)  # fmt: skip
def test_fields(make, text):
    layer = one(make(data()))
    want = caffe_pb2.LayerParameter(type=layer.type, name=layer.name, bottom=layer.bottom)
    want.top.extend([layer.type + "1"])
    want.MergeFrom(written(text))
    assert layer.type in (layer.name[:-1], "ReLU")
    if "name:" in text:
        want.name = "mine"
    assert layer == want


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda x: L.Convolution(x, kernel_siz=3), "Convolution: no field "
         "'kernel_siz' in convolution_param or LayerParameter; did you mean `kernel_size`?"),
        (lambda x: L.AbsVal(x, kernel_size=3), "AbsVal: no field 'kernel_size'"),
        (lambda x: L.ReLU(x, relu_parm={}), "no field 'relu_parm'"),
        (lambda x: L.ReLU(x, relo_param={}), "; did you mean `relu_param`?"),
        (lambda x: L.Convolution(x, num_output="many"), "ConvolutionParameter.num_output cannot "
         "be 'many'"),
        (lambda x: L.Convolution(x, weight_filler=dict(typ="msra")), "FillerParameter has no "
         "field 'typ'; did you mean `type`?"),
        (lambda x: L.Convolution(x, weight_filler="msra"), "a dict or a FillerParameter is"),
        (lambda x: L.Convolution(x, kernel_size=[3, "x"]), "kernel_size cannot be [3, 'x']"),
        (lambda x: L.Pooling(x, pool="BEST"), "the choices are MAX, AVE, STOCHASTIC"),
    ],
)  # fmt: skip
def test_fields_that_cannot_be(make, message):
    with pytest.raises(GraphError) as caught:
        to_proto(make(data()))
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("name", "hint"),
    [("Convolutoin", "Convolution"), ("Relu", "ReLU"), ("InnerProdct", "InnerProduct")],
)
def test_a_mistyped_type_is_reported_at_the_call(name, hint):
    with pytest.raises(GraphError, match=f"^unknown layer type '{name}'; did you mean {hint}\\?$"):
        getattr(L, name)(data(), num_output=3)


def test_a_misnamed_field_is_reported_at_the_call():
    message = "^Convolution: no field 'num_outptu' in .*; did you mean `num_output`"
    with pytest.raises(GraphError, match=message):
        L.Convolution(data(), num_outptu=3)


@pytest.mark.parametrize("name", ["Convolution3D", "PriorBox", "Zzz", "Python"])
def test_types_of_others_can_be_written(name):
    assert to_proto(getattr(L, name)(data())).layer[-1].type == name


def test_bottoms_must_be_tops():
    pair = L.DummyData(ntop=2)
    with pytest.raises(TypeError, match=r"^Silence input 0 is not a Top \(type is <class 'tuple'>"):
        L.Silence(pair, ntop=0)
    assert L.Silence(*pair, ntop=0).inputs == pair


def test_a_spec_says_what_it_lacks():
    n = small_net()
    with pytest.raises(AttributeError, match="no top 'conv1'; did you mean `conv`"):
        n.conv1  # noqa: B018
    with pytest.raises(KeyError):
        n["conv1"]
    assert not hasattr(n, "x")
    assert list(copy.copy(n).tops) == list(n.tops)
    n.both = L.Slice(n.data, ntop=2)
    with pytest.raises(TypeError, match=r"NetSpec.both is of <class 'tuple'>"):
        n.to_proto()


def test_constants():
    assert P.Pooling.AVE == caffe_pb2.PoolingParameter.AVE == 1
    assert net_spec.params.Eltwise.MAX == 2
    with pytest.raises(AttributeError, match="no message PolingParameter"):
        P.Poling  # noqa: B018
    with pytest.raises(AttributeError):
        P.Pooling.BEST  # noqa: B018


def test_names_of_the_messages():
    names = net_spec.param_name_dict()
    assert names["InnerProduct"] == "inner_product"
    assert names["ReLU"] == "relu"
    assert names["HDF5Data"] == "hdf5_data"
    assert "Deconvolution" not in names
