"""What a net becomes in ONNX besides each layer's numbers: names, shapes, sharing, files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

from minicaffe.convert.compare.net_side import fill
from minicaffe.convert.onnx.export import export, file_metadata
from minicaffe.convert.onnx.model_file import complete, save
from minicaffe.convert.onnx.session import Runner
from minicaffe.errors import ArgumentError, GraphError
from minicaffe.net.net import TRAIN, Net
from tests.convert.onnx.nets import assert_equal, net_of, normal, param_of, run

CHAIN = """
layer { name: "conv" type: "Convolution" bottom: "data" top: "conv"
        convolution_param { num_output: 4 kernel_size: 3 weight_filler { type: "xavier" } } }
layer { name: "bn" type: "BatchNorm" bottom: "conv" top: "conv" }
layer { name: "scale" type: "Scale" bottom: "conv" top: "conv" scale_param { bias_term: true } }
layer { name: "relu" type: "ReLU" bottom: "conv" top: "conv" }
layer { name: "drop" type: "Dropout" bottom: "conv" top: "conv" }
layer { name: "ip" type: "InnerProduct" bottom: "conv" top: "ip"
        inner_product_param { num_output: 5 weight_filler { type: "xavier" } } }
layer { name: "prob" type: "Softmax" bottom: "ip" top: "prob" }
"""


def test_names_are_those_of_the_blobs() -> None:
    """The last value of a blob has its name, also where Dropout follows; others add the layer's."""
    net = net_of(CHAIN, data=(2, 3, 6, 7))
    exported = export(net)
    assert exported.values == [
        "data", "conv/conv", "conv/bn", "conv/scale", "conv", "ip", "prob",
    ]  # fmt: skip
    assert (exported.inputs, exported.outputs) == (["data"], ["prob"])
    assert [node.name for node in exported.model.graph.node if "/" not in node.name] == [
        "conv", "bn", "scale", "relu", "ip", "prob",
    ]  # fmt: skip
    assert_equal(net, exported, normal(net))


def test_an_input_that_is_overwritten_keeps_its_name() -> None:
    net = net_of(
        """layer { name: "power" type: "Power" bottom: "data" top: "data"
                   power_param { scale: 2 shift: 1 } }
           layer { name: "abs" type: "AbsVal" bottom: "data" top: "abs" }""",
        data=(2, 3),
    )
    exported = export(net)
    assert exported.inputs == ["data"]
    assert exported.values == ["data", "data/power", "abs"]
    arrays = normal(net)
    assert np.allclose(run(exported, arrays)["abs"], np.abs(2 * arrays["data"] + 1))


def test_a_blob_that_several_layers_read_is_one_value() -> None:
    net = net_of(
        """layer { name: "a" type: "ReLU" bottom: "data" top: "a" }
           layer { name: "b" type: "TanH" bottom: "data" top: "b" }
           layer { name: "sum" type: "Eltwise" bottom: "a" bottom: "b" bottom: "data" top: "sum" }
           """,
        data=(2, 3),
    )
    exported = export(net)
    assert [node.op_type for node in exported.model.graph.node] == ["Relu", "Tanh", "Sum"]
    assert_equal(net, exported, normal(net))


def test_several_tops() -> None:
    net = net_of(
        """layer { name: "slice" type: "Slice" bottom: "data" top: "a" top: "b"
                   slice_param { slice_point: 1 } }
           layer { name: "pool" type: "Pooling" bottom: "b" top: "pool" top: "mask"
                   pooling_param { kernel_size: 2 stride: 2 } }""",
        data=(2, 3, 4, 6),
    )
    exported = export(net, batch="dynamic")
    assert exported.outputs == ["a", "mask", "pool"]
    assert_equal(net, exported, normal(net))


def test_shared_parameters_are_one_initializer() -> None:
    net = net_of(
        """layer { name: "one" type: "InnerProduct" bottom: "left" top: "one"
                   param { name: "w" } param { name: "b" }
                   inner_product_param { num_output: 4 weight_filler { type: "xavier" } } }
           layer { name: "two" type: "InnerProduct" bottom: "right" top: "two"
                   param { name: "w" } param { name: "b" }
                   inner_product_param { num_output: 4 weight_filler { type: "xavier" } } }""",
        left=(2, 3), right=(2, 3),
    )  # fmt: skip
    exported = export(net)
    assert list(exported.tensors) == ["one/0", "one/1"]
    assert [list(node.input[1:]) for node in exported.model.graph.node] == [["one/0", "one/1"]] * 2
    assert_equal(net, exported, normal(net))


def test_the_batch_stays_an_axis() -> None:
    """What a Reshape to (0, -1) keeps is the batch; an open one runs with any."""
    net = net_of(
        """layer { name: "flat" type: "Reshape" bottom: "data" top: "flat"
                   reshape_param { shape { dim: 0 dim: -1 } } }
           layer { name: "ip" type: "InnerProduct" bottom: "flat" top: "ip"
                   inner_product_param { num_output: 5 weight_filler { type: "xavier" } } }
           layer { name: "rows" type: "Reshape" bottom: "data" top: "rows"
                   reshape_param { shape { dim: -1 dim: 4 } } }""",
        data=(1, 3, 4, 5),
    )
    exported = export(net, batch="dynamic")
    assert exported.shapes == {"data": ["batch", 3, 4, 5]}
    for items in (1, 2, 7):
        arrays = {"data": np.random.default_rng(items).normal(size=(items, 3, 4, 5))}
        assert_equal(net, exported, {"data": arrays["data"].astype(np.float32)})


def test_a_number_as_the_batch() -> None:
    net = net_of(CHAIN, data=(2, 3, 6, 7))
    exported = export(net, batch=5)
    assert exported.shapes == {"data": [5, 3, 6, 7]}
    assert_equal(net, exported, normal(net))


@pytest.mark.parametrize("weight", [0, 4])
def test_batchnorms_third_blob_divides(weight: float) -> None:
    """Mean and variance are sums; where their weight is 0 they count as 0."""
    net = net_of('layer { name: "bn" type: "BatchNorm" bottom: "data" top: "bn" }',
                 data=(2, 3, 4, 5))  # fmt: skip
    net.params["bn"][2].data[...] = weight
    arrays = normal(net)
    found = run(export(net), arrays)["bn"]
    mean, variance = (blob.data.copy() for blob in net.params["bn"][:2])
    if weight:
        mean, variance = mean / weight, variance / weight
    else:
        mean, variance = 0 * mean, 0 * variance
    shape = (1, 3, 1, 1)
    want = (arrays["data"] - mean.reshape(shape)) / np.sqrt(variance.reshape(shape) + 1e-5)
    assert np.allclose(found, want, rtol=1e-5, atol=1e-5)


def pooling_net(size: int, settings: str) -> Net:
    """A Pooling layer on square images."""
    text = f"""layer {{ name: "pool" type: "Pooling" bottom: "data" top: "pool"
                       pooling_param {{ {settings} }} }}"""
    return net_of(text, data=(2, 3, size, size))


@pytest.mark.parametrize("size", range(4, 12))
@pytest.mark.parametrize("method", ["MAX", "AVE"])
@pytest.mark.parametrize(
    ("kernel", "stride", "pad"), [(3, 2, 0), (3, 2, 1), (2, 2, 1), (3, 3, 2), (2, 3, 0)]
)
def test_windows_of_pooling(size: int, method: str, kernel: int, stride: int, pad: int) -> None:
    """Rounded up, the last one beginning inside, the mean's divisor clipped: for any size."""
    settings = f"pool: {method} kernel_size: {kernel} stride: {stride} pad: {pad}"
    net = pooling_net(size, settings)
    if method == "AVE" and stride > kernel and size % stride == 0:  # 0 / 0 in Caffe
        with pytest.raises(GraphError, match="wholly outside"):
            export(net)
        return
    assert_equal(net, export(net), normal(net))


@pytest.mark.parametrize(
    ("size", "settings", "operators"),
    [
        (6, "kernel_size: 3 stride: 2", ["MaxPool"]),
        (6, "global_pooling: true", ["GlobalMaxPool"]),
        (6, "pool: AVE kernel_size: 6", ["GlobalAveragePool"]),
        (6, "pool: AVE kernel_size: 3 stride: 2", ["AveragePool"]),
        (7, "pool: AVE kernel_size: 3 stride: 2 pad: 1", ["AveragePool"]),
        (7, "pool: AVE kernel_size: 3 stride: 3 pad: 1", ["AveragePool"]),
        (7, "pool: AVE kernel_size: 4 stride: 3 pad: 1", ["Pad", "AveragePool"]),
        (5, "kernel_size: 1 stride: 3", ["Pad", "MaxPool"]),
    ],
)
def test_a_pad_only_where_a_pooling_needs_it(
    size: int, settings: str, operators: list[str]
) -> None:
    net = pooling_net(size, settings)
    exported = export(net)
    assert [node.op_type for node in exported.model.graph.node] == operators
    assert_equal(net, exported, normal(net))


def test_blobs_of_old_files_have_four_axes(tmp_path: Path) -> None:
    """A bias of 1×1×1×N in a caffemodel of 2014 becomes one of N."""
    net = net_of(CHAIN, data=(2, 3, 6, 7))
    old = net.to_proto()
    for layer in old.layer:
        for blob in layer.blobs:
            dims = [1, 1, 1, *blob.shape.dim][-4:]
            blob.ClearField("shape")
            blob.num, blob.channels, blob.height, blob.width = dims
    (tmp_path / "old.caffemodel").write_bytes(old.SerializeToString())
    loaded = net_of(CHAIN, data=(2, 3, 6, 7))
    loaded.copy_from(tmp_path / "old.caffemodel")
    exported = export(loaded)
    assert exported.tensors["conv/1"].shape == (4,)
    assert exported.tensors["ip/0"].shape == (5, 80)
    assert_equal(net, exported, normal(net))


def test_the_same_bytes_every_time(tmp_path: Path) -> None:
    first, second = (export(net_of(CHAIN, data=(2, 3, 6, 7))) for _ in "12")
    for name, exported in (("a", first), ("b", second)):
        save(exported, str(tmp_path / name))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_beyond_the_limit_weights_have_a_file_of_their_own(tmp_path: Path) -> None:
    net = net_of(CHAIN, data=(2, 3, 6, 7))
    exported = export(net)
    path = str(tmp_path / "net.onnx")
    assert save(exported, path, most=1000) == [path, f"{path}.data"]
    model = onnx.load(path, load_external_data=False)
    places = {
        tensor.name: {entry.key: entry.value for entry in tensor.external_data}
        for tensor in model.graph.initializer
        if tensor.external_data
    }
    assert places["ip/0"] == {"location": "net.onnx.data", "offset": "0", "length": "1600"}
    whole = onnx.load(path)
    assert Runner(whole).run(normal(net)).keys() == {"prob"}
    arrays = normal(net)
    fill(net, arrays)
    net.forward_loss()
    assert np.allclose(Runner(whole).run(arrays)["prob"], net.blobs["prob"].data, atol=1e-6)


def test_onnx_finds_no_fault() -> None:
    for opset in (11, 13, 18):
        onnx.checker.check_model(complete(export(net_of(CHAIN, data=(2, 3, 6, 7)), opset=opset)))


def test_metadata_has_names_and_hashes_but_no_folders(tmp_path: Path) -> None:
    for name in ("deploy.prototxt", "a.caffemodel", "b.caffemodel"):
        (tmp_path / name).write_bytes(b"abc")
    weights = [str(tmp_path / name) for name in ("a.caffemodel", "b.caffemodel")]
    found = file_metadata(str(tmp_path / "deploy.prototxt"), weights)
    assert str(tmp_path) not in str(found)
    assert (found["prototxt_name"], found["weights_name"], found["weights_1_name"]) == (
        "deploy.prototxt", "a.caffemodel", "b.caffemodel",
    )  # fmt: skip
    assert found["prototxt_sha256"].startswith("ba7816bf")
    exported = export(net_of(CHAIN, data=(2, 3, 6, 7)), metadata=found)
    props = {entry.key: entry.value for entry in exported.model.metadata_props}
    assert props == found


def test_all_that_cannot_be_written_is_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "net.prototxt"
    path.write_text(
        """layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 1 dim: 2 } } }
layer { name: "label" type: "Input" top: "label" input_param { shape { dim: 1 } } }
layer { name: "relu" type: "ReLU" bottom: "data" top: "relu" }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "relu" bottom: "label" top: "loss" }
layer { name: "accuracy" type: "Accuracy" bottom: "relu" bottom: "label" top: "accuracy" }
layer { name: "noise" type: "DummyData" top: "noise" dummy_data_param { shape { dim: 1 } } }
"""
    )
    with pytest.raises(GraphError) as caught:
        export(Net(str(path)))
    lines = str(caught.value).splitlines()
    assert [line.split(": ")[0] for line in lines] == [f"{path}:{n}" for n in (4, 5, 6)]
    assert "layer 'loss' (SoftmaxWithLoss): it is a loss; `minicaffe deploy`" in lines[0]
    assert "layer 'accuracy' (Accuracy): it measures" in lines[1]
    assert "layer 'noise' (DummyData): it reads data" in lines[2]


def test_a_type_without_a_form_names_what_is_before_it() -> None:
    net = net_of(
        """layer { name: "a" type: "ReLU" bottom: "left" top: "a" }
           layer { name: "corr" type: "Correlation" bottom: "a" bottom: "right" top: "corr"
                   correlation_param { kernel_size: 1 max_displacement: 1 pad: 1 } }
           layer { name: "b" type: "ReLU" bottom: "right" top: "b" }""",
        left=(1, 2, 5, 5), right=(1, 2, 5, 5),
    )  # fmt: skip
    with pytest.raises(GraphError, match=r"'corr' \(Correlation\).*--until .*\(a,right\)"):
        export(net)


def test_what_is_asked_for_has_to_exist() -> None:
    net = net_of(CHAIN, data=(2, 3, 6, 7))
    with pytest.raises(ArgumentError, match="opset 10 asked for; 11 to "):
        export(net, opset=10)
    with pytest.raises(ArgumentError, match="batch is 'many'"):
        export(net, batch="many")
    with pytest.raises(GraphError, match="phase TEST"):
        export(Net(param_of(CHAIN, data=(2, 3, 6, 7)), TRAIN, seed=0))


def test_no_batch_where_inputs_differ() -> None:
    net = net_of(
        'layer { name: "pick" type: "BatchReindex" bottom: "data" bottom: "which" top: "pick" }',
        data=(4, 3), which=(2,),
    )  # fmt: skip
    with pytest.raises(GraphError, match="first axes differ"):
        export(net, batch=3)
